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

void
rh_jobs_enqueue_async (RhJobs *self,
                       const RhActor *actor,
                       JsonObject *request,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  GError *error = NULL;

  g_return_if_fail (RH_IS_JOBS (self) && actor != NULL && actor->name != NULL && request != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_jobs_enqueue_async);
  if (!rh_job_request_append (self->registry, request, actor->trace, text, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_queue_push_tail (&self->puts, rh_put_new (g_steal_pointer (&task), actor, text->str));
  rh_jobs_put_soon (self);
}

JsonNode *
rh_jobs_enqueue_finish (RhJobs *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* (transfer full): the requests as one text, each checked; NULL with @error set. */
static char *
check_many (RhJobs *self, const RhActor *actor, JsonArray *requests, GError **error)
{
  g_autoptr (GString) text = g_string_new ("[");
  guint n = json_array_get_length (requests);

  if (n == 0 || n > RH_JOBS_MANY_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected 1 to %d jobs, found %u", RH_JOBS_MANY_MAX, n);
      return NULL;
    }
  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (requests, i);

      if (i > 0)
        g_string_append_c (text, ',');
      if (!JSON_NODE_HOLDS_OBJECT (node))
        g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/jobs/%u: expected an object", i);
      else if (rh_job_request_append (self->registry, json_node_get_object (node), actor->trace, text, error))
        continue;
      else
        g_prefix_error (error, "/jobs/%u", i);
      return NULL;
    }
  g_string_append_c (text, ']');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
rh_jobs_enqueue_many_async (RhJobs *self,
                            const RhActor *actor,
                            JsonArray *requests,
                            GAsyncReadyCallback callback,
                            gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *text = NULL;
  const char *params[2];
  GError *error = NULL;

  g_return_if_fail (RH_IS_JOBS (self) && actor != NULL && actor->name != NULL && requests != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_jobs_enqueue_many_async);
  text = check_many (self, actor, requests, &error);
  if (text == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  params[0] = text;
  params[1] = actor->name;
  rh_store_call_async (self->store, &job_enqueue_many, actor->workspace, params, NULL, on_job, g_steal_pointer (&task));
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
