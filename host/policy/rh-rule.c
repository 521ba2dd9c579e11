/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-rule.h"

#include "royal-json.h"

#include <royal/error.h>

static const char *const kind_members[RH_N_RULE_KINDS] = { "rules", "limits", "quiet_hours", "freezes" };
static const char *const match_names[RH_N_MATCHES] = { "workspace", "cluster", "agent", "action", "target" };

const char *
rh_rule_kind_member (RhRuleKind kind)
{
  g_return_val_if_fail ((guint)kind < RH_N_RULE_KINDS, "");

  return kind_members[kind];
}

const char *
rh_match_name (RhMatch match)
{
  g_return_val_if_fail ((guint)match < RH_N_MATCHES, "");

  return match_names[match];
}

void
rh_rule_free (RhRule *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < RH_N_MATCHES; i++)
    rh_globs_free (self->match[i]);
  rh_condition_free (self->when);
  rh_asks_clear (&self->asks);
  g_clear_pointer (&self->windows, g_ptr_array_unref);
  g_clear_pointer (&self->budgets, g_ptr_array_unref);
  g_free (self->name);
  g_free (self);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

/* A permissive rule must rest on something that the host observed. */
static gboolean
check_claims (const RhRule *rule, const char *what, const char *pointer, GError **error)
{
  if (rule->kind != RH_RULE || rule->when == NULL || rule->decision >= RH_DECISION_APPROVE ||
      !rh_condition_claims_suffice (rule->when))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               "%s: %s/when: expected a condition on facts: claims alone would satisfy the rule `%s`, which decides %s",
               what, pointer, rule->name, rh_decision_name (rule->decision));
  return FALSE;
}

/* What counts working time has to have something to count. */
static gboolean
read_hours (RhRule *self, JsonObject *document, const char *what, const char *pointer, GError **error)
{
  JsonObject *hours = royal_json_object (document, "working_hours");
  g_autofree char *place = g_strconcat (pointer, "/working_hours", NULL);

  if (hours == NULL)
    return TRUE;
  if (self->asks.deadline_s == 0 && self->asks.escalate == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: %s: expected the rule `%s` to have a deadline_s or escalate, which it counts for", what, place,
                   self->name);
      return FALSE;
    }
  self->asks.hours = rh_hours_new (hours, what, place, error);
  return self->asks.hours != NULL;
}

/* Approval by silence belongs to a rule that asks, and to one that says how long it waits. */
static gboolean
check_deadline (const RhRule *rule, const char *what, const char *pointer, GError **error)
{
  if (rule->asks.expires || (rule->decision == RH_DECISION_APPROVE && rule->asks.deadline_s != 0))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               "%s: %s/at_deadline: expected the rule `%s` to decide approve and to have a deadline_s", what, pointer,
               rule->name);
  return FALSE;
}

static gboolean
add_window (RhRule *self,
            RhWindowKind kind,
            JsonObject *document,
            const char *what,
            const char *pointer,
            GError **error)
{
  RhWindow *window = rh_window_new (kind, document, what, pointer, error);

  if (window == NULL)
    return FALSE;
  if (self->windows == NULL)
    self->windows = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_window_free);
  g_ptr_array_add (self->windows, window);
  return TRUE;
}

static gboolean
add_budget (RhRule *self,
            JsonObject *document,
            const char *otherwise,
            const char *what,
            const char *pointer,
            GError **error)
{
  RhBudget *budget = rh_budget_new (document, otherwise, what, pointer, error);

  if (budget == NULL)
    return FALSE;
  if (self->budgets == NULL)
    self->budgets = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_budget_free);
  g_ptr_array_add (self->budgets, budget);
  return TRUE;
}

/* Those within a rule. A limit without a name is the rule's; of several each has a number. */
static gboolean
add_parts (RhRule *self, JsonObject *document, const char *what, const char *pointer, GError **error)
{
  for (RhRuleKind kind = RH_RULE_LIMIT; kind < RH_N_RULE_KINDS; kind++)
    {
      JsonArray *list = royal_json_array (document, kind_members[kind]);
      guint n = list != NULL ? json_array_get_length (list) : 0;

      for (guint i = 0; i < n; i++)
        {
          g_autofree char *place = g_strdup_printf ("%s/%s/%u", pointer, kind_members[kind], i);
          g_autofree char *otherwise = n == 1 ? g_strdup (self->name) : g_strdup_printf ("%s/%u", self->name, i + 1);
          JsonObject *part = json_array_get_object_element (list, i);

          if (kind == RH_RULE_LIMIT
                  ? !add_budget (self, part, otherwise, what, place, error)
                  : !add_window (self, kind == RH_RULE_FREEZE ? RH_WINDOW_FREEZE : RH_WINDOW_QUIET_HOURS, part, what,
                                 place, error))
            return FALSE;
        }
    }
  return TRUE;
}

static gboolean
read_parts (RhRule *self, JsonObject *document, const char *what, const char *pointer, GError **error)
{
  g_autofree char *when = g_strconcat (pointer, "/when", NULL);

  if (json_object_has_member (document, "when"))
    {
      self->when = rh_condition_new (json_object_get_member (document, "when"), what, when, error);
      if (self->when == NULL)
        return FALSE;
    }
  switch (self->kind)
    {
    case RH_RULE_LIMIT:
      return add_budget (self, document, self->name, what, pointer, error);
    case RH_RULE_QUIET_HOURS:
      return add_window (self, RH_WINDOW_QUIET_HOURS, document, what, pointer, error);
    case RH_RULE_FREEZE:
      return add_window (self, RH_WINDOW_FREEZE, document, what, pointer, error);
    default:
      return add_parts (self, document, what, pointer, error);
    }
}

