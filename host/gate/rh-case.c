/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-case.h"

#include "rh-limits.h"
#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-schemas.h"
#include "rh-trace.h"
#include "royal-json.h"

#define ASSESS_TIMEOUT_MS 10000

typedef struct {
  RhConnector *connector;
  RhPolicy **policy;
  RhIntake *intake;
  RhProposal *proposal;
  RhEffect effect;
  GCancellable *cancellable; /* of the assessment: the caller's, or the timeout */
  GCancellable *outer;
  gulong outer_id;
  guint timeout_id;
  RhSpan *span;
} Case;

static void
case_settle (Case *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  if (self->outer_id != 0)
    g_cancellable_disconnect (self->outer, self->outer_id);
  self->outer_id = 0;
}

static void
case_free (gpointer data)
{
  Case *self = data;

  case_settle (self);
  g_clear_object (&self->connector);
  g_clear_object (&self->intake);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->outer);
  rh_span_end (self->span, "the proposal was not decided");
  rh_proposal_free (self->proposal);
  g_free (self);
}

/* Finds the connector and lets everything check that needs no I/O. */
static gboolean
check (Case *self, RhConnectors *connectors, GError **error)
{
  RhProposal *proposal = self->proposal;
  const RhAction *action = NULL;
  RhConnector *connector = rh_connectors_for_action (connectors, proposal->action, &action);
  g_autoptr (JsonNode) parameters = json_node_new (JSON_NODE_OBJECT);
  RhConnectorInterface *iface;

  if (connector == NULL)
    {
      g_autoptr (GPtrArray) known = rh_connectors_actions (connectors);
      g_autofree char *names = NULL;

      g_ptr_array_add (known, NULL);
      names = g_strjoinv (", ", (char **)known->pdata);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "proposal: /action: expected one of %s, found %s", names,
                   proposal->action);
      return FALSE;
    }
  if (proposal->undoes != NULL && !action->reversible)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s has no inverse", action->name);
      return FALSE;
    }
  self->connector = g_object_ref (connector);
  iface = RH_CONNECTOR_GET_IFACE (connector);
  json_node_set_object (parameters, proposal->parameters);
  if (action->schema != NULL && !rh_schemas_check (action->schema, parameters, "parameters", error))
    return FALSE;
  return iface->validate == NULL ||
         iface->validate (connector, proposal->action, proposal->target, proposal->parameters, error);
}

/* What every proposal has, whatever the connector left out. Facts are scalars by contract. */
static void
complete (RhProposal *proposal)
{
  RhAssessment *assessment = proposal->assessment;
  g_autoptr (JsonObject) facts = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (assessment->facts != NULL && JSON_NODE_HOLDS_OBJECT (assessment->facts))
    {
      json_object_iter_init_ordered (&iter, json_node_get_object (assessment->facts));
      while (json_object_iter_next_ordered (&iter, &name, &value))
        json_object_set_member (facts, name, json_node_copy (value));
    }
  json_object_set_boolean_member (facts, "inverse", proposal->undoes != NULL);
  g_clear_pointer (&assessment->facts, json_node_unref);
  assessment->facts = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (assessment->facts, facts);

  if (assessment->before == NULL)
    assessment->before = json_node_new (JSON_NODE_NULL);
  if (assessment->preview == NULL)
    {
      g_autofree char *summary = g_strdup_printf ("%s on %s", proposal->action, proposal->target);
      JsonObject *preview = json_object_new ();

      json_object_set_string_member (preview, "summary", summary);
      json_object_set_array_member (preview, "changes", json_array_new ());
      assessment->preview = json_node_new (JSON_NODE_OBJECT);
      json_node_take_object (assessment->preview, preview);
    }
}

static RhVerdict *
no_policy (void)
{
  RhVerdict *verdict = g_new0 (RhVerdict, 1);

  verdict->decision = RH_DECISION_DENY;
  verdict->risk = RH_RISK_HIGH;
  verdict->rules = g_new0 (char *, 1);
  verdict->reason = g_strdup ("no policy is in force, which denies it");
  return verdict;
}

