/* SPDX-License-Identifier: Apache-2.0 */
#include "ceo-diary.h"
#include "ceo-world.h"

#include <math.h>
#include <string.h>
#include <trade-table.h>

#define HOUR_MS 3600000

static void
read_rules (JsonObject *config, CeoRules *rules)
{
  static const double usual[CEO_N_PARTS] = { 0.4, 0.25, 0.25, 0.1 };
  JsonObject *weights =
      json_object_has_member (config, "weights") ? json_object_get_object_member (config, "weights") : NULL;
  double sum = 0;

  for (guint i = 0; i < CEO_N_PARTS; i++)
    {
      const char *name = ceo_part_name ((CeoPart)i);

      rules->weights[i] =
          weights != NULL ? json_object_get_double_member_with_default (weights, name, usual[i]) : usual[i];
      sum += rules->weights[i];
    }
  if (!(sum > 0))
    memcpy (rules->weights, usual, sizeof usual);
  rules->min_margin = json_object_get_double_member_with_default (config, "min_margin", 0.3);
  rules->approve_at = json_object_get_double_member_with_default (config, "approve_at", 0.5);
  rules->reject_below = json_object_get_double_member_with_default (config, "reject_below", 0.25);
  rules->first_order = json_object_get_double_member_with_default (config, "first_order", 20);
  rules->max_stake = json_object_get_double_member_with_default (config, "max_stake", 1000);
}

static void
read_bounds (JsonObject *config, CeoBounds *bounds)
{
  bounds->revenue_drop = json_object_get_double_member_with_default (config, "revenue_drop", 0.3);
  bounds->failure_rate = json_object_get_double_member_with_default (config, "failure_rate", 0.5);
  bounds->min_launches = json_object_get_double_member_with_default (config, "min_launches", 5);
  bounds->conversion_gap = json_object_get_double_member_with_default (config, "conversion_gap", 0.3);
}

/* (transfer full): what is wrong with how it goes; NULL with @error set when that cannot be read. */
static GPtrArray *
read_alerts (RoyalRun *run, JsonObject *goals, CeoSignals *signals, GError **error)
{
  CeoBounds bounds;

  if (!ceo_signals (run, signals, error))
    return NULL;
  read_bounds (royal_run_config (run), &bounds);
  return ceo_alerts (signals, ceo_goal (goals, "conversion"), &bounds);
}

static CeoVerdict
verdict_of (JsonObject *input)
{
  const char *verdict = json_object_get_string_member (input, "verdict");

  return strcmp (verdict, "pass") == 0  ? CEO_SUPPLIER_PASS
         : strcmp (verdict, "ask") == 0 ? CEO_SUPPLIER_ASK
                                        : CEO_SUPPLIER_FAIL;
}

static gboolean
read_case (RoyalRun *run, JsonObject *input, CeoCase *product, GPtrArray **ret_alerts, GError **error)
{
  CeoSignals signals;
  gint64 price = 0;
  gint64 cost = 0;
  g_autoptr (JsonObject) goals = NULL;

  if (!trade_input_cents (input, "price", &price, error) || !trade_input_cents (input, "cost", &cost, error))
    return FALSE;
  if (price == 0)
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/price: expected an amount above 0");
      return FALSE;
    }
  goals = ceo_goals (run, error);
  if (goals == NULL)
    return FALSE;
  product->price = (double)price / 100;
  product->cost = (double)cost / 100;
  product->supplier = json_object_get_double_member_with_default (input, "supplier_score", NAN);
  product->verdict = verdict_of (input);
  product->goal_margin = ceo_goal (goals, "margin");
  product->goal_revenue = ceo_goal (goals, "revenue");
  *ret_alerts = read_alerts (run, goals, &signals, error);
  if (*ret_alerts == NULL)
    return FALSE;
  product->alert = (*ret_alerts)->len > 0 ? (*ret_alerts)->pdata[0] : NULL;
  return ceo_demand (run, json_object_get_string_member (input, "product"), &product->sold, &product->demand, error);
}

/* What follows, in words: a decision gives its first reason, or the score. */
static char *
headline (const CeoWeighed *weighed, const GPtrArray *reasons, const char *why)
{
  return g_strdup (weighed->decision == CEO_APPROVE || reasons->len == 0 ? why : reasons->pdata[0]);
}

