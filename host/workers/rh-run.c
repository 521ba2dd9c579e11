/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-run.h"

#include "rh-metrics.h"
#include "royal-json.h"

/* What a job's context says besides its trace. */
static const char *const carried[] = { "step", "revises", "simulate", "by" };

/* The run's proposals are its children: they find it in the context. */
static void
start_span (RhRun *self)
{
  const char *parent = royal_json_string (self->context, "trace", NULL);
  g_autofree char *name = g_strdup_printf ("run %s.%s", rh_agent_id (self->agent), self->task);
  g_autoptr (JsonObject) context = NULL;

  self->span = rh_span_start (name, RH_SPAN_CONSUMER, parent);
  if (self->span == NULL)
    return;
  rh_span_set (self->span, "royal.run", self->id);
  rh_span_set (self->span, "royal.job", self->job);
  context = json_object_new ();
  for (guint i = 0; self->context != NULL && i < G_N_ELEMENTS (carried); i++)
    if (json_object_has_member (self->context, carried[i]))
      json_object_set_member (context, carried[i], json_object_dup_member (self->context, carried[i]));
  json_object_set_string_member (context, "trace", rh_span_traceparent (self->span, NULL));
  g_clear_pointer (&self->context, json_object_unref);
  self->context = g_steal_pointer (&context);
}

RhRun *
rh_run_new (const RhRunRequest *request, RhAgent *agent, RhRunFeed *feed, GTask *answer)
{
  RhRun *self = g_rc_box_new0 (RhRun);

  g_return_val_if_fail (request != NULL && RH_IS_AGENT (agent) && feed != NULL && G_IS_TASK (answer), NULL);

  self->workspace = request->workspace;
  self->workspace_name = g_strdup (request->workspace_name);
  self->id = g_strdup (request->run);
  self->job = g_strdup (request->job);
  self->task = g_strdup (request->task);
  self->input = request->input != NULL ? json_object_ref (request->input) : json_object_new ();
  self->context = request->context != NULL ? json_object_ref (request->context) : NULL;
  self->agent = g_object_ref (agent);
  start_span (self);
  self->feed = feed;
  self->calls = g_cancellable_new ();
  self->proposed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->answer = answer;
  return self;
}

RhRun *
rh_run_ref (RhRun *self)
{
  return g_rc_box_acquire (self);
}

static void
unwatch (RhRun *self)
{
  if (self->cancel_source == NULL)
    return;
  g_source_destroy (self->cancel_source);
  g_clear_pointer (&self->cancel_source, g_source_unref);
}

static void
rh_run_clear (gpointer data)
{
  RhRun *self = data;

  unwatch (self);
  g_free (self->workspace_name);
  g_free (self->id);
  g_free (self->job);
  g_hash_table_unref (self->proposed);
  g_free (self->task);
  json_object_unref (self->input);
  g_clear_pointer (&self->context, json_object_unref);
  g_object_unref (self->agent);
  rh_run_feed_free (self->feed);
  g_object_unref (self->calls);
  rh_span_free (self->span);
  g_clear_object (&self->answer);
}

void
rh_run_unref (RhRun *self)
{
  if (self != NULL)
    g_rc_box_release_full (self, rh_run_clear);
}

char *
rh_run_proposal_key (RhRun *self, const char *action, const char *target)
{
  g_return_val_if_fail (self != NULL && action != NULL && target != NULL, NULL);

  g_autofree char *what = g_strconcat (action, "\n", target, NULL);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->proposed, what)) + 1;
  g_autofree char *text = g_strdup_printf ("%s\n%u\n%s", self->job, n, what);

  g_hash_table_insert (self->proposed, g_steal_pointer (&what), GUINT_TO_POINTER (n));
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

void
rh_run_watch_cancel (RhRun *self, GCancellableSourceFunc callback, gpointer data)
{
  GCancellable *cancellable;

  g_return_if_fail (self != NULL && callback != NULL && self->cancel_source == NULL);

  cancellable = g_task_get_cancellable (self->answer);
  if (cancellable == NULL)
    return;
  self->cancel_source = g_cancellable_source_new (cancellable);
  g_source_set_callback (self->cancel_source, G_SOURCE_FUNC (callback), data, NULL);
  g_source_attach (self->cancel_source, NULL);
}

static const char *
outcome_of (const GError *error, gboolean crashed)
{
  if (error == NULL)
    return "completed";
  if (crashed)
    return "crashed";
  if (royal_error_is_timeout (error))
    return "timeout";
  return royal_error_is_cancelled (error) ? "cancelled" : "failed";
}

void
rh_run_end (RhRun *self, JsonNode *result, const GError *error, gboolean crashed)
{
  g_autoptr (GTask) answer = NULL;

  g_return_if_fail (self != NULL && (result != NULL || error != NULL));

  if (self->ended)
    return;
  self->ended = TRUE;
  unwatch (self);
  rh_run_feed_flush (self->feed);
  g_cancellable_cancel (self->calls);
  rh_metric_add (RH_METRIC_RUNS, outcome_of (error, crashed), 1);
  if (self->begun_us > 0)
    rh_metric_observe (RH_METRIC_RUN_SECONDS, (g_get_monotonic_time () - self->begun_us) / 1e6);
  rh_span_set (self->span, "royal.outcome", outcome_of (error, crashed));
  rh_span_end (g_steal_pointer (&self->span), error != NULL ? "the run did not complete" : NULL);
  answer = g_steal_pointer (&self->answer);
  g_task_set_task_data (answer, GINT_TO_POINTER (crashed), NULL);
  if (error != NULL)
    g_task_return_error (answer, g_error_copy (error));
  else
    g_task_return_pointer (answer, json_node_ref (result), (GDestroyNotify)json_node_unref);
}

JsonNode *
rh_run_answer_finish (GTask *answer, gboolean *ret_crashed, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (answer), NULL);

  if (ret_crashed != NULL)
    *ret_crashed = GPOINTER_TO_INT (g_task_get_task_data (answer));
  return g_task_propagate_pointer (answer, error);
}
