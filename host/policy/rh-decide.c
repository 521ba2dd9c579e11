/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-policy-private.h"

#include "rh-value.h"
#include "royal-json.h"

#include <string.h>

static const char *const nouns[RH_N_RULE_KINDS] = { "rule", "limit", "quiet hours", "freeze" };

RhMatched
rh_policy_match (const RhPolicy *self, const RhPolicySubject *subject, const RhRule **rules)
{
  RhMatched matched = { .rules = rules, .least = subject->always_asks ? RH_DECISION_APPROVE : RH_DECISION_AUTO };

  for (guint i = 0; i < self->rules->len; i++)
    if (rh_rule_matches (self->rules->pdata[i], subject))
      rules[matched.n++] = self->rules->pdata[i];
  return matched;
}

RhDecision
rh_matched_decide (const RhMatched *self, const RhView *view)
{
  RhDecision decision = self->least;
  gboolean granted = FALSE;
  RhHit hit;

  for (guint i = 0; i < self->n; i++)
    if (rh_rule_try (self->rules[i], view, &hit, NULL))
      {
        decision = MAX (decision, hit.decides);
        granted |= hit.grants;
      }
  return granted || self->least > RH_DECISION_AUTO ? decision : RH_DECISION_DENY;
}

RhDecision
rh_policy_decision (RhPolicy *self, const RhPolicySubject *subject)
{
  RhView view;
  RhMatched matched;

  g_return_val_if_fail (self != NULL && subject != NULL, RH_DECISION_DENY);

  view = rh_view_of (subject);
  matched = rh_policy_match (self, subject, g_newa (const RhRule *, self->rules->len + 1));
  return rh_matched_decide (&matched, &view);
}

/* --- A tally of what rules say, over one subject or several ------------------------------------------------------- */

typedef struct {
  gboolean granted; /* of every subject: a rule was met, so that the decision is not for want of one */
  RhDecision decision;
  RhRisk risk;
  RhDecision floor;
  RhAsks asks;
  GPtrArray *names;
  GPtrArray *reasons; /* one a rule that asks for the decision, as it stands */
  GPtrArray *limits;  /* JsonObject */
} Tally;

static void
tally_clear (Tally *self)
{
  rh_asks_clear (&self->asks);
  g_ptr_array_unref (self->names);
  g_ptr_array_unref (self->reasons);
  g_ptr_array_unref (self->limits);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Tally, tally_clear)

static void
tally_init (Tally *self)
{
  memset (self, 0, sizeof *self);
  self->granted = TRUE;
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->reasons = g_ptr_array_new_with_free_func (g_free);
  self->limits = g_ptr_array_new_with_free_func ((GDestroyNotify)json_object_unref);
}

/* Takes @reason; the same one is said once. */
static void
tally_raise (Tally *self, RhDecision decision, char *reason)
{
  g_autofree char *text = reason;

  if (decision > self->decision)
    {
      self->decision = decision;
      g_ptr_array_set_size (self->reasons, 0);
    }
  if (decision == self->decision && !g_ptr_array_find_with_equal_func (self->reasons, text, g_str_equal, NULL))
    g_ptr_array_add (self->reasons, g_steal_pointer (&text));
}

static void
append_cause (const RhHit *hit, const RhView *view, GString *text)
{
  RhSource source;
  const char *name;
  double max;

  if (hit->window != NULL)
    g_string_append_printf (text, " %s", rh_window_text (hit->window));
  if (hit->budget == NULL)
    return;
  g_string_append_printf (text, " %s", rh_budget_text (hit->budget));
  if (rh_budget_source (hit->budget, &source, &name, &max))
    {
      g_autofree char *value = rh_value_text (rh_view_get (view, source, name));

      g_string_append_printf (text, " (%s.%s is %s)", rh_source_name (source), name, value);
    }
}

static char *
reason_of (const RhHit *hit, const RhView *view, const char *fault)
{
  const RhRule *rule = hit->rule;
  g_autoptr (GString) text = g_string_new (NULL);

  if (hit->truth == RH_TRUTH_ERROR)
    return g_strdup_printf ("%s %s cannot be evaluated (%s), which denies it", nouns[rule->kind], rule->name, fault);
  g_string_append_printf (text, "%s %s %s", nouns[rule->kind], rule->name, rh_decision_phrase (hit->decides));
  append_cause (hit, view, text);
  if (rule->when != NULL)
    {
      g_string_append (text, " (");
      rh_condition_describe (rule->when, view->objects[RH_SOURCE_FACTS], view->objects[RH_SOURCE_CLAIMS], text);
      g_string_append_c (text, ')');
    }
  return g_strdup (text->str);
}

