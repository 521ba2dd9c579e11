/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-policy.h"

#include "rh-condition.h"
#include "rh-schemas.h"
#include "royal-json.h"

#include <string.h>

static const char *const risk_names[] = { "low", "medium", "high" };
static const char *const decision_names[] = { "auto", "notify", "approve", "deny" };
static const char *const decision_phrases[] = {
  [RH_DECISION_AUTO] = "lets it pass",
  [RH_DECISION_NOTIFY] = "lets it pass and tells people",
  [RH_DECISION_APPROVE] = "asks a person",
  [RH_DECISION_DENY] = "denies it",
};

typedef enum { WORKSPACE, CLUSTER, AGENT, ACTION, N_MATCHES } Match;

static const char *const match_names[N_MATCHES] = { "workspace", "cluster", "agent", "action" };

typedef struct {
  char *name;
  GPatternSpec *match[N_MATCHES]; /* NULL matches everything */
  RhCondition *when;              /* NULL always holds */
  RhRisk risk;
  RhDecision decision;
  guint deadline_s;
} Rule;

struct _RhPolicy {
  GPtrArray *rules;
  char *version;
};

const char *
rh_risk_name (RhRisk risk)
{
  g_return_val_if_fail ((guint)risk < G_N_ELEMENTS (risk_names), "high");

  return risk_names[risk];
}

const char *
rh_decision_name (RhDecision decision)
{
  g_return_val_if_fail ((guint)decision < G_N_ELEMENTS (decision_names), "deny");

  return decision_names[decision];
}

void
rh_verdict_free (RhVerdict *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->rules);
  g_free (self->reason);
  g_clear_pointer (&self->asks, json_node_unref);
  g_clear_pointer (&self->limits, json_node_unref);
  g_clear_pointer (&self->explanation, json_node_unref);
  g_free (self);
}

static void
rule_free (gpointer data)
{
  Rule *self = data;

  for (guint i = 0; i < N_MATCHES; i++)
    g_clear_pointer (&self->match[i], g_pattern_spec_free);
  rh_condition_free (self->when);
  g_free (self->name);
  g_free (self);
}

void
rh_policy_free (RhPolicy *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->rules);
  g_free (self->version);
  g_free (self);
}

static guint
index_of (const char *name, const char *const *names, guint n)
{
  for (guint i = 0; i < n; i++)
    if (g_strcmp0 (names[i], name) == 0)
      return i;
  return n - 1; /* the most restrictive; the schema lets nothing else come here */
}

/* A permissive rule must rest on something that the host observed. */
static gboolean
check_claims (const Rule *rule, const char *what, const char *pointer, GError **error)
{
  if (rule->when == NULL || rule->decision >= RH_DECISION_APPROVE || !rh_condition_claims_suffice (rule->when))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               "%s: %s: expected a condition on facts: claims alone would satisfy the rule `%s`, which decides %s",
               what, pointer, rule->name, decision_names[rule->decision]);
  return FALSE;
}

/* @document has the shape of the schema. */
static Rule *
rule_new (JsonObject *document, guint i, const char *what, GError **error)
{
  g_autofree char *pointer = g_strdup_printf ("/rules/%u/when", i);
  JsonObject *match = royal_json_object (document, "match");
  Rule *rule = g_new0 (Rule, 1);

  rule->name = g_strdup (royal_json_string (document, "name", ""));
  rule->risk = (RhRisk)index_of (royal_json_string (document, "risk", ""), risk_names, G_N_ELEMENTS (risk_names));
  rule->decision = (RhDecision)index_of (royal_json_string (document, "decision", ""), decision_names,
                                         G_N_ELEMENTS (decision_names));
  rule->deadline_s = (guint)royal_json_int (document, "deadline_s", 0);
  for (guint m = 0; m < N_MATCHES; m++)
    {
      const char *glob = royal_json_string (match, match_names[m], NULL);

      rule->match[m] = glob != NULL ? g_pattern_spec_new (glob) : NULL;
    }
  if (json_object_has_member (document, "when"))
    rule->when = rh_condition_new (json_object_get_member (document, "when"), what, pointer, error);
  if ((json_object_has_member (document, "when") && rule->when == NULL) || !check_claims (rule, what, pointer, error))
    {
      rule_free (rule);
      return NULL;
    }
  return rule;
}

RhPolicy *
rh_policy_new (JsonNode *document, const char *what, GError **error)
{
  g_autoptr (RhPolicy) self = NULL;
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *rules;

  g_return_val_if_fail (document != NULL && what != NULL, NULL);

  if (!rh_schemas_check (RH_SCHEMA_POLICY, document, what, error))
    return NULL;
  self = g_new0 (RhPolicy, 1);
  self->rules = g_ptr_array_new_with_free_func (rule_free);
  self->version = royal_json_digest (document);
  rules = royal_json_array (json_node_get_object (document), "rules");
  for (guint i = 0; i < json_array_get_length (rules); i++)
    {
      Rule *rule = rule_new (json_array_get_object_element (rules, i), i, what, error);

      if (rule == NULL)
        return NULL;
      g_ptr_array_add (self->rules, rule);
      if (!g_hash_table_add (names, rule->name))
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "%s: /rules/%u/name: expected a name of its own, `%s` is taken", what, i, rule->name);
          return NULL;
        }
    }
  return g_steal_pointer (&self);
}

