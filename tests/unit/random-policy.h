/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy.h"

G_BEGIN_DECLS

/* Policies and subjects at random, from GLib's seeded generator of tests. */

/* Noon of a Friday, UTC: in the middle of the windows that are made. */
#define RANDOM_AT_S 1795176000

/* (transfer full): an entry of a policy's list, with a name of its own. */
JsonNode *random_rule (RhRuleKind kind, guint number);

typedef struct {
  JsonNode *rules[8]; /* NULL where there are fewer */
  RhRuleKind kinds[8];
  guint n;
} RandomPolicy;

void random_policy_init (RandomPolicy *self, guint n);
void random_policy_add (RandomPolicy *self);
void random_policy_shuffle (RandomPolicy *self);
void random_policy_clear (RandomPolicy *self);
/* (transfer full): of its first @n entries. */
RhPolicy *random_policy_load (const RandomPolicy *self, guint n);

/* The parts of a subject; what is missing is missing from the objects. */
typedef struct {
  RhPolicySubject subject;
  JsonObject *facts;
  JsonObject *claims;
  JsonObject *parameters;
} RandomSubject;

/* @sound: every value has the type that conditions expect. */
void random_subject_init (RandomSubject *self, gboolean sound);
void random_subject_clear (RandomSubject *self);

G_END_DECLS
