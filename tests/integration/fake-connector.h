/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <rh-connector.h>
#include <rh-store.h>

G_BEGIN_DECLS

/* A FAKE, for tests of the gate: a connector to a table of numbers, whose faults can be chosen. What it did is in the tables
 * fake_world and fake_effects of the test's database, each effect once by its key, so that a doubled one is refused there.
 *
 * Its actions are `fake.set` (reversible), `fake.burn` (not) and `fake.nudge` (reversible, tolerant); parameters are { "value": n, "mode"?, "times"? }. The mode says
 * what goes wrong the first `times` times (1 if not given):
 *   unavailable: it is away, and does nothing
 *   lost:        it does it, and the answer is lost
 *   hang:        it does it, and never answers
 *   silent:      it does nothing, and never answers
 *   failed:      it refuses
 *   foreign:     an error of another domain, doing nothing
 *   throttle:    it says to come back in 2.5 s
 *   blind:       like foreign, and it cannot verify either
 *   slow:        assessing takes longer than the gate waits
 * Targets that begin with slow, frail or metered have lanes of their own: two at a time and given up after 1.5 s; with a
 * breaker that opens for at most 3 s; ten a second. */
#define FAKE_TYPE_CONNECTOR (fake_connector_get_type ())
G_DECLARE_FINAL_TYPE (FakeConnector, fake_connector, FAKE, CONNECTOR, GObject)

FakeConnector *fake_connector_new (RhStore *store) G_GNUC_WARN_UNUSED_RESULT;

/* The tables and functions that it works on; run as the owner. */
extern const char fake_connector_schema[];

/* Calls of apply and undo so far, and of verify. */
guint fake_connector_attempts (FakeConnector *self);
guint fake_connector_verifies (FakeConnector *self);

/* Answers everything that hangs, with an error: for the end of a test. */
void fake_connector_give_up (FakeConnector *self);

G_END_DECLS
