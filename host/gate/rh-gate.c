/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-gate.h"

#include "rh-executor.h"
#include "rh-gate-private.h"
#include "rh-journal.h"
#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-schemas.h"
#include "rh-trace.h"
#include "royal-json.h"

#define EFFECTS_CHANNEL "royal_effects"
#define HALT_CHANNEL "royal_halt"
#define AGAIN_CHANNEL "royal_again"

static const RhStatement answer = { "gate.answer",
                                    "select proposal_answer ($1::uuid, $2, $3, $4, $5, $6, $7, $8::int[]) as proposal",
                                    8, TRUE };
static const RhStatement answer_linked = {
  "gate.answer_linked",
  "select proposal_answer_linked ($1::uuid, $2, $3, $4, $5, $6, $7, $8::int[], $9::uuid, $10, $11::bigint) as proposal",
  11, TRUE
};
static const RhStatement keep = { "gate.keep", "select proposal_keep ($1::uuid, $2, $3, $4, $5) as proposal", 5, TRUE };

static const RhStatement recall = { "gate.recall", "select proposal_recall ($1) as outcome", 1, FALSE };

static const RhStatement settle = { "gate.settle",
                                    "select effect_settle ($1::uuid, $2::int, $3, $4::jsonb, $5, $6, $7) as proposal",
                                    7, TRUE };

struct _RhGate {
  GObject parent;

  RhStore *store;
  RhCourt court;
  RhExecutor *executor;
  RhJournal *journal;
  RhRegistry *registry; /* (nullable) */
  RhAgain *again;       /* while the gate runs */
  gboolean listening;
};

G_DEFINE_FINAL_TYPE (RhGate, rh_gate, G_TYPE_OBJECT)

static void
rh_gate_finalize (GObject *object)
{
  RhGate *self = RH_GATE (object);

  rh_store_unlisten (self->store, self);
  rh_again_free (self->again);
  g_clear_object (&self->registry);
  g_object_unref (self->executor);
  g_object_unref (self->journal);
  g_object_unref (self->court.intake);
  g_object_unref (self->court.clock);
  g_clear_object (&self->court.vault);
  g_object_unref (self->court.connectors);
  rh_policy_free (self->court.policy);
  g_clear_pointer (&self->court.standings, g_hash_table_unref);
  g_object_unref (self->store);
  G_OBJECT_CLASS (rh_gate_parent_class)->finalize (object);
}

static void
rh_gate_class_init (RhGateClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_gate_finalize;
}

static void
rh_gate_init (RhGate *self)
{
}

RhGate *
rh_gate_new (RhStore *store, RhConnectors *connectors, const char *host_id)
{
  RhGate *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_CONNECTORS (connectors), NULL);
  g_return_val_if_fail (host_id != NULL && *host_id != '\0', NULL);

  self = g_object_new (RH_TYPE_GATE, NULL);
  self->store = g_object_ref (store);
  self->executor = rh_executor_new (store, connectors, host_id);
  self->court.connectors = g_object_ref (connectors);
  self->court.intake = rh_intake_new (store, host_id, self->executor);
  self->court.clock = rh_clock_new (store);
  self->journal = rh_journal_new (store);
  g_signal_connect_object (self->executor, "progress", G_CALLBACK (rh_gate_kick), self, G_CONNECT_SWAPPED);
  return self;
}

void
rh_gate_set_policy (RhGate *self, RhPolicy *policy)
{
  g_return_if_fail (RH_IS_GATE (self));

  rh_policy_free (self->court.policy);
  self->court.policy = policy;
}

RhPolicy *
rh_gate_policy (RhGate *self, gint64 workspace)
{
  const RhStanding *standing;

  g_return_val_if_fail (RH_IS_GATE (self), NULL);

  standing = self->court.standings != NULL ? g_hash_table_lookup (self->court.standings, &workspace) : NULL;
  return standing != NULL ? standing->policy : self->court.policy;
}

static void
standing_free (gpointer data)
{
  RhStanding *self = data;

  rh_policy_free (self->policy);
  g_ptr_array_unref (self->envelopes);
  g_free (self);
}

