/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fake-connector.h"

#include <rh-gate.h>

G_BEGIN_DECLS

/* What tests of the gate share: a host that is a store, a fake connector and a gate, on the test's database. */
typedef struct {
  RhStore *store;
  FakeConnector *fake;
  RhGate *gate;
  RhSecrets *secrets; /* NULL unless it can seal */
} GateHost;

/* Workspaces of the test's database. The first call migrates it and adds the fake's tables. */
gint64 gate_workspace (const char *name);

/* A host with the tests' policy (gate-host.c), not started. */
GateHost *gate_host_new (const char *host_id) G_GNUC_WARN_UNUSED_RESULT;

/* The same with another connector beside the fake one, and with what seals personal data, of a key of its own. @more may be NULL. */
GateHost *gate_host_new_with (const char *host_id, RhConnector *more) G_GNUC_WARN_UNUSED_RESULT;

/* Ends it. @crash: as SIGKILL would leave the database: what is under way stays leased. */
void gate_host_end (GateHost *self, gboolean crash);

/* (transfer full): @text with ' for " as JSON. */
JsonNode *gate_json (const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Submits, waiting. @grant and @error as in the gate. */
JsonNode *gate_submit (GateHost *self, gint64 workspace, const char *agent, const char *proposal, const char *grant,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Submits fake.set of @value on @target with @extra members in its parameters ("" or ",'mode':…"); a failure fails the test.
 * (transfer full): the id. */
char *gate_set (GateHost *self, gint64 workspace, const char *target, int value, const char *extra)
    G_GNUC_WARN_UNUSED_RESULT;

/* The proposal as proposal_get() has it. */
JsonObject *gate_get (gint64 workspace, const char *id) G_GNUC_WARN_UNUSED_RESULT;

/* Turns the loop until the proposal is in @state; fails the test after ten seconds. */
void gate_wait (gint64 workspace, const char *id, const char *state);

/* (transfer full): the first cell of a query as the owner, who sees every workspace. */
char *gate_sql_value (const char *format, ...) G_GNUC_PRINTF (1, 2) G_GNUC_WARN_UNUSED_RESULT;
void gate_sql (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* A person's answer, waiting: NULL with @error set when it was refused. @digest NULL: the right one. */
JsonObject *gate_approve (GateHost *self, gint64 workspace, const char *id, const char *digest, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
JsonObject *gate_reject (GateHost *self, gint64 workspace, const char *id, const char *reason, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
JsonObject *gate_undo (GateHost *self, gint64 workspace, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