/* Whether people may have to answer for this rule: now, or when a limit of its is exceeded. */
static gboolean
may_ask (const RhHit *hit)
{
  if (hit->decides == RH_DECISION_APPROVE)
    return TRUE;
  for (guint i = 0; hit->rule->budgets != NULL && i < hit->rule->budgets->len; i++)
    if (rh_budget_decision (hit->rule->budgets->pdata[i]) == RH_DECISION_APPROVE)
      return TRUE;
  return FALSE;
}

/* Takes @entry. Items of one proposal fill one account together; @accounts are those that are known, NULL for a single
 * one. */
static void
tally_limit (Tally *self, const RhBudget *budget, JsonObject *entry, GHashTable *accounts)
{
  RhDecision then = rh_budget_decision (budget);
  JsonObject *account;
  char *name;
  double sum;

  if (accounts == NULL)
    {
      g_ptr_array_add (self->limits, entry);
      return;
    }
  name = g_strjoin ("\n", rh_budget_name (budget), royal_json_string (entry, "key", ""), NULL);
  account = g_hash_table_lookup (accounts, name);
  if (account == NULL)
    {
      g_ptr_array_add (self->limits, entry);
      g_hash_table_insert (accounts, name, entry);
      return;
    }
  g_free (name);
  sum = royal_json_double (account, "amount", 0) + royal_json_double (entry, "amount", 0);
  json_object_set_double_member (account, "amount", sum);
  json_object_unref (entry);
  if (sum <= royal_json_double (account, "max", 0))
    return;
  self->floor = MAX (self->floor, then);
  self->risk = MAX (self->risk, rh_budget_risk (budget));
  tally_raise (
      self, then,
      g_strdup_printf ("limit %s %s %s", rh_budget_name (budget), rh_decision_phrase (then), rh_budget_text (budget)));
}

static void
tally_limits (Tally *self, const RhRule *rule, const RhPolicySubject *subject, const RhView *view, GHashTable *accounts)
{
  const char *const owners[RH_N_PERS] = { [RH_PER_AGENT] = subject->agent,
                                          [RH_PER_ACTION] = subject->action,
                                          [RH_PER_TARGET] = subject->target,
                                          [RH_PER_WORKSPACE] = subject->workspace };
  double amount;

  for (guint i = 0; rule->budgets != NULL && i < rule->budgets->len; i++)
    {
      const RhBudget *budget = rule->budgets->pdata[i];
      RhTruth exceeded = rh_budget_test (budget, view, &amount, NULL);

      if (exceeded == RH_TRUTH_YES || exceeded == RH_TRUTH_NO)
        tally_limit (self, budget, rh_budget_entry (budget, owners, amount, view->at_s), accounts);
    }
}

static void
tally_hit (Tally *self, const RhHit *hit, const RhView *view, const char *fault)
{
  if (may_ask (hit))
    rh_asks_combine (&self->asks, &hit->rule->asks, view->at_s);
  else if (!hit->silent)
    rh_asks_combine_notify (&self->asks, &hit->rule->asks);
  if (hit->silent)
    return;
  if (!g_ptr_array_find_with_equal_func (self->names, hit->rule->name, g_str_equal, NULL))
    g_ptr_array_add (self->names, g_strdup (hit->rule->name));
  self->risk = MAX (self->risk, hit->risk);
  self->floor = MAX (self->floor, hit->floor);
  if (hit->decides >= self->decision)
    tally_raise (self, hit->decides, reason_of (hit, view, fault));
}

/* A control action is never let pass, and administrators answer unless a rule says who. */
static void
tally_always_asks (Tally *self, const RhPolicySubject *subject)
{
  g_autoptr (JsonObject) approvers = json_object_new ();
  g_autoptr (JsonObject) rule = json_object_new ();
  JsonArray *roles = json_array_new ();
  RhAsks asks;

  self->floor = MAX (self->floor, RH_DECISION_APPROVE);
  if (self->decision < RH_DECISION_APPROVE)
    tally_raise (self, RH_DECISION_APPROVE, g_strdup_printf ("%s always asks a person", subject->action));
  json_array_add_string_element (roles, "admin");
  json_object_set_array_member (approvers, "roles", roles);
  json_object_set_object_member (rule, "approvers", json_object_ref (approvers));
  rh_asks_init (&asks, rule);
  rh_asks_combine (&self->asks, &asks, subject->at_s);
  rh_asks_clear (&asks);
}

