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
  g_autofree char *name = NULL;
  g_autoptr (JsonObject) context = NULL;

  if (!rh_trace_is_on ())
    return;
  name = g_strdup_printf ("run %s.%s", rh_agent_id (self->agent), self->task);
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

static char *
input_text (const RhRunRequest *request)
{
  g_autoptr (JsonNode) node = NULL;

  if (request->input_text != NULL)
    return g_strdup (request->input_text);
  if (request->input == NULL)
    return g_strdup ("{}");
  node = json_node_init_object (json_node_alloc (), request->input);
  return royal_json_to_string (node);
}

RhRun *
rh_run_new (const RhRunRequest *request, RhAgent *agent, RhStore *store, RhGate *gate, RhRunDone done, gpointer data)
{
  RhRun *self;

  g_return_val_if_fail (request != NULL && RH_IS_AGENT (agent) && done != NULL, NULL);

  self = g_rc_box_new0 (RhRun);
  self->workspace = request->workspace;
  self->workspace_name = g_strdup (request->workspace_name);
  self->id = g_strdup (request->run);
  self->job = g_strdup (request->job);
  self->task = g_strdup (request->task);
  self->input = input_text (request);
  self->context = request->context != NULL ? json_object_ref (request->context) : NULL;
  self->agent = g_object_ref (agent);
  self->store = store;
  self->gate = gate;
  self->done = done;
  self->data = data;
  self->personal = request->personal;
  start_span (self);
  return self;
}

RhRun *
rh_run_ref (RhRun *self)
{
  return g_rc_box_acquire (self);
}

static void
rh_run_clear (gpointer data)
{
  RhRun *self = data;

  g_free (self->workspace_name);
  g_free (self->id);
  g_free (self->job);
  g_clear_pointer (&self->state, g_hash_table_unref);
  g_free (self->task);
  g_free (self->input);
  g_clear_pointer (&self->proposed, g_hash_table_unref);
  g_clear_pointer (&self->context, json_object_unref);
  g_object_unref (self->agent);
  rh_run_feed_free (self->feed);
  rh_personal_free (self->personal);
  g_clear_object (&self->calls);
  rh_span_free (self->span);
  g_clear_error (&self->reason);
}

void
rh_run_unref (RhRun *self)
{
  if (self != NULL)
    g_rc_box_release_full (self, rh_run_clear);
}

GCancellable *
rh_run_calls (RhRun *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (self->calls == NULL)
    {
      self->calls = g_cancellable_new ();
      if (self->ended || self->reason != NULL)
        g_cancellable_cancel (self->calls);
    }
  return self->calls;
}

RhRunFeed *
rh_run_feed (RhRun *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (self->feed == NULL)
    self->feed = rh_run_feed_new (self->store, self->gate, self->workspace, rh_agent_id (self->agent), self->id,
                                  self->job, self->personal);
  return self->feed;
}

const char *
rh_run_simulation (RhRun *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return royal_json_string (self->context, "simulate", NULL);
}

char *
rh_run_proposal_key (RhRun *self, const char *action, const char *target)
{
  g_return_val_if_fail (self != NULL && action != NULL && target != NULL, NULL);

  g_autofree char *what = g_strconcat (action, "\n", target, NULL);
  g_autofree char *text = NULL;
  guint n;

  if (self->proposed == NULL)
    self->proposed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (self->proposed, what)) + 1;
  text = g_strdup_printf ("%s\n%u\n%s", self->job, n, what);
  g_hash_table_insert (self->proposed, g_steal_pointer (&what), GUINT_TO_POINTER (n));
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

void
rh_run_cancel (RhRun *self, const GError *reason)
{
  g_return_if_fail (self != NULL && reason != NULL);

  if (self->reason != NULL)
    return;
  self->reason = g_error_copy (reason);
  if (self->calls != NULL)
    g_cancellable_cancel (self->calls);
}

void
rh_run_isolate (RhRun *self)
{
  g_return_if_fail (self != NULL && !self->alone);

  self->alone = TRUE;
  rh_run_rewind (self);
}

void
rh_run_rewind (RhRun *self)
{
  g_return_if_fail (self != NULL);

  self->worker = NULL;
  self->begun_us = 0;
  self->n_calls = 0;
  self->n_proposals = 0;
  g_clear_pointer (&self->proposed, g_hash_table_unref);
  g_clear_pointer (&self->state, g_hash_table_unref);
  if (self->calls != NULL)
    g_cancellable_cancel (self->calls);
  g_clear_object (&self->calls);
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

/* (transfer full) (nullable): a result that tells nothing personal. */
static char *
masked_result (const RhRun *self, const char *result)
{
  /* In the text it may be escaped. */
  g_autoptr (JsonNode) node = royal_json_parse (result, -1, "result", NULL);

  if (node == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_VALUE (node))
    return rh_personal_is_in (self->personal, result) ? g_strdup ("\"" RH_PERSONAL_MASK "\"") : NULL;
  rh_personal_mask_node (self->personal, node);
  return royal_json_to_string (node);
}

void
rh_run_end (RhRun *self, const char *result, const GError *error, gboolean crashed)
{
  RhRunEnd end = { result, error, crashed, FALSE };
  g_autofree char *masked = NULL;
  g_autoptr (GError) told = NULL;

  g_return_if_fail (self != NULL && (result != NULL || error != NULL));

  if (self->ended)
    return;
  self->ended = TRUE;
  if (self->personal != NULL && error != NULL)
    {
      end.error = told = g_error_copy (error);
      rh_personal_mask_error (self->personal, told);
    }
  else if (!rh_personal_is_empty (self->personal) && (masked = masked_result (self, result)) != NULL)
    end.result = masked;
  end.begun = self->begun_us > 0;
  if (error != NULL)
    end.result = NULL;
  if (self->feed != NULL)
    rh_run_feed_flush (self->feed);
  if (self->calls != NULL)
    g_cancellable_cancel (self->calls);
  rh_metric_add (RH_METRIC_RUNS, outcome_of (error, crashed), 1);
  if (end.begun)
    rh_metric_observe (RH_METRIC_RUN_SECONDS, (g_get_monotonic_time () - self->begun_us) / 1e6);
  rh_span_set (self->span, "royal.outcome", outcome_of (error, crashed));
  rh_span_end (g_steal_pointer (&self->span), error != NULL ? "the run did not complete" : NULL);
  self->done (&end, self->data);
}
