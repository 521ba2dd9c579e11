/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-policy.h"
#include "royal-json.h"

#include <string.h>

/* JSON with ' for ", to be read in C. */
static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "test", &error);

  g_assert_no_error (error);
  return node;
}

static RhPolicy *
policy_of (const char *rules)
{
  g_autofree char *text = g_strdup_printf ("{'rules':[%s]}", rules);
  g_autoptr (JsonNode) node = json (text);
  g_autoptr (GError) error = NULL;
  RhPolicy *policy = rh_policy_new (node, "test", &error);

  g_assert_no_error (error);
  return policy;
}

static RhVerdict *
decide (RhPolicy *policy, const char *facts, const char *claims)
{
  g_autoptr (JsonNode) f = json (facts);
  g_autoptr (JsonNode) c = json (claims);
  RhPolicySubject subject = {
    "demo", "product", "pricing", "price.set", json_node_get_object (f), json_node_get_object (c)
  };

  return rh_policy_decide (policy, &subject);
}

#define RULE(name, decision, when)                                                                                     \
  "{'name':'" name "','match':{'action':'*'},'risk':'low','decision':'" decision "'" when "}"
#define WHEN(condition) ",'when':" condition

static void
test_cases (void)
{
  static const struct {
    const char *rules;
    const char *facts;
    const char *claims;
    RhDecision decision;
    const char *reason; /* part of it */
  } table[] = {
    /* No rule, no write. */
    { "", "{}", "{}", RH_DECISION_DENY, "no rule matches price.set of agent pricing" },
    { "{'name':'a','match':{'action':'price.?et','agent':'pri*','cluster':'product','workspace':'d*'},'risk':'low',"
      "'decision':'auto'}",
      "{}", "{}", RH_DECISION_AUTO, "rule a lets it pass" },
    { "{'name':'a','match':{'action':'price.set','agent':'other'},'risk':'low','decision':'auto'}", "{}", "{}",
      RH_DECISION_DENY, "no rule" },
    { "{'name':'a','match':{'action':'price.set','workspace':'other'},'risk':'low','decision':'auto'}", "{}", "{}",
      RH_DECISION_DENY, "no rule" },
    { "{'name':'a','match':{'action':'price'},'risk':'low','decision':'auto'}", "{}", "{}", RH_DECISION_DENY,
      "no rule" },
    /* The most restrictive wins, in any order. */
    { RULE ("a", "auto", "") "," RULE ("b", "approve", ""), "{}", "{}", RH_DECISION_APPROVE, "rule b asks a person" },
    { RULE ("b", "approve", "") "," RULE ("a", "auto", ""), "{}", "{}", RH_DECISION_APPROVE, "rule b asks a person" },
    { RULE ("b", "approve", "") "," RULE ("d", "deny", "") "," RULE ("n", "notify", ""), "{}", "{}", RH_DECISION_DENY,
      "rule d denies it" },
    /* Each comparison, at its edge. */
    { RULE ("a", "auto", WHEN ("{'facts.x':{'gt':5}}")), "{'x':5}", "{}", RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'gt':5}}")), "{'x':5.001}", "{}", RH_DECISION_AUTO, "facts.x is 5.001" },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'gte':5}}")), "{'x':5}", "{}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'gte':5}}")), "{'x':4}", "{}", RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'lt':5}}")), "{'x':5}", "{}", RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'lte':5}}")), "{'x':5.0}", "{}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'eq':'y'}}")), "{'x':'y'}", "{}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'eq':true}}")), "{'x':false}", "{}", RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'ne':'y'}}")), "{'x':'z'}", "{}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'in':[1,2,3]}}")), "{'x':2}", "{}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'in':[1,2,3]}}")), "{'x':4}", "{}", RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'between':[1,3]}}")), "{'x':3}", "{}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'between':[1,3]}}")), "{'x':3.1}", "{}", RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'gt':1,'lt':3}}")), "{'x':2}", "{}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'gt':1,'lt':3}}")), "{'x':3}", "{}", RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'exists':true}}")), "{'x':0}", "{}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'eq':9007199254740993}}")), "{'x':9007199254740992}", "{}",
      RH_DECISION_DENY, NULL },
    /* Groups. */
    { RULE ("a", "auto", WHEN ("{'any':[{'facts.x':{'gt':5}},{'facts.y':{'gt':5}}]}")), "{'x':1,'y':6}", "{}",
      RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'all':[{'facts.x':{'gt':5}},{'facts.y':{'gt':5}}]}")), "{'x':1,'y':6}", "{}",
      RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", WHEN ("{'not':{'facts.x':{'gt':5}}}")), "{'x':1}", "{}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'gt':0},'not':{'facts.y':{'gt':5}}}")), "{'x':1,'y':6}", "{}",
      RH_DECISION_DENY, NULL },
    /* What is missing never lets pass, and always stops. */
    { RULE ("a", "auto", WHEN ("{'facts.x':{'lt':5}}")), "{}", "{}", RH_DECISION_DENY, "no rule" },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'lt':5}}")), "{'x':null}", "{}", RH_DECISION_DENY, "no rule" },
    { RULE ("a", "auto", WHEN ("{'not':{'facts.x':{'lt':5}}}")), "{}", "{}", RH_DECISION_DENY, "no rule" },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'exists':false}}")), "{}", "{}", RH_DECISION_DENY, "no rule" },
    { RULE ("a", "auto", WHEN ("{'not':{'facts.x':{'exists':true}}}")), "{}", "{}", RH_DECISION_DENY, "no rule" },
    { RULE ("a", "auto", "") "," RULE ("b", "deny", WHEN ("{'facts.x':{'gt':5}}")), "{}", "{}", RH_DECISION_DENY,
      "rule b denies it (facts.x is missing)" },
    { RULE ("a", "auto", "") "," RULE ("b", "deny", WHEN ("{'not':{'facts.x':{'gt':5}}}")), "{}", "{}",
      RH_DECISION_DENY, "facts.x is missing" },
    { RULE ("a", "auto", "") "," RULE ("b", "approve", WHEN ("{'facts.x':{'gt':5}}")), "{}", "{}", RH_DECISION_APPROVE,
      "facts.x is missing" },
    { RULE ("a", "auto", "") "," RULE ("b", "notify", WHEN ("{'facts.x':{'gt':5}}")), "{}", "{}", RH_DECISION_NOTIFY,
      "facts.x is missing" },
    { RULE ("b", "notify", WHEN ("{'facts.x':{'gt':5}}")), "{}", "{}", RH_DECISION_DENY, "no rule" },
    { RULE ("b", "deny", WHEN ("{'facts.x':{'exists':false}}")) "," RULE ("a", "auto", ""), "{}", "{}",
      RH_DECISION_DENY, "facts.x is missing" },
    { RULE ("b", "deny", WHEN ("{'facts.x':{'exists':false}}")) "," RULE ("a", "auto", ""), "{'x':1}", "{}",
      RH_DECISION_AUTO, NULL },
    /* An error in a rule denies, even where another part of it does not hold. */
    { RULE ("a", "auto", "") "," RULE ("b", "auto", WHEN ("{'facts.x':{'gt':5}}")), "{'x':'six'}", "{}",
      RH_DECISION_DENY, "rule b cannot be evaluated (facts.x: expected a number, found a string)" },
    { RULE ("a", "auto", "") "," RULE ("b", "auto", WHEN ("{'facts.y':{'gt':5},'facts.x':{'gt':5}}")), "{'x':{},'y':1}",
      "{}", RH_DECISION_DENY, "found something else" },
    { RULE ("a", "auto", "") "," RULE ("b", "notify", WHEN ("{'any':[{'facts.y':{'gt':5}},{'facts.x':{'eq':true}}]}")),
      "{'x':1,'y':6}", "{}", RH_DECISION_DENY, "expected a boolean, found a number" },
    /* Claims can be required, and never suffice. */
    { RULE ("a", "auto", WHEN ("{'facts.x':{'lt':5},'claims.confidence':{'gte':0.9}}")), "{'x':1}",
      "{'confidence':0.95}", RH_DECISION_AUTO, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'lt':5},'claims.confidence':{'gte':0.9}}")), "{'x':1}",
      "{'confidence':0.5}", RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", WHEN ("{'facts.x':{'lt':5},'claims.confidence':{'gte':0.9}}")), "{'confidence':1}",
      "{'confidence':1,'x':1}", RH_DECISION_DENY, NULL },
    { RULE ("a", "auto", "") "," RULE ("b", "approve", WHEN ("{'claims.confidence':{'lt':0.9}}")), "{}",
      "{'confidence':0.5}", RH_DECISION_APPROVE, "claims.confidence is 0.5" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (RhPolicy) policy = policy_of (table[i].rules);
      g_autoptr (RhVerdict) verdict = decide (policy, table[i].facts, table[i].claims);

      if (verdict->decision != table[i].decision)
        g_error ("case %u: %s, not %s: %s", i, rh_decision_name (verdict->decision),
                 rh_decision_name (table[i].decision), verdict->reason);
      if (table[i].reason != NULL && strstr (verdict->reason, table[i].reason) == NULL)
        g_error ("case %u: \"%s\" is not in \"%s\"", i, table[i].reason, verdict->reason);
    }
}

