/* SPDX-License-Identifier: Apache-2.0 */
#include "pricing-catalog.h"

#include <math.h>

#define ENDINGS_MAX 16
#define TOLD_MAX 10   /* changes and reasons that are told one by one */
#define WAIT_S 172800 /* a price that nobody approved for two days rests on old sales */

/* The rules, and what they are kept in. */
typedef struct {
  PricingRules rules;
  guint endings[ENDINGS_MAX];
  guint max_items;
  guint recent;
} Settings;

static guint
points (JsonObject *config, const char *name, double otherwise)
{
  return (guint)lround (json_object_get_double_member_with_default (config, name, otherwise) * PRICING_ONE);
}

/* The manifest's schema has checked the configuration, so what is left is to take it. */
static void
read_settings (JsonObject *config, Settings *settings)
{
  JsonArray *endings =
      json_object_has_member (config, "endings") ? json_object_get_array_member (config, "endings") : NULL;
  guint n = endings != NULL ? MIN (json_array_get_length (endings), ENDINGS_MAX) : 0;

  for (guint i = 0; i < n; i++)
    settings->endings[i] = (guint)json_array_get_int_element (endings, i);
  settings->rules = (PricingRules){
    .min_margin = points (config, "min_margin", 0.25),
    .max_step = points (config, "max_step", 0.1),
    .parity = points (config, "parity", 0),
    .endings = settings->endings,
    .n_endings = n,
    .min_gain = points (config, "min_gain", 0.01),
    .min_certainty = json_object_get_double_member_with_default (config, "min_certainty", 0.8),
  };
  settings->max_items = (guint)json_object_get_int_member_with_default (config, "max_items", 400);
  settings->recent = (guint)json_object_get_int_member_with_default (config, "recent_weeks", 8);
}

static void
append_change (GString *words, const PricingCatalog *catalog, const PricingChange *change)
{
  const PricingItem *item = &catalog->items[change->item];
  const PricingElasticity *elasticity = &catalog->elasticities[change->item];
  const PricingMove *move = &change->move;
  g_autofree char *now = pricing_amount (item->price);
  g_autofree char *then = pricing_amount (move->price);
  const char *title = catalog->titles->pdata[change->item];

  g_string_append_printf (words, "\n%s: %s instead of %s (elasticity %.2f, 95 %%: %.2f to %.2f",
                          *title != '\0' ? title : (const char *)catalog->variants->pdata[change->item], then, now,
                          elasticity->value, elasticity->low, elasticity->high);
  if (move->raised)
    g_string_append (words, "; it was below cost and least margin");
  else
    g_string_append_printf (words, "; %+.2f a week, 95 %%: %+.2f to %+.2f", move->gain / 100, move->gain_low / 100,
                            move->gain_high / 100);
  if (move->bound != PRICING_FREE)
    g_string_append_printf (words, "; bounded by %s", pricing_bound_name (move->bound));
  g_string_append (words, ").");
}

static void
add_words (RoyalProposal *proposal,
           const PricingCatalog *catalog,
           const PricingChange *changes,
           guint n,
           const PricingFacts *facts)
{
  g_autofree char *title = g_strdup_printf ("Change %u price%s", n, n == 1 ? "" : "s");
  g_autofree char *description = g_strdup_printf ("Changes %u price%s, by at most %.1f %%. Of each at least %.1f %% is "
                                                  "left above the cost. A week is expected to earn "
                                                  "%.2f more, of a revenue of %.2f.",
                                                  n, n == 1 ? "" : "s", facts->change_pct_max, facts->margin_after_min,
                                                  facts->gain / 100, facts->revenue / 100);
  g_autoptr (GString) words = g_string_new (NULL);

  if (isnan (catalog->pool.mean))
    g_string_append (words, "Too few products sold at different prices to draw on each other; each stands for itself.");
  else
    g_string_append_printf (
        words,
        "By the sales of %u products, whose units answer to a percent of price by %.2f %% on average "
        "(they differ by %.2f); each product's own estimate is drawn to that by how unsure it is.",
        catalog->pool.products, catalog->pool.mean, catalog->pool.spread);
  for (guint i = 0; i < MIN (n, TOLD_MAX); i++)
    append_change (words, catalog, &changes[i]);
  if (n > TOLD_MAX)
    g_string_append_printf (words, "\nAnd %u more, each expected to earn less than these.", n - TOLD_MAX);
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_description (proposal, description);
  royal_proposal_set_reasoning (proposal, words->str);
  royal_proposal_add_source (proposal, "shopify.variants");
  royal_proposal_add_source (proposal, "shopify.sales");
  royal_proposal_add_risk (proposal, "The elasticity is that of the past; others may answer to the new prices.");
  royal_proposal_add_risk (proposal, "Where a variant was out of stock its sales say less than its demand.");
}

