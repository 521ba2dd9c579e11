/* SPDX-License-Identifier: Apache-2.0 */
#include "scout-catalog.h"

#include <math.h>
#include <string.h>

#define STATE "opened"  /* the ids that were proposed, the latest last */
#define OPENED_MAX 500u /* of them that are remembered */
#define TITLE_MAX 80    /* characters of it in a heading */
#define WAIT_S 604800

static void
read_rules (JsonObject *config, ScoutRules *rules)
{
  JsonObject *weights =
      json_object_has_member (config, "weights") ? json_object_get_object_member (config, "weights") : NULL;
  static const double usual[SCOUT_N_PARTS] = { 0.3, 0.15, 0.15, 0.15, 0.15, 0.1 };
  double sum = 0;

  for (guint i = 0; i < SCOUT_N_PARTS; i++)
    {
      const char *name = scout_part_name ((ScoutPart)i);

      rules->weights[i] =
          weights != NULL ? json_object_get_double_member_with_default (weights, name, usual[i]) : usual[i];
      sum += rules->weights[i];
    }
  if (!(sum > 0))
    memcpy (rules->weights, usual, sizeof usual);
  rules->min_margin = json_object_get_double_member_with_default (config, "min_margin", 0.3);
  rules->similarity = (guint)lround (json_object_get_double_member_with_default (config, "similarity", 0.8) * 10000);
  rules->prior_reviews = json_object_get_double_member_with_default (config, "prior_reviews", 50);
}

static char *
amount (gint64 cents)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT ".%02d", cents / 100, (int)(cents % 100));
}

static double
rounded (double value)
{
  return round (value * 1e4) / 1e4;
}

static JsonObject *
describe (const ScoutProduct *product, const ScoutFind *find, const ScoutRules *rules)
{
  JsonObject *object = json_object_new ();
  JsonObject *parts = json_object_new ();
  g_autofree char *why = scout_explain (product, find, rules);

  for (guint i = 0; i < SCOUT_N_PARTS; i++)
    if (find->known[i])
      json_object_set_double_member (parts, scout_part_name ((ScoutPart)i), rounded (find->parts[i]));
    else
      json_object_set_null_member (parts, scout_part_name ((ScoutPart)i));
  json_object_set_string_member (object, "product", product->id);
  json_object_set_string_member (object, "title", product->title);
  json_object_set_string_member (object, "supplier", product->supplier);
  json_object_set_double_member (object, "score", rounded (find->score));
  json_object_set_double_member (object, "margin", rounded (find->margin));
  json_object_set_int_member (object, "listings", find->listings);
  json_object_set_int_member (object, "suppliers", find->suppliers);
  json_object_set_object_member (object, "parts", parts);
  json_object_set_string_member (object, "why", why);
  return object;
}

/* How much of the score is known, the less the fewer reviews there are. */
static double
confidence (const ScoutProduct *product, const ScoutFind *find, const ScoutRules *rules)
{
  double known = 0;
  double all = 0;

  for (guint i = 0; i < SCOUT_N_PARTS; i++)
    {
      known += find->known[i] ? rules->weights[i] : 0;
      all += rules->weights[i];
    }
  return known / all * (0.5 + 0.5 * product->reviews / (product->reviews + rules->prior_reviews));
}

static void
add_risks (RoyalProposal *proposal, const ScoutProduct *product, const ScoutFind *find)
{
  for (guint i = 0; i < SCOUT_N_PARTS; i++)
    if (!find->known[i])
      {
        g_autofree char *risk = g_strdup_printf ("Its %s is not known.", scout_part_name ((ScoutPart)i));

        royal_proposal_add_risk (proposal, risk);
      }
  if (product->shipping < 0)
    royal_proposal_add_risk (proposal, "The margin is without shipping, whose cost is not known.");
  royal_proposal_add_risk (proposal, "What sells elsewhere need not sell here.");
}

static RoyalProposal *
make_proposal (const ScoutProduct *product, const ScoutFind *find, const ScoutRules *rules)
{
  RoyalProposal *proposal = royal_proposal_new ("product.opportunity.open");
  g_autofree char *name = g_utf8_substring (product->title, 0, MIN (g_utf8_strlen (product->title, -1), TITLE_MAX));
  g_autofree char *title = g_strdup_printf ("Look into %s", name);
  g_autofree char *why = scout_explain (product, find, rules);
  g_autofree char *price = amount (product->price);
  g_autofree char *cost = amount (product->cost + MAX (product->shipping, 0));

  royal_proposal_set_target (proposal, product->id);
  royal_proposal_set_string (proposal, "title", product->title);
  royal_proposal_set_string (proposal, "supplier", product->supplier);
  royal_proposal_set_string (proposal, "price", price);
  royal_proposal_set_string (proposal, "cost", cost);
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_reasoning (proposal, why);
  royal_proposal_add_source (proposal, "catalog.feed");
  if (product->trend.weeks > 0)
    royal_proposal_add_source (proposal, "catalog.signals");
  add_risks (proposal, product, find);
  royal_proposal_set_confidence (proposal, rounded (confidence (product, find, rules)));
  royal_proposal_add_claim (proposal, "score", rounded (find->score));
  royal_proposal_add_claim (proposal, "margin", rounded (find->margin));
  royal_proposal_set_deadline (proposal, WAIT_S);
  return proposal;
}