void
rh_gate_set_standing (RhGate *self, gint64 workspace, RhPolicy *policy, GPtrArray *envelopes)
{
  RhStanding *standing;

  g_return_if_fail (RH_IS_GATE (self) && envelopes != NULL);

  if (self->court.standings == NULL)
    self->court.standings = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, standing_free);
  standing = g_new0 (RhStanding, 1);
  standing->policy = policy;
  standing->envelopes = envelopes;
  g_hash_table_replace (self->court.standings, g_memdup2 (&workspace, sizeof workspace), standing);
}

void
rh_gate_set_registry (RhGate *self, RhRegistry *registry)
{
  g_return_if_fail (RH_IS_GATE (self) && RH_IS_REGISTRY (registry));

  g_set_object (&self->registry, registry);
}

void
rh_gate_set_vault (RhGate *self, RhVault *vault)
{
  g_return_if_fail (RH_IS_GATE (self) && RH_IS_VAULT (vault));

  g_set_object (&self->court.vault, vault);
  rh_executor_set_vault (self->executor, vault);
}

RhVault *
rh_gate_vault (RhGate *self)
{
  g_return_val_if_fail (RH_IS_GATE (self), NULL);

  return self->court.vault;
}

void
rh_gate_kick (RhGate *self)
{
  g_return_if_fail (RH_IS_GATE (self));

  rh_journal_kick (self->journal);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static void
on_effects (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  g_autoptr (RhGate) self = g_object_ref (data);

  rh_executor_kick (self->executor);
}

/* "WORKSPACE HALTS", or NULL when notifications may have been missed. */
static void
on_halt (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  g_autoptr (RhGate) self = g_object_ref (data);
  g_auto (GStrv) words = g_strsplit (payload != NULL ? payload : "", " ", 2);

  if (g_strv_length (words) == 2)
    rh_executor_halt (self->executor, words[0], words[1]);
  else
    rh_executor_halt (self->executor, NULL, NULL);
}

static void
on_again (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  g_autoptr (RhGate) self = g_object_ref (data);

  if (self->again != NULL)
    rh_again_kick (self->again);
}

static void
listen (RhGate *self)
{
  rh_store_listen (self->store, EFFECTS_CHANNEL, on_effects, self);
  rh_store_listen (self->store, HALT_CHANNEL, on_halt, self);
  rh_store_listen (self->store, AGAIN_CHANNEL, on_again, self);
}

void
rh_gate_start (RhGate *self)
{
  g_return_if_fail (RH_IS_GATE (self));

  if (!self->listening)
    listen (self);
  self->listening = TRUE;
  if (self->again == NULL)
    self->again = rh_again_new (self);
  rh_executor_start (self->executor);
  rh_journal_start (self->journal);
}

typedef struct {
  gint64 until_us;
  GError *error; /* of the executor: told after the journal has stopped too */
} Stop;

static void
stop_free (gpointer data)
{
  Stop *self = data;

  g_clear_error (&self->error);
  g_free (self);
}

static guint
stop_left_ms (const Stop *self)
{
  return (guint)(MAX (self->until_us - g_get_monotonic_time (), 0) / 1000);
}

static void
on_journal_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Stop *stop = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!rh_journal_stop_finish (RH_JOURNAL (source), result, &error) && stop->error == NULL)
    stop->error = g_steal_pointer (&error);
  if (stop->error != NULL)
    g_task_return_error (task, g_steal_pointer (&stop->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_executor_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhGate *self = g_task_get_source_object (task);
  Stop *stop = g_task_get_task_data (task);

  (void)!rh_executor_stop_finish (RH_EXECUTOR (source), result, &stop->error);
  rh_journal_stop_async (self->journal, stop_left_ms (stop), on_journal_stopped, g_object_ref (task));
}

void
rh_gate_stop_async (RhGate *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  Stop *stop;

  g_return_if_fail (RH_IS_GATE (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_gate_stop_async);
  stop = g_new0 (Stop, 1);
  stop->until_us = g_get_monotonic_time () + (gint64)timeout_ms * 1000;
  g_task_set_task_data (task, stop, stop_free);
  g_clear_pointer (&self->again, rh_again_free);
  rh_executor_stop_async (self->executor, timeout_ms, on_executor_stopped, g_object_ref (task));
}

gboolean
rh_gate_stop_finish (RhGate *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* A person answered, so there is something to tell and perhaps something to do. */
static void
after_answer (RhGate *self, JsonNode *proposal)
{
  const char *state = royal_json_string (json_node_get_object (proposal), "state", "");

  if (g_strcmp0 (state, "approved") == 0)
    rh_executor_kick (self->executor);
  rh_journal_kick (self->journal);
}

/* --- Submitting --------------------------------------------------------------------------------------------------- */

/* What is being submitted under a key. */
typedef struct {
  gint64 workspace;
  char *key;
  GError *error; /* why it could not be proposed */
} Submitting;

static void
submitting_free (gpointer data)
{
  Submitting *self = data;

  g_free (self->key);
  g_clear_error (&self->error);
  g_free (self);
}

static void
on_recalled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Submitting *self = g_task_get_task_data (task);
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);
  JsonNode *outcome = rows != NULL ? rh_rows_json (rows, 0, "outcome") : NULL;

  if (outcome != NULL)
    g_task_return_pointer (task, outcome, (GDestroyNotify)json_node_unref);
  else
    g_task_return_error (task, g_steal_pointer (&self->error));
}

/* It could not be proposed; an earlier attempt may have been, before the world moved. */
static void
recall_case (GTask *task, GError *error)
{
  RhGate *self = g_task_get_source_object (task);
  Submitting *submitting = g_task_get_task_data (task);

  submitting->error = error;
  rh_store_call_async (self->store, &recall, submitting->workspace, (const char *[]){ submitting->key }, NULL,
                       on_recalled, g_object_ref (task));
}

static void
on_case_decided (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *outcome = rh_case_run_finish (result, &error);

  if (outcome == NULL && g_task_get_task_data (task) != NULL)
    {
      recall_case (task, error);
      return;
    }
  if (outcome == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  rh_journal_kick (((RhGate *)g_task_get_source_object (task))->journal);
  g_task_return_pointer (task, outcome, (GDestroyNotify)json_node_unref);
}

void
rh_gate_submit_async (RhGate *self,
                      const RhSubmission *submission,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autoptr (GTask) task = NULL;
  RhProposal *proposal;
  GError *error = NULL;

  g_return_if_fail (RH_IS_GATE (self) && submission != NULL);

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, rh_gate_submit_async);
  /* What was recorded is told, also when the run was cancelled in between. */
  g_task_set_check_cancellable (task, FALSE);
  if (submission->key != NULL)
    {
      Submitting *submitting = g_new0 (Submitting, 1);

      submitting->workspace = submission->workspace;
      submitting->key = g_strdup (submission->key);
      g_task_set_task_data (task, submitting, submitting_free);
    }
  proposal = rh_proposal_new (submission, &error);
  if (proposal == NULL)
    g_task_return_error (task, error);
  else
    rh_case_run_async (&self->court, proposal, cancellable, on_case_decided, g_object_ref (task));
}

JsonNode *
rh_gate_submit_finish (RhGate *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- People's answers --------------------------------------------------------------------------------------------- */

/* Takes the one proposal of a call's answer. */
static JsonNode *
proposal_of (GObject *source, GAsyncResult *result, GError **error)
{
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, error);

  return rows != NULL ? rh_rows_json (rows, 0, "proposal") : NULL;
}

static gint64
unix_us (GDateTime *time)
{
  return g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time);
}

