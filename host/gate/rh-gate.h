/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-approval-link.h"
#include "rh-connector.h"
#include "rh-registry.h"
#include "rh-policy.h"
#include "rh-store.h"
#include "rh-vault.h"

G_BEGIN_DECLS

/* The gate: submit → validate → assess → decide → pending or approved → execute once → audit. Every state
 * transition is one SQL function of migrations/; this object observes, decides and drives. */
#define RH_TYPE_GATE (rh_gate_get_type ())
G_DECLARE_FINAL_TYPE (RhGate, rh_gate, RH, GATE, GObject)

/**
 * rh_gate_new:
 * @host_id: this host's lasting identity, the owner of its leases
 */
RhGate *rh_gate_new (RhStore *store, RhConnectors *connectors, const char *host_id) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full) Replaces the policy; proposals from now on are decided by it. */
void rh_gate_set_policy (RhGate *self, RhPolicy *policy);
/* (transfer none) (nullable): the one in force. */
RhPolicy *rh_gate_policy (RhGate *self, gint64 workspace);

/**
 * rh_gate_set_standing:
 * @policy: (nullable) (transfer full): the policy in force in @workspace; NULL denies there
 * @envelopes: (transfer full) (element-type RhEnvelope): those in force, with rh_envelope_free() as its free function
 *
 * Goes before rh_gate_set_policy() in that workspace.
 */
void rh_gate_set_standing (RhGate *self, gint64 workspace, RhPolicy *policy, GPtrArray *envelopes);

/* The agents as they are enabled now: what an agent has proposed is not brought before the gate again when it may not do it any
 * more, and inputs that a person gives are checked by its manifest. Without them nothing of this is checked. */
void rh_gate_set_registry (RhGate *self, RhRegistry *registry);

/* What seals and opens personal data. Without it a proposal with any is refused. To be set before it starts. */
void rh_gate_set_vault (RhGate *self, RhVault *vault);
/* (transfer none) (nullable) */
RhVault *rh_gate_vault (RhGate *self);

/* Starts and stops the executor and the journal. start first takes over what this host left when it died: verify,
 * then finish or apply. */
void rh_gate_start (RhGate *self);
void rh_gate_stop_async (RhGate *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
gboolean rh_gate_stop_finish (RhGate *self, GAsyncResult *result, GError **error);

/**
 * RhSubmission:
 * @run: the run's uuid, NULL when a person submits
 * @agent_version, @agent_sha256: "" when a person submits
 * @key: (nullable): 64 hexadecimal digits that are the same for every attempt to submit this very proposal: the first
 *   one counts, and its outcome answers the later ones, also those that fail because the world has moved since
 * @by: (nullable): the person who submits; NULL: the agent does
 * @job: (nullable): the job's uuid
 * @context: (nullable): what travels with the job (jobs.context in migrations/)
 * @grant: the operator's grant for the action, with its limits
 * @proposal: as royal_proposal_to_json() makes it; checked here, every member
 * @seen: (nullable): the state that @proposal was made of, as its connector observes it: when that finds another, it is
 *   %ROYAL_ERROR_CONFLICT and nothing is recorded
 *
 * All (transfer none), copied as needed before rh_gate_submit_async() returns.
 */
typedef struct {
  gint64 workspace;
  const char *workspace_name;
  const char *agent;
  const char *agent_version;
  const char *agent_sha256;
  const char *cluster;
  const char *run;
  const char *key;
  const char *by;
  const char *job;
  JsonObject *context;
  JsonObject *grant;
  JsonObject *proposal;
  JsonNode *seen;
} RhSubmission;

void rh_gate_submit_async (RhGate              *self,
                           const RhSubmission  *submission,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             data);
/* Returns: (transfer full): the outcome as in royal_run_propose(). */
JsonNode *rh_gate_submit_finish (RhGate *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * RhActor:
 * @name: who, as authenticated; @via: from where (`unix:1000`, `token:3f…`, `127.0.0.1`)
 * @role: (nullable): viewer, approver, operator, developer or admin
 * @trace: (nullable): the traceparent of the request
 */
typedef struct {
  gint64 workspace;
  const char *name;
  const char *via;
  const char *role;
  const char *trace;
} RhActor;

/* A person's answer. @digest is what the person saw: another one is %ROYAL_ERROR_CONFLICT and nothing changes. */
void rh_gate_approve_async (RhGate *self, const RhActor *actor, const char *proposal, const char *digest,
                            const char *note, GAsyncReadyCallback callback, gpointer data);
void rh_gate_reject_async (RhGate *self, const RhActor *actor, const char *proposal, const char *reason,
                           GAsyncReadyCallback callback, gpointer data);
/* Makes the inverse proposal of an executed one; it goes through the gate like any other. */
void rh_gate_undo_async (RhGate *self, const RhActor *actor, const char *proposal, const char *reason,
                         GAsyncReadyCallback callback, gpointer data);
/* Approves all of a batch but the items in @exclude, (nullable) (element-type gint64): their numbers. */
void rh_gate_approve_except_async (RhGate *self, const RhActor *actor, const char *proposal, const char *digest,
                                   JsonArray *exclude, const char *note, GAsyncReadyCallback callback, gpointer data);
/* As those above, by a link that was sent to somebody: @link, which was signed here, is used up with the answer. @said is
 * `approve`, of @digest, or `reject`, and then @note is the reason. %ROYAL_ERROR_CONFLICT when it was used, has expired, or is for
 * something else than is proposed now. */
void rh_gate_answer_linked_async (RhGate *self, const RhActor *actor, const char *proposal, const RhApprovalLink *link,
                                  const char *said, const char *digest, JsonArray *exclude, const char *note,
                                  GAsyncReadyCallback callback, gpointer data);
/* Asks for something else instead. @change is one of { "parameters" }, { "items": [{ "item", "parameters" }] }, which make a
 * revision that is validated, assessed and decided anew and supersedes @proposal, and { "inputs" }: the job that made it runs again
 * with them, and what it proposes then supersedes @proposal. @digest is what the person saw. */
void rh_gate_modify_async (RhGate *self, const RhActor *actor, const char *proposal, const char *digest,
                           JsonObject *change, const char *note, GAsyncReadyCallback callback, gpointer data);
/* The effect of @proposal was to end: it stays. */
void rh_gate_keep_async (RhGate *self, const RhActor *actor, const char *proposal, const char *reason,
                         GAsyncReadyCallback callback, gpointer data);
/* What became of an effect that is `unknown`, as a person found out: @found is `happened`, with its @receipt (nullable), or
 * `absent`, or `retry`: it did not happen and is to be tried again. @item 0: of a proposal that is not a batch. */
void rh_gate_settle_async (RhGate *self, const RhActor *actor, const char *proposal, gint64 item, const char *found,
                           JsonObject *receipt, const char *note, GAsyncReadyCallback callback, gpointer data);
/* Each returns (transfer full) the proposal as it stands now (for undo: the inverse; for a modification of parameters: the
 * revision), as proposal_json() in SQL. */
JsonNode *rh_gate_answer_finish (RhGate *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): how the ways to the outside are, an array: [{ "lane", "breaker", "in_flight", "waiting", "wait_ms" }]. */
JsonNode *rh_gate_lanes (RhGate *self) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full) (nullable): what there is to say of an action beforehand: { "name", "title", "connector", "reversible",
 * "always_asks", "tolerance", "schema" (of its parameters, null where it takes none) }; NULL when no connector has it. */
JsonNode *rh_gate_action (RhGate *self, const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* Something durable was written elsewhere (a job, a run): move the outbox soon. */
void rh_gate_kick (RhGate *self);

G_END_DECLS
