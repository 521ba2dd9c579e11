/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include "royal-json.h"

#include <string.h>

/* In place of the gate, the queue and the workers: what they are asked goes to SQL alone. */

static const RhStatement answer = { "test.answer", "select proposal_answer ($1::uuid, $2, $3, $4, $5, $6, $7) as doc",
                                    7, TRUE };
static const RhStatement enqueue = { "test.enqueue", "select job_enqueue ($1::jsonb, $2) as doc", 2, TRUE };
static const RhStatement cancel = { "test.cancel", "select job_cancel ($1::uuid, $2) as doc", 2, TRUE };

struct _RhGate {
  GObject parent_instance;
  RhStore *store;
  gboolean hold;
  GPtrArray *waiting; /* GTask */
};

struct _RhJobs {
  GObject parent_instance;
  RhStore *store;
};

struct _RhWorkers {
  GObject parent_instance;
};

G_DEFINE_FINAL_TYPE (RhGate, rh_gate, G_TYPE_OBJECT)
G_DEFINE_FINAL_TYPE (RhJobs, rh_jobs, G_TYPE_OBJECT)
G_DEFINE_FINAL_TYPE (RhWorkers, rh_workers, G_TYPE_OBJECT)

static void
rh_gate_finalize (GObject *object)
{
  g_ptr_array_unref (RH_GATE (object)->waiting);
  g_object_unref (RH_GATE (object)->store);
  G_OBJECT_CLASS (rh_gate_parent_class)->finalize (object);
}

static void
rh_gate_class_init (RhGateClass *class)
{
  G_OBJECT_CLASS (class)->finalize = rh_gate_finalize;
}

static void
rh_gate_init (RhGate *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

RhGate *
rh_gate_new (RhStore *store, RhConnectors *connectors, const char *host_id)
{
  RhGate *self = g_object_new (RH_TYPE_GATE, NULL);

  self->store = g_object_ref (store);
  return self;
}

RhPolicy *
rh_gate_policy (RhGate *self, gint64 workspace)
{
  static RhPolicy *policy;
  g_autoptr (JsonNode) document = NULL;

  if (policy != NULL)
    return policy;
  document = json_from_string ("{\"rules\":[{\"name\":\"small\",\"match\":{\"action\":\"*\"},\"when\":{\"facts.x\":"
                               "{\"lt\":20}},\"risk\":\"low\",\"decision\":\"notify\"},{\"name\":\"large\",\"match\":"
                               "{\"action\":\"*\"},\"when\":{\"facts.x\":{\"gte\":20}},\"risk\":\"high\",\"decision\":"
                               "\"approve\"}]}",
                               NULL);
  policy = rh_policy_new (document, "policy", NULL);
  g_assert_nonnull (policy);
  return policy;
}

void
rh_gate_kick (RhGate *self)
{
}

static void
on_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, rh_rows_json (rows, 0, "doc"), (GDestroyNotify)json_node_unref);
}

static void
start (RhGate *self, GTask *task)
{
  const char *const *params = g_task_get_task_data (task);

  rh_store_call_async (self->store, &answer,
                       (gint64)GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (task), "workspace")), params, NULL,
                       on_rows, task);
}

static void
ask (RhGate *self,
     const RhActor *actor,
     const char *proposal,
     const char *what,
     const char *digest,
     const char *note,
     GAsyncReadyCallback callback,
     gpointer data)
{
  const char *params[] = { proposal,    what,       digest != NULL ? digest : "",
                           actor->name, actor->via, note != NULL ? note : "",
                           actor->role, NULL };
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_task_data (task, g_strdupv ((char **)params), (GDestroyNotify)g_strfreev);
  g_object_set_data (G_OBJECT (task), "workspace", GSIZE_TO_POINTER ((gsize)actor->workspace));
  if (self->hold)
    g_ptr_array_add (self->waiting, task);
  else
    start (self, task);
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
  ask (self, actor, proposal, "approve", digest, note, callback, data);
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
  ask (self, actor, proposal, "approve", digest, note, callback, data);
}

RhVault *
rh_gate_vault (RhGate *self)
{
  return NULL;
}

/* What takes a real gate. */
static void
refuse (RhGate *self, const char *proposal, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "proposal %s is pending, not executed", proposal);
}

void
rh_gate_modify_async (RhGate *self,
                      const RhActor *actor,
                      const char *proposal,
                      const char *digest,
                      JsonObject *change,
                      const char *note,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  refuse (self, proposal, callback, data);
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
  refuse (self, proposal, callback, data);
}

void
rh_gate_keep_async (RhGate *self,
                    const RhActor *actor,
                    const char *proposal,
                    const char *reason,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  refuse (self, proposal, callback, data);
}

void
rh_gate_reject_async (RhGate *self,
                      const RhActor *actor,
                      const char *proposal,
                      const char *reason,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  ask (self, actor, proposal, "reject", NULL, reason, callback, data);
}

