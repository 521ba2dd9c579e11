/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-case.h"

#include "rh-discretion.h"
#include "rh-limits.h"
#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-schemas.h"
#include "rh-tolerance.h"
#include "rh-trace.h"
#include "royal-json.h"

#define ASSESS_TIMEOUT_MS 10000 /* for one observation, and between two of a batch */
#define ASSESS_AT_ONCE 16

typedef struct {
  RhCourt *court;
  RhConnector *connector;
  const RhAction *action;
  RhProposal *proposal;
  RhPersonal *personal;      /* what is of its parameters; NULL until they are known, and when nothing can be */
  gboolean stands;           /* the world is, within tolerance, what it was when a person approved */
  GCancellable *cancellable; /* of the assessment: the caller's, or the timeout */
  GCancellable *outer;
  gulong outer_id;
  guint timeout_id;
  RhSpan *span;
  guint next;    /* the item to be observed next */
  guint seen;    /* how many were */
  gboolean over; /* answered, or on its way into the database */
} Case;

/* One item under observation. */
typedef struct {
  GTask *task;
  RhItem *item;
  RhEffect effect;
} Look;

static void
case_settle (Case *self)
{
  self->over = TRUE;
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
  g_clear_object (&self->cancellable);
  g_clear_object (&self->outer);
  rh_span_end (self->span, "the proposal was not decided");
  rh_personal_free (self->personal);
  rh_proposal_unref (self->proposal);
  g_free (self);
}

static void
look_free (Look *self)
{
  g_object_unref (self->task);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Look, look_free)

/* Takes @error, which tells nothing that is personal. */
static void
fail (GTask *task, GError *error)
{
  const Case *self = g_task_get_task_data (task);

  rh_personal_mask_error (self->personal, error);
  g_task_return_error (task, error);
}

/* --- Checks that need no I/O -------------------------------------------------------------------------------------- */

static gboolean
check_item (Case *self, RhItem *item, GError **error)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (self->connector);
  g_autoptr (JsonNode) parameters = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *what =
      item->number == 0 ? g_strdup ("parameters") : g_strdup_printf ("item %u: parameters", item->number);

  json_node_set_object (parameters, item->parameters);
  if (self->action->schema != NULL && !rh_schemas_check (self->action->schema, parameters, what, error))
    return FALSE;
  if (iface->validate == NULL ||
      iface->validate (self->connector, self->action->name, item->target, item->parameters, error))
    return TRUE;
  if (item->number != 0)
    g_prefix_error (error, "item %u: ", item->number);
  return FALSE;
}

static gboolean
find_connector (Case *self, GError **error)
{
  RhProposal *proposal = self->proposal;
  RhConnector *connector = rh_connectors_for_action (self->court->connectors, proposal->action, &self->action);
  gboolean ends = proposal->revert_after_s != 0 || proposal->reverts_at_us != 0;

  if (connector == NULL)
    {
      g_autoptr (GPtrArray) known = rh_connectors_actions (self->court->connectors);
      g_autofree char *names = NULL;

      g_ptr_array_add (known, NULL);
      names = g_strjoinv (", ", (char **)known->pdata);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "proposal: /action: expected one of %s, found %s", names,
                   proposal->action);
      return FALSE;
    }
  if ((proposal->undoes != NULL || ends) && !self->action->reversible)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s has no inverse", self->action->name);
      return FALSE;
    }
  self->connector = g_object_ref (connector);
  return TRUE;
}

/* Whether anything of it can be personal. */
static gboolean
has_classes (Case *self)
{
  for (guint i = 0; i < self->proposal->items->len; i++)
    if (rh_classes_apply (self->connector, self->action, ((RhItem *)self->proposal->items->pdata[i])->target))
      return TRUE;
  return FALSE;
}