/* How long a person was waited for, in the proposal's trace too. */
static void
tell_wait (JsonObject *proposal)
{
  g_autoptr (GDateTime) created = g_date_time_new_from_iso8601 (royal_json_string (proposal, "created_at", ""), NULL);
  const char *parent = royal_json_string (proposal, "trace", NULL);
  RhSpan *span;

  if (created == NULL || g_strcmp0 (royal_json_string (proposal, "state", ""), "pending") == 0)
    return;
  rh_metric_observe (RH_METRIC_APPROVAL_SECONDS, MAX ((double)(g_get_real_time () - unix_us (created)) / 1e6, 0));
  if (parent == NULL)
    return;
  span = rh_span_start_at ("approval", RH_SPAN_INTERNAL, parent, unix_us (created));
  rh_span_set (span, "royal.proposal", royal_json_string (proposal, "id", NULL));
  rh_span_set (span, "royal.action", royal_json_string (proposal, "action", NULL));
  rh_span_set (span, "royal.state", royal_json_string (proposal, "state", NULL));
  rh_span_end (span, NULL);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *proposal = proposal_of (source, result, &error);

  if (proposal == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  after_answer (g_task_get_source_object (task), proposal);
  tell_wait (json_node_get_object (proposal));
  g_task_return_pointer (task, proposal, (GDestroyNotify)json_node_unref);
}

static GTask *
answer_task (RhGate *self, const char *proposal, gpointer tag, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, tag);
  if (g_uuid_string_is_valid (proposal))
    return task;
  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no proposal is named %.64s", proposal);
  g_object_unref (task);
  return NULL;
}

