/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-reads.h"
#include "rh-reveal.h"
#include "rh-routes.h"

#include "royal-json.h"

#include <string.h>

/* A direct call of an agent: a job like any other, whose end is waited for. */

#define WAIT_MAX_S 60
#define WAIT_S 30
#define LOOK_MS 250

static const RhStatement job_get = { "web.job", "select job_get ($1::uuid) as job", 1, FALSE };

/* Who sees what is personal in an input. */
#define SEES (RH_ROLE_OPERATOR | RH_ROLE_ADMIN)

typedef struct {
  RhRequest *request;
  char *job;
  gint64 until_us;
  guint look;
  gboolean asking;
  gboolean again; /* something has happened since it was asked */
} Call;

static void
call_clear (gpointer data)
{
  Call *self = data;

  rh_request_unref (self->request);
  g_free (self->job);
}

static void
call_unref (Call *self)
{
  g_rc_box_release_full (self, call_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_unref)

static gboolean
is_over (JsonNode *job)
{
  static const char *const open[] = { "queued", "leased", NULL };

  return !g_strv_contains (open, royal_json_string (json_node_get_object (job), "state", ""));
}

/* Nobody waits any more; what was held for that goes. */
static void
call_end (Call *self)
{
  if (self->look == 0)
    return;
  g_clear_handle_id (&self->look, g_source_remove);
  rh_store_unlisten (rh_request_context (self->request)->store, self);
  call_unref (self);
}

static void call_ask (Call *self);

static void
on_job (RhRows *rows, const GError *error, gpointer data)
{
  g_autoptr (Call) self = data;
  g_autoptr (JsonNode) job = rows != NULL ? rh_rows_json (rows, 0, "job") : NULL;
  gboolean late = g_get_monotonic_time () >= self->until_us;
  gboolean over = job != NULL && is_over (job);

  self->asking = FALSE;
  if (self->look == 0)
    return;
  if (job != NULL && (late || over))
    rh_reveal (self->request, over ? SOUP_STATUS_OK : SOUP_STATUS_ACCEPTED, SEES, g_steal_pointer (&job));
  else if (job == NULL && late)
    rh_request_fail (self->request, error);
  else
    {
      if (self->again)
        call_ask (self);
      return;
    }
  call_end (self);
}

static void
call_ask (Call *self)
{
  const char *params[] = { self->job };

  self->again = self->asking;
  if (self->asking)
    return;
  self->asking = TRUE;
  rh_reads_call (rh_request_context (self->request)->store, &job_get, rh_request_workspace (self->request), params,
                 on_job, g_rc_box_acquire (self));
}

static void
on_events (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  call_ask (data);
}

/* Whoever called may be gone: the job is not. */
static gboolean
on_look (gpointer data)
{
  Call *self = data;

  if (rh_request_is_over (self->request))
    {
      call_end (self);
      return G_SOURCE_REMOVE;
    }
  if (g_get_monotonic_time () >= self->until_us)
    call_ask (self);
  return G_SOURCE_CONTINUE;
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Call) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) job = rh_jobs_enqueue_finish (RH_JOBS (source), result, &error);

  if (job == NULL)
    {
      rh_request_fail (self->request, error);
      return;
    }
  self->job = g_strdup (royal_json_string (json_node_get_object (job), "id", ""));
  self->look = g_timeout_add (LOOK_MS, on_look, self);
  rh_store_listen (rh_request_context (self->request)->store, "royal_events", on_events, self);
  call_ask (self);
  (void)g_steal_pointer (&self); /* call_end() lets it go */
}

void
rh_api_agent_call (RhRequest *request)
{
  const char *agent = rh_request_parameter (request);
  const char *key = rh_request_header (request, "Idempotency-Key");
  g_autoptr (JsonObject) job = NULL;
  gint64 wait_s;
  Call *self;

  if (rh_registry_find (rh_request_context (request)->registry, agent) == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no agent is named %s", agent);
      return;
    }
  if (!rh_request_number (request, "wait_s", 0, WAIT_MAX_S, WAIT_S, &wait_s))
    return;
  job = json_object_new ();
  json_object_set_string_member (job, "agent", agent);
  json_object_set_string_member (job, "task", rh_request_parameter_at (request, 1));
  json_object_set_object_member (job, "input", json_object_ref (rh_request_body (request)));
  if (key != NULL)
    json_object_set_string_member (job, "idempotency_key", key);
  self = g_rc_box_new0 (Call);
  self->request = rh_request_ref (request);
  self->until_us = g_get_monotonic_time () + wait_s * G_USEC_PER_SEC;
  rh_jobs_enqueue_async (rh_request_context (request)->jobs, rh_request_actor (request), job, on_created, self);
}
