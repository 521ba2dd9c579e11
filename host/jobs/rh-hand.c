/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hand.h"

#include "rh-log.h"
#include "rh-retry.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

typedef enum {
  HAND_LEASED,
  HAND_RUNNING,
  HAND_REPORTING,
  HAND_WAITING, /* for the database */
  HAND_DONE,
} HandState;

#define REPORT_PARAMS_MAX 5
#define RESULT_MAX (1024 * 1024)

struct _RhHand {
  const RhHandContext *context;
  const RhHandEvents *events;
  gpointer data;
  HandState state;
  gint64 workspace;
  char *workspace_name;
  char *job;
  char *run;
  char *agent;
  char *task;
  JsonNode *input;
  JsonNode *attached; /* what travels with the job */
  GCancellable *cancellable;
  gboolean lost;
  gboolean returning;
  const RhStatement *report;
  char *params[REPORT_PARAMS_MAX];
};

static const RhStatement job_complete = {
  "job.complete",
  "select job_complete ($1::uuid, $2, $3::jsonb)",
  3,
  TRUE,
};
static const RhStatement job_fail = {
  "job.fail",
  "select job_fail ($1::uuid, $2, $3::jsonb, $4::boolean, $5::boolean) as state",
  5,
  TRUE,
};
static const RhStatement job_return = {
  "job.return",
  "select job_return ($1::uuid, $2)",
  2,
  TRUE,
};

static void send_report (RhHand *self);

RhHand *
rh_hand_new (const RhHandContext *context, RhRows *rows, guint row, const RhHandEvents *events, gpointer data)
{
  RhHand *self;

  g_return_val_if_fail (context != NULL && rows != NULL && events != NULL, NULL);

  self = g_new0 (RhHand, 1);
  self->context = context;
  self->events = events;
  self->data = data;
  self->workspace = rh_rows_int64 (rows, row, "workspace_id");
  self->workspace_name = g_strdup (rh_rows_string (rows, row, "workspace"));
  self->job = g_strdup (rh_rows_string (rows, row, "job"));
  self->run = g_strdup (rh_rows_string (rows, row, "run"));
  self->agent = g_strdup (rh_rows_string (rows, row, "agent"));
  self->task = g_strdup (rh_rows_string (rows, row, "task"));
  self->input = rh_rows_json (rows, row, "input");
  self->attached = rh_rows_is_null (rows, row, "context") ? NULL : rh_rows_json (rows, row, "context");
  self->cancellable = g_cancellable_new ();
  return self;
}

static void
clear_params (RhHand *self)
{
  for (guint i = 0; i < REPORT_PARAMS_MAX; i++)
    g_clear_pointer (&self->params[i], g_free);
}

void
rh_hand_free (RhHand *self)
{
  if (self == NULL)
    return;
  g_free (self->workspace_name);
  g_free (self->job);
  g_free (self->run);
  g_free (self->agent);
  g_free (self->task);
  g_clear_pointer (&self->input, json_node_unref);
  g_clear_pointer (&self->attached, json_node_unref);
  g_object_unref (self->cancellable);
  clear_params (self);
  g_free (self);
}

const char *
rh_hand_run (RhHand *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->run;
}

gboolean
rh_hand_is_waiting (RhHand *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->state == HAND_WAITING;
}

static void
finish (RhHand *self)
{
  self->state = HAND_DONE;
  self->events->done (self, self->data);
}

/* Takes the texts. */
static void
set_report (RhHand *self, const RhStatement *report, char *body, gboolean crashed, gboolean retry)
{
  clear_params (self);
  self->report = report;
  self->params[0] = g_strdup (self->run);
  self->params[1] = g_strdup (self->context->host_id);
  self->params[2] = body;
  self->params[3] = g_strdup (crashed ? "true" : "false");
  self->params[4] = g_strdup (retry ? "true" : "false");
}

static void
report_failure (RhHand *self, const GError *error, gboolean crashed, gboolean retry)
{
  set_report (self, &job_fail, rh_retry_error_text (error), crashed, retry);
  send_report (self);
}