/* (transfer full) (nullable): the numbers in @exclude as an SQL array. */
static char *
numbers_sql (JsonArray *exclude)
{
  GString *list;

  if (exclude == NULL || json_array_get_length (exclude) == 0)
    return NULL;
  list = g_string_new ("{");
  for (guint i = 0; i < json_array_get_length (exclude); i++)
    g_string_append_printf (list, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", json_array_get_int_element (exclude, i));
  g_string_append_c (list, '}');
  return g_string_free (list, FALSE);
}

void
rh_gate_approve_async (RhGate *self,
                       const RhActor *actor,
                       const char *proposal,
                       const char *digest,
                       const char *note,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  rh_gate_approve_except_async (self, actor, proposal, digest, NULL, note, callback, data);
}

void
rh_gate_approve_except_async (RhGate *self,
                              const RhActor *actor,
                              const char *proposal,
                              const char *digest,
                              JsonArray *exclude,
                              const char *note,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  g_autofree char *numbers = numbers_sql (exclude);
  GTask *task;

  g_return_if_fail (RH_IS_GATE (self) && actor != NULL && proposal != NULL && digest != NULL);

  task = answer_task (self, proposal, rh_gate_approve_except_async, callback, data);
  if (task != NULL)
    rh_store_call_async (
        self->store, &answer, actor->workspace,
        (const char *const[]){ proposal, "approve", digest, actor->name, actor->via, note, actor->role, numbers }, NULL,
        on_answered, task);
}

void
rh_gate_reject_async (RhGate *self,
                      const RhActor *actor,
                      const char *proposal,
                      const char *reason,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task;

  g_return_if_fail (RH_IS_GATE (self) && actor != NULL && proposal != NULL);

  task = answer_task (self, proposal, rh_gate_reject_async, callback, data);
  if (task != NULL)
    rh_store_call_async (
        self->store, &answer, actor->workspace,
        (const char *const[]){ proposal, "reject", NULL, actor->name, actor->via, reason, actor->role, NULL }, NULL,
        on_answered, task);
}

void
rh_gate_answer_linked_async (RhGate *self,
                             const RhActor *actor,
                             const char *proposal,
                             const RhApprovalLink *link,
                             const char *said,
                             const char *digest,
                             JsonArray *exclude,
                             const char *note,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  g_autofree char *numbers = numbers_sql (exclude);
  g_autofree char *expires = NULL;
  GTask *task;

  g_return_if_fail (RH_IS_GATE (self) && actor != NULL && proposal != NULL && link != NULL && said != NULL);

  expires = g_strdup_printf ("%" G_GINT64_FORMAT, link->expires_s);
  task = answer_task (self, proposal, rh_gate_answer_linked_async, callback, data);
  if (task != NULL)
    rh_store_call_async (self->store, &answer_linked, actor->workspace,
                         (const char *const[]){ proposal, said, digest, actor->name, actor->via, note, actor->role,
                                                numbers, link->notice, link->digest, expires },
                         NULL, on_answered, task);
}

void
rh_gate_settle_async (RhGate *self,
                      const RhActor *actor,
                      const char *proposal,
                      gint64 item,
                      const char *found,
                      JsonObject *receipt,
                      const char *note,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task;
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, item);
  g_autofree char *text = NULL;

  g_return_if_fail (RH_IS_GATE (self) && actor != NULL && proposal != NULL && found != NULL);

  if (receipt != NULL)
    {
      JsonNode *node = rh_vault_disarm (json_node_init_object (json_node_alloc (), receipt));

      text = royal_json_to_string (node);
      json_node_unref (node);
    }
  task = answer_task (self, proposal, rh_gate_settle_async, callback, data);
  if (task != NULL)
    rh_store_call_async (self->store, &settle, actor->workspace,
                         (const char *const[]){ proposal, number, found, text, actor->name, actor->via, note }, NULL,
                         on_answered, task);
}

