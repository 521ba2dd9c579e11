/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-backtest.h"
#include "rh-policy-diff.h"
#include "rh-sample.h"
#include "rh-suggest.h"
#include "royal-json.h"

#include <string.h>

/* Policies over what was recorded, and against each other. */

#define NOON 1795176000

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

#define PRICES(edge)                                                                                                   \
  "{'rules':[{'name':'small','match':{'action':'price.*'},'when':{'facts.x':{'lt':" edge "}},'risk':'low',"            \
  "'decision':'notify'},{'name':'large','match':{'action':'price.*'},'when':{'facts.x':{'gte':" edge "}},"             \
  "'risk':'high','decision':'approve'}]}"

/* (transfer full): a recorded proposal. */
static JsonNode *
record_of (guint i, double x, const char *decision, const char *state)
{
  g_autofree char *text = g_strdup_printf (
      "{'id':'p%u','at_s':%d,'workspace':'demo','cluster':'c','agent':'a','action':'price.set','target':'t%u',"
      "'parameters':{'price':%u},'facts':{'x':%.2f},'claims':{'revenue':100},'state':'%s','decision':'%s',"
      "'reason':'r','rules':['%s'],'waited_s':%u,'receipt':{'revenue':80},'superseded_by':null,'items':null}",
      i, NOON + (int)i, i % 7, i, x, state, decision, strcmp (decision, "approve") == 0 ? "large" : "small", i % 600);

  return json (text);
}

static void
feed (RhBacktest *backtest, guint i, double x, const char *decision, const char *expected)
{
  g_autoptr (JsonNode) record = record_of (i, x, decision, "executed");
  g_autoptr (JsonNode) line = rh_backtest_add (backtest, json_node_get_object (record));

  g_assert_cmpstr (line != NULL ? royal_json_string (json_node_get_object (line), "to", "") : NULL, ==, expected);
}

static void
assert_summary (RhBacktest *backtest, guint n, guint differ)
{
  g_autoptr (JsonNode) summary = rh_backtest_summary (backtest);

  g_assert_cmpint (royal_json_int (json_node_get_object (summary), "proposals", -1), ==, n);
  g_assert_cmpint (royal_json_int (json_node_get_object (summary), "differ", -1), ==, differ);
}

static void
test_backtest (void)
{
  g_autoptr (RhPolicy) policy = policy_of (PRICES ("30"));
  g_autoptr (RhBacktest) backtest = rh_backtest_new (policy);

  feed (backtest, 1, 10, "notify", NULL);
  feed (backtest, 2, 20, "approve", "notify");
  feed (backtest, 3, 30, "approve", NULL);
  feed (backtest, 4, 25, "notify", NULL);
  feed (backtest, 5, 35, "notify", "approve");
  assert_summary (backtest, 5, 2);
}

/* Limits add up over what is replayed, and let go what has left their window. */
static void
test_limits (void)
{
  g_autoptr (RhPolicy) policy =
      policy_of ("{'rules':[{'name':'all','match':{'action':'*'},'risk':'low','decision':'auto',"
                 "'limits':[{'sum':'facts.x','per':'agent','window_s':10,'max':100,'then':'deny'}]}]}");
  g_autoptr (RhBacktest) backtest = rh_backtest_new (policy);

  feed (backtest, 0, 60, "auto", NULL);
  feed (backtest, 1, 40, "auto", NULL);
  feed (backtest, 2, 1, "auto", "deny");
  feed (backtest, 10, 60, "auto", NULL);
  feed (backtest, 11, 41, "auto", "deny");
  feed (backtest, 11, 40, "auto", NULL);
  assert_summary (backtest, 6, 2);
}

static void
test_items (void)
{
  g_autoptr (RhPolicy) policy = policy_of (PRICES ("20"));
  g_autoptr (RhBacktest) backtest = rh_backtest_new (policy);
  g_autoptr (JsonNode) record = json (
      "{'id':'p','at_s':1,'agent':'a','action':'price.set','target':'2 items','facts':{'items':2,'x_max':25},"
      "'claims':{},'parameters':{},'state':'executed','decision':'notify','reason':'r','rules':[],"
      "'items':[{'target':'a','parameters':{},'facts':{'x':5}},{'target':'b','parameters':{},'facts':{'x':25}}]}");
  g_autoptr (JsonNode) line = rh_backtest_add (backtest, json_node_get_object (record));

  g_assert_nonnull (line);
  g_assert_cmpstr (royal_json_string (json_node_get_object (line), "to", ""), ==, "approve");
}

