/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-policy.h"
#include "royal-json.h"

#include <string.h>

/* What a verdict carries beside its decision: who is asked, what is reserved, why, and what would have changed it. */

static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "test", &error);

  if (error != NULL)
    g_error ("%s: %s", text, error->message);
  return node;
}

static RhPolicy *
policy_of (const char *document)
{
  g_autoptr (JsonNode) node = json (document);
  g_autoptr (GError) error = NULL;
  RhPolicy *policy = rh_policy_new (node, "test", &error);

  g_assert_no_error (error);
  return policy;
}

/* Noon of Friday, 2026-11-20, UTC. */
#define NOON 1795176000

#define RULE(name, decision, rest)                                                                                     \
  "{'name':'" name "','match':{'action':'*'},'risk':'low','decision':'" decision "'" rest "}"
#define RULES(rules) "{'rules':[" rules "]}"

static RhVerdict *
decide (const char *document, const char *facts)
{
  g_autoptr (RhPolicy) policy = policy_of (document);
  g_autoptr (JsonNode) f = json (facts);
  g_autoptr (JsonNode) p = json ("{'spend':40}");
  RhPolicySubject subject = { .workspace = "demo",
                              .cluster = "marketing",
                              .agent = "ads",
                              .action = "campaign.update",
                              .target = "de-7",
                              .facts = json_node_get_object (f),
                              .parameters = json_node_get_object (p),
                              .at_s = NOON };

  return rh_policy_decide (policy, &subject);
}

static void
assert_json (JsonNode *node, const char *expected)
{
  g_autoptr (JsonNode) wanted = expected != NULL ? json (expected) : NULL;
  g_autofree char *a = node != NULL ? royal_json_canonical (node) : g_strdup ("nothing");
  g_autofree char *b = wanted != NULL ? royal_json_canonical (wanted) : g_strdup ("nothing");

  g_assert_cmpstr (a, ==, b);
}