JsonNode *
rh_gate_lanes (RhGate *self)
{
  g_return_val_if_fail (RH_IS_GATE (self), NULL);

  return rh_executor_lanes (self->executor);
}

JsonNode *
rh_gate_action (RhGate *self, const char *name)
{
  const RhAction *action;
  RhConnector *connector;
  JsonObject *object;
  JsonNode *schema, *node;

  g_return_val_if_fail (RH_IS_GATE (self) && name != NULL, NULL);

  connector = rh_connectors_for_action (self->court.connectors, name, &action);
  if (connector == NULL)
    return NULL;
  schema = action->schema != NULL ? rh_schemas_read (action->schema, NULL) : NULL;
  object = json_object_new ();
  json_object_set_string_member (object, "name", action->name);
  json_object_set_string_member (object, "title", action->title);
  json_object_set_string_member (object, "connector", RH_CONNECTOR_GET_IFACE (connector)->name (connector));
  json_object_set_boolean_member (object, "reversible", action->reversible);
  json_object_set_boolean_member (object, "always_asks", action->always_asks);
  json_object_set_double_member (object, "tolerance", action->tolerance);
  json_object_set_member (object, "schema", schema != NULL ? schema : json_node_new (JSON_NODE_NULL));
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, object);
  return node;
}

void
rh_gate_keep_async (RhGate *self,
                    const RhActor *actor,
                    const char *proposal,
                    const char *reason,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  GTask *task;

  g_return_if_fail (RH_IS_GATE (self) && actor != NULL && proposal != NULL);

  task = answer_task (self, proposal, rh_gate_keep_async, callback, data);
  if (task != NULL)
    rh_store_call_async (self->store, &keep, actor->workspace,
                         (const char *const[]){ proposal, reason, actor->name, actor->via, actor->role }, NULL,
                         on_answered, task);
}

JsonNode *
rh_gate_answer_finish (RhGate *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- For the parts in other files --------------------------------------------------------------------------------- */

RhStore *
rh_gate_store (RhGate *self)
{
  return self->store;
}

RhCourt *
rh_gate_court (RhGate *self)
{
  return &self->court;
}

RhRegistry *
rh_gate_registry (RhGate *self)
{
  return self->registry;
}

RhAgain *
rh_gate_again (RhGate *self)
{
  return self->again;
}

void
rh_gate_tell (RhGate *self, JsonNode *proposal)
{
  after_answer (self, proposal);
}

gboolean
rh_gate_grant_of (RhGate *self, JsonObject *proposal, JsonObject **ret_grant, GError **error)
{
  const char *id = royal_json_string (proposal, "agent", "");
  const char *action = royal_json_string (proposal, "action", "");
  RhAgent *agent;
  JsonObject *grant;

  *ret_grant = NULL;
  /* An inverse is a person's, or was decided with what it undoes. */
  if (self->registry == NULL || *royal_json_string (proposal, "agent_sha256", "") == '\0' ||
      royal_json_string (proposal, "undoes", NULL) != NULL)
    return TRUE;
  agent = rh_registry_find (self->registry, id);
  grant = agent != NULL ? rh_agent_may_write (agent, action) : NULL;
  if (grant != NULL)
    {
      *ret_grant = json_object_ref (grant);
      return TRUE;
    }
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_GRANTED, "agent %s is not granted %s any more", id, action);
  return FALSE;
}
