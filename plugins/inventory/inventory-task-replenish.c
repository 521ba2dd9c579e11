/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-documents.h"
#include "inventory-stock.h"
#include "inventory-tasks.h"

#define WAIT_S (2 * 24 * 60 * 60) /* a shipment that is answered later than that is too late for its week */

/* The stock of the season and what its stores are sent. */
typedef struct {
  JsonObject *stock;
  JsonObject *season;
  JsonArray *stores;
  guint n;
  InventoryReplenishment *replenishment;
  guint n_sent;  /* stores that get something */
  guint n_short; /* stores that get less than they need */
} Look;

static void
look_clear (Look *look)
{
  g_clear_pointer (&look->replenishment, inventory_replenishment_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, look_clear)

static gint64
week (const Look *look)
{
  return inventory_figure (look->stock, "next_week");
}

static JsonObject *
store_at (const Look *look, guint i)
{
  JsonObject *store = inventory_member (look->stores, i);

  return store != NULL && *inventory_text (store, "store") != '\0' ? store : NULL;
}

static gint64
need_of (const Look *look, guint i)
{
  JsonObject *store = store_at (look, i);

  return MAX (inventory_figure (store, "forecast_next") - inventory_figure (store, "on_hand"), 0);
}

static gboolean
compute (Look *look, GError **error)
{
  g_autofree gint64 *forecast = g_new0 (gint64, look->n + 1);
  g_autofree gint64 *stock = g_new0 (gint64, look->n + 1);
  gint64 holdback = inventory_figure (look->stock, "holdback");

  for (guint i = 0; i < look->n; i++)
    {
      JsonObject *store = store_at (look, i);

      if (store != NULL)
        {
          forecast[i] = inventory_figure (store, "forecast_next");
          stock[i] = inventory_figure (store, "on_hand");
        }
      if (store == NULL || forecast[i] < 0 || forecast[i] > INVENTORY_UNITS_MAX || stock[i] < 0)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "retail.inventory: /stores/%u: expected a store with forecast_next and on_hand", i);
          return FALSE;
        }
    }
  /* Shops that were sent more than was made leave nothing to send. */
  look->replenishment = inventory_replenish (forecast, stock, look->n, CLAMP (holdback, 0, 10 * INVENTORY_UNITS_MAX));
  for (guint i = 0; i < look->n; i++)
    {
      look->n_sent += look->replenishment->units[i] > 0;
      look->n_short += look->replenishment->units[i] < need_of (look, i);
    }
  return TRUE;
}

static void
set_items (RoyalProposal *proposal, const Look *look)
{
  JsonArray *items = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < look->n; i++)
    if (look->replenishment->units[i] > 0)
      {
        JsonObject *item = json_object_new ();

        json_object_set_string_member (item, "store", inventory_text (store_at (look, i), "store"));
        json_object_set_int_member (item, "units", look->replenishment->units[i]);
        json_array_add_object_element (items, item);
      }
  json_node_take_array (node, items);
  royal_proposal_set_node (proposal, "items", node);
}

static void
add_words (RoyalProposal *proposal, const Look *look)
{
  const InventoryReplenishment *r = look->replenishment;
  gint64 holdback = inventory_figure (look->stock, "holdback");
  const char *id = inventory_text (look->stock, "season");
  g_autofree char *title = g_strdup_printf ("Ship %" G_GINT64_FORMAT " %s for week %" G_GINT64_FORMAT, r->shipped,
                                            inventory_text (look->season, "name"), week (look));
  g_autofree char *description =
      g_strdup_printf ("Sends %" G_GINT64_FORMAT " units from the distribution centre to %u stores, which leaves "
                       "%" G_GINT64_FORMAT " there.",
                       r->shipped, look->n_sent, holdback - r->shipped);
  g_autofree char *source = g_strdup_printf ("retail.inventory %s", id);
  g_autofree char *season = g_strdup_printf ("retail.season %s", id);
  g_autoptr (GString) words = g_string_new (NULL);

  g_string_append_printf (words,
                          "For week %" G_GINT64_FORMAT
                          ", %u of %u stores are expected to sell more than they have: they need "
                          "%" G_GINT64_FORMAT " units, %" G_GINT64_FORMAT " are held back.",
                          week (look), MAX (look->n_sent, look->n_short), look->n, r->need, holdback);
  if (r->shortage > 0)
    g_string_append_printf (words,
                            " That is %" G_GINT64_FORMAT
                            " short: what there is is apportioned by need, and %u stores get "
                            "less than they need.",
                            r->shortage, look->n_short);
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_description (proposal, description);
  royal_proposal_set_reasoning (proposal, words->str);
  royal_proposal_add_source (proposal, source);
  royal_proposal_add_source (proposal, season);
}

