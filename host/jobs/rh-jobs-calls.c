/* SPDX-License-Identifier: Apache-2.0 */

/* What people ask of the queue: each is one call of SQL. */

#include "rh-job-request.h"
#include "rh-jobs-private.h"
#include "royal-json.h"

static const RhStatement job_enqueue_many = {
  "job.enqueue-many",
  "select job_enqueue_many ($1::jsonb, $2) as job",
  2,
  TRUE,
};
static const RhStatement job_get = {
  "job.get",
  "select job_get ($1::uuid) as job",
  1,
  FALSE,
};
static const RhStatement dead_edit = {
  "job.dead-edit",
  "select dead_edit ($1::uuid, $2::jsonb, $3) as job",
  3,
  TRUE,
};
static const RhStatement job_cancel = {
  "job.cancel",
  "select job_cancel ($1::uuid, $2) as job",
  2,
  TRUE,
};

/* A call that returns one job. */
static void
on_job (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhJobs *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->gate != NULL)
    rh_gate_kick (self->gate);
  if (g_task_get_source_tag (task) == rh_jobs_cancel_async)
    rh_jobs_renew (self);
  else
    rh_jobs_turn_soon (self);
  g_task_return_pointer (task, rh_rows_json (rows, 0, "job"), (GDestroyNotify)json_node_unref);
}

void
rh_jobs_end_puts (RhJobs *self, RhRound *round, RhRows *rows, const GError *error)
{
  GPtrArray *puts = rh_round_puts (round);
  gboolean again = (puts->len > 1 || rh_round_room (round) > 0) && !royal_error_is_unavailable (error);

  if (puts->len > 0 && rows != NULL)
    rh_round_end_puts (round, rows);
  self->puts_singly += puts->len > 0 && again ? puts->len : 0;
  while (puts->len > 0)
    {
      RhPut *put = g_ptr_array_steal_index (puts, puts->len - 1);

      if (again)
        g_queue_push_head (&self->puts, put);
      else
        rh_put_end (put, NULL, error);
    }
  if (!g_queue_is_empty (&self->puts))
    rh_jobs_put_soon (self);
}

static void
on_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhJobs) self = data;
  g_autoptr (RhRound) round = g_steal_pointer (&self->putting);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  rh_jobs_end_puts (self, round, rows, error);
  if (rows == NULL)
    return;
  rh_jobs_kick (self);
  rh_jobs_turn_soon (self);
}

/* Nothing waits for the turn that is under way, which may be a long one; what comes meanwhile goes together. */
static void
put_beside (RhJobs *self)
{
  if (self->putting != NULL || g_queue_is_empty (&self->puts))
    return;
  self->putting = rh_round_new (self->host_id, 0);
  rh_round_take_puts (self->putting, &self->puts, self->puts_singly > 0 ? 1 : G_MAXUINT);
  self->puts_singly -= MIN (self->puts_singly, 1);
  rh_round_send (self->putting, self->store, on_put, g_object_ref (self));
}

static gboolean
on_put_idle (gpointer data)
{
  RhJobs *self = data;

  self->put_idle = 0;
  if (self->turn == NULL)
    rh_jobs_take_turn (self);
  put_beside (self);
  return G_SOURCE_REMOVE;
}

void
rh_jobs_put_soon (RhJobs *self)
{
  if (self->put_idle == 0)
    self->put_idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_put_idle, self, NULL);
}

/* Jobs on their way into the queue, sealed first. */
typedef struct {
  RhPersonal *personal;
  JsonArray *requests;
  gboolean many;
  gint64 workspace;
  char *actor;
  char *trace;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *self = data;

  rh_personal_free (self->personal);
  json_array_unref (self->requests);
  g_free (self->actor);
  g_free (self->trace);
  g_free (self);
}

static GTask *
entry_task (RhJobs *self, const RhActor *actor, gpointer tag, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  Entry *entry = g_new0 (Entry, 1);

  g_task_set_source_tag (task, tag);
  entry->personal = rh_personal_new ("jobs");
  entry->requests = json_array_new ();
  entry->workspace = actor->workspace;
  entry->actor = g_strdup (actor->name);
  entry->trace = g_strdup (actor->trace);
  g_task_set_task_data (task, entry, entry_free);
  return task;
}