/* Ten thousand, read from text as they come from the database, against the shipped policy. */
static void
test_speed (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "..", "manifests", "policy.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) document = NULL;
  g_autoptr (RhPolicy) policy = NULL;
  g_autoptr (RhBacktest) backtest = NULL;
  gint64 start_us;
  double seconds;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  document = royal_json_parse (text, -1, "policy", NULL);
  policy = rh_policy_new (document, "policy", NULL);
  g_assert_nonnull (policy);
  backtest = rh_backtest_new (policy);
  start_us = g_get_monotonic_time ();
  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *row = g_strdup_printf (
          "{\"id\":\"p%u\",\"at_s\":%d,\"workspace\":\"demo\",\"cluster\":\"product\",\"agent\":\"pricing\",\"action\":"
          "\"shopify.price.update\",\"target\":\"sku-%u\",\"parameters\":{\"price\":19.99},\"facts\":{\"change_pct\":%"
          "u,"
          "\"margin_after\":3.5,\"below_floor\":false,\"items\":1,\"inverse\":false},\"claims\":{\"confidence\":0.9},"
          "\"state\":\"executed\",\"decision\":\"notify\",\"reason\":\"rule price-below-20\",\"rules\":[]}",
          i, NOON + (int)i, i, i % 40);
      g_autoptr (JsonNode) record = royal_json_parse (row, -1, "record", NULL);
      g_autoptr (JsonNode) line = rh_backtest_add (backtest, json_node_get_object (record));

      g_assert_true ((line != NULL) == (i % 40 >= 20));
    }
  seconds = (double)(g_get_monotonic_time () - start_us) / G_USEC_PER_SEC;
  g_test_message ("10,000 proposals in %.3f s", seconds);
  assert_summary (backtest, 10000, 5000);
}

/* What the gate pays for a decision. */
static void
test_decision_speed (void)
{
  g_autoptr (RhPolicy) policy = policy_of (PRICES ("20"));
  g_autoptr (JsonNode) facts = json ("{'x':5}");
  RhPolicySubject subject = {
    .agent = "a", .action = "price.set", .target = "t", .facts = json_node_get_object (facts), .at_s = NOON
  };
  gint64 start_us = g_get_monotonic_time ();

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (RhVerdict) verdict = rh_policy_decide (policy, &subject);

      g_assert_cmpint (verdict->decision, ==, RH_DECISION_NOTIFY);
    }
  g_test_message ("a decision takes %.2f us", (double)(g_get_monotonic_time () - start_us) / 20000);
}

/* --- Suggestions -------------------------------------------------------------------------------------------------- */

static void
add (RhSuggest *suggest, guint from, guint n, double x, double step, const char *decision, const char *state)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (JsonNode) record = record_of (from + i, x + i * step, decision, state);

      rh_suggest_add (suggest, json_node_get_object (record));
    }
}

static JsonObject *
only_suggestion (JsonNode *answer)
{
  JsonArray *list = royal_json_array (json_node_get_object (answer), "suggestions");

  g_assert_cmpuint (json_array_get_length (list), ==, 1);
  return json_array_get_object_element (list, 0);
}

static void
assert_decides (JsonNode *answer, double x, RhDecision expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhPolicy) policy =
      rh_policy_new (json_object_get_member (json_node_get_object (answer), "policy"), "suggested", &error);
  g_autoptr (JsonNode) record = record_of (0, x, "approve", "executed");
  RhPolicySubject subject = { .agent = "a",
                              .action = "price.set",
                              .facts = royal_json_object (json_node_get_object (record), "facts") };

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (royal_json_string (json_node_get_object (answer), "version", "")), ==, 64);
  g_assert_cmpstr (royal_json_string (json_node_get_object (answer), "version", ""), !=, rh_policy_version (policy));
  g_assert_cmpint (rh_policy_decision (policy, &subject), ==, expected);
}