static void
test_verdict (void)
{
  g_autoptr (RhPolicy) policy =
      policy_of ("{'name':'a','match':{'action':'*'},'risk':'high','decision':'auto','deadline_s':5},"
                 "{'name':'b','match':{'action':'*'},'risk':'medium','decision':'approve','deadline_s':900},"
                 "{'name':'c','match':{'action':'*'},'risk':'low','decision':'approve','deadline_s':600},"
                 "{'name':'d','match':{'action':'x'},'risk':'low','decision':'deny'}");
  g_autoptr (RhVerdict) verdict = decide (policy, "{}", "{}");
  g_autofree char *rules = g_strjoinv (",", verdict->rules);

  g_assert_cmpint (verdict->decision, ==, RH_DECISION_APPROVE);
  g_assert_cmpint (verdict->risk, ==, RH_RISK_HIGH);
  g_assert_cmpuint (verdict->deadline_s, ==, 600);
  g_assert_cmpstr (rules, ==, "a,b,c");
  g_assert_cmpstr (verdict->reason, ==, "rule b asks a person; rule c asks a person");
}

static void
test_refuses (void)
{
  static const struct {
    const char *document;
    const char *message;
  } table[] = {
    { "[]", "p.json: " },
    { "{}", "rules" },
    { "{'rules':[],'extra':1}", "extra" },
    { "{'rules':[{'name':'a','match':{},'risk':'low','decision':'auto'}]}", "/rules/0/match" },
    { "{'rules':[{'name':'a','match':{'action':'*'},'risk':'low','decision':'allow'}]}", "/rules/0/decision" },
    { "{'rules':[{'name':'a','match':{'action':'*'},'risk':'tiny','decision':'auto'}]}", "/rules/0/risk" },
    { "{'rules':[{'name':'a','match':{'action':'*'},'risk':'low','decision':'auto','deadline_s':0}]}",
      "/rules/0/deadline_s" },
    { "{'rules':[{'name':'a','match':{'action':'*'},'risk':'low','decision':'auto','if':1}]}", "/rules/0" },
    { "{'rules':[{'name':'A B','match':{'action':'*'},'risk':'low','decision':'auto'}]}", "/rules/0/name" },
    { "{'rules':[" RULE ("a", "auto", "") "," RULE ("a", "deny", "") "]}",
      "/rules/1/name: expected a name of its own" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{}")) "]}", "/rules/0/when: expected a condition" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'all':[]}")) "]}", "/rules/0/when/all" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'x':{'gt':1}}")) "]}", "/rules/0/when" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'facts.x':{}}")) "]}", "/rules/0/when/facts.x: expected an object of" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'facts.x':{'gt':'1'}}")) "]}", "/rules/0/when/facts.x/gt" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'facts.x':{'like':'1'}}")) "]}", "/rules/0/when/facts.x" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'facts.x':{'between':[1]}}")) "]}", "/rules/0/when/facts.x/between" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'facts.x':{'in':[1,'a']}}")) "]}", "/rules/0/when/facts.x/in" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'not':[]}")) "]}", "/rules/0/when/not" },
    /* Claims alone. */
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'claims.confidence':{'gt':0.9}}")) "]}", "claims alone" },
    { "{'rules':[" RULE ("a", "notify", WHEN ("{'any':[{'facts.x':{'lt':1}},{'claims.c':{'gt':0}}]}")) "]}",
      "claims alone" },
    { "{'rules':[" RULE ("a", "auto", WHEN ("{'not':{'all':[{'facts.x':{'lt':1}},{'claims.c':{'gt':0}}]}}")) "]}",
      "claims alone" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) document = json (table[i].document);
      g_autoptr (GError) error = NULL;
      g_autoptr (RhPolicy) policy = rh_policy_new (document, "p.json", &error);

      if (policy != NULL)
        g_error ("taken: %s", table[i].document);
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      if (strstr (error->message, table[i].message) == NULL || !g_str_has_prefix (error->message, "p.json: "))
        g_error ("\"%s\" is not in \"%s\"", table[i].message, error->message);
    }
}

