/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-workflows.h"

#include "rh-job-request.h"
#include "rh-log.h"
#include "rh-workflow-turn.h"
#include "royal-json.h"

#include <string.h>

/* Turns of one commit. */
#define BATCH "50"
/* Definitions of runs under way that are kept parsed. */
#define KNOWN_MAX 200
/* After this something is looked for though nothing was told of: a notification can be lost with a connection. */
#define SWEEP_MS 30000
/* Events are compared with what waits for them at most so often. */
#define MATCH_MS 100

struct _RhWorkflows {
  GObject parent;
  RhStore *store;
  RhRegistry *registry;
  RhGate *gate;
  RhWorkflowSet *set;
  GHashTable *known; /* hash → RhWorkflow */
  gboolean started;
  gboolean working;
  gboolean work_again;
  gboolean listening; /* something waits for an event */
  gboolean matching;
  gboolean match_again;
  guint timer;
  guint match_timer;
  gulong available;
};

G_DEFINE_FINAL_TYPE (RhWorkflows, rh_workflows, G_TYPE_OBJECT)

static const RhStatement workflow_loaded = {
  "workflow.loaded",
  "select workflow_loaded ($1::jsonb, 'host')",
  1,
  TRUE,
};
static const RhStatement workflow_start = {
  "workflow.start",
  "select workflow_start ($1, $2, $3::jsonb, $4::jsonb, $5, $6, $7::jsonb) as run",
  7,
  TRUE,
};
static const RhStatement workflow_work = {
  "workflow.work",
  "select snapshot from workflow_work ($1::text[], $2::int)",
  2,
  FALSE,
};
static const RhStatement workflow_commit = {
  "workflow.commit",
  "select run, outcome from workflow_commit ($1::jsonb)",
  1,
  TRUE,
};
static const RhStatement workflow_next = { "workflow.next", "select workflow_next () as wait_ms", 0, FALSE };
static const RhStatement workflow_match = { "workflow.match", "select workflow_match () as listening", 0, FALSE };

static void work (RhWorkflows *self);
static void match (RhWorkflows *self);

/* --- turns -------------------------------------------------------------------------------------------------------- */

static JsonNode *
check_job (JsonObject *request, gpointer data, GError **error)
{
  return rh_job_request_check (RH_WORKFLOWS (data)->registry, request, error);
}

static RhWorkflow *
find_workflow (const char *name, gpointer data)
{
  return rh_workflow_set_find (RH_WORKFLOWS (data)->set, name);
}

/* (nullable) (transfer none): the definition that the run keeps to. */
static RhWorkflow *
definition_of (RhWorkflows *self, JsonObject *snapshot, GError **error)
{
  const char *hash = royal_json_string (snapshot, "hash", "");
  RhWorkflow *workflow = g_hash_table_lookup (self->known, hash);
  JsonNode *document = json_object_get_member (snapshot, "document");

  if (workflow != NULL)
    return workflow;
  if (document == NULL || JSON_NODE_HOLDS_NULL (document))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "the definition %s is not there", hash);
      return NULL;
    }
  workflow = rh_workflow_new (document, royal_json_string (snapshot, "workflow", ""), error);
  if (workflow == NULL)
    return NULL;
  if (g_hash_table_size (self->known) >= KNOWN_MAX)
    g_hash_table_remove_all (self->known);
  g_hash_table_replace (self->known, g_strdup (hash), workflow);
  return workflow;
}

/* (transfer full): the run cannot go on, and says why. */
static JsonNode *
give_up (JsonObject *snapshot, const GError *fault)
{
  static const char *const empty[] = { "steps", "consumed", "cancel_jobs", "cancel_runs", "events" };
  g_autoptr (JsonObject) turn = json_object_new ();
  JsonObject *error = json_object_new ();

  json_object_set_string_member (error, "code", "invalid");
  json_object_set_string_member (error, "message", fault->message);
  json_object_set_int_member (turn, "ws", royal_json_int (snapshot, "ws", 0));
  json_object_set_int_member (turn, "id", royal_json_int (snapshot, "id", 0));
  json_object_set_int_member (turn, "version", royal_json_int (snapshot, "version", 0));
  json_object_set_string_member (turn, "state", "failed");
  json_object_set_object_member (turn, "error", error);
  for (guint i = 0; i < G_N_ELEMENTS (empty); i++)
    json_object_set_array_member (turn, empty[i], json_array_new ());
  return json_node_init_object (json_node_alloc (), turn);
}