static RoyalProposal *
make_proposal (const PricingCatalog *catalog, const PricingChange *changes, guint n)
{
  RoyalProposal *proposal = royal_proposal_new ("shopify.price.update");
  PricingFacts facts = pricing_facts (catalog->items, changes, n);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *price = pricing_amount (changes[i].move.price);
      JsonObject *parameters = json_object_new ();

      json_object_set_string_member (parameters, "price", price);
      royal_proposal_add_item (proposal, catalog->variants->pdata[changes[i].item],
                               json_node_init_object (json_node_alloc (), parameters));
      json_object_unref (parameters);
    }
  add_words (proposal, catalog, changes, n, &facts);
  royal_proposal_set_confidence (proposal, facts.certainty);
  royal_proposal_add_claim (proposal, "change_pct_max", facts.change_pct_max);
  royal_proposal_add_claim (proposal, "margin_after_min", facts.margin_after_min);
  royal_proposal_add_claim (proposal, "revenue", facts.revenue / 100);
  royal_proposal_add_claim (proposal, "gain", facts.gain / 100);
  royal_proposal_set_priority (proposal, facts.raised > 0 ? ROYAL_PRIORITY_HIGH : ROYAL_PRIORITY_NORMAL);
  royal_proposal_set_deadline (proposal, WAIT_S);
  return proposal;
}

static JsonObject *
answer (const PricingCatalog *catalog, const GPtrArray *held, guint n)
{
  JsonObject *result = json_object_new ();
  JsonArray *reasons = json_array_new ();

  json_object_set_boolean_member (result, "proposed", n > 0);
  json_object_set_int_member (result, "variants", catalog->n);
  json_object_set_int_member (result, "changed", n);
  if (!isnan (catalog->pool.mean))
    json_object_set_double_member (result, "elasticity", catalog->pool.mean);
  for (guint i = 0; i < held->len && json_array_get_length (reasons) < TOLD_MAX; i++)
    if (held->pdata[i] != NULL)
      {
        JsonObject *reason = json_object_new ();

        json_object_set_string_member (reason, "variant", catalog->variants->pdata[i]);
        json_object_set_string_member (reason, "reason", held->pdata[i]);
        json_array_add_object_element (reasons, reason);
      }
  json_object_set_array_member (result, "held", reasons);
  return result;
}

static JsonNode *
review (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (PricingCatalog) catalog = NULL;
  g_autoptr (RoyalProposal) proposal = NULL;
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func (g_free);
  g_autofree PricingChange *changes = NULL;
  g_autoptr (JsonObject) result = NULL;
  Settings settings = { 0 };
  guint n = 0;

  (void)input;
  read_settings (royal_run_config (run), &settings);
  catalog = pricing_catalog_read (run, settings.recent, error);
  if (catalog == NULL)
    return NULL;
  royal_run_progress (run, 0.7, "choosing prices");
  pricing_batch (catalog->items, catalog->n, &settings.rules, settings.max_items, &changes, &n, held);
  result = answer (catalog, held, n);
  if (n > 0)
    {
      JsonNode *outcome;

      proposal = make_proposal (catalog, changes, n);
      outcome = royal_run_propose (run, proposal, error);
      if (outcome == NULL)
        return NULL;
      json_object_set_member (result, "outcome", outcome);
    }
  return json_node_init_object (json_node_alloc (), result);
}

static gboolean
read_amount (JsonObject *input, const char *name, gint64 least, gint64 *ret_cents, GError **error)
{
  const char *text = json_object_get_string_member (input, name);

  if (pricing_cents (text, ret_cents) && *ret_cents >= least)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/%s: expected an amount%s such as 89.90, found `%.40s`", name,
               least > 0 ? " above 0" : "", text);
  return FALSE;
}

/* A product that nobody has sold yet has no elasticity: its price is the market's, with a good ending. What leaves too
 * little is told, not raised: nobody buys at a price above the market's. */
static JsonNode *
start (RoyalRun *run, JsonObject *input, GError **error)
{
  Settings settings = { 0 };
  g_autoptr (JsonObject) result = NULL;
  g_autofree char *amount = NULL;
  g_autofree char *least = NULL;
  gint64 list = 0, cost = 0, price;

  read_settings (royal_run_config (run), &settings);
  if (!read_amount (input, "price", 1, &list, error) || !read_amount (input, "cost", 0, &cost, error))
    return NULL;
  price = pricing_start (list, cost, &settings.rules);
  amount = pricing_amount (price);
  least = pricing_amount (pricing_floor (cost, settings.rules.min_margin));
  result = json_object_new ();
  json_object_set_string_member (result, "price", amount);
  json_object_set_string_member (result, "floor", least);
  json_object_set_boolean_member (result, "above_floor", price >= pricing_floor (cost, settings.rules.min_margin));
  json_object_set_double_member (result, "margin", round ((double)(price - cost) / (double)price * 1e4) / 1e4);
  return json_node_init_object (json_node_alloc (), result);
}

ROYAL_AGENT (ROYAL_TASK ("review", review), ROYAL_TASK ("start", start))