/* People approve nearly everything up to 27, and reject from 28 on. */
static void
test_loosen (void)
{
  g_autoptr (RhPolicy) policy = policy_of (PRICES ("20"));
  g_autoptr (RhSuggest) suggest = rh_suggest_new (policy);
  g_autoptr (JsonNode) answer = NULL;
  JsonObject *track;

  add (suggest, 0, 36, 20, 0.2, "approve", "executed");
  add (suggest, 100, 9, 28, 1, "approve", "rejected");
  add (suggest, 200, 20, 5, 0.1, "notify", "executed");
  answer = rh_suggest_finish (suggest);
  g_assert_cmpstr (royal_json_string (only_suggestion (answer), "kind", ""), ==, "loosen");
  g_assert_cmpfloat (royal_json_double (only_suggestion (answer), "to", 0), ==, 27);
  assert_decides (answer, 26.9, RH_DECISION_NOTIFY);
  assert_decides (answer, 27, RH_DECISION_APPROVE);
  assert_decides (answer, 28, RH_DECISION_APPROVE);
  track = json_array_get_object_element (royal_json_array (json_node_get_object (answer), "rules"), 0);
  g_assert_cmpstr (royal_json_string (track, "rule", ""), ==, "large");
  g_assert_cmpint (royal_json_int (track, "asked", 0), ==, 45);
  g_assert_cmpint (royal_json_int (track, "approved", 0), ==, 36);
  g_assert_cmpfloat (royal_json_double (track, "approval_rate", 0), ==, 0.8);
  g_assert_cmpfloat (royal_json_double (track, "realised", 0), ==, 45 * 80);
}

/* Much of what passed above 12 was undone. */
static void
test_tighten (void)
{
  g_autoptr (RhPolicy) policy = policy_of (PRICES ("20"));
  g_autoptr (RhSuggest) suggest = rh_suggest_new (policy);
  g_autoptr (JsonNode) answer = NULL;

  add (suggest, 0, 30, 1, 0.3, "notify", "executed");
  add (suggest, 100, 8, 12.5, 0.5, "notify", "undone");
  answer = rh_suggest_finish (suggest);
  g_assert_cmpstr (royal_json_string (only_suggestion (answer), "kind", ""), ==, "tighten");
  assert_decides (answer, 11, RH_DECISION_NOTIFY);
  assert_decides (answer, 12.5, RH_DECISION_APPROVE);
}

static void
test_nothing (void)
{
  static const struct {
    guint n;
    const char *state;
  } table[] = { { 5, "executed" }, { 40, "rejected" }, { 40, "expired" } };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (RhPolicy) policy = policy_of (PRICES ("20"));
      g_autoptr (RhSuggest) suggest = rh_suggest_new (policy);
      g_autoptr (JsonNode) answer = NULL;

      add (suggest, 0, table[i].n, 20, 0.1, "approve", table[i].state);
      answer = rh_suggest_finish (suggest);
      g_assert_cmpuint (json_array_get_length (royal_json_array (json_node_get_object (answer), "suggestions")), ==, 0);
      g_assert_true (JSON_NODE_HOLDS_NULL (json_object_get_member (json_node_get_object (answer), "policy")));
    }
}

static void
test_modified (void)
{
  g_autoptr (RhPolicy) policy = policy_of (PRICES ("20"));
  g_autoptr (RhSuggest) suggest = rh_suggest_new (policy);
  g_autoptr (JsonNode) record =
      json ("{'id':'p','at_s':1,'agent':'a','action':'price.set','facts':{'x':25},'claims':{},'parameters':{'price':10,"
            "'note':'n'},'state':'superseded','decision':'approve','rules':['large'],'superseded_by':{'price':8}}");
  g_autoptr (JsonNode) answer = NULL;
  JsonObject *track;

  rh_suggest_add (suggest, json_node_get_object (record));
  answer = rh_suggest_finish (suggest);
  track = json_array_get_object_element (royal_json_array (json_node_get_object (answer), "rules"), 0);
  g_assert_cmpint (royal_json_int (track, "modified", 0), ==, 1);
  g_assert_cmpfloat_with_epsilon (royal_json_double (track, "modification_distance", 0), 0.2, 1e-9);
}