static JsonNode *
make_turn (RhWorkflows *self, JsonObject *snapshot)
{
  const RhTurnHost host = { check_job, find_workflow, self };
  g_autoptr (GError) error = NULL;
  RhWorkflow *workflow = definition_of (self, snapshot, &error);

  if (workflow != NULL)
    return rh_workflow_turn (workflow, snapshot, &host);
  rh_log (RH_LOG_ERROR, "workflow.definition", "a run's definition cannot be used", "run",
          royal_json_string (snapshot, "uid", ""), "error", error->message, NULL);
  return give_up (snapshot, error);
}

/* --- when there is something to do -------------------------------------------------------------------------------- */

static gboolean
on_timer (gpointer data)
{
  RhWorkflows *self = data;

  self->timer = 0;
  work (self);
  return G_SOURCE_REMOVE;
}

static void
rest (RhWorkflows *self, gint64 wait_ms)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add ((guint)CLAMP (wait_ms + 1, 1, SWEEP_MS), on_timer, self);
}

static void
on_next (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhWorkflows) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  if (self->started)
    rest (self, rows != NULL && !rh_rows_is_null (rows, 0, "wait_ms") ? rh_rows_int64 (rows, 0, "wait_ms") : SWEEP_MS);
}

/* Nothing is to be done now: when is something? */
static void
ask_next (RhWorkflows *self)
{
  rh_store_call_async (self->store, &workflow_next, RH_NO_WORKSPACE, NULL, NULL, on_next, g_object_ref (self));
}

static void
on_committed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhWorkflows) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->working = FALSE;
  if (rows == NULL && !royal_error_is_unavailable (error))
    rh_log (RH_LOG_ERROR, "workflow.commit-failed", "turns could not be committed", "error", error->message, NULL);
  for (guint i = 0; rows != NULL && i < rh_rows_n (rows); i++)
    {
      const char *outcome = rh_rows_string (rows, i, "outcome");

      if (strcmp (outcome, "done") != 0 && strcmp (outcome, "lost") != 0)
        rh_log (RH_LOG_WARNING, "workflow.held", "a turn was refused; it is tried again", "run",
                rh_rows_string (rows, i, "run"), "error", outcome, NULL);
    }
  if (!self->started)
    return;
  if (rows == NULL)
    {
      rest (self, 1000);
      return;
    }
  if (self->gate != NULL)
    rh_gate_kick (self->gate);
  work (self);
}

static void
on_work (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhWorkflows) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autoptr (JsonNode) turns = NULL;
  g_autofree char *text = NULL;
  const char *params[1];

  if (rows == NULL && !royal_error_is_unavailable (error))
    rh_log (RH_LOG_ERROR, "workflow.work-failed", "workflows could not be read", "error", error->message, NULL);
  if (!self->started || rows == NULL || rh_rows_n (rows) == 0)
    {
      self->working = FALSE;
      if (self->started && rows != NULL && self->work_again)
        work (self);
      else if (self->started && rows != NULL)
        ask_next (self);
      else if (self->started)
        rest (self, 1000);
      return;
    }
  turns = json_node_init_array (json_node_alloc (), NULL);
  json_node_take_array (turns, json_array_new ());
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      g_autoptr (JsonNode) snapshot = rh_rows_json (rows, i, "snapshot");

      json_array_add_element (json_node_get_array (turns), make_turn (self, json_node_get_object (snapshot)));
    }
  text = royal_json_to_string (turns);
  params[0] = text;
  rh_store_call_async (self->store, &workflow_commit, RH_NO_WORKSPACE, params, NULL, on_committed, g_object_ref (self));
}