static void
on_reported (GObject *source, GAsyncResult *result, gpointer data)
{
  RhHand *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (royal_error_is_unavailable (error))
    {
      /* It may have happened; then the next attempt is told that the run is not held any more. */
      self->state = HAND_WAITING;
      return;
    }
  if (rows == NULL && !royal_error_is_conflict (error) && self->report == &job_complete)
    {
      rh_log (RH_LOG_ERROR, "job.result-refused", "the database refuses a result", "run", self->run, "agent",
              self->agent, "error", error->message, NULL);
      report_failure (self, error, FALSE, FALSE);
      return;
    }
  if (rows == NULL)
    rh_log (royal_error_is_conflict (error) ? RH_LOG_NOTICE : RH_LOG_ERROR, "job.report-refused",
            "the run's report was not taken", "run", self->run, "job", self->job, "agent", self->agent, "report",
            self->report->name, "error", error->message, NULL);
  else if (self->context->gate != NULL)
    rh_gate_kick (self->context->gate);
  finish (self);
}

static void
send_report (RhHand *self)
{
  self->state = HAND_REPORTING;
  rh_store_call_async (self->context->store, self->report, self->workspace, (const char *const *)self->params, NULL,
                       on_reported, self);
}

/* A run that ended because it was not to go on here. */
static gboolean
is_handed_back (RhHand *self, const GError *error, gboolean crashed)
{
  if (crashed)
    return FALSE;
  if (self->returning)
    return royal_error_is_cancelled (error) || royal_error_is_unavailable (error);
  /* Its agent was disabled before it could begin: it waits for the agent's return. */
  return royal_error_is_unavailable (error) && rh_registry_find (self->context->registry, self->agent) == NULL;
}

/* Documents, not bulk: each is kept twice, and read whole by whoever asks for the job. */
static void
report_result (RhHand *self, JsonNode *value)
{
  g_autofree char *text = royal_json_to_string (value);
  g_autoptr (GError) error = NULL;

  if (strlen (text) > RESULT_MAX)
    {
      error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_LIMIT, "the result is %zu bytes of JSON, at most %d are kept",
                           strlen (text), RESULT_MAX);
      report_failure (self, error, FALSE, FALSE);
      return;
    }
  set_report (self, &job_complete, g_steal_pointer (&text), FALSE, FALSE);
  send_report (self);
}

static void
on_ran (GObject *source, GAsyncResult *result, gpointer data)
{
  RhHand *self = data;
  g_autoptr (GError) error = NULL;
  gboolean crashed = FALSE;
  g_autoptr (JsonNode) value = rh_workers_run_finish (RH_WORKERS (source), result, &crashed, &error);

  self->state = HAND_REPORTING;
  self->events->ran (self, self->data);
  if (self->lost)
    {
      finish (self);
      return;
    }
  if (value != NULL)
    report_result (self, value);
  else if (is_handed_back (self, error, crashed))
    {
      set_report (self, &job_return, NULL, FALSE, FALSE);
      send_report (self);
    }
  else
    report_failure (self, error, crashed, rh_retry_may (error));
}

void
rh_hand_start (RhHand *self)
{
  RhRunRequest request = { 0 };

  g_return_if_fail (self != NULL && self->state == HAND_LEASED);

  request.workspace = self->workspace;
  request.workspace_name = self->workspace_name;
  request.run = self->run;
  request.job = self->job;
  request.agent = self->agent;
  request.task = self->task;
  request.input =
      self->input != NULL && JSON_NODE_HOLDS_OBJECT (self->input) ? json_node_get_object (self->input) : NULL;
  request.context =
      self->attached != NULL && JSON_NODE_HOLDS_OBJECT (self->attached) ? json_node_get_object (self->attached) : NULL;
  self->state = HAND_RUNNING;
  rh_workers_run_async (self->context->workers, &request, self->cancellable, on_ran, self);
}

void
rh_hand_cancel (RhHand *self)
{
  g_return_if_fail (self != NULL);

  if (self->state == HAND_RUNNING)
    g_cancellable_cancel (self->cancellable);
}

void
rh_hand_lose (RhHand *self)
{
  g_return_if_fail (self != NULL);

  if (self->state != HAND_RUNNING || self->lost)
    return;
  self->lost = TRUE;
  rh_log (RH_LOG_WARNING, "job.lost", "the lease of a run was lost; the run is stopped", "run", self->run, "job",
          self->job, "agent", self->agent, NULL);
  g_cancellable_cancel (self->cancellable);
}

void
rh_hand_return (RhHand *self)
{
  g_return_if_fail (self != NULL);

  self->returning = TRUE;
  if (self->state == HAND_RUNNING)
    g_cancellable_cancel (self->cancellable);
  else if (self->state == HAND_LEASED)
    {
      set_report (self, &job_return, NULL, FALSE, FALSE);
      send_report (self);
    }
}

void
rh_hand_retry (RhHand *self)
{
  g_return_if_fail (self != NULL);

  if (self->state == HAND_WAITING)
    send_report (self);
}
