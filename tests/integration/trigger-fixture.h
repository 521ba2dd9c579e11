/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "host-fixture.h"
#include "rh-triggers.h"

G_BEGIN_DECLS

#define TRIGGER_FIXTURE_REFUSED "the delivery is not signed as it has to be"

/* Hosts that look at the same database, and a queue that nobody empties. */
typedef struct {
  HostFixture host;
  RhTriggers *a;
  RhTriggers *b;
  RhSecrets *secrets;
  char *folder; /* of secrets, a file each */
} TriggerFixture;

void trigger_fixture_set_up (TriggerFixture *f, gconstpointer data);
void trigger_fixture_tear_down (TriggerFixture *f, gconstpointer data);
void trigger_fixture_put_secret (TriggerFixture *f, const char *name, const char *value);
/* Declares triggers of the agent `good`. */
void trigger_fixture_declare (TriggerFixture *f, const char *triggers);
void trigger_fixture_start_both (TriggerFixture *f);
/* Until @sql, as the owner, gives @value; and that it does. */
void trigger_fixture_wait_for (const char *sql, const char *value);
void trigger_fixture_expect (const char *sql, const char *value);
/* Calls a function of the database in the workspace. */
void trigger_fixture_call (TriggerFixture *f, const char *sql);

/* (transfer full): the HMAC-SHA256 of @text, in hexadecimal. */
char *trigger_fixture_sign (const char *secret, const char *text);
/* Delivers, and returns what was answered: accepted, known, unwanted, or the error. @workspace: NULL for a service.
 * @headers: name, value, … NULL */
char *trigger_fixture_deliver (TriggerFixture *f, const char *workspace, const char *name, const char *body,
                               const char *const *headers);
/* Takes @answer. */
void trigger_fixture_expect_answer (char *answer, const char *expected);

G_END_DECLS