static void
test_asks (void)
{
  static const struct {
    const char *rules;
    const char *asks;
    guint deadline_s;
  } table[] = {
    { RULE ("a", "auto", ""), NULL, 0 },
    { RULE ("a", "notify", ",'notify':['ops']"), "{'notify':['ops']}", 0 },
    { RULE ("a", "approve", ""), "{'roles':['admin','approver'],'quorum':1,'four_eyes':false,'at_deadline':'expire'}",
      0 },
    { RULE ("a", "approve",
            ",'approvers':{'roles':['approver'],'quorum':2},'deadline_s':600,'at_deadline':'approve',"
            "'escalate':[{'after_s':60,'roles':['admin'],'notify':['boss']}],'notify':['b','a']"),
      "{'roles':['approver'],'quorum':2,'four_eyes':false,'at_deadline':'approve',"
      "'escalate':[{'after_s':60,'roles':['admin'],'notify':['boss']}],'notify':['a','b']}",
      600 },
    /* Everything that any of them demands. */
    { RULE ("a", "approve", ",'approvers':{'roles':['approver','admin'],'quorum':2},'deadline_s':600") "," RULE (
          "b", "approve", ",'approvers':{'roles':['approver','operator'],'four_eyes':true},'deadline_s':900"),
      "{'roles':['approver'],'quorum':2,'four_eyes':true,'at_deadline':'expire'}", 600 },
    /* Nobody is both. */
    { RULE ("a", "approve", ",'approvers':{'roles':['approver']}") "," RULE ("b", "approve",
                                                                             ",'approvers':{'roles':['operator']}"),
      "{'roles':['admin'],'quorum':1,'four_eyes':false,'at_deadline':'expire'}", 0 },
    { RULE ("a", "approve", "") "," RULE ("b", "approve", ",'approvers':{'roles':['operator']}"),
      "{'roles':['admin'],'quorum':1,'four_eyes':false,'at_deadline':'expire'}", 0 },
    /* Silence approves only where every rule says so. */
    { RULE ("a", "approve", ",'deadline_s':60,'at_deadline':'approve'") "," RULE ("b", "approve", ",'deadline_s':90"),
      "{'roles':['admin','approver'],'quorum':1,'four_eyes':false,'at_deadline':'expire'}", 60 },
    { RULE ("a", "approve", ",'deadline_s':60,'at_deadline':'approve'") "," RULE (
          "b", "approve", ",'deadline_s':90,'at_deadline':'approve'"),
      "{'roles':['admin','approver'],'quorum':1,'four_eyes':false,'at_deadline':'approve'}", 60 },
    /* A rule that lets pass has nothing to say of it; whom it tells is told. */
    { RULE ("a", "approve", "") "," RULE ("b", "notify", ",'approvers':{'quorum':5},'notify':['ops']"),
      "{'roles':['admin','approver'],'quorum':1,'four_eyes':false,'at_deadline':'expire','notify':['ops']}", 0 },
    /* Unless a limit of its may ask. */
    { RULE ("a", "auto", ",'approvers':{'quorum':2},'limits':[{'per':'agent','window_s':9,'max':1,'then':'approve'}]"),
      "{'roles':['admin','approver'],'quorum':2,'four_eyes':false,'at_deadline':'expire'}", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *document = g_strdup_printf ("{'rules':[%s]}", table[i].rules);
      g_autoptr (RhVerdict) verdict = decide (document, "{}");

      assert_json (verdict->asks, table[i].asks);
      g_assert_cmpuint (verdict->deadline_s, ==, table[i].deadline_s);
    }
}

static void
test_asks_refused (void)
{
  static const struct {
    const char *rule;
    const char *message;
  } table[] = {
    { RULE ("a", "notify", ",'deadline_s':60,'at_deadline':'approve'"), "/rules/0/at_deadline: expected the rule `a`" },
    { RULE ("a", "approve", ",'at_deadline':'approve'"), "to have a deadline_s" },
    { RULE ("a", "approve", ",'approvers':{'roles':['viewer']}"), "/rules/0/approvers/roles/0" },
    { RULE ("a", "approve", ",'approvers':{'quorum':0}"), "/rules/0/approvers/quorum" },
    { RULE ("a", "approve", ",'escalate':[{}]"), "/rules/0/escalate/0" },
    { RULE ("a", "approve",
            ",'limits':[{'name':'b','per':'agent','window_s':9,'max':1,'then':'deny'},"
            "{'name':'b','per':'agent','window_s':9,'max':1,'then':'deny'}]"),
      "/rules/0/limits/1/name: expected a name of its own" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *text = g_strdup_printf ("{'rules':[%s]}", table[i].rule);
      g_autoptr (JsonNode) document = json (text);
      g_autoptr (GError) error = NULL;
      g_autoptr (RhPolicy) policy = rh_policy_new (document, "p.json", &error);

      if (policy != NULL || strstr (error->message, table[i].message) == NULL)
        g_error ("%s: %s", table[i].rule, policy != NULL ? "taken" : error->message);
    }
}

#define DAILY                                                                                                          \
  "{'name':'daily','match':{'action':'campaign.*'},'sum':'facts.spend','per':'agent','window':'day',"                  \
  "'time_zone':'Europe/Berlin','max':500,'then':'approve'}"

static void
test_limits (void)
{
  static const struct {
    const char *document;
    const char *facts;
    RhDecision decision;
    const char *limits;
    const char *reason;
  } table[] = {
    { "{'rules':[" RULE ("a", "auto", "") "],'limits':[" DAILY "]}", "{'spend':120}", RH_DECISION_AUTO,
      "[{'name':'daily','key':'agent:ads','amount':120.0,'max':500.0,'window_s':46801,'since':'2026-11-19T23:00:00Z',"
      "'decision':'approve','risk':'high'}]",
      "rule a lets it pass" },
    /* A cut counts like a rise. */
    { "{'rules':[" RULE ("a", "auto", "") "],'limits':[" DAILY "]}", "{'spend':-501}", RH_DECISION_APPROVE,
      "[{'name':'daily','key':'agent:ads','amount':501.0,'max':500.0,'window_s':46801,'since':'2026-11-19T23:00:00Z',"
      "'decision':'approve','risk':'high'}]",
      "limit daily asks a person more than 500 facts.spend per agent a day (Europe/Berlin) (facts.spend is -501)" },
    /* What cannot be added up is asked, what is no number is denied. */
    { "{'rules':[" RULE ("a", "auto", "") "],'limits':[" DAILY "]}", "{}", RH_DECISION_APPROVE, NULL,
      "facts.spend is missing" },
    { "{'rules':[" RULE ("a", "auto", "") "],'limits':[" DAILY "]}", "{'spend':'much'}", RH_DECISION_DENY, NULL,
      "limit daily cannot be evaluated (facts.spend: expected a number, found a string)" },
    /* A limit lets nothing pass that no rule lets pass, and nothing is reserved for what is denied. */
    { "{'rules':[],'limits':[" DAILY "]}", "{'spend':1}", RH_DECISION_DENY, NULL, "no rule matches" },
    { "{'rules':[" RULE ("a", "deny", "") "],'limits':[" DAILY "]}", "{'spend':1}", RH_DECISION_DENY, NULL, "denies" },
    /* Of a rule, by what it counts and whose it is. */
    { RULES (RULE ("a", "notify", ",'limits':[{'per':'target','window_s':60,'max':2,'then':'deny'}]")), "{}",
      RH_DECISION_NOTIFY,
      "[{'name':'a','key':'target:de-7','amount':1.0,'max':2.0,'window_s':60,'decision':'deny','risk':'high'}]", NULL },
    { RULES (RULE ("a", "auto",
                   ",'limits':[{'sum':'parameters.spend','per':'workspace','window_s':60,'max':39,"
                   "'then':'deny','risk':'low'},{'per':'action','window_s':60,'max':1,'then':'approve'}]")),
      "{}", RH_DECISION_DENY, NULL, "rule a denies it more than 39 parameters.spend per workspace within 60 s" },
    { RULES (RULE ("a", "auto",
                   ",'limits':[{'sum':'parameters.spend','per':'workspace','window_s':60,'max':40,"
                   "'then':'deny','risk':'low'},{'per':'action','window_s':60,'max':1,'then':'approve'}]")),
      "{}", RH_DECISION_AUTO,
      "[{'name':'a/1','key':'workspace:demo','amount':40.0,'max':40.0,'window_s':60,'decision':'deny','risk':'low'},"
      "{'name':'a/2','key':'action:campaign.update','amount':1.0,'max':1.0,'window_s':60,'decision':'approve',"
      "'risk':'high'}]",
      NULL },
    /* A rule that does not match reserves nothing. */
    { RULES (RULE ("a", "auto", "") "," RULE ("b", "auto",
                                              ",'when':{'facts.spend':{'gt':5}},'limits':[{'per':'target',"
                                              "'window_s':60,'max':2,'then':'deny'}]")),
      "{'spend':1}", RH_DECISION_AUTO, NULL, NULL },
    /* One that cannot tell does. */
    { RULES (RULE ("a", "auto", "") "," RULE ("b", "auto",
                                              ",'when':{'facts.spend':{'gt':5}},'limits':[{'per':'target',"
                                              "'window_s':60,'max':2,'then':'deny'}]")),
      "{}", RH_DECISION_AUTO,
      "[{'name':'b','key':'target:de-7','amount':1.0,'max':2.0,'window_s':60,'decision':'deny','risk':'high'}]", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (RhVerdict) verdict = decide (table[i].document, table[i].facts);

      if (verdict->decision != table[i].decision ||
          (table[i].reason != NULL && strstr (verdict->reason, table[i].reason) == NULL))
        g_error ("case %u: %s: %s", i, rh_decision_name (verdict->decision), verdict->reason);
      assert_json (verdict->limits, table[i].limits);
    }
}

static void
test_windows (void)
{
  static const struct {
    const char *document;
    RhDecision decision;
    const char *reason;
  } table[] = {
    { "{'rules':[" RULE ("a", "auto",
                         "") "],'freezes':[{'name':'sale','from':'2026-11-20T00:00:00Z',"
                             "'to':'2026-12-01T00:00:00Z','decision':'deny','match':{'action':'campaign.*'}}]}",
      RH_DECISION_DENY, "freeze sale denies it from 2026-11-20 00:00 UTC until 2026-12-01 00:00 UTC" },
    { "{'rules':[" RULE ("a", "auto",
                         "") "],'freezes':[{'name':'sale','from':'2026-11-20T00:00:00Z',"
                             "'to':'2026-12-01T00:00:00Z','decision':'deny','match':{'action':'price.*'}}]}",
      RH_DECISION_AUTO, "rule a lets it pass" },
    { "{'rules':[" RULE ("a", "auto", "") "],'quiet_hours':[{'name':'noon','time_zone':'UTC','from':'12:00',"
                                          "'to':'13:00','decision':'approve'}]}",
      RH_DECISION_APPROVE, "quiet hours noon asks a person between 12:00 and 13:00 (UTC)" },
    { RULES (RULE ("a", "auto",
                   ",'quiet_hours':[{'time_zone':'UTC','from':'12:00','to':'13:00','days':['fri'],"
                   "'decision':'notify'}]")),
      RH_DECISION_NOTIFY, "rule a lets it pass and tells people between 12:00 and 13:00 (UTC) on Fri" },
    /* A window never makes it less than the rule does. */
    { RULES (RULE ("a", "deny",
                   ",'quiet_hours':[{'time_zone':'UTC','from':'12:00','to':'13:00',"
                   "'decision':'approve'}]")),
      RH_DECISION_DENY, "rule a denies it" },
    { "{'rules':[],'quiet_hours':[{'name':'noon','time_zone':'UTC','from':'12:00','to':'13:00','decision':'approve'}]}",
      RH_DECISION_DENY, "no rule matches" },
    /* A rule that cannot tell still restricts. */
    { RULES (RULE ("b", "auto", "") "," RULE ("a", "auto",
                                              ",'when':{'facts.x':{'lt':1}},'quiet_hours':[{'time_zone':"
                                              "'UTC','from':'12:00','to':'13:00','decision':'approve'}]")),
      RH_DECISION_APPROVE, "rule a asks a person between" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (RhVerdict) verdict = decide (table[i].document, "{}");

      if (verdict->decision != table[i].decision || strstr (verdict->reason, table[i].reason) == NULL)
        g_error ("case %u: %s: %s", i, rh_decision_name (verdict->decision), verdict->reason);
    }
}

/* --- Why ---------------------------------------------------------------------------------------------------------- */

static void
test_flips (void)
{
  static const struct {
    const char *document;
    const char *facts;
    const char *flip;
  } table[] = {
    { RULES (RULE ("a", "notify", ",'when':{'facts.change_pct':{'lt':20}}") "," RULE (
          "b", "approve", ",'when':{'facts.change_pct':{'gte':20}}")),
      "{'change_pct':25}", "change_pct 25 → below 20 would need no person" },
    { RULES (RULE ("a", "auto", ",'when':{'facts.x':{'lt':5}}") "," RULE (
          "b", "notify",
          ",'when':{'facts.x':{'lt':20}}") "," RULE ("c", "approve",
                                                     ",'when':{'facts.x':{'gte':20}}") "," RULE ("d", "deny",
                                                                                                 ",'when':{'facts.x':{'"
                                                                                                 "gt':50}}")),
      "{'x':25.5}", "x 25.5 → below 20 would need no person; x 25.5 → above 50 would be denied" },
    { RULES (RULE ("a", "approve", "") "," RULE ("b", "deny", ",'when':{'facts.live':{'eq':true}}")), "{'live':true}",
      "live true → false would be asked instead of denied" },
    { RULES (RULE ("a", "auto", ",'when':{'facts.kind':{'in':['a','b']}}") "," RULE (
          "b", "approve", ",'when':{'not':{'facts.kind':{'in':['a','b']}}}")),
      "{'kind':'c'}", "kind c → a would pass by itself" },
    /* Nothing that one fact changes: two. */
    { RULES (RULE ("a", "auto", ",'when':{'facts.x':{'lt':5},'facts.y':{'lt':5}}") "," RULE (
          "b", "approve", ",'when':{'any':[{'facts.x':{'gte':5}},{'facts.y':{'gte':5}}]}")),
      "{'x':6,'y':7}", "x 6 → below 5 and y 7 → below 5 would pass by itself" },
    { RULES (RULE ("a", "notify", ",'when':{'facts.x':{'lt':5}}") "," RULE ("b", "approve",
                                                                            ",'when':{'facts.x':{'gte':5}}")),
      "{}", "x missing → below 5 would need no person" },
    { "{'rules':[" RULE ("a", "auto", "") "],'freezes':[{'name':'sale','from':'2026-11-20T00:00:00Z',"
                                          "'to':'2026-12-01T00:00:00Z','decision':'deny'}]}",
      "{}", "at 2026-12-01 00:00 UTC would pass by itself" },
    { "{'rules':[" RULE ("a", "auto", "") "],'limits':[" DAILY "]}", "{'spend':800}",
      "spend 800 → 500 would pass by itself" },
    { RULES (RULE ("a", "approve", "")), "{}", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (RhVerdict) verdict = decide (table[i].document, table[i].facts);
      const char *flip = royal_json_string (json_node_get_object (verdict->explanation), "flip", "none");

      if (strcmp (flip, table[i].flip) != 0)
        g_error ("case %u: \"%s\", not \"%s\"", i, flip, table[i].flip);
    }
}

static void
test_explanation (void)
{
  g_autoptr (RhVerdict) verdict = decide (
      RULES (RULE ("b", "approve", ",'when':{'facts.x':{'gte':20}}") "," RULE ("a", "approve", "") "," RULE (
          "near", "deny", ",'when':{'facts.x':{'gt':30}}") ","
                                                           "{'name':'elsewhere','match':{'action':'campaign.update','"
                                                           "target':'fr-*'},'risk':'low','decision':'deny'},"
                                                           "{'name':'far','match':{'action':'price.*','target':'fr-*'},"
                                                           "'risk':'low','decision':'deny'}"),
      "{'x':25}");

  assert_json (verdict->explanation,
               "{'decision':'approve','rules':[{'name':'a','decision':'approve','truth':'yes','facts':{}},"
               "{'name':'b','decision':'approve','truth':'yes','facts':{'facts.x':25}}],"
               "'near':[{'name':'elsewhere','decision':'deny','misses':['target is de-7, not fr-*']},"
               "{'name':'near','decision':'deny','misses':['facts.x is 25, not above 30']}],"
               "'flips':[{'to':'deny','changes':[{'path':'facts.x','from':25,'to':31}],"
               "'text':'x 25 → above 30 would be denied'}],'flip':'x 25 → above 30 would be denied'}");
}

static void
test_sentences (void)
{
  g_autoptr (RhPolicy) policy = policy_of (
      "{'rules':[{'name':'a','match':{'action':['price.*','markdown.apply'],'agent':'pricing','target':'de-*'},'when':"
      "{'facts.change_pct':{'gte':20},'not':{'claims.confidence':{'gt':0.9}}},'risk':'high','decision':'approve',"
      "'approvers':{'roles':['admin'],'quorum':2,'four_eyes':true},'deadline_s':7200,'notify':['pricing'],"
      "'limits':[{'per':'agent','window_s':3600,'max':10,'then':'deny'}]}],"
      "'freezes':[{'name':'f','from':'2026-11-27','to':'2026-12-01','time_zone':'Europe/Berlin','decision':'deny'}]}");
  g_autoptr (JsonArray) sentences = rh_policy_sentences (policy);

  g_assert_cmpstr (
      royal_json_string (json_array_get_object_element (sentences, 0), "text", ""), ==,
      "For price.* or markdown.apply on de-* by pricing where change_pct is at least 20 and the claimed "
      "confidence is at most 0.9, a person is asked: 2 of admin, not who submitted or changed it, within "
      "2 h, else it expires; tells pricing; more than 10 proposals per agent within 3600 s: it is denied.");
  g_assert_cmpstr (royal_json_string (json_array_get_object_element (sentences, 1), "text", ""), ==,
                   "For any action, from 2026-11-27 00:00 Europe/Berlin until 2026-12-01 00:00 Europe/Berlin it is "
                   "denied.");
}

/* --- Several items, envelopes ------------------------------------------------------------------------------------- */

static void
test_items (void)
{
  g_autoptr (RhPolicy) policy =
      policy_of ("{'rules':[" RULE ("a", "auto", ",'when':{'facts.spend':{'lt':100}}") "," RULE (
          "b", "approve", ",'when':{'facts.spend':{'gte':100}}") "],'limits':[" DAILY "]}");
  static const char *const facts[][3] = { { "{'spend':10}", "{'spend':20}", "{'spend':30}" },
                                          { "{'spend':10}", "{'spend':200}", "{'spend':30}" },
                                          { "{'spend':99}", "{'spend':99}", "{'spend':99}" } };

  for (guint round = 0; round < G_N_ELEMENTS (facts); round++)
    {
      g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify)json_node_unref);
      g_autoptr (RhVerdict) verdict = NULL;
      RhPolicySubject subjects[9];
      guint n = round == 2 ? 9 : 3;
      JsonObject *limit;

      for (guint i = 0; i < n; i++)
        {
          g_ptr_array_add (nodes, json (facts[round][i % 3]));
          subjects[i] = (RhPolicySubject){ .agent = "ads",
                                           .action = "campaign.update",
                                           .target = "de-1",
                                           .at_s = NOON,
                                           .facts = json_node_get_object (nodes->pdata[i]) };
        }
      verdict = rh_policy_decide_items (policy, subjects, n);
      limit = json_array_get_object_element (json_node_get_array (verdict->limits), 0);
      g_assert_cmpuint (json_array_get_length (json_node_get_array (verdict->limits)), ==, 1);
      g_assert_cmpfloat (royal_json_double (limit, "amount", 0), ==, round == 0 ? 60 : (round == 1 ? 240 : 891));
      g_assert_cmpint (verdict->decision, ==, round == 0 ? RH_DECISION_AUTO : RH_DECISION_APPROVE);
      if (round == 1)
        g_assert_cmpint (royal_json_int (json_node_get_object (verdict->explanation), "item", 0), ==, 2);
      if (round == 2)
        g_assert_nonnull (strstr (verdict->reason, "limit daily asks a person"));
    }
}

static RhVerdict *
with_envelope (const char *document, const char *envelope, const char *facts, gint64 at_s, gboolean always_asks)
{
  g_autoptr (GPtrArray) envelopes = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_envelope_free);
  g_autoptr (RhPolicy) policy = policy_of (document);
  g_autoptr (JsonNode) e = json (envelope);
  g_autoptr (JsonNode) f = json (facts);
  g_autoptr (GError) error = NULL;
  RhPolicySubject subject = { .agent = "ads",
                              .action = "campaign.update",
                              .target = "de-7",
                              .at_s = at_s,
                              .facts = json_node_get_object (f),
                              .envelopes = envelopes,
                              .always_asks = always_asks };

  g_ptr_array_add (envelopes, rh_envelope_new (e, "envelope", &error));
  g_assert_no_error (error);
  return rh_policy_decide (policy, &subject);
}

#define ENVELOPE(rest)                                                                                                 \
  "{'id':'e1','match':{'agent':'ads','action':'campaign.*'},'when':{'facts.spend':{'lte':50}},"                        \
  "'from':'2026-11-01T00:00:00Z','until':'2026-12-01T00:00:00Z'" rest "}"

static void
test_envelopes (void)
{
  static const char asks[] = RULES (RULE ("a", "approve", ""));
  static const char denies[] = RULES (RULE ("a", "deny", ""));
  static const char frozen[] = "{'rules':[" RULE (
      "a", "approve", "") "],'freezes':[{'name':'sale',"
                          "'from':'2026-11-20T00:00:00Z','to':'2026-12-01T00:00:00Z','decision':'approve'}]}";
  static const struct {
    const char *document;
    const char *facts;
    gint64 at_s;
    gboolean always_asks;
    RhDecision decision;
  } table[] = {
    { asks, "{'spend':50}", NOON, FALSE, RH_DECISION_NOTIFY },
    { asks, "{'spend':50.1}", NOON, FALSE, RH_DECISION_APPROVE },
    { asks, "{}", NOON, FALSE, RH_DECISION_APPROVE },
    { asks, "{'spend':'few'}", NOON, FALSE, RH_DECISION_APPROVE },
    { asks, "{'spend':50}", NOON + 30 * 86400, FALSE, RH_DECISION_APPROVE },
    { asks, "{'spend':50}", NOON - 30 * 86400, FALSE, RH_DECISION_APPROVE },
    { asks, "{'spend':50}", 0, FALSE, RH_DECISION_APPROVE },
    { asks, "{'spend':50}", NOON, TRUE, RH_DECISION_APPROVE },
    { denies, "{'spend':50}", NOON, FALSE, RH_DECISION_DENY },
    { frozen, "{'spend':50}", NOON, FALSE, RH_DECISION_APPROVE },
  };
  g_autoptr (RhVerdict) counted = with_envelope (asks, ENVELOPE (",'max':3"), "{'spend':1}", NOON, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (RhVerdict) verdict =
          with_envelope (table[i].document, ENVELOPE (""), table[i].facts, table[i].at_s, table[i].always_asks);

      if (verdict->decision != table[i].decision)
        g_error ("case %u: %s: %s", i, rh_decision_name (verdict->decision), verdict->reason);
      g_assert_cmpstr (verdict->envelope, ==, verdict->decision == RH_DECISION_NOTIFY ? "e1" : NULL);
    }
  g_assert_cmpint (counted->decision, ==, RH_DECISION_NOTIFY);
  assert_json (counted->limits, "[{'name':'envelope:e1','key':'envelope:e1','amount':1.0,'max':3.0,'window_s':1684801,"
                                "'decision':'approve','risk':'low'}]");
}

static void
test_always_asks (void)
{
  g_autoptr (RhPolicy) policy = policy_of (RULES (RULE ("a", "auto", "")));
  RhPolicySubject subject = { .agent = "any", .action = "policy.change", .always_asks = TRUE };
  g_autoptr (RhVerdict) verdict = rh_policy_decide (policy, &subject);

  g_assert_cmpint (verdict->decision, ==, RH_DECISION_APPROVE);
  assert_json (verdict->asks, "{'roles':['admin'],'quorum':1,'four_eyes':false,'at_deadline':'expire'}");
  g_assert_cmpstr (verdict->reason, ==, "policy.change always asks a person");
}

static void
test_globs (void)
{
  static const struct {
    const char *globs;
    const char *text;
    gboolean match;
  } table[] = {
    { "['a','b*']", "b", TRUE },
    { "['a','b*']", "c", FALSE },
    { "['*']", "", TRUE },
    { "['?']", "ü", TRUE },
    { "['?']", "", FALSE },
    { "['?']", "ab", FALSE },
    { "['a*c']", "abbc", TRUE },
    { "['a*c']", "abbcd", FALSE },
    { "['*a*b*']", "xxaxxbxx", TRUE },
    { "['*ab']", "aab", TRUE },
    { "['*ab']", "aabc", FALSE },
    { "['a?c*']", "aücx", TRUE },
    { "['a**c']", "ac", TRUE },
    { "['price.*']", "price", FALSE },
    { "['*.set']", "price.set", TRUE },
  };
  g_autofree char *hard = g_strnfill (200, 'a');
  g_autoptr (JsonNode) pattern = json ("['*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b']");
  g_autoptr (RhGlobs) slow = rh_globs_new (pattern);
  gint64 start_us = g_get_monotonic_time ();

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) node = json (table[i].globs);
      g_autoptr (RhGlobs) globs = rh_globs_new (node);

      if (rh_globs_match (globs, table[i].text) != table[i].match)
        g_error ("%s over %s: expected %d", table[i].globs, table[i].text, table[i].match);
    }
  g_assert_false (rh_globs_match (slow, hard));
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, 1000000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy-verdict/asks", test_asks);
  g_test_add_func ("/policy-verdict/asks-refused", test_asks_refused);
  g_test_add_func ("/policy-verdict/limits", test_limits);
  g_test_add_func ("/policy-verdict/windows", test_windows);
  g_test_add_func ("/policy-verdict/flips", test_flips);
  g_test_add_func ("/policy-verdict/explanation", test_explanation);
  g_test_add_func ("/policy-verdict/sentences", test_sentences);
  g_test_add_func ("/policy-verdict/items", test_items);
  g_test_add_func ("/policy-verdict/envelopes", test_envelopes);
  g_test_add_func ("/policy-verdict/always-asks", test_always_asks);
  g_test_add_func ("/policy-verdict/globs", test_globs);
  return g_test_run ();
}