static void
add_alternative (RoyalProposal *proposal, const Look *look)
{
  g_autofree char *cons =
      g_strdup_printf ("%u stores are expected to sell out, and to miss sales of %" G_GINT64_FORMAT " units",
                       MAX (look->n_sent, look->n_short), look->replenishment->need);
  gint64 price = 0;
  gboolean has_price = inventory_cents (inventory_text (look->season, "price"), &price);

  royal_proposal_add_alternative (proposal, "Ship nothing for this week",
                                  "keeps the units for stores that sell more later", cons,
                                  has_price ? -(double)(look->replenishment->shipped * price) / 100 : 0);
}

static RoyalProposal *
make_proposal (const Look *look)
{
  RoyalProposal *proposal = royal_proposal_new ("replenishment.ship");
  const InventoryReplenishment *r = look->replenishment;
  double variance = json_object_get_double_member_with_default (look->season, "variance", 1);

  royal_proposal_set_target (proposal, inventory_text (look->stock, "season"));
  royal_proposal_set_string (proposal, "season", inventory_text (look->stock, "season"));
  royal_proposal_set_int (proposal, "week", week (look));
  set_items (proposal, look);
  add_words (proposal, look);
  royal_proposal_add_risk (proposal, "What is shipped to a store is not there for another one that sells more.");
  if (variance > 0.2 && week (look) > 1)
    royal_proposal_add_risk (proposal, "Sales differ from the forecast by more than 20 %: the next week may too.");
  add_alternative (proposal, look);
  royal_proposal_set_confidence (proposal, variance > 0.2 && week (look) > 1 ? 0.6 : 0.8);
  royal_proposal_add_claim (proposal, "units", (double)r->shipped);
  royal_proposal_add_claim (proposal, "shortage", (double)r->shortage);
  royal_proposal_set_priority (proposal, r->shortage > 0 ? ROYAL_PRIORITY_HIGH : ROYAL_PRIORITY_NORMAL);
  royal_proposal_set_deadline (proposal, WAIT_S);
  return proposal;
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
  json_object_set_int_member (result, "week", week (look));
  json_object_set_int_member (result, "need", look->replenishment->need);
  json_object_set_int_member (result, "shipped", look->replenishment->shipped);
  json_object_set_int_member (result, "shortage", look->replenishment->shortage);
  json_object_set_int_member (result, "stores", look->n_sent);
  json_object_set_int_member (result, "stores_short", look->n_short);
  json_object_set_member (result, "outcome", outcome);
  return json_node_init_object (json_node_alloc (), result);
}

/* The answer when nothing can be sent; it tells the shortage. */
static JsonNode *
hold (const Look *look, const char *reason)
{
  JsonNode *answer = inventory_hold (inventory_text (look->stock, "season"), reason);
  JsonObject *result = json_node_get_object (answer);

  if (look->replenishment != NULL)
    {
      json_object_set_int_member (result, "week", week (look));
      json_object_set_int_member (result, "need", look->replenishment->need);
      json_object_set_int_member (result, "shortage", look->replenishment->shortage);
    }
  return answer;
}

static char *
reason_to_hold (const Look *look)
{
  if (look->replenishment->need == 0)
    return g_strdup_printf ("every store has what it is expected to sell in week %" G_GINT64_FORMAT, week (look));
  if (look->replenishment->shipped == 0)
    return g_strdup_printf ("nothing is held back any more: %u stores lack %" G_GINT64_FORMAT
                            " units for week %" G_GINT64_FORMAT,
                            look->n_short, look->replenishment->shortage, week (look));
  return NULL;
}

JsonNode *
inventory_task_replenish (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (JsonObject) parameters = inventory_parameters (input);
  g_autoptr (JsonNode) stock = royal_run_get (run, "retail.inventory", parameters, error);
  g_autoptr (JsonNode) season = stock != NULL ? royal_run_get (run, "retail.season", parameters, error) : NULL;
  g_autofree char *reason = NULL;
  g_auto (Look) look = { 0 };

  if (season == NULL)
    return NULL;
  look.stock = json_node_get_object (stock);
  look.season = json_node_get_object (season);
  look.stores = inventory_list (look.stock, "stores");
  look.n = look.stores != NULL ? json_array_get_length (look.stores) : 0;
  if (inventory_figure (look.stock, "made") <= 0)
    return hold (&look, "nothing is made for the season so far");
  if (week (&look) <= 0)
    return hold (&look, "the season is over");
  if (!compute (&look, error))
    return NULL;
  reason = reason_to_hold (&look);
  return reason != NULL ? hold (&look, reason) : propose (run, &look, error);
}