/* A run that was cancelled, or a grant that was taken, withdrew it: no person changed or answered anything. */
static void
test_withdrawn (void)
{
  g_autoptr (RhPolicy) policy = policy_of (PRICES ("20"));
  g_autoptr (RhSuggest) suggest = rh_suggest_new (policy);
  g_autoptr (JsonNode) record = json (
      "{'id':'p','at_s':1,'agent':'a','action':'price.set','facts':{'x':25},'claims':{},'parameters':{'price':10},"
      "'state':'superseded','decision':'approve','rules':['large'],'waited_s':7,'superseded_by':null}");
  g_autoptr (JsonNode) answer = NULL;
  JsonObject *track;

  rh_suggest_add (suggest, json_node_get_object (record));
  answer = rh_suggest_finish (suggest);
  track = json_array_get_object_element (royal_json_array (json_node_get_object (answer), "rules"), 0);
  g_assert_cmpint (royal_json_int (track, "n", 0), ==, 1);
  g_assert_cmpint (royal_json_int (track, "asked", 0), ==, 1);
  g_assert_cmpint (royal_json_int (track, "modified", -1), ==, 0);
  g_assert_false (json_object_has_member (track, "median_wait_s"));
  g_assert_false (json_object_has_member (track, "modification_distance"));
}

/* --- Samples and differences -------------------------------------------------------------------------------------- */

static void
test_sample (void)
{
  g_autoptr (RhPolicy) policy = policy_of (PRICES ("20"));
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json ("{'agent':'a','action':'price.set','facts':{'x':25},'at':'2026-11-20T12:00:00Z'}");
  g_autoptr (RhSample) sample = rh_sample_new (node, 0, "s.json", &error);
  g_autoptr (JsonNode) verdict = rh_sample_decide (sample, policy);
  g_autoptr (JsonNode) odd = json ("{'agent':'a','action':'b','fact':{}}");
  guint n;

  g_assert_cmpint (rh_sample_subjects (sample, &n)->at_s, ==, NOON);
  g_assert_cmpstr (royal_json_string (json_node_get_object (verdict), "decision", ""), ==, "approve");
  g_assert_null (rh_sample_new (odd, 0, "s.json", &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "fact"));
}

static void
test_diff (void)
{
  g_autoptr (RhPolicy) a = policy_of (PRICES ("20"));
  g_autoptr (RhPolicy) same = policy_of (
      "{'description':'d','rules':[{'name':'large','match':{'action':'price.*'},'when':{'facts.x':{'gte':20}},"
      "'risk':'high','decision':'approve','description':'e'},{'name':'small','match':{'action':'price.*'},'when':"
      "{'facts.x':{'lt':20}},'risk':'low','decision':'notify'}]}");
  g_autoptr (RhPolicy) b = policy_of ("{'rules':[{'name':'large','match':{'action':'price.*'},'when':{'facts.x':{'gte':"
                                      "30}},'risk':'high','decision':'approve'}],'freezes':[{'name':'sale','from':"
                                      "'2026-11-27T00:00:00Z','to':'2026-12-01T00:00:00Z','decision':'deny'}]}");
  g_autoptr (JsonArray) none = rh_policy_diff (a, same);
  g_autoptr (JsonArray) some = rh_policy_diff (a, b);
  static const char *const expected[][2] = { { "large", "changed" }, { "sale", "added" }, { "small", "removed" } };

  g_assert_cmpuint (json_array_get_length (none), ==, 0);
  g_assert_cmpuint (json_array_get_length (some), ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      JsonObject *entry = json_array_get_object_element (some, i);

      g_assert_cmpstr (royal_json_string (entry, "name", ""), ==, expected[i][0]);
      g_assert_cmpstr (royal_json_string (entry, "change", ""), ==, expected[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy-replay/backtest", test_backtest);
  g_test_add_func ("/policy-replay/limits", test_limits);
  g_test_add_func ("/policy-replay/items", test_items);
  g_test_add_func ("/policy-replay/speed", test_speed);
  g_test_add_func ("/policy-replay/decision-speed", test_decision_speed);
  g_test_add_func ("/policy-replay/loosen", test_loosen);
  g_test_add_func ("/policy-replay/tighten", test_tighten);
  g_test_add_func ("/policy-replay/nothing", test_nothing);
  g_test_add_func ("/policy-replay/modified", test_modified);
  g_test_add_func ("/policy-replay/withdrawn", test_withdrawn);
  g_test_add_func ("/policy-replay/sample", test_sample);
  g_test_add_func ("/policy-replay/diff", test_diff);
  return g_test_run ();
}