/* Under a negation `all` and `any` change places. */
static void
test_claims_under_negation (void)
{
  g_autoptr (RhPolicy) policy =
      policy_of (RULE ("a", "auto", WHEN ("{'not':{'any':[{'facts.x':{'lt':1}},{'claims.c':{'gt':0}}]}}")));
  g_autoptr (RhVerdict) verdict = decide (policy, "{'x':2}", "{'c':-1}");

  g_assert_cmpint (verdict->decision, ==, RH_DECISION_AUTO);
}

/* --- Random rules and facts ------------------------------------------------------------------------------------- */

#define N_FACTS 4

static char *
random_condition (guint depth)
{
  static const char *const operators[] = { "gt", "gte", "lt", "lte", "eq", "ne" };
  int kind = depth == 0 ? 3 : g_test_rand_int_range (0, 4);
  g_autofree char *a = kind < 3 ? random_condition (depth - 1) : NULL;
  g_autofree char *b = kind < 2 ? random_condition (depth - 1) : NULL;

  if (kind < 2)
    return g_strdup_printf ("{'%s':[%s,%s]}", kind == 0 ? "all" : "any", a, b);
  if (kind == 2)
    return g_strdup_printf ("{'not':%s}", a);
  return g_strdup_printf ("{'facts.f%d':{'%s':%d}}", g_test_rand_int_range (0, N_FACTS),
                          operators[g_test_rand_int_range (0, G_N_ELEMENTS (operators))], g_test_rand_int_range (0, 4));
}

