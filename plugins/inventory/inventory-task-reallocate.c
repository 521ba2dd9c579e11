/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-documents.h"
#include "inventory-stock.h"
#include "inventory-tasks.h"

#define WAIT_S (3 * 24 * 60 * 60)

/* What is known of the season after its forecast has changed. */
typedef struct {
  JsonObject *stock;
  JsonObject *season;
  InventoryReallocation reallocation;
  gboolean count_store_stock;
  gint64 quantity; /* the shortage, as configured */
  gint64 unit_cost;
  gboolean has_cost;
} Look;

static gint64
total (const Look *look)
{
  return inventory_figure (look->stock, "forecast_total");
}

/* Both readings of the same stock, the one that is configured first. */
static char *
both (const Look *look)
{
  const InventoryReallocation *r = &look->reallocation;
  gint64 other = look->count_store_stock ? r->shortage_unmoved : r->shortage;

  return g_strdup_printf ("%" G_GINT64_FORMAT " units are needed for the rest of the season, %" G_GINT64_FORMAT
                          " are held back and %" G_GINT64_FORMAT " are in stores. %s, %" G_GINT64_FORMAT
                          " are lacking; %s, %" G_GINT64_FORMAT ".",
                          r->needed, r->holdback, r->in_stores,
                          look->count_store_stock ? "With the stores' stock"
                                                  : "Without the stores' stock, which cannot be "
                                                    "moved",
                          look->quantity, look->count_store_stock ? "without it" : "with it", other);
}

static void
add_alternatives (RoyalProposal *proposal, const Look *look)
{
  const InventoryReallocation *r = &look->reallocation;
  gint64 other = look->count_store_stock ? r->shortage_unmoved : r->shortage;
  g_autofree char *missed =
      g_strdup_printf ("sales of %" G_GINT64_FORMAT " units are expected to be missed", look->quantity);
  g_autofree char *description = other > 0 ? g_strdup_printf ("Order %" G_GINT64_FORMAT ", the stores' stock %s", other,
                                                              look->count_store_stock ? "not counted" : "counted")
                                           : g_strdup ("Order nothing, the stores' stock counted");
  double cost = look->has_cost ? (double)((look->quantity - other) * look->unit_cost) / 100 : 0;
  gint64 price = 0;
  gboolean has_price = inventory_cents (inventory_text (look->season, "price"), &price);

  if (other != look->quantity)
    royal_proposal_add_alternative (proposal, description,
                                    look->count_store_stock ? "needs no unit to be moved between stores"
                                                            : "makes fewer units",
                                    look->count_store_stock ? "leaves stock in stores that others could have sold"
                                                            : "holds only when units are moved between stores",
                                    cost);
  if (other != 0)
    royal_proposal_add_alternative (proposal, "Order nothing more", "nothing more can be left over", missed,
                                    has_price ? -(double)(look->quantity * price) / 100 : 0);
}

static void
add_words (RoyalProposal *proposal, const Look *look)
{
  const char *id = inventory_text (look->stock, "season");
  g_autofree char *title =
      g_strdup_printf ("Make %" G_GINT64_FORMAT " %s more", look->quantity, inventory_text (look->season, "name"));
  g_autofree char *description = g_strdup_printf (
      "Orders the %" G_GINT64_FORMAT " units that the season lacks by its new forecast of %" G_GINT64_FORMAT ".",
      look->quantity, total (look));
  g_autofree char *figures = both (look);
  g_autofree char *reasoning = g_strdup_printf (
      "After week %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " units are sold, and the season is now expected to sell "
      "%" G_GINT64_FORMAT " in all. %s",
      inventory_figure (look->stock, "week"), inventory_figure (look->stock, "sold"), total (look), figures);
  g_autofree char *source = g_strdup_printf ("retail.inventory %s", id);
  g_autofree char *season = g_strdup_printf ("retail.season %s", id);

  royal_proposal_set_title (proposal, title);
  royal_proposal_set_description (proposal, description);
  royal_proposal_set_reasoning (proposal, reasoning);
  royal_proposal_add_source (proposal, source);
  royal_proposal_add_source (proposal, season);
}