/* Lets everything check that needs no I/O. */
static gboolean
check (Case *self, GError **error)
{
  RhProposal *proposal = self->proposal;

  if (has_classes (self))
    {
      self->personal = rh_discretion_known (proposal, self->connector, self->action, error);
      if (self->personal == NULL)
        return FALSE;
    }
  for (guint i = 0; i < proposal->items->len; i++)
    if (!check_item (self, proposal->items->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* --- What the host states ----------------------------------------------------------------------------------------- */

static JsonNode *
node_taking (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

/* What every observation has, whatever the connector left out. Facts are scalars by contract. */
static void
complete (const RhProposal *proposal, RhItem *item)
{
  RhAssessment *assessment = item->assessment;
  JsonObject *facts = json_object_new ();
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
  json_object_set_int_member (facts, "items", proposal->items->len);
  g_clear_pointer (&assessment->facts, json_node_unref);
  assessment->facts = node_taking (facts);

  assessment->facts = rh_vault_disarm (assessment->facts);
  assessment->before =
      assessment->before != NULL ? rh_vault_disarm (assessment->before) : json_node_new (JSON_NODE_NULL);
  if (assessment->preview == NULL)
    {
      g_autofree char *summary = g_strdup_printf ("%s on %s", proposal->action, item->target);
      JsonObject *preview = json_object_new ();

      json_object_set_string_member (preview, "summary", summary);
      json_object_set_array_member (preview, "changes", json_array_new ());
      assessment->preview = node_taking (preview);
    }
  assessment->preview = rh_vault_disarm (assessment->preview);
}

/* What is stated of the whole: of a single one, what was observed; of a batch, the totals. */
static void
sum_up (Case *self)
{
  RhProposal *proposal = self->proposal;

  if (!proposal->batch)
    {
      proposal->assessment = g_steal_pointer (&((RhItem *)proposal->items->pdata[0])->assessment);
      return;
    }
  proposal->assessment = g_new0 (RhAssessment, 1);
  proposal->assessment->before = json_node_new (JSON_NODE_NULL);
  proposal->assessment->facts = node_taking (rh_items_totals (proposal->items));
  json_object_set_boolean_member (json_node_get_object (proposal->assessment->facts), "inverse",
                                  proposal->undoes != NULL);
  proposal->assessment->preview =
      rh_items_preview (proposal->items, self->action->title != NULL ? self->action->title : self->action->name);
}

/* --- The decision ------------------------------------------------------------------------------------------------- */

static RhVerdict *
no_policy (gboolean always_asks)
{
  RhVerdict *verdict = g_new0 (RhVerdict, 1);

  verdict->decision = verdict->floor = always_asks ? RH_DECISION_APPROVE : RH_DECISION_DENY;
  verdict->risk = RH_RISK_HIGH;
  verdict->rules = g_new0 (char *, 1);
  verdict->reason = g_strdup (always_asks ? "no policy is in force; this always asks a person"
                                          : "no policy is in force, which denies it");
  if (always_asks)
    verdict->asks = royal_json_parse ("{\"roles\":[\"admin\"]}", -1, "asks", NULL);
  return verdict;
}

/* (nullable) */
static const RhStanding *
standing_of (Case *self)
{
  GHashTable *standings = self->court->standings;

  return standings != NULL ? g_hash_table_lookup (standings, &self->proposal->workspace) : NULL;
}

/* (nullable) */
static RhPolicy *
policy_of (Case *self)
{
  const RhStanding *standing = standing_of (self);

  return standing != NULL ? standing->policy : self->court->policy;
}

/* Decisions of a whole batch are those of all its items, each with its facts beside the totals: a rule may speak of
 * either. */
static JsonObject *
facts_with_totals (const RhItem *item, JsonObject *totals)
{
  JsonObject *const sources[] = { json_node_get_object (item->assessment->facts), totals };
  JsonObject *facts = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      json_object_iter_init (&iter, sources[i]);
      while (json_object_iter_next (&iter, &name, &value))
        json_object_set_member (facts, name, json_node_copy (value));
    }
  return facts;
}

/* What the policy is asked about @item. */
static RhPolicySubject
subject_of (Case *self, const RhItem *item, JsonObject *facts, gint64 now_us)
{
  RhProposal *proposal = self->proposal;
  const RhStanding *standing = standing_of (self);

  return (RhPolicySubject){ .workspace = proposal->workspace_name,
                            .cluster = proposal->cluster,
                            .agent = proposal->agent,
                            .action = proposal->action,
                            .facts = facts,
                            .claims = proposal->claims,
                            .target = item->target,
                            .parameters = item->parameters,
                            .at_s = now_us / G_USEC_PER_SEC,
                            .envelopes = standing != NULL ? standing->envelopes : NULL,
                            .always_asks = self->action->always_asks };
}

/* The first limit of the grant that does not hold, as a sentence; NULL when all hold. */
static char *
over_grant (Case *self, const RhPolicySubject *subjects)
{
  RhProposal *proposal = self->proposal;

  for (guint i = 0; i < proposal->items->len; i++)
    {
      const RhItem *item = proposal->items->pdata[i];
      g_autofree char *over = rh_limits_exceeded (proposal->grant, subjects[i].parameters, subjects[i].facts);

      if (over != NULL)
        return proposal->batch ? g_strdup_printf ("item %u: %s", item->number, over) : g_steal_pointer (&over);
    }
  return NULL;
}

/* The item of a batch that was decisive is named. */
static void
name_item (RhProposal *proposal, RhVerdict *verdict)
{
  JsonObject *explanation = verdict->explanation != NULL ? json_node_get_object (verdict->explanation) : NULL;
  gint64 place = royal_json_int (explanation, "item", 0);
  g_autofree char *reason = NULL;
  guint number;

  if (!proposal->batch || place < 1 || place > proposal->items->len)
    return;
  number = ((RhItem *)proposal->items->pdata[place - 1])->number;
  json_object_set_int_member (explanation, "item", number);
  reason = g_steal_pointer (&verdict->reason);
  verdict->reason = g_strdup_printf ("item %u: %s", number, reason);
}

static RhVerdict *
judge (Case *self, gint64 now_us)
{
  RhProposal *proposal = self->proposal;
  JsonObject *whole = json_node_get_object (proposal->assessment->facts);
  guint n = proposal->items->len;
  g_autoptr (GPtrArray) facts = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
  g_autofree RhPolicySubject *subjects = g_new0 (RhPolicySubject, n);
  g_autofree char *over = NULL;
  RhPolicy *policy = policy_of (self);
  RhVerdict *verdict;

  for (guint i = 0; i < n; i++)
    {
      RhItem *item = proposal->items->pdata[i];

      g_ptr_array_add (facts, proposal->batch ? facts_with_totals (item, whole) : json_object_ref (whole));
      subjects[i] = subject_of (self, item, facts->pdata[i], now_us);
    }
  verdict = policy == NULL    ? no_policy (self->action->always_asks)
            : proposal->batch ? rh_policy_decide_items (policy, subjects, n)
                              : rh_policy_decide (policy, &subjects[0]);
  over = over_grant (self, subjects);
  name_item (proposal, verdict);
  if (over != NULL)
    {
      verdict->decision = verdict->floor = RH_DECISION_DENY;
      g_free (verdict->reason);
      verdict->reason = g_steal_pointer (&over);
    }
  return verdict;
}

/* Whether a person has approved this when the world was, within the action's tolerance, what it is now: of what is in
 * the open still. */
static gboolean
still_stands (Case *self)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (self->connector);
  RhProposal *proposal = self->proposal;

  for (guint i = 0; i < proposal->items->len; i++)
    {
      const RhItem *item = proposal->items->pdata[i];
      JsonNode *now = item->assessment->before;

      if (item->approved == NULL)
        return FALSE;
      if (iface->tolerates != NULL
              ? !iface->tolerates (self->connector, proposal->action, item->target, item->approved, now)
              : !rh_tolerance_holds (self->action->tolerance, item->approved, now))
        return FALSE;
    }
  return TRUE;
}

static void
decide (Case *self, gint64 now_us)
{
  RhProposal *proposal = self->proposal;
  RhPolicy *policy = policy_of (self);
  RhVerdict *verdict = judge (self, now_us);

  proposal->policy_version = g_strdup (policy != NULL ? rh_policy_version (policy) : "");
  /* Another policy may ask more of people. */
  if (proposal->covered == NULL && proposal->supersedes != NULL && self->stands &&
      g_strcmp0 (proposal->approved_policy, proposal->policy_version) == 0)
    proposal->covered =
        g_strdup_printf ("within the action's tolerance of what was approved with proposal %s", proposal->supersedes);
  /* What windows and limits demand of this moment, nobody has answered yet. */
  if (proposal->covered != NULL && verdict->decision == RH_DECISION_APPROVE && verdict->floor < RH_DECISION_APPROVE)
    {
      g_autofree char *asked = g_steal_pointer (&verdict->reason);

      verdict->decision = RH_DECISION_NOTIFY;
      verdict->reason = g_strdup_printf ("%s, which answers what was asked: %s", proposal->covered, asked);
    }
  rh_limits_once (proposal->undoes == NULL ? proposal->grant : NULL, proposal->agent, verdict);
  proposal->verdict = verdict;
}

/* --- The record --------------------------------------------------------------------------------------------------- */

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
record_case (GTask *task, gint64 now_us)
{
  Case *self = g_task_get_task_data (task);
  RhProposal *proposal = self->proposal;
  RhRecord *record;
  GError *error = NULL;

  if (proposal->reverts_at_us != 0 && proposal->reverts_at_us <= now_us && proposal->supersedes == NULL)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                               "proposal: /reverts_at: expected a time to come");
      return;
    }
  if (proposal->refuse_denied && proposal->verdict->decision == RH_DECISION_DENY)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_DENIED, "policy denies it: %s",
                               proposal->verdict->reason);
      return;
    }
  record = rh_record_new (proposal, now_us, &error);
  if (record == NULL)
    g_task_return_error (task, error);
  else
    rh_intake_submit_async (self->court->intake, record, on_recorded, g_object_ref (task));
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (!rh_clock_measure_finish (RH_CLOCK (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  decide (g_task_get_task_data (task), rh_clock_now_us (RH_CLOCK (source)));
  record_case (task, rh_clock_now_us (RH_CLOCK (source)));
}

/* Nothing personal is in the open. */
static void
sum_up_and_decide (GTask *task)
{
  Case *self = g_task_get_task_data (task);
  gint64 now_us = rh_clock_now_us (self->court->clock);

  sum_up (self);
  if (now_us == 0)
    {
      rh_clock_measure_async (self->court->clock, on_measured, g_object_ref (task));
      return;
    }
  decide (self, now_us);
  record_case (task, now_us);
}

static void
on_sealed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (rh_discretion_seal_finish (result, &error))
    sum_up_and_decide (task);
  else
    fail (task, error);
}

/* Everything was observed: from here on nothing is decided or recorded of what is personal. */
static void
conclude (GTask *task)
{
  Case *self = g_task_get_task_data (task);
  RhProposal *proposal = self->proposal;

  case_settle (self);
  for (guint i = 0; i < proposal->items->len; i++)
    complete (proposal, proposal->items->pdata[i]);
  self->stands = proposal->supersedes != NULL && still_stands (self);
  if (self->personal == NULL)
    sum_up_and_decide (task);
  else
    rh_discretion_seal_async (self->court->vault, proposal, self->connector, self->action, on_sealed,
                              g_object_ref (task));
}

/* --- Observing ---------------------------------------------------------------------------------------------------- */

static gboolean
on_timeout (gpointer data)
{
  GTask *task = data;
  Case *self = g_task_get_task_data (task);
  RhProposal *proposal = self->proposal;

  self->timeout_id = 0;
  case_settle (self);
  if (proposal->batch)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_TIMEOUT,
                             "%s: %u of %u items could be observed, then none within %d s", proposal->action,
                             self->seen, proposal->items->len, ASSESS_TIMEOUT_MS / 1000);
  else
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "%s on %s could not be observed within %d s",
                             proposal->action, proposal->target, ASSESS_TIMEOUT_MS / 1000);
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