void
rh_gate_undo_async (RhGate *self,
                    const RhActor *actor,
                    const char *proposal,
                    const char *reason,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  refuse (self, proposal, callback, data);
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
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "the effect is executing, not unknown");
}

JsonNode *
rh_gate_lanes (RhGate *self)
{
  JsonNode *lanes = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (lanes, json_array_new ());
  return lanes;
}

JsonNode *
rh_gate_action (RhGate *self, const char *name)
{
  return strcmp (name, "test.set") == 0
             ? json_from_string ("{\"name\":\"test.set\",\"schema\":{\"type\":\"object\"}}", NULL)
             : NULL;
}

void
rh_gate_submit_async (RhGate *self,
                      const RhSubmission *submission,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autofree char *seen = submission->seen != NULL ? royal_json_to_string (submission->seen) : NULL;
  JsonNode *outcome = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "by", submission->by);
  json_object_set_string_member (object, "key", submission->key != NULL ? submission->key : "");
  json_object_set_string_member (object, "reason", seen != NULL ? seen : "");
  json_object_set_string_member (object, "action", json_object_get_string_member (submission->proposal, "action"));
  json_node_take_object (outcome, object);
  g_task_return_pointer (task, outcome, (GDestroyNotify)json_node_unref);
}

JsonNode *
rh_gate_submit_finish (RhGate *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

JsonNode *
rh_gate_answer_finish (RhGate *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
web_gate_hold (RhGate *gate)
{
  gate->hold = TRUE;
}

void
web_gate_release (RhGate *gate)
{
  gate->hold = FALSE;
  while (gate->waiting->len > 0)
    start (gate, g_ptr_array_steal_index (gate->waiting, 0));
}

guint
web_gate_waiting (RhGate *gate)
{
  return gate->waiting->len;
}

static void
rh_jobs_finalize (GObject *object)
{
  g_object_unref (RH_JOBS (object)->store);
  G_OBJECT_CLASS (rh_jobs_parent_class)->finalize (object);
}

static void
rh_jobs_class_init (RhJobsClass *class)
{
  G_OBJECT_CLASS (class)->finalize = rh_jobs_finalize;
}

static void
rh_jobs_init (RhJobs *self)
{
}

RhJobs *
rh_jobs_new (RhStore *store, RhRegistry *registry, RhWorkers *workers, RhGate *gate, const char *host_id)
{
  RhJobs *self = g_object_new (RH_TYPE_JOBS, NULL);

  self->store = g_object_ref (store);
  return self;
}

void
rh_jobs_enqueue_async (RhJobs *self,
                       const RhActor *actor,
                       JsonObject *request,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), request);
  g_autofree char *text = royal_json_to_string (node);
  const char *params[] = { text, actor->name };

  rh_store_call_async (self->store, &enqueue, actor->workspace, params, NULL, on_rows,
                       g_task_new (self, NULL, callback, data));
}

JsonNode *
rh_jobs_enqueue_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rh_jobs_cancel_async (RhJobs *self, const RhActor *actor, const char *job, GAsyncReadyCallback callback, gpointer data)
{
  const char *params[] = { job, actor->name };

  rh_store_call_async (self->store, &cancel, actor->workspace, params, NULL, on_rows,
                       g_task_new (self, NULL, callback, data));
}

JsonNode *
rh_jobs_cancel_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rh_jobs_edit_async (RhJobs *self,
                    const RhActor *actor,
                    const char *job,
                    JsonObject *input,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no job %s", job);
}

JsonNode *
rh_jobs_edit_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
rh_workers_class_init (RhWorkersClass *class)
{
}

static void
rh_workers_init (RhWorkers *self)
{
}

RhWorkers *
rh_workers_new (const RhWorkersConfig *config,
                RhRegistry *registry,
                RhStore *store,
                RhConnectors *connectors,
                RhGate *gate)
{
  return g_object_new (RH_TYPE_WORKERS, NULL);
}

JsonNode *
rh_workers_status (RhWorkers *self, const char *agent)
{
  return json_from_string ("{\"workers\":[],\"restarts\":0,\"state\":\"ready\"}", NULL);
}

void
rh_workers_restart_async (RhWorkers *self,
                          const char *agent,
                          gboolean now,
                          guint wait_ms,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_return_boolean (task, TRUE);
}

gboolean
rh_workers_restart_finish (RhWorkers *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

JsonNode *
rh_workers_sandbox (RhWorkers *self)
{
  return json_from_string ("{\"landlock\":true}", NULL);
}

void
rh_jobs_enqueue_many_async (RhJobs *self,
                            const RhActor *actor,
                            JsonArray *requests,
                            GAsyncReadyCallback callback,
                            gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  JsonArray *ids = json_array_new ();

  for (guint i = 0; i < json_array_get_length (requests); i++)
    {
      g_autofree char *id = g_uuid_string_random ();

      json_array_add_string_element (ids, id);
    }
  g_task_return_pointer (task, json_node_init_array (json_node_alloc (), ids), (GDestroyNotify)json_node_unref);
  json_array_unref (ids);
}

JsonNode *
rh_jobs_enqueue_many_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