static RoyalProposal *
make_proposal (const Look *look)
{
  RoyalProposal *proposal = royal_proposal_new ("reallocation.order");

  royal_proposal_set_target (proposal, inventory_text (look->stock, "season"));
  royal_proposal_set_string (proposal, "season", inventory_text (look->stock, "season"));
  royal_proposal_set_int (proposal, "new_total", total (look));
  royal_proposal_set_int (proposal, "quantity", look->quantity);
  royal_proposal_set_boolean (proposal, "count_store_stock", look->count_store_stock);
  add_words (proposal, look);
  royal_proposal_add_risk (proposal,
                           "What is made cannot be unmade: units that the season does not sell are left over.");
  royal_proposal_add_risk (proposal, "What is ordered now has to arrive while the season is on.");
  if (look->count_store_stock && look->reallocation.in_stores > 0)
    royal_proposal_add_risk (proposal,
                             "The stores' stock counts: where it lies in stores that do not sell it, it has to be "
                             "moved.");
  add_alternatives (proposal, look);
  royal_proposal_set_confidence (proposal, 0.7);
  royal_proposal_add_claim (proposal, "units", (double)look->quantity);
  royal_proposal_add_claim (proposal, "shortage_with_store_stock", (double)look->reallocation.shortage);
  royal_proposal_add_claim (proposal, "shortage_without_store_stock", (double)look->reallocation.shortage_unmoved);
  if (look->has_cost)
    royal_proposal_add_claim (proposal, "cost", (double)(look->quantity * look->unit_cost) / 100);
  royal_proposal_set_priority (proposal, ROYAL_PRIORITY_HIGH);
  royal_proposal_set_deadline (proposal, WAIT_S);
  return proposal;
}

/* What both answers have. */
static void
set_figures (JsonObject *result, const Look *look)
{
  json_object_set_int_member (result, "new_total", total (look));
  json_object_set_int_member (result, "needed", look->reallocation.needed);
  json_object_set_int_member (result, "holdback", look->reallocation.holdback);
  json_object_set_int_member (result, "in_stores", look->reallocation.in_stores);
  json_object_set_int_member (result, "shortage_with_store_stock", look->reallocation.shortage);
  json_object_set_int_member (result, "shortage_without_store_stock", look->reallocation.shortage_unmoved);
  json_object_set_boolean_member (result, "count_store_stock", look->count_store_stock);
}

static JsonNode *
propose (RoyalRun *run, const Look *look, GError **error)
{
  g_autoptr (RoyalProposal) proposal = make_proposal (look);
  JsonNode *outcome = royal_run_propose (run, proposal, error);
  g_autoptr (JsonObject) result = NULL;

  if (outcome == NULL)
    return NULL;
  result = json_object_new ();
  json_object_set_string_member (result, "season", inventory_text (look->stock, "season"));
  json_object_set_boolean_member (result, "proposed", TRUE);
  json_object_set_int_member (result, "quantity", look->quantity);
  set_figures (result, look);
  json_object_set_member (result, "outcome", outcome);
  return json_node_init_object (json_node_alloc (), result);
}

static JsonNode *
hold (const Look *look, const char *reason)
{
  JsonNode *answer = inventory_hold (inventory_text (look->stock, "season"), reason);

  set_figures (json_node_get_object (answer), look);
  return answer;
}

JsonNode *
inventory_task_reallocate (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (JsonObject) parameters = inventory_parameters (input);
  g_autoptr (JsonNode) stock = royal_run_get (run, "retail.inventory", parameters, error);
  g_autoptr (JsonNode) season = stock != NULL ? royal_run_get (run, "retail.season", parameters, error) : NULL;
  JsonObject *from = json_object_has_member (input, "count_store_stock") ? input : royal_run_config (run);
  g_autofree char *enough = NULL;
  Look look = { 0 };

  if (season == NULL)
    return NULL;
  look.stock = json_node_get_object (stock);
  look.season = json_node_get_object (season);
  look.count_store_stock = json_object_get_boolean_member_with_default (from, "count_store_stock", TRUE);
  look.has_cost = inventory_cents (inventory_text (look.season, "unit_cost"), &look.unit_cost);
  if (!inventory_reallocate (total (&look), inventory_figure (look.stock, "sold"),
                             inventory_figure (look.stock, "holdback"), inventory_figure (look.stock, "in_stores"),
                             &look.reallocation))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "retail.inventory: expected forecast_total, sold, holdback and in_stores that are not negative");
      return NULL;
    }
  look.quantity = look.count_store_stock ? look.reallocation.shortage : look.reallocation.shortage_unmoved;
  if (inventory_figure (look.stock, "made") <= 0)
    return hold (&look, "nothing is made for the season so far: that is for a plan");
  if (look.quantity > 0)
    return propose (run, &look, error);
  enough = both (&look);
  return hold (&look, enough);
}