static JsonObject *
describe (const CeoCase *product, const CeoWeighed *weighed, const CeoRules *rules)
{
  JsonObject *result = json_object_new ();
  JsonObject *parts = json_object_new ();
  g_autoptr (GPtrArray) reasons = ceo_reasons (product, weighed, rules);
  g_autofree char *why = ceo_explain (product, weighed);
  g_autofree char *reason = headline (weighed, reasons, why);

  for (guint i = 0; i < CEO_N_PARTS; i++)
    if (weighed->known[i])
      json_object_set_double_member (parts, ceo_part_name ((CeoPart)i), trade_rounded (weighed->parts[i]));
    else
      json_object_set_null_member (parts, ceo_part_name ((CeoPart)i));
  json_object_set_string_member (result, "decision", ceo_decision_name (weighed->decision));
  json_object_set_string_member (result, "reason", reason);
  json_object_set_double_member (result, "score", trade_rounded (weighed->score));
  json_object_set_double_member (result, "margin", trade_rounded (weighed->margin));
  json_object_set_double_member (result, "target", trade_rounded (weighed->target));
  json_object_set_double_member (result, "confidence", trade_rounded (weighed->confidence));
  json_object_set_object_member (result, "parts", parts);
  json_object_set_string_member (result, "why", why);
  json_object_set_array_member (result, "reasons", trade_texts (reasons));
  return result;
}

/* What a person is asked, where one is. */
static void
add_question (JsonObject *result, JsonObject *input)
{
  g_autofree char *question = g_strdup_printf (
      "Sell %s by %s at %s, at a cost of %s? %s", json_object_get_string_member_with_default (input, "title", ""),
      json_object_get_string_member_with_default (input, "supplier", "an unnamed supplier"),
      json_object_get_string_member (input, "price"), json_object_get_string_member (input, "cost"),
      json_object_get_string_member (result, "reason"));

  json_object_set_string_member (result, "question", question);
}

static JsonObject *
diary_entry (JsonObject *input, JsonObject *result)
{
  static const char *const of_result[] = { "decision", "reason", "score", "margin" };
  JsonObject *entry = json_object_new ();

  json_object_set_string_member (entry, "product", json_object_get_string_member (input, "product"));
  json_object_set_string_member (entry, "title", json_object_get_string_member_with_default (input, "title", ""));
  for (guint i = 0; i < G_N_ELEMENTS (of_result); i++)
    json_object_set_member (entry, of_result[i], json_node_copy (json_object_get_member (result, of_result[i])));
  return entry;
}

static JsonNode *
weigh (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (JsonObject) result = NULL;
  g_autoptr (GPtrArray) alerts = NULL;
  CeoCase product = { 0 };
  CeoRules rules;
  CeoWeighed weighed;

  read_rules (royal_run_config (run), &rules);
  if (!read_case (run, input, &product, &alerts, error))
    return NULL;
  weighed = ceo_weigh (&product, &rules);
  result = describe (&product, &weighed, &rules);
  add_question (result, input);
  if (!ceo_diary_put (run, diary_entry (input, result), error))
    return NULL;
  return trade_node (g_steal_pointer (&result));
}

/* --- How it goes -------------------------------------------------------------------------------------------------- */

/* (transfer full): the alerts as one text. */
static char *
joined (const GPtrArray *alerts)
{
  GString *words = g_string_new (NULL);

  for (guint i = 0; i < alerts->len; i++)
    g_string_append_printf (words, "%s%s", i > 0 ? " " : "", (const char *)alerts->pdata[i]);
  return g_string_free (words, FALSE);
}

static JsonNode *
watch (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (JsonObject) goals = ceo_goals (run, error);
  g_autoptr (GPtrArray) alerts = NULL;
  g_autofree char *words = NULL;
  CeoSignals signals;
  JsonObject *result;
  double conversion;

  (void)input;
  alerts = goals != NULL ? read_alerts (run, goals, &signals, error) : NULL;
  if (alerts == NULL)
    return NULL;
  conversion = ceo_conversion (&signals);
  words = joined (alerts);
  result = json_object_new ();
  json_object_set_int_member (result, "standing", alerts->len);
  json_object_set_array_member (result, "alerts", trade_texts (alerts));
  if (isnan (conversion))
    json_object_set_null_member (result, "conversion");
  else
    json_object_set_double_member (result, "conversion", trade_rounded (conversion));
  json_object_set_string_member (result, "summary", alerts->len > 0 ? words : "No alert stands.");
  return trade_node (result);
}

/* --- The digest --------------------------------------------------------------------------------------------------- */

static guint
count (JsonArray *decisions, const char *decision)
{
  guint n = 0;

  for (guint i = 0; i < json_array_get_length (decisions); i++)
    if (strcmp (
            json_object_get_string_member_with_default (json_array_get_object_element (decisions, i), "decision", ""),
            decision) == 0)
      n++;
  return n;
}

