/* SPDX-License-Identifier: Apache-2.0 */

/* What people ask of the queue: each is one call of SQL. */

#include "rh-job-request.h"
#include "rh-jobs-private.h"
#include "royal-json.h"

static const RhStatement job_enqueue = {
  "job.enqueue",
  "select job_enqueue ($1::jsonb, $2) as job",
  2,
  TRUE,
};
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
rh_jobs_enqueue_async (RhJobs *self,
                       const RhActor *actor,
                       JsonObject *request,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  const char *params[2];
  GError *error = NULL;

  g_return_if_fail (RH_IS_JOBS (self) && actor != NULL && actor->name != NULL && request != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_jobs_enqueue_async);
  if (!rh_job_request_append (self->registry, request, actor->trace, text, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  params[0] = text->str;
  params[1] = actor->name;
  rh_store_call_async (self->store, &job_enqueue, actor->workspace, params, NULL, on_job, g_steal_pointer (&task));
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
