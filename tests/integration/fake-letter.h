/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <rh-connector.h>

G_BEGIN_DECLS

/* A FAKE, for tests of the gate: a connector that writes to persons, in memory. Its action is `fake.letter`; of its parameters the
 * schema (fake-letter.schema.json) says what is personal. What it observes and what it returns repeat it, declared and not:
 * { "city" } of what was before and { "tracking" } of the receipt are personal by its own word. `mode` is what goes wrong:
 *   refuse: it says why, with the address;
 *   lost:   it does it, and the answer is lost;
 *   away:   it cannot be observed, and says so with the address. */
#define FAKE_TYPE_LETTER (fake_letter_get_type ())
G_DECLARE_FINAL_TYPE (FakeLetter, fake_letter, FAKE, LETTER, GObject)

#define FAKE_LETTER_CITY "Canary-on-Sea"
#define FAKE_LETTER_TRACKING "canary-tracking-77"

FakeLetter *fake_letter_new (void) G_GNUC_WARN_UNUSED_RESULT;

/* What it was handed last, as text; "" before. */
const char *fake_letter_sent (FakeLetter *self);
const char *fake_letter_undone (FakeLetter *self);
guint fake_letter_verifies (FakeLetter *self);

G_END_DECLS
