/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hand.h"

#include "rh-job-request.h"
#include "rh-log.h"
#include "rh-retry.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

typedef enum {
  HAND_LEASED,
  HAND_OPENING, /* what is personal in its input */
  HAND_RUNNING,
  HAND_COMPLETED, /* its owner reports it */
  HAND_REPORTING,
  HAND_WAITING, /* for the database */
  HAND_DONE,
} HandState;

#define REPORT_PARAMS_MAX 7
#define RESULT_MAX (1024 * 1024)

struct _RhHand {
  const RhHandContext *context;
  const RhHandEvents *events;
  gpointer data;
  HandState state;
  RhHandIds ids;
  char *workspace_name;
  char *job; /* uuid */
  char *agent;
  char *task;
  char *input;
  JsonNode *attached; /* what travels with the job */
  RhRun *run;         /* while it runs */
  char *result;
  gboolean begun;
  gboolean lost;
  gboolean cancelled; /* while it was opened */
  gboolean returning;
  const RhStatement *report;
  char *params[REPORT_PARAMS_MAX];
};

static const RhStatement job_fail = {
  "job.fail",
  "select job_fail ($1, $2::bigint, $3::bigint, $4::int, $5::jsonb, $6::boolean, $7::boolean) as state",
  7,
  TRUE,
};
static const RhStatement job_return = {
  "job.return",
  "select job_return ($1, $2::bigint, $3::bigint, $4::int, $5::boolean)",
  5,
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
  self->ids.workspace = rh_rows_int64 (rows, row, "workspace_id");
  self->ids.lease = rh_rows_int64 (rows, row, "lease");
  self->ids.job = rh_rows_int64 (rows, row, "job");
  self->ids.attempt = rh_rows_int64 (rows, row, "attempt");
  self->workspace_name = g_strdup (rh_rows_string (rows, row, "workspace"));
  self->job = g_strdup (rh_rows_string (rows, row, "uid"));
  self->agent = g_strdup (rh_rows_string (rows, row, "agent"));
  self->task = g_strdup (rh_rows_string (rows, row, "task"));
  self->input = g_strdup (rh_rows_string (rows, row, "input"));
  self->attached = rh_rows_json (rows, row, "context");
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
  g_free (self->agent);
  g_free (self->task);
  g_free (self->input);
  g_free (self->result);
  g_clear_pointer (&self->attached, json_node_unref);
  clear_params (self);
  g_free (self);
}

const RhHandIds *
rh_hand_ids (RhHand *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return &self->ids;
}

const char *
rh_hand_result (RhHand *self)
{
  g_return_val_if_fail (self != NULL && self->state == HAND_COMPLETED, NULL);
  return self->result;
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

static void
set_report (RhHand *self, const RhStatement *report)
{
  clear_params (self);
  self->report = report;
  self->params[0] = g_strdup (self->context->host_id);
  self->params[1] = g_strdup_printf ("%" G_GINT64_FORMAT, self->ids.lease);
  self->params[2] = g_strdup_printf ("%" G_GINT64_FORMAT, self->ids.job);
  self->params[3] = g_strdup_printf ("%" G_GINT64_FORMAT, self->ids.attempt);
}

static void
report_failure (RhHand *self, const GError *error, gboolean crashed, gboolean retry)
{
  set_report (self, &job_fail);
  self->params[4] = rh_retry_error_text (error);
  self->params[5] = g_strdup (crashed ? "true" : "false");
  self->params[6] = g_strdup (retry ? "true" : "false");
  send_report (self);
}

static void
report_return (RhHand *self)
{
  set_report (self, &job_return);
  self->params[4] = g_strdup (self->begun ? "true" : "false");
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
      /* It may have happened; then the next attempt is told that the job is not held any more. */
      self->state = HAND_WAITING;
      return;
    }
  if (rows == NULL)
    rh_log (royal_error_is_conflict (error) ? RH_LOG_NOTICE : RH_LOG_ERROR, "job.report-refused",
            "the run's report was not taken", "job", self->job, "agent", self->agent, "report", self->report->name,
            "error", error->message, NULL);
  else if (self->context->gate != NULL)
    rh_gate_kick (self->context->gate);
  finish (self);
}