static void
wait_for_more (GTask *task)
{
  Case *self = g_task_get_task_data (task);

  g_clear_handle_id (&self->timeout_id, g_source_remove);
  self->timeout_id =
      g_timeout_add_full (G_PRIORITY_DEFAULT, ASSESS_TIMEOUT_MS, on_timeout, g_object_ref (task), g_object_unref);
}

static void observe_next (GTask *task);

/* Whether it was made of what there is: from here on it is bound to that. */
static gboolean
is_as_seen (const RhProposal *proposal, const RhItem *item, const RhAssessment *assessment, GError **error)
{
  if (proposal->seen == NULL || (assessment->before != NULL && json_node_equal (proposal->seen, assessment->before)))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
               "%s on %s: what stands is not what was seen, it was changed meanwhile: look at it again",
               proposal->action, item->target);
  return FALSE;
}

static void
on_assessed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Look) look = data;
  Case *self = g_task_get_task_data (look->task);
  RhConnector *connector = RH_CONNECTOR (source);
  GError *error = NULL;
  RhAssessment *assessment = RH_CONNECTOR_GET_IFACE (connector)->assess_finish (connector, result, &error);

  if (self->over)
    {
      /* It came after a timeout or a fault, which has answered. */
      rh_assessment_free (assessment);
      g_clear_error (&error);
      return;
    }
  if (assessment != NULL && !is_as_seen (self->proposal, look->item, assessment, &error))
    g_clear_pointer (&assessment, rh_assessment_free);
  if (assessment == NULL)
    {
      case_settle (self);
      if (look->item->number != 0)
        g_prefix_error (&error, "item %u (%s): ", look->item->number, look->item->target);
      fail (look->task, error);
      g_cancellable_cancel (self->cancellable);
      return;
    }
  look->item->assessment = assessment;
  self->seen++;
  if (self->seen == self->proposal->items->len)
    conclude (look->task);
  else
    {
      wait_for_more (look->task);
      observe_next (look->task);
    }
}