/* What was proposed before. */
typedef struct {
  JsonArray *ids;
  gint64 version;
} Opened;

static void
opened_clear (Opened *opened)
{
  g_clear_pointer (&opened->ids, json_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Opened, opened_clear)

static gboolean
read_opened (RoyalRun *run, Opened *opened, GError **error)
{
  g_autoptr (JsonNode) node = royal_run_state_get (run, STATE, &opened->version, error);

  if (node == NULL)
    return FALSE;
  opened->ids = json_array_new ();
  for (guint i = 0; JSON_NODE_HOLDS_ARRAY (node) && i < json_array_get_length (json_node_get_array (node)); i++)
    json_array_add_string_element (opened->ids, json_array_get_string_element (json_node_get_array (node), i));
  return TRUE;
}

static gboolean
was_opened (const Opened *opened, const char *id)
{
  for (guint i = 0; i < json_array_get_length (opened->ids); i++)
    if (g_strcmp0 (json_array_get_string_element (opened->ids, i), id) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
keep_opened (RoyalRun *run, Opened *opened, GError **error)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);

  while (json_array_get_length (opened->ids) > OPENED_MAX)
    json_array_remove_element (opened->ids, 0);
  json_node_set_array (node, opened->ids);
  return royal_run_state_put (run, STATE, node, opened->version, error);
}

/* Proposes the best of the ten that were not proposed before, at most @max. */
static gboolean
propose (RoyalRun *run,
         const ScoutCatalog *catalog,
         const ScoutReport *report,
         const ScoutRules *rules,
         guint max,
         JsonArray *proposed,
         JsonArray *outcomes,
         GError **error)
{
  g_auto (Opened) opened = { 0 };

  if (!read_opened (run, &opened, error))
    return FALSE;
  for (guint i = 0; i < report->n && json_array_get_length (outcomes) < max; i++)
    {
      const ScoutProduct *product = &catalog->products[report->finds[i].product];
      g_autoptr (RoyalProposal) proposal = NULL;
      JsonNode *outcome;

      if (was_opened (&opened, product->id))
        continue;
      proposal = make_proposal (product, &report->finds[i], rules);
      outcome = royal_run_propose (run, proposal, error);
      if (outcome == NULL)
        {
          /* What was proposed is not proposed again by the next attempt. */
          if (json_array_get_length (outcomes) > 0)
            keep_opened (run, &opened, NULL);
          return FALSE;
        }
      json_array_add_element (outcomes, outcome);
      json_array_add_string_element (proposed, product->id);
      json_array_add_string_element (opened.ids, product->id);
    }
  return json_array_get_length (outcomes) == 0 || keep_opened (run, &opened, error);
}

static JsonObject *
answer (const ScoutCatalog *catalog, const ScoutReport *report, const ScoutRules *rules)
{
  JsonObject *result = json_object_new ();
  JsonArray *best = json_array_new ();

  json_object_set_int_member (result, "listings", catalog->n);
  json_object_set_int_member (result, "products", report->groups);
  json_object_set_int_member (result, "duplicates", report->duplicates);
  json_object_set_int_member (result, "left_out", report->left_out);
  for (guint i = 0; i < report->n; i++)
    json_array_add_object_element (best,
                                   describe (&catalog->products[report->finds[i].product], &report->finds[i], rules));
  json_object_set_array_member (result, "best", best);
  return result;
}

static JsonNode *
scout (RoyalRun *run, JsonObject *input, GError **error)
{
  JsonObject *config = royal_run_config (run);
  guint best = (guint)json_object_get_int_member_with_default (config, "best", 10);
  guint max = (guint)json_object_get_int_member_with_default (config, "max_proposals", 3);
  g_autoptr (ScoutCatalog) catalog = NULL;
  g_autoptr (ScoutReport) report = NULL;
  g_autoptr (JsonObject) result = NULL;
  g_autoptr (JsonArray) proposed = json_array_new ();
  g_autoptr (JsonArray) outcomes = json_array_new ();
  ScoutRules rules;

  (void)input;
  read_rules (config, &rules);
  catalog = scout_catalog_read (run, error);
  if (catalog == NULL)
    return NULL;
  royal_run_progress (run, 0.6, "comparing products");
  report = scout_rank (catalog->products, catalog->n, &rules);
  report->n = MIN (report->n, best);
  result = answer (catalog, report, &rules);
  if (!propose (run, catalog, report, &rules, max, proposed, outcomes, error))
    return NULL;
  json_object_set_array_member (result, "proposed", g_steal_pointer (&proposed));
  json_object_set_array_member (result, "outcomes", g_steal_pointer (&outcomes));
  return json_node_init_object (json_node_alloc (), result);
}

ROYAL_AGENT (ROYAL_TASK ("scout", scout))