static void
work (RhWorkflows *self)
{
  g_autoptr (GString) known = g_string_new ("{");
  const char *params[2] = { NULL, BATCH };
  GHashTableIter iter;
  gpointer hash;

  self->work_again = self->working;
  if (self->working || !self->started || !rh_store_is_available (self->store))
    return;
  self->working = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, &hash, NULL))
    g_string_append_printf (known, "%s%s", known->len > 1 ? "," : "", (char *)hash);
  params[0] = g_string_append_c (known, '}')->str;
  rh_store_call_async (self->store, &workflow_work, RH_NO_WORKSPACE, params, NULL, on_work, g_object_ref (self));
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void
on_matched (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhWorkflows) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  self->matching = FALSE;
  self->listening = rows == NULL || rh_rows_boolean (rows, 0, "listening");
  if (self->started && self->match_again)
    match (self);
}

static gboolean
on_match_timer (gpointer data)
{
  RhWorkflows *self = data;

  self->match_timer = 0;
  if (!rh_store_is_available (self->store))
    return G_SOURCE_REMOVE;
  self->matching = TRUE;
  self->match_again = FALSE;
  rh_store_call_async (self->store, &workflow_match, RH_NO_WORKSPACE, NULL, NULL, on_matched, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

static void
match (RhWorkflows *self)
{
  self->match_again = self->matching;
  if (self->started && !self->matching && self->match_timer == 0)
    self->match_timer = g_timeout_add (MATCH_MS, on_match_timer, self);
}

static void
on_told (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  g_autoptr (RhWorkflows) self = g_object_ref (data);

  if (!self->started)
    return;
  if (payload == NULL || *payload != '\0')
    {
      self->listening = TRUE;
      match (self);
    }
  work (self);
}

static void
on_events (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  g_autoptr (RhWorkflows) self = g_object_ref (data);

  if (self->listening)
    match (self);
}

static void
on_available (RhStore *store, gboolean available, gpointer data)
{
  if (available)
    work (data);
}

/* --- the object --------------------------------------------------------------------------------------------------- */

RhWorkflows *
rh_workflows_new (RhStore *store, RhRegistry *registry, RhGate *gate)
{
  RhWorkflows *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_REGISTRY (registry), NULL);

  self = g_object_new (RH_TYPE_WORKFLOWS, NULL);
  self->store = g_object_ref (store);
  self->registry = g_object_ref (registry);
  self->gate = gate != NULL ? g_object_ref (gate) : NULL;
  return self;
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhWorkflows) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "workflow.loaded", "what workflows were loaded could not be recorded", "error",
            error->message, NULL);
  else if (self->gate != NULL)
    rh_gate_kick (self->gate);
}

/* (transfer full): as workflow_loaded() in SQL takes it. */
static char *
set_text (RhWorkflowSet *set)
{
  g_autoptr (GPtrArray) list = rh_workflow_set_list (set);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  json_node_take_array (node, array);
  for (guint i = 0; i < list->len; i++)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "name", rh_workflow_name (list->pdata[i]));
      json_object_set_string_member (object, "hash", rh_workflow_hash (list->pdata[i]));
      json_object_set_member (object, "document", json_node_ref (rh_workflow_document (list->pdata[i])));
      json_array_add_object_element (array, object);
    }
  return royal_json_to_string (node);
}

void
rh_workflows_set (RhWorkflows *self, RhWorkflowSet *set, gint64 workspace)
{
  g_autofree char *text = NULL;
  const char *params[1];

  g_return_if_fail (RH_IS_WORKFLOWS (self) && set != NULL);

  rh_workflow_set_free (self->set);
  self->set = set;
  text = set_text (set);
  params[0] = text;
  rh_store_call_async (self->store, &workflow_loaded, workspace, params, NULL, on_loaded, g_object_ref (self));
}

RhWorkflowSet *
rh_workflows_get (RhWorkflows *self)
{
  g_return_val_if_fail (RH_IS_WORKFLOWS (self), NULL);
  return self->set;
}

void
rh_workflows_start (RhWorkflows *self)
{
  g_return_if_fail (RH_IS_WORKFLOWS (self) && !self->started);

  self->started = TRUE;
  self->listening = TRUE;
  rh_store_listen (self->store, "royal_workflows", on_told, self);
  rh_store_listen (self->store, "royal_events", on_events, self);
  self->available = g_signal_connect (self->store, "available", G_CALLBACK (on_available), self);
  work (self);
}