static void
observe_next (GTask *task)
{
  Case *self = g_task_get_task_data (task);
  Look *look;

  if (self->over || self->next == self->proposal->items->len)
    return;
  look = g_new0 (Look, 1);
  look->task = g_object_ref (task);
  look->item = self->proposal->items->pdata[self->next++];
  look->effect = (RhEffect){ .workspace = self->proposal->workspace,
                             .action = self->proposal->action,
                             .target = look->item->target,
                             .parameters = look->item->parameters,
                             .receipt = look->item->receipt };
  RH_CONNECTOR_GET_IFACE (self->connector)
      ->assess_async (self->connector, &look->effect, self->cancellable, on_assessed, look);
}

static void
on_outer_cancelled (GCancellable *outer, gpointer data)
{
  g_cancellable_cancel (data);
}

/* All is in the open: checks it, and looks at the world. */
static void
observe (GTask *task)
{
  Case *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!check (self, &error))
    {
      fail (task, error);
      return;
    }
  wait_for_more (task);
  if (self->outer != NULL)
    self->outer_id = g_cancellable_connect (self->outer, G_CALLBACK (on_outer_cancelled),
                                            g_object_ref (self->cancellable), g_object_unref);
  for (guint i = 0; i < ASSESS_AT_ONCE; i++)
    observe_next (task);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (rh_discretion_open_finish (result, &error))
    observe (task);
  else
    g_task_return_error (task, error);
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
rh_case_run_async (RhCourt *court,
                   RhProposal *proposal,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Case *self;

  g_return_if_fail (court != NULL && RH_IS_CONNECTORS (court->connectors) && RH_IS_INTAKE (court->intake));
  g_return_if_fail (RH_IS_CLOCK (court->clock) && proposal != NULL && proposal->items->len > 0);

  task = g_task_new (NULL, NULL, callback, data);
  g_task_set_source_tag (task, rh_case_run_async);
  self = g_new0 (Case, 1);
  self->court = court;
  self->proposal = proposal;
  self->cancellable = g_cancellable_new ();
  g_task_set_task_data (task, self, case_free);
  start_span (self);
  if (g_cancellable_is_cancelled (cancellable))
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_CANCELLED, "cancelled");
      return;
    }
  if (!find_connector (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (cancellable != NULL)
    self->outer = g_object_ref (cancellable);
  if (proposal->recorded)
    rh_discretion_open_async (court->vault, proposal, on_opened, g_steal_pointer (&task));
  else
    observe (task);
}

JsonNode *
rh_case_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