RhRule *
rh_rule_new (RhRuleKind kind, JsonObject *document, const char *what, const char *pointer, GError **error)
{
  JsonObject *match;
  RhRule *self;

  g_return_val_if_fail (document != NULL && what != NULL && pointer != NULL, NULL);

  self = g_new0 (RhRule, 1);
  self->kind = kind;
  self->name = g_strdup (royal_json_string (document, "name", ""));
  if (kind == RH_RULE)
    {
      self->risk = rh_risk_from_name (royal_json_string (document, "risk", ""));
      self->decision = rh_decision_from_name (royal_json_string (document, "decision", ""));
    }
  rh_asks_init (&self->asks, document);
  match = royal_json_object (document, "match");
  for (guint m = 0; match != NULL && m < RH_N_MATCHES; m++)
    if (json_object_has_member (match, match_names[m]))
      self->match[m] = rh_globs_new (json_object_get_member (match, match_names[m]));
  if (!read_parts (self, document, what, pointer, error) || !check_claims (self, what, pointer, error) ||
      !check_deadline (self, what, pointer, error) || !read_hours (self, document, what, pointer, error))
    {
      rh_rule_free (self);
      return NULL;
    }
  return self;
}

/* --- Evaluating --------------------------------------------------------------------------------------------------- */

guint
rh_rule_misses (const RhRule *self, const RhPolicySubject *subject)
{
  const char *const values[RH_N_MATCHES] = { subject->workspace, subject->cluster, subject->agent, subject->action,
                                             subject->target };
  guint misses = 0;

  for (guint m = 0; m < RH_N_MATCHES; m++)
    misses += !rh_globs_match (self->match[m], values[m]);
  return misses;
}

/* The action tells most rules apart, so it is looked at first. */
gboolean
rh_rule_matches (const RhRule *self, const RhPolicySubject *subject)
{
  return rh_globs_match (self->match[RH_MATCH_ACTION], subject->action) &&
         rh_globs_match (self->match[RH_MATCH_AGENT], subject->agent) &&
         rh_globs_match (self->match[RH_MATCH_TARGET], subject->target) &&
         rh_globs_match (self->match[RH_MATCH_CLUSTER], subject->cluster) &&
         rh_globs_match (self->match[RH_MATCH_WORKSPACE], subject->workspace);
}

RhView
rh_view_of (const RhPolicySubject *subject)
{
  return (RhView){ .objects = { [RH_SOURCE_FACTS] = subject->facts,
                                [RH_SOURCE_CLAIMS] = subject->claims,
                                [RH_SOURCE_PARAMETERS] = subject->parameters },
                   .at_s = subject->at_s };
}

static void
try_windows (RhHit *hit, gint64 at_s)
{
  for (guint i = 0; hit->rule->windows != NULL && i < hit->rule->windows->len; i++)
    {
      const RhWindow *window = hit->rule->windows->pdata[i];

      if (rh_window_decision (window) <= hit->floor || !rh_window_in_force (window, at_s))
        continue;
      hit->floor = rh_window_decision (window);
      hit->window = window;
    }
}

static gboolean
try_budgets (RhHit *hit, const RhView *view, char **ret_fault)
{
  gboolean sound = TRUE;

  for (guint i = 0; hit->rule->budgets != NULL && i < hit->rule->budgets->len; i++)
    {
      const RhBudget *budget = hit->rule->budgets->pdata[i];
      double amount;
      RhTruth exceeded = rh_budget_test (budget, view, &amount, ret_fault);

      sound = sound && exceeded != RH_TRUTH_ERROR;
      if (exceeded == RH_TRUTH_NO || exceeded == RH_TRUTH_ERROR)
        continue;
      hit->risk = MAX (hit->risk, rh_budget_risk (budget));
      if (rh_budget_decision (budget) <= hit->floor)
        continue;
      hit->floor = rh_budget_decision (budget);
      hit->window = NULL;
      hit->budget = budget;
      hit->budget_unknown = exceeded == RH_TRUTH_UNKNOWN;
    }
  return sound;
}

gboolean
rh_rule_try (const RhRule *self, const RhView *view, RhHit *ret_hit, char **ret_fault)
{
  gboolean rule = self->kind == RH_RULE;
  gboolean permissive = rule && self->decision < RH_DECISION_APPROVE;
  RhHit hit = { .rule = self, .truth = RH_TRUTH_YES };

  if (self->when != NULL)
    hit.truth = rh_condition_test_view (self->when, view, TRUE, ret_fault);
  if (hit.truth == RH_TRUTH_NO)
    return FALSE;
  try_windows (&hit, view->at_s);
  if (!try_budgets (&hit, view, ret_fault))
    hit.truth = RH_TRUTH_ERROR;
  if (hit.truth == RH_TRUTH_ERROR)
    {
      *ret_hit = (RhHit){ .rule = self,
                          .truth = RH_TRUTH_ERROR,
                          .decides = RH_DECISION_DENY,
                          .risk = RH_RISK_HIGH,
                          .grants = TRUE,
                          .floor = RH_DECISION_DENY };
      return TRUE;
    }
  hit.grants = rule && (hit.truth == RH_TRUTH_YES || !permissive);
  hit.decides = MAX (self->decision, hit.floor);
  hit.risk = MAX (hit.risk, self->risk);
  if (hit.floor <= self->decision)
    {
      hit.window = NULL;
      hit.budget = NULL;
    }
  /* One that cannot tell and lets pass says nothing by itself; what it restricts it restricts. */
  hit.silent =
      hit.floor == RH_DECISION_AUTO && (!rule || (hit.truth == RH_TRUTH_UNKNOWN && self->decision == RH_DECISION_AUTO));
  *ret_hit = hit;
  return !hit.silent || self->budgets != NULL;
}