const char *
rh_policy_version (RhPolicy *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->version;
}

static gboolean
matches (const Rule *rule, const RhPolicySubject *subject)
{
  const char *const values[N_MATCHES] = { subject->workspace, subject->cluster, subject->agent, subject->action };

  for (guint m = 0; m < N_MATCHES; m++)
    if (rule->match[m] != NULL && !g_pattern_spec_match_string (rule->match[m], values[m] != NULL ? values[m] : ""))
      return FALSE;
  return TRUE;
}

/* What is known so far of the rules that matched. */
typedef struct {
  gboolean any; /* a rule was met, so that the decision is not for want of one */
  RhDecision decision;
  RhRisk risk;
  guint deadline_s;
  GPtrArray *names;
  GPtrArray *reasons; /* one a rule that asks for the decision, as it stands */
} Tally;

static void
count (Tally *tally, const Rule *rule, RhDecision decision, RhRisk risk, char *reason)
{
  g_ptr_array_add (tally->names, g_strdup (rule->name));
  tally->risk = MAX (tally->risk, risk);
  if (decision > tally->decision)
    {
      tally->decision = decision;
      tally->deadline_s = 0;
      g_ptr_array_set_size (tally->reasons, 0);
    }
  if (decision == tally->decision)
    {
      if (rule->deadline_s != 0)
        tally->deadline_s = tally->deadline_s != 0 ? MIN (tally->deadline_s, rule->deadline_s) : rule->deadline_s;
      g_ptr_array_add (tally->reasons, reason);
    }
  else
    g_free (reason);
}

static char *
explain (const Rule *rule, const RhPolicySubject *subject)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, "rule %s %s", rule->name, decision_phrases[rule->decision]);
  if (rule->when != NULL)
    {
      g_string_append (text, " (");
      rh_condition_describe (rule->when, subject->facts, subject->claims, text);
      g_string_append_c (text, ')');
    }
  return g_strdup (text->str);
}

/* Something missing: a rule that asks or denies is met; one that only tells people cannot let anything pass, but where
 * another one does, people are told; one that lets pass is not met. */
static void
try_rule (const Rule *rule, const RhPolicySubject *subject, Tally *tally)
{
  gboolean permissive = rule->decision < RH_DECISION_APPROVE;
  g_autofree char *fault = NULL;
  RhTruth truth = RH_TRUTH_YES;

  if (!matches (rule, subject))
    return;
  if (rule->when != NULL)
    truth = rh_condition_test (rule->when, subject->facts, subject->claims, permissive, &fault);

  if (truth == RH_TRUTH_ERROR)
    {
      tally->any = TRUE;
      count (tally, rule, RH_DECISION_DENY, RH_RISK_HIGH,
             g_strdup_printf ("rule %s cannot be evaluated (%s), which denies it", rule->name, fault));
    }
  else if (truth == RH_TRUTH_YES || (truth == RH_TRUTH_UNKNOWN && rule->decision != RH_DECISION_AUTO))
    {
      tally->any |= truth == RH_TRUTH_YES || !permissive;
      count (tally, rule, rule->decision, rule->risk, explain (rule, subject));
    }
}

RhVerdict *
rh_policy_decide (RhPolicy *self, const RhPolicySubject *subject)
{
  g_autoptr (GPtrArray) reasons = g_ptr_array_new_with_free_func (g_free);
  RhVerdict *verdict = g_new0 (RhVerdict, 1);
  Tally tally = { .names = g_ptr_array_new (), .reasons = reasons };

  if (self == NULL || subject == NULL)
    g_return_if_fail_warning (G_LOG_DOMAIN, G_STRFUNC, "self != NULL && subject != NULL");
  else
    for (guint i = 0; i < self->rules->len; i++)
      try_rule (self->rules->pdata[i], subject, &tally);

  if (!tally.any)
    {
      g_ptr_array_set_size (reasons, 0);
      g_ptr_array_add (reasons,
                       g_strdup_printf ("no rule matches %s of agent %s, which denies it",
                                        subject != NULL ? subject->action : "", subject != NULL ? subject->agent : ""));
      tally.decision = RH_DECISION_DENY;
      tally.risk = RH_RISK_HIGH;
      tally.deadline_s = 0;
    }
  g_ptr_array_add (tally.names, NULL);
  g_ptr_array_add (reasons, NULL);
  verdict->decision = tally.decision;
  verdict->risk = tally.risk;
  verdict->deadline_s = tally.deadline_s;
  verdict->rules = (char **)g_ptr_array_free (tally.names, FALSE);
  verdict->reason = g_strjoinv ("; ", (char **)reasons->pdata);
  return verdict;
}