static char *
random_rule (guint i)
{
  g_autofree char *condition = random_condition (3);
  gboolean always = g_test_rand_int_range (0, 6) == 0;

  return g_strdup_printf (
      "{'name':'r%u','match':{'action':'%s'},'risk':'%s','decision':'%s'%s%s}", i,
      g_test_rand_int_range (0, 5) == 0 ? "other" : "price.*", rh_risk_name ((RhRisk)g_test_rand_int_range (0, 3)),
      rh_decision_name ((RhDecision)g_test_rand_int_range (0, 4)), always ? "" : ",'when':", always ? "" : condition);
}

/* Facts f0 … with bit i of @mask clear left out. */
static char *
facts_of (const int *values, guint mask)
{
  GString *text = g_string_new ("{");

  for (guint i = 0; i < N_FACTS; i++)
    if (mask & (1u << i))
      g_string_append_printf (text, "%s'f%u':%d", text->len > 1 ? "," : "", i, values[i]);
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static RhVerdict *
decide_rules (char **rules, const char *facts)
{
  g_autofree char *text = g_strjoinv (",", rules);
  g_autoptr (RhPolicy) policy = policy_of (text);

  return decide (policy, facts, "{}");
}

static void
test_properties (void)
{
  for (guint round = 0; round < 500; round++)
    {
      g_auto (GStrv) rules = g_new0 (char *, 7);
      int values[N_FACTS];
      guint mask = (guint)g_test_rand_int_range (0, 1 << N_FACTS);
      guint n = (guint)g_test_rand_int_range (1, 6);
      g_autofree char *facts = NULL;
      g_autofree char *fewer = NULL;
      g_autoptr (RhVerdict) verdict = NULL;
      g_autoptr (RhVerdict) turned = NULL;
      g_autoptr (RhVerdict) without = NULL;
      g_autoptr (RhVerdict) with = NULL;
      char *swap;

      for (guint i = 0; i < n; i++)
        rules[i] = random_rule (i);
      for (guint i = 0; i < N_FACTS; i++)
        values[i] = g_test_rand_int_range (0, 4);
      facts = facts_of (values, mask);
      fewer = facts_of (values, mask & (guint)g_test_rand_int_range (0, 1 << N_FACTS));
      verdict = decide_rules (rules, facts);

      /* Order does not matter. */
      swap = rules[0], rules[0] = rules[n - 1], rules[n - 1] = swap;
      turned = decide_rules (rules, facts);
      g_assert_cmpint (turned->decision, ==, verdict->decision);
      g_assert_cmpint (turned->risk, ==, verdict->risk);
      g_assert_cmpuint (g_strv_length (turned->rules), ==, g_strv_length (verdict->rules));

      /* Knowing less never lets anything more pass by itself. Where no rule was met, a rule that asks may be met now.
       */
      without = decide_rules (rules, fewer);
      g_assert_cmpint (without->decision, >=,
                       strstr (verdict->reason, "no rule") != NULL ? RH_DECISION_APPROVE : verdict->decision);

      /* One more rule never lets anything more pass, once a rule decides at all. */
      rules[n] = random_rule (n);
      with = decide_rules (rules, facts);
      if (strstr (verdict->reason, "no rule") == NULL)
        g_assert_cmpint (with->decision, >=, verdict->decision);
    }
}

/* The version is that of the content, not of its spelling. */
static void
test_version (void)
{
  g_autoptr (JsonNode) a = json ("{'rules':[{'name':'a','match':{'action':'*'},'risk':'low','decision':'auto'}]}");
  g_autoptr (JsonNode) b = json ("{ 'rules': [{'decision':'auto','risk':'low','match':{'action':'*'},'name':'a'}] }");
  g_autoptr (JsonNode) c = json ("{'rules':[{'name':'a','match':{'action':'*'},'risk':'low','decision':'deny'}]}");
  g_autoptr (RhPolicy) pa = rh_policy_new (a, "a", NULL);
  g_autoptr (RhPolicy) pb = rh_policy_new (b, "b", NULL);
  g_autoptr (RhPolicy) pc = rh_policy_new (c, "c", NULL);

  g_assert_cmpuint (strlen (rh_policy_version (pa)), ==, 64);
  g_assert_cmpstr (rh_policy_version (pa), ==, rh_policy_version (pb));
  g_assert_cmpstr (rh_policy_version (pa), !=, rh_policy_version (pc));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/cases", test_cases);
  g_test_add_func ("/policy/verdict", test_verdict);
  g_test_add_func ("/policy/refuses", test_refuses);
  g_test_add_func ("/policy/claims-under-negation", test_claims_under_negation);
  g_test_add_func ("/policy/properties", test_properties);
  g_test_add_func ("/policy/version", test_version);
  return g_test_run ();
}
