/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-hours.h"

G_BEGIN_DECLS

#define RH_ASKS_N_ROLES 4

/**
 * RhAsks:
 * @roles: bits; a rule that says nothing of roles asks approvers and administrators
 * @quorum: 0 = a rule says nothing
 * @expires: somebody wants it to expire, or nobody wants it to be approved by silence
 * @hours: (nullable): @deadline_s and the steps of @escalate count working time; of one rule alone
 * @escalate, @notify: (nullable)
 *
 * Who must answer, and who is told, by one rule or by several together.
 */
typedef struct {
  guint roles;
  guint quorum;
  gboolean four_eyes;
  guint deadline_s;
  gboolean expires;
  guint n; /* how many rules it is made of */
  RhHours *hours;
  JsonArray *escalate;
  JsonArray *notify;
} RhAsks;

/* @rule: has the shape of the schema. */
void rh_asks_init (RhAsks *self, JsonObject *rule);
void rh_asks_clear (RhAsks *self);

/* The strictest of both: everything that either demands. Roles that have nothing in common leave the administrators.
 * Working time becomes time that passes from @at_s, the time of the decision. */
void rh_asks_combine (RhAsks *self, const RhAsks *other, gint64 at_s);
/* The channels alone. */
void rh_asks_combine_notify (RhAsks *self, const RhAsks *other);

/* Returns: (transfer full) (nullable): as RhVerdict.asks; NULL when it says nothing. */
JsonNode *rh_asks_json (const RhAsks *self) G_GNUC_WARN_UNUSED_RESULT;
/* Appends ": two of approver or admin, …" */
void rh_asks_describe (const RhAsks *self, GString *text);

G_END_DECLS