static void
send_report (RhHand *self)
{
  self->state = HAND_REPORTING;
  rh_store_call_async (self->context->store, self->report, self->ids.workspace, (const char *const *)self->params, NULL,
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

/* Documents, not bulk: each is read whole by whoever asks for the job. */
static void
take_result (RhHand *self, const char *result)
{
  gsize length = strlen (result);
  g_autoptr (GError) error = NULL;

  if (length > RESULT_MAX)
    {
      error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_LIMIT, "the result is %zu bytes of JSON, at most %d are kept",
                           length, RESULT_MAX);
      report_failure (self, error, FALSE, FALSE);
      return;
    }
  self->result = g_strndup (result, length);
  self->state = HAND_COMPLETED;
  self->events->completed (self, self->data);
}

static void
on_ran (const RhRunEnd *end, gpointer data)
{
  RhHand *self = data;

  self->run = NULL;
  self->begun = end->begun;
  self->state = HAND_REPORTING;
  self->events->ran (self, self->data);
  if (self->lost)
    finish (self);
  else if (end->result != NULL)
    take_result (self, end->result);
  else if (is_handed_back (self, end->error, end->crashed))
    report_return (self);
  else
    report_failure (self, end->error, end->crashed, rh_retry_may (end->error));
}

/* As job_run() in SQL makes it. */
static void
name_run (RhHand *self, char run[G_N_ELEMENTS ("00000000-0000-0000-0000-000000000000")])
{
  g_assert (strlen (self->job) == 36);

  g_snprintf (run, 37, "%08x-%04x-8%s", (guint)(self->ids.lease >> 16), (guint)(self->ids.lease & 0xffff),
              self->job + 15);
}

/* @input: (nullable): in the open, where it was sealed. Takes @personal. */
static void
run_with (RhHand *self, JsonObject *input, RhPersonal *personal)
{
  RhRunRequest request = { 0 };
  char run[37];

  name_run (self, run);
  request.workspace = self->ids.workspace;
  request.workspace_name = self->workspace_name;
  request.run = run;
  request.job = self->job;
  request.agent = self->agent;
  request.task = self->task;
  request.input = input;
  request.input_text = input == NULL ? self->input : NULL;
  request.personal = personal;
  request.context =
      self->attached != NULL && JSON_NODE_HOLDS_OBJECT (self->attached) ? json_node_get_object (self->attached) : NULL;
  self->state = HAND_RUNNING;
  self->run = rh_workers_run (self->context->workers, &request, on_ran, self);
}

/* (nullable): the schema of its input, where something in that is personal. */
static RoyalSchema *
classes_of (RhHand *self)
{
  RhAgent *agent = rh_registry_find (self->context->registry, self->agent);

  return agent != NULL ? rh_agent_input_classes (agent, self->task) : NULL;
}

/* An input on its way to a worker. */
typedef struct {
  RhHand *hand;
  JsonNode *input;
} Opening;

static void
opening_free (Opening *self)
{
  json_node_unref (self->input);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_free)

static void
run_opened (RhHand *self, JsonNode *input)
{
  g_autofree char *scope = rh_job_request_scope (self->agent, self->task);
  g_autoptr (RhPersonal) personal = rh_personal_new (scope);
  RoyalSchema *schema = classes_of (self);
  g_autoptr (GError) error = NULL;

  if (schema != NULL && !rh_personal_know (personal, schema, input, &error))
    {
      report_failure (self, error, FALSE, FALSE);
      return;
    }
  run_with (self, json_node_get_object (input), g_steal_pointer (&personal));
  if (self->cancelled)
    rh_hand_cancel (self);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Opening) opening = data;
  RhHand *self = opening->hand;
  g_autoptr (GError) error = NULL;
  gboolean open = rh_vault_open_finish (RH_VAULT (source), result, &error);

  if (self->lost)
    {
      self->events->ran (self, self->data);
      finish (self);
    }
  else if (self->returning)
    report_return (self);
  else if (open)
    run_opened (self, opening->input);
  else
    report_failure (self, error, FALSE, rh_retry_may (error));
}

/* Opens what is personal in the input: TRUE when that takes time, or was no use. */
static gboolean
open_input (RhHand *self)
{
  RhVault *vault = self->context->gate != NULL ? rh_gate_vault (self->context->gate) : NULL;
  g_autoptr (JsonNode) input = NULL;
  g_autoptr (GPtrArray) documents = NULL;
  Opening *opening;

  if (vault == NULL || (strstr (self->input, "\"sealed\"") == NULL && classes_of (self) == NULL))
    return FALSE;
  input = royal_json_parse (self->input, -1, "input", NULL);
  if (input == NULL || !JSON_NODE_HOLDS_OBJECT (input))
    return FALSE;
  documents = g_ptr_array_new ();
  opening = g_new0 (Opening, 1);
  opening->hand = self;
  opening->input = json_node_ref (input);
  g_ptr_array_add (documents, opening->input);
  self->state = HAND_OPENING;
  rh_vault_open_async (vault, self->ids.workspace, documents, RH_VAULT_WORKER, NULL, on_opened, opening);
  return TRUE;
}

void
rh_hand_start (RhHand *self)
{
  g_return_if_fail (self != NULL && self->state == HAND_LEASED);

  if (!open_input (self))
    run_with (self, NULL, NULL);
}

void
rh_hand_accept (RhHand *self)
{
  g_return_if_fail (self != NULL && self->state == HAND_COMPLETED);
  finish (self);
}

void
rh_hand_refuse (RhHand *self, const GError *error)
{
  g_return_if_fail (self != NULL && self->state == HAND_COMPLETED && error != NULL);

  rh_log (royal_error_is_conflict (error) ? RH_LOG_NOTICE : RH_LOG_ERROR, "job.result-refused",
          "the database refuses a result", "job", self->job, "agent", self->agent, "error", error->message, NULL);
  if (royal_error_is_conflict (error))
    finish (self);
  else
    report_failure (self, error, FALSE, FALSE);
}

void
rh_hand_cancel (RhHand *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (self != NULL);

  self->cancelled = self->state == HAND_OPENING;
  if (self->state != HAND_RUNNING || self->run == NULL)
    return;
  error = g_error_new_literal (ROYAL_ERROR, ROYAL_ERROR_CANCELLED, "the run was cancelled");
  rh_workers_cancel (self->run, error);
}

void
rh_hand_lose (RhHand *self)
{
  g_return_if_fail (self != NULL);

  if ((self->state != HAND_RUNNING && self->state != HAND_OPENING) || self->lost)
    return;
  self->lost = TRUE;
  rh_log (RH_LOG_WARNING, "job.lost", "the lease of a run was lost; the run is stopped", "job", self->job, "agent",
          self->agent, NULL);
  rh_hand_cancel (self);
}

void
rh_hand_return (RhHand *self)
{
  g_return_if_fail (self != NULL);

  self->returning = TRUE;
  if (self->state == HAND_RUNNING)
    rh_hand_cancel (self);
  else if (self->state == HAND_LEASED)
    report_return (self);
}

void
rh_hand_retry (RhHand *self)
{
  g_return_if_fail (self != NULL);

  if (self->state == HAND_WAITING)
    send_report (self);
}