/* Nothing personal is in the open. */
static void
put (GTask *task)
{
  RhJobs *self = g_task_get_source_object (task);
  const Entry *entry = g_task_get_task_data (task);
  RhActor actor = { .workspace = entry->workspace, .name = entry->actor };
  g_autoptr (GString) text = g_string_new (entry->many ? "[" : "");
  const char *params[2] = { NULL, entry->actor };
  GError *error = NULL;

  for (guint i = 0; i < json_array_get_length (entry->requests); i++)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      if (rh_job_request_append (self->registry, json_array_get_object_element (entry->requests, i), entry->trace, text,
                                 &error))
        continue;
      g_task_return_error (task, error);
      return;
    }
  if (!entry->many)
    {
      g_queue_push_tail (&self->puts, rh_put_new (g_object_ref (task), &actor, text->str));
      rh_jobs_put_soon (self);
      return;
    }
  g_string_append_c (text, ']');
  params[0] = text->str;
  rh_store_call_async (self->store, &job_enqueue_many, entry->workspace, params, NULL, on_job, g_object_ref (task));
}

static void
on_sealed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (rh_vault_seal_finish (RH_VAULT (source), result, &error))
    put (task);
  else
    g_task_return_error (task, error);
}

static void
seal_and_put (GTask *task)
{
  RhJobs *self = g_task_get_source_object (task);
  const Entry *entry = g_task_get_task_data (task);
  RhVault *vault = self->gate != NULL ? rh_gate_vault (self->gate) : NULL;

  if (rh_personal_is_empty (entry->personal))
    put (task);
  else if (vault == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                             "the input has personal data, which nothing here can seal");
  else
    rh_vault_seal_async (vault, entry->workspace, entry->personal, on_sealed, g_object_ref (task));
}

void
rh_jobs_enqueue_async (RhJobs *self,
                       const RhActor *actor,
                       JsonObject *request,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Entry *entry;

  g_return_if_fail (RH_IS_JOBS (self) && actor != NULL && actor->name != NULL && request != NULL);

  task = entry_task (self, actor, rh_jobs_enqueue_async, callback, data);
  entry = g_task_get_task_data (task);
  json_array_add_object_element (entry->requests, json_object_ref (request));
  if (rh_job_request_take (self->registry, request, entry->personal, &error))
    seal_and_put (task);
  else
    g_task_return_error (task, error);
}

JsonNode *
rh_jobs_enqueue_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Checks each. */
static gboolean
take_many (RhJobs *self, Entry *entry, JsonArray *requests, GError **error)
{
  guint n = json_array_get_length (requests);

  if (n == 0 || n > RH_JOBS_MANY_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected 1 to %d jobs, found %u", RH_JOBS_MANY_MAX, n);
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (requests, i);

      if (!JSON_NODE_HOLDS_OBJECT (node))
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/jobs/%u: expected an object", i);
      else if (rh_job_request_take (self->registry, json_node_get_object (node), entry->personal, error))
        {
          json_array_add_element (entry->requests, json_node_ref (node));
          continue;
        }
      else
        g_prefix_error (error, "/jobs/%u", i);
      return FALSE;
    }
  return TRUE;
}

void
rh_jobs_enqueue_many_async (RhJobs *self,
                            const RhActor *actor,
                            JsonArray *requests,
                            GAsyncReadyCallback callback,
                            gpointer data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Entry *entry;

  g_return_if_fail (RH_IS_JOBS (self) && actor != NULL && actor->name != NULL && requests != NULL);

  task = entry_task (self, actor, rh_jobs_enqueue_many_async, callback, data);
  entry = g_task_get_task_data (task);
  entry->many = TRUE;
  if (take_many (self, entry, requests, &error))
    seal_and_put (task);
  else
    g_task_return_error (task, error);
}