void
rh_workflows_stop (RhWorkflows *self)
{
  g_return_if_fail (RH_IS_WORKFLOWS (self));

  self->started = FALSE;
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->match_timer, g_source_remove);
  g_clear_signal_handler (&self->available, self->store);
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhWorkflows *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->gate != NULL)
    rh_gate_kick (self->gate);
  work (self);
  g_task_return_pointer (task, rh_rows_json (rows, 0, "run"), (GDestroyNotify)json_node_unref);
}

/* (transfer full) (nullable): what a simulation assumes, with a name of its own. */
static char *
simulate_text (JsonObject *simulate)
{
  static const char *const members[] = { "reads", "steps", "choices", "events" };
  g_autoptr (JsonObject) named = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *id = g_uuid_string_random ();

  if (simulate == NULL)
    return NULL;
  named = json_object_new ();
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (json_object_has_member (simulate, members[i]))
      json_object_set_member (named, members[i], json_object_dup_member (simulate, members[i]));
  json_object_set_string_member (named, "id", id);
  node = json_node_init_object (json_node_alloc (), named);
  return royal_json_to_string (node);
}

void
rh_workflows_begin_async (RhWorkflows *self,
                          const RhActor *actor,
                          const RhWorkflowStart *start,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (JsonNode) input = NULL;
  g_autofree char *document = NULL;
  g_autofree char *input_text = NULL;
  g_autofree char *simulate = NULL;
  GError *error = NULL;

  g_return_if_fail (RH_IS_WORKFLOWS (self) && actor != NULL && start != NULL && start->workflow != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_workflows_begin_async);
  input = start->input != NULL ? json_node_ref (start->input) : json_node_new (JSON_NODE_OBJECT);
  if (start->input == NULL)
    json_node_take_object (input, json_object_new ());
  if (!rh_workflow_check_input (start->workflow, input, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  document = royal_json_to_string (rh_workflow_document (start->workflow));
  input_text = royal_json_to_string (input);
  simulate = simulate_text (start->simulate);
  rh_store_call_async (self->store, &workflow_start, actor->workspace,
                       (const char *const[]){ rh_workflow_name (start->workflow), rh_workflow_hash (start->workflow),
                                              document, input_text, actor->name, start->key, simulate },
                       NULL, on_begun, g_steal_pointer (&task));
}

JsonNode *
rh_workflows_begin_finish (RhWorkflows *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

RhWorkflow *
rh_workflows_check (RhWorkflows *self, JsonNode *document, const char *what, gboolean agents, GError **error)
{
  g_autoptr (RhWorkflow) workflow = NULL;
  g_autoptr (RhWorkflowSet) set = NULL;
  g_autoptr (GPtrArray) others = NULL;

  g_return_val_if_fail (RH_IS_WORKFLOWS (self) && document != NULL && what != NULL, NULL);

  workflow = rh_workflow_new (document, what, error);
  if (workflow == NULL || (agents && !rh_workflow_check_agents (workflow, self->registry, what, error)))
    return NULL;
  set = rh_workflow_set_new ();
  others = rh_workflow_set_list (self->set);
  for (guint i = 0; i < others->len; i++)
    rh_workflow_set_add (set, others->pdata[i]);
  rh_workflow_set_add (set, workflow);
  return rh_workflow_set_check_calls (set, workflow, what, error) ? g_steal_pointer (&workflow) : NULL;
}

static void
rh_workflows_finalize (GObject *object)
{
  RhWorkflows *self = RH_WORKFLOWS (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->match_timer, g_source_remove);
  rh_store_unlisten (self->store, self);
  g_clear_signal_handler (&self->available, self->store);
  rh_workflow_set_free (self->set);
  g_hash_table_unref (self->known);
  g_clear_object (&self->store);
  g_clear_object (&self->registry);
  g_clear_object (&self->gate);
  G_OBJECT_CLASS (rh_workflows_parent_class)->finalize (object);
}

static void
rh_workflows_class_init (RhWorkflowsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_workflows_finalize;
}

static void
rh_workflows_init (RhWorkflows *self)
{
  self->set = rh_workflow_set_new ();
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)rh_workflow_unref);
}