/* How many opportunities are open, and the mean of their margins; NAN when there is none. */
static gboolean
read_open (RoyalRun *run, guint *ret_n, double *ret_margin, GError **error)
{
  g_autoptr (JsonNode) node = royal_run_get (run, "catalog.opportunities", NULL, error);
  JsonArray *list;
  double sum = 0;

  if (node == NULL)
    return FALSE;
  list = JSON_NODE_HOLDS_OBJECT (node) && json_object_has_member (json_node_get_object (node), "opportunities")
             ? json_object_get_array_member (json_node_get_object (node), "opportunities")
             : NULL;
  *ret_n = 0;
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *one = json_array_get_object_element (list, i);

      if (strcmp (json_object_get_string_member_with_default (one, "state", ""), "open") != 0)
        continue;
      sum += json_object_get_double_member_with_default (one, "margin", 0);
      (*ret_n)++;
    }
  *ret_margin = *ret_n > 0 ? sum / *ret_n : NAN;
  return TRUE;
}

static void
append_goal (GString *words, JsonObject *goals, double margin)
{
  double goal = ceo_goal (goals, "margin");

  if (isnan (goal))
    g_string_append (words, " Nobody has set a goal for the margin, so each product is asked for.");
  else if (!isnan (margin))
    g_string_append_printf (words, " Their mean margin is %.1f %%, where %.1f %% is the goal.", margin * 100,
                            goal * 100);
}

/* What is wrong, and of the conversion where it stands, which an alert says already. */
static void
append_signals (GString *words,
                const CeoSignals *signals,
                JsonObject *goals,
                const CeoBounds *bounds,
                const GPtrArray *alerts)
{
  double goal = ceo_goal (goals, "conversion");
  double conversion = ceo_conversion (signals);
  g_autofree char *wrong = joined (alerts);

  if (!isnan (conversion) && !isnan (goal) && !ceo_converts_badly (signals, goal, bounds))
    g_string_append_printf (words, " Of a hundred visits %.1f order, where %.1f is the goal.", conversion * 100,
                            goal * 100);
  if (alerts->len > 0)
    g_string_append_printf (words, " Alerts, as long as which no product is taken without a person: %s", wrong);
}

static JsonNode *
digest (RoyalRun *run, JsonObject *input, GError **error)
{
  gint64 hours = json_object_get_int_member_with_default (input, "hours", 24);
  g_autoptr (JsonArray) decisions = ceo_diary_since (run, g_get_real_time () / 1000 - hours * HOUR_MS, error);
  g_autoptr (JsonObject) goals = NULL;
  g_autoptr (GString) words = g_string_new (NULL);
  g_autoptr (GPtrArray) alerts = NULL;
  CeoSignals signals;
  CeoBounds bounds;
  JsonObject *result;
  guint counts[CEO_REJECT + 1];
  double margin;
  guint open;

  if (decisions == NULL)
    return NULL;
  goals = ceo_goals (run, error);
  if (goals == NULL || !read_open (run, &open, &margin, error))
    return NULL;
  alerts = read_alerts (run, goals, &signals, error);
  if (alerts == NULL)
    return NULL;
  result = json_object_new ();
  for (guint i = 0; i <= CEO_REJECT; i++)
    {
      counts[i] = count (decisions, ceo_decision_name ((CeoDecision)i));
      json_object_set_int_member (result, ceo_decision_name ((CeoDecision)i), counts[i]);
    }
  g_string_append_printf (
      words, "In %" G_GINT64_FORMAT " hours %u products were decided on: %u approved, %u asked for, %u rejected.",
      hours, json_array_get_length (decisions), counts[CEO_APPROVE], counts[CEO_ASK], counts[CEO_REJECT]);
  g_string_append_printf (words, " %u opportunities are open.", open);
  append_goal (words, goals, margin);
  read_bounds (royal_run_config (run), &bounds);
  append_signals (words, &signals, goals, &bounds, alerts);
  json_object_set_int_member (result, "open", open);
  json_object_set_array_member (result, "alerts", trade_texts (alerts));
  json_object_set_object_member (result, "goals", g_steal_pointer (&goals));
  json_object_set_string_member (result, "summary", words->str);
  json_object_set_array_member (result, "decisions", g_steal_pointer (&decisions));
  return trade_node (result);
}

ROYAL_AGENT (ROYAL_TASK ("weigh", weigh), ROYAL_TASK ("watch", watch), ROYAL_TASK ("digest", digest))