JsonNode *
rh_jobs_enqueue_many_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rh_jobs_cancel_async (RhJobs *self, const RhActor *actor, const char *job, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  const char *params[2] = { job, NULL };

  g_return_if_fail (RH_IS_JOBS (self) && actor != NULL && actor->name != NULL && job != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_jobs_cancel_async);
  if (!g_uuid_string_is_valid (job))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no job `%.60s`", job);
      return;
    }
  params[1] = actor->name;
  rh_store_call_async (self->store, &job_cancel, actor->workspace, params, NULL, on_job, g_steal_pointer (&task));
}

JsonNode *
rh_jobs_cancel_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- Another input ------------------------------------------------------------------------------------------------ */

typedef struct {
  gint64 workspace;
  char *actor;
  char *job;
  JsonNode *input;
  RhPersonal *personal;
} Edit;

static void
edit_free (gpointer data)
{
  Edit *self = data;

  g_free (self->actor);
  g_free (self->job);
  json_node_unref (self->input);
  rh_personal_free (self->personal);
  g_free (self);
}

static void
put_edited (GTask *task)
{
  RhJobs *self = g_task_get_source_object (task);
  const Edit *edit = g_task_get_task_data (task);
  g_autofree char *text = royal_json_to_string (edit->input);

  rh_store_call_async (self->store, &dead_edit, edit->workspace, (const char *const[]){ edit->job, text, edit->actor },
                       NULL, on_job, g_object_ref (task));
}

static void
on_edit_sealed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (rh_vault_seal_finish (RH_VAULT (source), result, &error))
    put_edited (task);
  else
    g_task_return_error (task, error);
}

/* What of the new input is personal is what the task's schema says, and what was sealed in the old one has to have one.
 */
static gboolean
take_edit (RhJobs *self, Edit *edit, JsonObject *job, GError **error)
{
  const char *agent_id = royal_json_string (job, "agent", ""), *task = royal_json_string (job, "task", "");
  RhAgent *agent = rh_registry_find (self->registry, agent_id);
  RoyalSchema *schema = agent != NULL && rh_agent_has_task (agent, task) ? rh_agent_input_classes (agent, task) : NULL;
  g_autofree char *scope = rh_job_request_scope (agent_id, task);

  if (rh_personal_has_token (edit->input))
    g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/input: expected values, found a sealed one");
  else if (schema == NULL && rh_personal_has_token (json_object_get_member (job, "input")))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                 "the input has personal data, and agent %s, which says what of it is, is not enabled", agent_id);
  else
    {
      rh_personal_next (edit->personal, scope);
      return schema == NULL || rh_personal_add (edit->personal, schema, edit->input, error);
    }
  return FALSE;
}

static void
on_edited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhJobs *self = g_task_get_source_object (task);
  Edit *edit = g_task_get_task_data (task);
  RhVault *vault = self->gate != NULL ? rh_gate_vault (self->gate) : NULL;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autoptr (JsonNode) job = rows != NULL ? rh_rows_json (rows, 0, "job") : NULL;

  if (job == NULL || !take_edit (self, edit, json_node_get_object (job), &error))
    g_task_return_error (task, error);
  else if (rh_personal_is_empty (edit->personal))
    put_edited (task);
  else if (vault == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                             "the input has personal data, which nothing here can seal");
  else
    rh_vault_seal_async (vault, edit->workspace, edit->personal, on_edit_sealed, g_steal_pointer (&task));
}

void
rh_jobs_edit_async (RhJobs *self,
                    const RhActor *actor,
                    const char *job,
                    JsonObject *input,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (JsonNode) node = NULL;
  Edit *edit;

  g_return_if_fail (RH_IS_JOBS (self) && actor != NULL && actor->name != NULL && job != NULL && input != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_jobs_edit_async);
  node = json_node_init_object (json_node_alloc (), input);
  edit = g_new0 (Edit, 1);
  edit->workspace = actor->workspace;
  edit->actor = g_strdup (actor->name);
  edit->job = g_strdup (job);
  edit->input = royal_json_copy (node);
  edit->personal = rh_personal_new ("job");
  g_task_set_task_data (task, edit, edit_free);
  if (g_uuid_string_is_valid (job))
    rh_store_call_async (self->store, &job_get, actor->workspace, (const char *const[]){ job }, NULL, on_edited,
                         g_steal_pointer (&task));
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no job %.60s", job);
}

JsonNode *
rh_jobs_edit_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
