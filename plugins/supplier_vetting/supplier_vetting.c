/* SPDX-License-Identifier: Apache-2.0 */
#include "vetting-records.h"

#include <string.h>
#include <trade-table.h>

#define OPPORTUNITIES "catalog.opportunities"

static void
read_rules (JsonObject *config, VettingRules *rules)
{
  static const double usual[VETTING_N_PARTS] = { 0.3, 0.25, 0.2, 0.15, 0.1 };
  JsonObject *weights =
      json_object_has_member (config, "weights") ? json_object_get_object_member (config, "weights") : NULL;
  double sum = 0;

  for (guint i = 0; i < VETTING_N_PARTS; i++)
    {
      const char *name = vetting_part_name ((VettingPart)i);

      rules->weights[i] =
          weights != NULL ? json_object_get_double_member_with_default (weights, name, usual[i]) : usual[i];
      sum += rules->weights[i];
    }
  if (!(sum > 0))
    memcpy (rules->weights, usual, sizeof usual);
  rules->prior = json_object_get_double_member_with_default (config, "prior", 20);
  rules->max_failed = json_object_get_double_member_with_default (config, "max_failed", 0.1);
  rules->max_late = json_object_get_double_member_with_default (config, "max_late", 0.3);
  rules->min_rating = json_object_get_double_member_with_default (config, "min_rating", 3);
  rules->min_orders = json_object_get_double_member_with_default (config, "min_orders", 20);
  rules->pass_at = json_object_get_double_member_with_default (config, "pass_at", 0.6);
  rules->fail_below = json_object_get_double_member_with_default (config, "fail_below", 0.3);
}

/* Adds the scorecard of a supplier to @object. */
static void
describe (const char *supplier,
          const VettingRecord *record,
          const VettingCard *card,
          const VettingRules *rules,
          JsonObject *object)
{
  JsonObject *parts = json_object_new ();
  g_autofree char *why = vetting_explain (record, card, rules);
  g_autoptr (GPtrArray) risks = vetting_risks (record, card, rules);

  for (guint i = 0; i < VETTING_N_PARTS; i++)
    if (card->known[i])
      json_object_set_double_member (parts, vetting_part_name ((VettingPart)i), trade_rounded (card->parts[i]));
    else
      json_object_set_null_member (parts, vetting_part_name ((VettingPart)i));
  json_object_set_string_member (object, "supplier", supplier);
  json_object_set_string_member (object, "verdict", vetting_verdict_name (card->verdict));
  json_object_set_double_member (object, "score", trade_rounded (card->score));
  json_object_set_object_member (object, "parts", parts);
  json_object_set_string_member (object, "why", why);
  json_object_set_string_member (object, "risk", risks->len > 0 ? risks->pdata[0] : "");
  json_object_set_array_member (object, "risks", trade_texts (risks));
}

/* The opportunity of @product that is open: (transfer full) (nullable). */
static gboolean
find_opportunity (RoyalRun *run, const char *product, JsonObject **ret_opportunity, GError **error)
{
  g_autoptr (JsonNode) node = royal_run_get (run, OPPORTUNITIES, NULL, error);
  JsonArray *list;

  *ret_opportunity = NULL;
  if (node == NULL)
    return FALSE;
  list = JSON_NODE_HOLDS_OBJECT (node) && json_object_has_member (json_node_get_object (node), "opportunities")
             ? json_object_get_array_member (json_node_get_object (node), "opportunities")
             : NULL;
  for (guint i = 0; list != NULL && *ret_opportunity == NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *one = json_array_get_object_element (list, i);

      if (strcmp (json_object_get_string_member_with_default (one, "product", ""), product) == 0 &&
          strcmp (json_object_get_string_member_with_default (one, "state", ""), "open") == 0)
        *ret_opportunity = json_object_ref (one);
    }
  return TRUE;
}