static void
decide (Case *self)
{
  RhProposal *proposal = self->proposal;
  JsonObject *facts = json_node_get_object (proposal->assessment->facts);
  RhPolicySubject subject = { proposal->workspace_name, proposal->cluster, proposal->agent, proposal->action, facts,
                              proposal->claims };
  g_autofree char *over = rh_limits_exceeded (proposal->grant, proposal->parameters, facts);
  RhPolicy *policy = *self->policy;

  proposal->verdict = policy != NULL ? rh_policy_decide (policy, &subject) : no_policy ();
  proposal->policy_version = g_strdup (policy != NULL ? rh_policy_version (policy) : "");
  if (over != NULL)
    {
      proposal->verdict->decision = RH_DECISION_DENY;
      g_free (proposal->verdict->reason);
      proposal->verdict->reason = g_steal_pointer (&over);
    }
}

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Case *self = g_task_get_task_data (task);
  RhProposal *proposal = self->proposal;
  const char *decision = rh_decision_name (proposal->verdict->decision);
  GError *error = NULL;
  JsonNode *outcome = rh_intake_submit_finish (RH_INTAKE (source), result, &error);

  if (outcome == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  rh_metric_add (RH_METRIC_DECISIONS, decision, 1);
  for (guint i = 0; proposal->verdict->rules[i] != NULL; i++)
    rh_metric_add (RH_METRIC_RULES, proposal->verdict->rules[i], 1);
  rh_span_set (self->span, "royal.proposal", royal_json_string (json_node_get_object (outcome), "proposal", NULL));
  rh_span_set (self->span, "royal.decision", decision);
  rh_span_end (g_steal_pointer (&self->span), NULL);
  rh_log (RH_LOG_INFO, "gate.decided", "proposal decided", "proposal",
          royal_json_string (json_node_get_object (outcome), "proposal", NULL), "workspace", proposal->workspace_name,
          "agent", proposal->agent, "action", proposal->action, "target", proposal->target, "decision", decision,
          "risk", rh_risk_name (proposal->verdict->risk), "reason", proposal->verdict->reason, "run", proposal->run,
          NULL);
  g_task_return_pointer (task, outcome, (GDestroyNotify)json_node_unref);
}

static void
on_assessed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Case *self = g_task_get_task_data (task);
  RhConnector *connector = RH_CONNECTOR (source);
  g_autoptr (JsonNode) row = NULL;
  GError *error = NULL;
  RhAssessment *assessment = RH_CONNECTOR_GET_IFACE (connector)->assess_finish (connector, result, &error);

  if (g_task_get_completed (task) || self->proposal->assessment != NULL || self->timeout_id == 0)
    {
      /* It came after the timeout, which has answered. */
      rh_assessment_free (assessment);
      g_clear_error (&error);
      return;
    }
  case_settle (self);
  if (assessment == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->proposal->assessment = assessment;
  complete (self->proposal);
  decide (self);
  row = rh_proposal_row (self->proposal);
  if (!royal_json_check (row, "assessment", &error))
    {
      g_task_return_error (task, error);
      return;
    }
  rh_intake_submit_async (self->intake, self->proposal->workspace, row, on_recorded, g_object_ref (task));
}

static gboolean
on_timeout (gpointer data)
{
  GTask *task = data;
  Case *self = g_task_get_task_data (task);

  self->timeout_id = 0;
  g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "%s on %s could not be observed within %d s",
                           self->proposal->action, self->proposal->target, ASSESS_TIMEOUT_MS / 1000);
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_outer_cancelled (GCancellable *outer, gpointer data)
{
  g_cancellable_cancel (data);
}

/* What follows from the proposal is a child of its decision. */
static void
start_span (Case *self)
{
  JsonObject *context = self->proposal->context;
  const char *parent = royal_json_string (context, "trace", NULL);

  if (parent == NULL)
    return;
  self->span = rh_span_start ("decide", RH_SPAN_INTERNAL, parent);
  rh_span_set (self->span, "royal.action", self->proposal->action);
  rh_span_set (self->span, "royal.agent", self->proposal->agent);
  if (self->span != NULL)
    json_object_set_string_member (context, "trace", rh_span_traceparent (self->span, NULL));
}

void
rh_case_run_async (RhConnectors *connectors,
                   RhPolicy **policy,
                   RhIntake *intake,
                   RhProposal *proposal,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Case *self;

  g_return_if_fail (RH_IS_CONNECTORS (connectors) && RH_IS_INTAKE (intake));
  g_return_if_fail (policy != NULL && proposal != NULL);

  task = g_task_new (NULL, NULL, callback, data);
  g_task_set_source_tag (task, rh_case_run_async);
  self = g_new0 (Case, 1);
  self->policy = policy;
  self->intake = g_object_ref (intake);
  self->proposal = proposal;
  self->cancellable = g_cancellable_new ();
  g_task_set_task_data (task, self, case_free);
  start_span (self);
  if (g_cancellable_is_cancelled (cancellable))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CANCELLED, "cancelled");
      return;
    }
  if (!check (self, connectors, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (cancellable != NULL)
    {
      self->outer = g_object_ref (cancellable);
      self->outer_id = g_cancellable_connect (cancellable, G_CALLBACK (on_outer_cancelled),
                                              g_object_ref (self->cancellable), g_object_unref);
    }
  self->effect = (RhEffect){ .workspace = proposal->workspace,
                             .action = proposal->action,
                             .target = proposal->target,
                             .parameters = proposal->parameters,
                             .receipt = proposal->receipt };
  self->timeout_id =
      g_timeout_add_full (G_PRIORITY_DEFAULT, ASSESS_TIMEOUT_MS, on_timeout, g_object_ref (task), g_object_unref);
  RH_CONNECTOR_GET_IFACE (self->connector)
      ->assess_async (self->connector, &self->effect, self->cancellable, on_assessed, g_object_ref (task));
}

JsonNode *
rh_case_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
