/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-reveal.h"
#include "rh-routes.h"

#include "royal-json.h"

static const RhStatement job_list = { "web.jobs", "select cursor, job from job_list ($1::text[], $2::bigint, $3::int)",
                                      3, FALSE };
static const RhStatement job_retry = { "job.retry", "select job_retry ($1::uuid, $2) as job", 2, TRUE };
static const RhStatement job_get = { "web.job", "select job_get ($1::uuid) as job", 1, FALSE };

static const char *const states[] = { "queued",      "leased",    "completed", "dead",
                                      "quarantined", "cancelled", "discarded", NULL };

/* Who sees what is personal in an input. */
#define SEES (RH_ROLE_OPERATOR | RH_ROLE_ADMIN)

static gboolean
check_id (RhRequest *request)
{
  if (g_uuid_string_is_valid (rh_request_parameter (request)))
    return TRUE;
  rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no job %s", rh_request_parameter (request));
  return FALSE;
}

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reveal (request, rows, "job", "cursor", rh_list_limit (request), 0);
}

void
rh_api_jobs (RhRequest *request)
{
  rh_list_run (request, &job_list, states, on_list);
}

static void
on_job (RhRequest *request, RhRows *rows)
{
  rh_reveal_row (request, SOUP_STATUS_OK, SEES, rows, "job");
}

void
rh_api_job (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  if (check_id (request))
    rh_request_call (request, &job_get, params, on_job);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *job = rh_jobs_enqueue_finish (RH_JOBS (source), result, &error);

  if (job == NULL)
    rh_request_fail (request, error);
  else
    rh_reveal (request, SOUP_STATUS_CREATED, SEES, job);
}

void
rh_api_job_create (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  const char *key;

  if (!rh_request_key (request, "idempotency_key", &key))
    return;
  if (key != NULL && !json_object_has_member (body, "idempotency_key"))
    json_object_set_string_member (body, "idempotency_key", key);
  rh_jobs_enqueue_async (rh_request_context (request)->jobs, rh_request_actor (request), body, on_created,
                         rh_request_ref (request));
}

static void
on_cancelled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *job = rh_jobs_cancel_finish (RH_JOBS (source), result, &error);

  if (job == NULL)
    rh_request_fail (request, error);
  else
    rh_reveal (request, SOUP_STATUS_OK, SEES, job);
}

void
rh_api_job_cancel (RhRequest *request)
{
  if (check_id (request))
    rh_jobs_cancel_async (rh_request_context (request)->jobs, rh_request_actor (request),
                          rh_request_parameter (request), on_cancelled, rh_request_ref (request));
}

static void
on_retried (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  on_job (request, rows);
}

void
rh_api_job_retry (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request), rh_request_caller (request)->name };

  if (check_id (request))
    rh_request_call (request, &job_retry, params, on_retried);
}

static void
on_bulk (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) ids = rh_jobs_enqueue_many_finish (RH_JOBS (source), result, &error);
  g_autoptr (JsonObject) answer = NULL;

  if (ids == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  answer = json_object_new ();
  json_object_set_member (answer, "jobs", g_steal_pointer (&ids));
  rh_request_reply (request, SOUP_STATUS_CREATED, json_node_init_object (json_node_alloc (), answer));
}

void
rh_api_jobs_bulk (RhRequest *request)
{
  JsonArray *jobs = royal_json_array (rh_request_body (request), "jobs");

  if (jobs == NULL)
    rh_request_refuse (request, RH_PROBLEM_INVALID, "/jobs", "expected a list of jobs");
  else
    rh_jobs_enqueue_many_async (rh_request_context (request)->jobs, rh_request_actor (request), jobs, on_bulk,
                                rh_request_ref (request));
}