/* Nobody looks into the product, or does no longer. */
static JsonNode *
answer_none (const char *product)
{
  JsonObject *result = json_object_new ();
  g_autofree char *summary = g_strdup_printf ("No opportunity of %s is open.", product);

  json_object_set_string_member (result, "product", product);
  json_object_set_string_member (result, "verdict", "none");
  json_object_set_string_member (result, "summary", summary);
  return trade_node (result);
}

/* What is known of the opportunity, for who goes on with it, and the verdict in a sentence. */
static void
hand_on (JsonObject *opportunity, JsonObject *result)
{
  static const char *const names[] = { "product", "title", "price", "cost" };
  static const char *const said[] = { "passes", "is not proven", "fails the vetting" };
  const char *verdict = json_object_get_string_member (result, "verdict");
  const char *risk = json_object_get_string_member (result, "risk");
  g_autofree char *summary = NULL;
  guint v = 0;

  json_object_set_string_member (result, "opportunity",
                                 json_object_get_string_member_with_default (opportunity, "id", ""));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    json_object_set_string_member (result, names[i],
                                   json_object_get_string_member_with_default (opportunity, names[i], ""));
  while (strcmp (vetting_verdict_name ((VettingVerdict)v), verdict) != 0)
    v++;
  summary =
      g_strdup_printf ("%s, the supplier of %s, %s%s%s", json_object_get_string_member (result, "supplier"),
                       json_object_get_string_member (result, "title"), said[v], *risk != '\0' ? ": " : ".", risk);
  json_object_set_string_member (result, "summary", summary);
}

static JsonNode *
vet (RoyalRun *run, JsonObject *input, GError **error)
{
  const char *product = json_object_get_string_member (input, "product");
  g_autoptr (JsonObject) opportunity = NULL;
  g_autoptr (VettingRecords) records = NULL;
  JsonObject *result;
  VettingRules rules;
  VettingPrior prior;
  VettingRecord record;
  VettingCard card;
  const char *supplier;

  if (!find_opportunity (run, product, &opportunity, error))
    return NULL;
  if (opportunity == NULL)
    return answer_none (product);
  records = vetting_records_read (run, error);
  if (records == NULL)
    return NULL;
  supplier = json_object_get_string_member_with_default (opportunity, "supplier", "");
  read_rules (royal_run_config (run), &rules);
  prior = vetting_prior (records->records, records->n);
  record = vetting_records_find (records, supplier);
  card = vetting_score (&record, &prior, &rules);
  result = json_object_new ();
  describe (supplier, &record, &card, &rules, result);
  hand_on (opportunity, result);
  if (card.verdict == VETTING_FAIL)
    royal_run_log (run, "%s", json_object_get_string_member (result, "summary"));
  return trade_node (result);
}

static JsonNode *
review (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (VettingRecords) records = vetting_records_read (run, error);
  guint counts[3] = { 0 };
  JsonObject *result;
  JsonArray *cards;
  VettingRules rules;
  VettingPrior prior;

  (void)input;
  if (records == NULL)
    return NULL;
  read_rules (royal_run_config (run), &rules);
  prior = vetting_prior (records->records, records->n);
  result = json_object_new ();
  cards = json_array_new ();
  for (guint i = 0; i < records->n; i++)
    {
      VettingCard card = vetting_score (&records->records[i], &prior, &rules);
      JsonObject *one;

      counts[card.verdict]++;
      /* The result of a job is bounded; who passes is a number. */
      if (card.verdict == VETTING_PASS || json_array_get_length (cards) >= 100)
        continue;
      one = json_object_new ();
      describe (records->names->pdata[i], &records->records[i], &card, &rules, one);
      json_array_add_object_element (cards, one);
    }
  json_object_set_int_member (result, "suppliers", records->n);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    json_object_set_int_member (result, vetting_verdict_name ((VettingVerdict)i), counts[i]);
  json_object_set_array_member (result, "cards", cards);
  return trade_node (result);
}

ROYAL_AGENT (ROYAL_TASK ("vet", vet), ROYAL_TASK ("review", review))