static void
tally_subject (Tally *self, const RhPolicy *policy, const RhPolicySubject *subject, GHashTable *accounts)
{
  RhView view = rh_view_of (subject);
  RhMatched matched = rh_policy_match (policy, subject, g_newa (const RhRule *, policy->rules->len + 1));
  gboolean granted = FALSE;

  for (guint i = 0; i < matched.n; i++)
    {
      g_autofree char *fault = NULL;
      RhHit hit;

      if (!rh_rule_try (matched.rules[i], &view, &hit, &fault))
        continue;
      granted |= hit.grants;
      tally_hit (self, &hit, &view, fault);
      tally_limits (self, matched.rules[i], subject, &view, accounts);
    }
  if (subject->always_asks)
    tally_always_asks (self, subject);
  /* What changes the rules needs none that lets it pass: else the wrong policy could never be mended. */
  if (granted || subject->always_asks)
    return;
  if (self->granted)
    g_ptr_array_set_size (self->reasons, 0);
  self->granted = FALSE;
  self->decision = RH_DECISION_DENY;
  self->risk = RH_RISK_HIGH;
  tally_raise (self, RH_DECISION_DENY,
               g_strdup_printf ("no rule matches %s of agent %s, which denies it", subject->action, subject->agent));
}

static JsonNode *
limits_json (Tally *self)
{
  JsonNode *node;
  JsonArray *list;

  if (self->limits->len == 0 || self->decision == RH_DECISION_DENY)
    return NULL;
  list = json_array_sized_new (self->limits->len);
  for (guint i = 0; i < self->limits->len; i++)
    json_array_add_object_element (list, json_object_ref (self->limits->pdata[i]));
  node = json_node_init_array (json_node_alloc (), list);
  json_array_unref (list);
  return node;
}

static RhVerdict *
verdict_of (Tally *tally)
{
  RhVerdict *verdict = g_new0 (RhVerdict, 1);

  g_ptr_array_add (tally->reasons, NULL);
  verdict->decision = tally->decision;
  verdict->risk = tally->risk;
  verdict->floor = tally->granted ? tally->floor : RH_DECISION_DENY;
  verdict->reason = g_strjoinv ("; ", (char **)tally->reasons->pdata);
  verdict->limits = limits_json (tally);
  if (tally->decision != RH_DECISION_DENY)
    {
      verdict->deadline_s = tally->asks.deadline_s;
      verdict->asks = rh_asks_json (&tally->asks);
    }
  g_ptr_array_add (tally->names, NULL);
  verdict->rules = (char **)g_ptr_array_steal (tally->names, NULL);
  return verdict;
}

static RhVerdict *
refuse (void)
{
  RhVerdict *verdict = g_new0 (RhVerdict, 1);

  verdict->decision = verdict->floor = RH_DECISION_DENY;
  verdict->risk = RH_RISK_HIGH;
  verdict->rules = g_new0 (char *, 1);
  verdict->reason = g_strdup ("there is no policy or nothing to decide, which denies it");
  return verdict;
}

/* @ret_which: the first of those that are decided most strictly. */
static RhVerdict *
judge (RhPolicy *self, const RhPolicySubject *subjects, guint n, guint *ret_which)
{
  g_autoptr (GHashTable) accounts = n > 1 ? g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) : NULL;
  g_auto (Tally) tally;
  RhDecision strictest = RH_DECISION_AUTO;

  tally_init (&tally);
  *ret_which = 0;
  for (guint i = 0; i < n; i++)
    {
      tally_subject (&tally, self, &subjects[i], accounts);
      if (tally.decision > strictest)
        {
          strictest = tally.decision;
          *ret_which = i;
        }
    }
  return verdict_of (&tally);
}

RhVerdict *
rh_policy_judge (RhPolicy *self, const RhPolicySubject *subjects, guint n)
{
  guint which;

  g_return_val_if_fail (self != NULL && subjects != NULL && n > 0, refuse ());

  return judge (self, subjects, n, &which);
}

RhVerdict *
rh_policy_decide (RhPolicy *self, const RhPolicySubject *subject)
{
  RhVerdict *verdict;
  guint which;

  g_return_val_if_fail (self != NULL && subject != NULL, refuse ());

  verdict = judge (self, subject, 1, &which);
  if (verdict->decision >= RH_DECISION_APPROVE)
    verdict->explanation = rh_policy_explain (self, subject);
  rh_envelopes_apply (subject->envelopes, subject, 1, verdict);
  return verdict;
}

RhVerdict *
rh_policy_decide_items (RhPolicy *self, const RhPolicySubject *subjects, guint n)
{
  RhVerdict *verdict;
  JsonObject *explanation;
  guint which;

  g_return_val_if_fail (self != NULL && subjects != NULL && n > 0, refuse ());

  verdict = judge (self, subjects, n, &which);
  if (verdict->decision >= RH_DECISION_APPROVE)
    {
      verdict->explanation = rh_policy_explain (self, &subjects[which]);
      explanation = json_node_get_object (verdict->explanation);
      json_object_set_int_member (explanation, "items", n);
      json_object_set_int_member (explanation, "item", which + 1);
    }
  rh_envelopes_apply (subjects[0].envelopes, subjects, n, verdict);
  return verdict;
}
