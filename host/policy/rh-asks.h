/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define RH_ASKS_N_ROLES 4

/**
 * RhAsks:
 * @roles: bits; a rule that says nothing of roles asks approvers and administrators
 * @quorum: 0 = a rule says nothing
 * @expires: somebody wants it to expire, or nobody wants it to be approved by silence
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
  JsonArray *escalate;
  JsonArray *notify;
} RhAsks;

/* @rule: has the shape of the schema. */
void rh_asks_init (RhAsks *self, JsonObject *rule);
void rh_asks_clear (RhAsks *self);

/* The strictest of both: everything that either demands. Roles that have nothing in common leave the administrators. */
void rh_asks_combine (RhAsks *self, const RhAsks *other);
/* The channels alone. */
void rh_asks_combine_notify (RhAsks *self, const RhAsks *other);

/* Returns: (transfer full) (nullable): as RhVerdict.asks; NULL when it says nothing. */
JsonNode *rh_asks_json (const RhAsks *self) G_GNUC_WARN_UNUSED_RESULT;
/* Appends ": two of approver or admin, …" */
void rh_asks_describe (const RhAsks *self, GString *text);

G_END_DECLS
