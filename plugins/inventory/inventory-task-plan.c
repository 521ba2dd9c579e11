/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-documents.h"
#include "inventory-plan.h"
#include "inventory-tasks.h"

#include <string.h>

#define WAIT_S (3 * 24 * 60 * 60)
#define SAFETY_STEP 500u /* the alternatives make 5 % more and less */
#define SHARE_STEP 100u  /* an initial share is raised to a whole percent */
#define NAMES_SHOWN 5u

/* What is known of the season when it is planned. */
typedef struct {
  JsonObject *plan;
  JsonObject *forecast;
  InventoryNetwork *network;
  InventoryRates rates;
  InventoryQuantities quantities;
  InventoryAllocation *allocation;
  guint configured_share; /* before it had to be raised */
  gint64 cover_weeks;
  gint64 *minimums; /* by store */
  gint64 unit_cost; /* in cents */
  gboolean has_cost;
  GString *left_out; /* stores of the season that are not in the forecast */
  guint n_left_out;
} Look;

static void
look_clear (Look *look)
{
  g_clear_pointer (&look->network, inventory_network_free);
  g_clear_pointer (&look->allocation, inventory_allocation_free);
  g_clear_pointer (&look->minimums, g_free);
  if (look->left_out != NULL)
    g_string_free (look->left_out, TRUE);
  look->left_out = NULL;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, look_clear)

static gint64
total (const Look *look)
{
  return inventory_figure (look->forecast, "total");
}

/* What a person said goes before what is configured. */
static gboolean
read_rates (RoyalRun *run, JsonObject *input, InventoryRates *rates, GError **error)
{
  JsonObject *config = royal_run_config (run);

  return inventory_rate (json_object_has_member (input, "safety_stock") ? input : config, "safety_stock",
                         &rates->safety_stock, error) &&
         inventory_rate (json_object_has_member (input, "initial_share") ? input : config, "initial_share",
                         &rates->initial_share, error);
}

/* Every store that the forecast gives a part of must be one of the season's; one of the season's that gets none is
 * told. */
static gboolean
compare_stores (Look *look, GError **error)
{
  JsonArray *stores = inventory_list (look->plan, "stores");
  guint n = stores != NULL ? json_array_get_length (stores) : 0;
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);

  look->left_out = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    {
      JsonObject *store = inventory_member (stores, i);
      const char *code = store != NULL ? inventory_text (store, "store") : "";

      g_hash_table_add (known, (gpointer)code);
      if (inventory_network_find (look->network, code, strlen (code)) >= 0)
        continue;
      if (look->n_left_out < NAMES_SHOWN)
        g_string_append_printf (look->left_out, "%s%s", look->n_left_out > 0 ? ", " : "", code);
      look->n_left_out++;
    }
  for (guint i = 0; i < inventory_network_n_stores (look->network); i++)
    {
      const char *code = inventory_network_store (look->network, i)->code;

      if (g_hash_table_contains (known, code))
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                   "the forecast gives store %s a part, which is not one of the season's: forecast anew", code);
      return FALSE;
    }
  return TRUE;
}

/* Each store's own forecast of the first weeks: as the host has it, else the weeks of the curve, split as the total is.
 */
static gboolean
read_minimums (RoyalRun *run, JsonObject *parameters, Look *look, GError **error)
{
  guint n = inventory_network_n_stores (look->network);
  JsonArray *curve = inventory_list (look->forecast, "curve");
  InventoryWeeks weeks = { 1, look->cover_weeks, NULL, 0 };
  g_autofree gint64 *week = g_new0 (gint64, n);

  look->minimums = g_new0 (gint64, n);
  weeks.units = look->minimums;
  if (look->cover_weeks == 0)
    return TRUE;
  if (!inventory_read_weeks (run, parameters, look->network, &weeks, error))
    return FALSE;
  for (guint i = 0; weeks.rows == 0 && curve != NULL && i < look->cover_weeks && i < json_array_get_length (curve); i++)
    {
      inventory_network_split (look->network, CLAMP (json_array_get_int_element (curve, i), 0, INVENTORY_UNITS_MAX),
                               week, NULL);
      for (guint j = 0; j < n; j++)
        look->minimums[j] += week[j];
    }
  return TRUE;
}

static char *
weeks_text (const Look *look)
{
  if (look->cover_weeks == 1)
    return g_strdup ("week 1");
  if (look->cover_weeks == 2)
    return g_strdup ("weeks 1 and 2");
  return g_strdup_printf ("weeks 1 to %" G_GINT64_FORMAT, look->cover_weeks);
}

/* What to do when the first weeks need more than is shipped at the beginning. */
static char *
explain_shortage (const Look *look, guint share)
{
  g_autofree char *configured = inventory_percent (look->configured_share);
  g_autofree char *wanted = inventory_percent (share);
  g_autofree char *weeks = weeks_text (look);

  if (share > INVENTORY_ONE)
    return g_strdup_printf (
        "the stores need %" G_GINT64_FORMAT " units for %s, more than the %" G_GINT64_FORMAT
        " that are made: no initial share is enough, raise the safety stock or look at the forecast",
        look->allocation->minimum, weeks, look->quantities.quantity);
  return g_strdup_printf ("the stores need %" G_GINT64_FORMAT
                          " units for %s, an initial share of %s ships %" G_GINT64_FORMAT
                          ": raise the initial share to %s",
                          look->allocation->minimum, weeks, configured, look->quantities.initial, wanted);
}

/* Allocates; where the configured initial share is too small it takes the least whole percent that is not. A share that
 * a person asked for is not changed: that is an error, which says what would do. FALSE with @ret_reason set when no
 * share does. */
static gboolean
allocate (Look *look, gboolean asked, char **ret_reason, GError **error)
{
  gint64 quantity = look->quantities.quantity;
  g_autofree char *reason = NULL;
  guint share;

  look->allocation = inventory_allocate (look->network, look->quantities.initial, look->minimums);
  if (look->allocation->verdict != INVENTORY_TOO_SMALL)
    return TRUE;
  share = inventory_initial_share_for (quantity, look->allocation->minimum);
  if (share <= INVENTORY_ONE)
    share = MIN ((share + SHARE_STEP - 1) / SHARE_STEP * SHARE_STEP, INVENTORY_ONE);
  reason = explain_shortage (look, share);
  if (asked)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/initial_share: %s", reason);
      return FALSE;
    }
  if (share > INVENTORY_ONE)
    {
      *ret_reason = g_steal_pointer (&reason);
      return FALSE;
    }
  look->rates.initial_share = share;
  g_clear_pointer (&look->allocation, inventory_allocation_free);
  g_return_val_if_fail (inventory_quantities (total (look), &look->rates, &look->quantities), FALSE);
  look->allocation = inventory_allocate (look->network, look->quantities.initial, look->minimums);
  return TRUE;
}

static void
add_reasoning (RoyalProposal *proposal, const Look *look)
{
  g_autofree char *safety = inventory_percent (look->rates.safety_stock);
  g_autofree char *share = inventory_percent (look->rates.initial_share);
  g_autofree char *rest = inventory_percent (INVENTORY_ONE - look->rates.initial_share);
  g_autofree char *weeks = weeks_text (look);
  g_autoptr (GString) words = g_string_new (NULL);

  g_string_append_printf (words,
                          "The forecast is %" G_GINT64_FORMAT " units. With a safety stock of %s, %" G_GINT64_FORMAT
                          " are made: %" G_GINT64_FORMAT " (%s) go to %u stores at the beginning, %" G_GINT64_FORMAT
                          " (%s) are held back.",
                          total (look), safety, look->quantities.quantity, look->quantities.initial, share,
                          inventory_network_n_stores (look->network), look->quantities.holdback, rest);
  for (guint i = 0; i < look->network->clusters->len; i++)
    g_string_append_printf (words, "%s %s %" G_GINT64_FORMAT, i == 0 ? " By cluster:" : ",",
                            inventory_network_cluster (look->network, i)->name, look->allocation->clusters[i]);
  g_string_append_c (words, '.');
  if (look->cover_weeks > 0)
    g_string_append_printf (words, " Each store gets at least its own forecast of %s, %" G_GINT64_FORMAT " in all.",
                            weeks, look->allocation->minimum);
  if (look->allocation->moved > 0)
    g_string_append_printf (words, " For that, %" G_GINT64_FORMAT " units come from stores above theirs.",
                            look->allocation->moved);
  if (look->rates.initial_share != look->configured_share)
    {
      g_autofree char *configured = inventory_percent (look->configured_share);

      g_string_append_printf (words, " The configured initial share of %s does not reach that: it is raised to %s.",
                              configured, share);
    }
  royal_proposal_set_reasoning (proposal, words->str);
}

/* The same season with another safety stock. Its impact is the cost that it saves. */
static void
add_alternative (RoyalProposal *proposal, const Look *look, guint safety_stock)
{
  InventoryRates rates = { safety_stock, look->rates.initial_share };
  g_autofree char *safety = inventory_percent (safety_stock);
  g_autofree char *description = NULL;
  g_autofree char *pros = NULL;
  g_autofree char *cons = NULL;
  InventoryQuantities other;
  gint64 fewer;

  if (!inventory_quantities (total (look), &rates, &other))
    return;
  fewer = look->quantities.quantity - other.quantity;
  description = g_strdup_printf ("Safety stock %s: make %" G_GINT64_FORMAT, safety, other.quantity);
  if (fewer > 0)
    {
      pros = g_strdup_printf ("makes %" G_GINT64_FORMAT " units less that may be left over", fewer);
      cons = g_strdup_printf ("covers sales up to %s above the forecast", safety);
    }
  else
    {
      pros = g_strdup_printf ("covers sales up to %s above the forecast", safety);
      cons = g_strdup_printf ("makes %" G_GINT64_FORMAT " units more that may be left over", -fewer);
    }
  royal_proposal_add_alternative (proposal, description, pros, cons,
                                  look->has_cost ? (double)(fewer * look->unit_cost) / 100 : 0);
}

static void
add_alternatives (RoyalProposal *proposal, const Look *look)
{
  guint safety = look->rates.safety_stock;

  if (safety > 0)
    add_alternative (proposal, look, safety > SAFETY_STEP ? safety - SAFETY_STEP : 0);
  if (safety < INVENTORY_ONE)
    add_alternative (proposal, look, MIN (safety + SAFETY_STEP, INVENTORY_ONE));
}

/* The widest interval of the total, where the forecast has one and it goes beyond what is made. */
static void
add_interval_risk (RoyalProposal *proposal, const Look *look)
{
  JsonArray *intervals = inventory_list (look->forecast, "intervals");
  guint n = intervals != NULL ? json_array_get_length (intervals) : 0;
  JsonObject *widest = n > 0 ? inventory_member (intervals, n - 1) : NULL;
  JsonArray *bounds = widest != NULL ? inventory_list (widest, "total") : NULL;
  double upper = bounds != NULL && json_array_get_length (bounds) == 2 ? json_array_get_double_element (bounds, 1) : 0;

  if (upper > (double)look->quantities.quantity)
    {
      g_autofree char *words =
          g_strdup_printf ("The forecast's %.0f %% interval reaches %.0f units, more than is made.",
                           json_object_get_double_member_with_default (widest, "level", 0) * 100, upper);

      royal_proposal_add_risk (proposal, words);
    }
}

static void
add_risks (RoyalProposal *proposal, const Look *look)
{
  g_autofree char *safety = inventory_percent (look->rates.safety_stock);
  g_autofree char *over =
      g_strdup_printf ("Sales of more than %s above the forecast leave stores without stock.", safety);

  royal_proposal_add_risk (proposal,
                           "What is made cannot be unmade: units that the season does not sell are left over.");
  royal_proposal_add_risk (proposal, over);
  add_interval_risk (proposal, look);
  if (look->rates.initial_share != look->configured_share)
    {
      g_autofree char *less = g_strdup_printf ("Only %" G_GINT64_FORMAT " units are held back, because the first weeks "
                                               "need more than the configured initial share.",
                                               look->quantities.holdback);

      royal_proposal_add_risk (proposal, less);
    }
  if (look->n_left_out > 0)
    {
      g_autofree char *missing =
          g_strdup_printf ("%u of the season's stores are not in the forecast and get nothing: %s%s", look->n_left_out,
                           look->left_out->str, look->n_left_out > NAMES_SHOWN ? ", …" : "");

      royal_proposal_add_risk (proposal, missing);
    }
  if (!look->has_cost)
    royal_proposal_add_risk (proposal, "The season has no unit cost: what the order costs is not known.");
}

static void
set_parameters (RoyalProposal *proposal, const Look *look)
{
  JsonArray *allocation = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < inventory_network_n_stores (look->network); i++)
    {
      JsonObject *store = json_object_new ();

      json_object_set_string_member (store, "store", inventory_network_store (look->network, i)->code);
      json_object_set_int_member (store, "units", look->allocation->units[i]);
      json_array_add_object_element (allocation, store);
    }
  json_node_take_array (node, allocation);
  royal_proposal_set_target (proposal, inventory_text (look->plan, "id"));
  royal_proposal_set_string (proposal, "season", inventory_text (look->plan, "id"));
  royal_proposal_set_int (proposal, "forecast_total", total (look));
  royal_proposal_set_number (proposal, "safety_stock_pct", look->rates.safety_stock / (double)INVENTORY_ONE);
  royal_proposal_set_int (proposal, "quantity", look->quantities.quantity);
  royal_proposal_set_int (proposal, "initial", look->quantities.initial);
  royal_proposal_set_int (proposal, "holdback", look->quantities.holdback);
  royal_proposal_set_node (proposal, "allocation", node);
}

static RoyalProposal *
make_proposal (const Look *look)
{
  RoyalProposal *proposal = royal_proposal_new ("manufacturing.order");
  const char *id = inventory_text (look->plan, "id");
  g_autofree char *title =
      g_strdup_printf ("Make %" G_GINT64_FORMAT " %s", look->quantities.quantity, inventory_text (look->plan, "name"));
  g_autofree char *description = g_strdup_printf (
      "Orders %" G_GINT64_FORMAT " units for the season from %s, %" G_GINT64_FORMAT
      " for the stores at its beginning and %" G_GINT64_FORMAT " to be held back at the distribution centre.",
      look->quantities.quantity, inventory_text (look->plan, "start"), look->quantities.initial,
      look->quantities.holdback);
  g_autofree char *plan = g_strdup_printf ("retail.plan %s", id);
  g_autofree char *forecast = g_strdup_printf ("retail.forecast %s", id);
  g_autofree char *sales = g_strdup_printf ("retail.sales %s", id);

  set_parameters (proposal, look);
  royal_proposal_set_title (proposal, title);
  royal_proposal_set_description (proposal, description);
  add_reasoning (proposal, look);
  royal_proposal_add_source (proposal, plan);
  royal_proposal_add_source (proposal, forecast);
  royal_proposal_add_source (proposal, sales);
  add_risks (proposal, look);
  add_alternatives (proposal, look);
  royal_proposal_set_confidence (proposal, 0.8);
  royal_proposal_add_claim (proposal, "units", (double)look->quantities.quantity);
  if (look->has_cost)
    royal_proposal_add_claim (proposal, "cost", (double)(look->quantities.quantity * look->unit_cost) / 100);
  royal_proposal_set_priority (proposal, look->rates.initial_share != look->configured_share ? ROYAL_PRIORITY_HIGH
                                                                                             : ROYAL_PRIORITY_NORMAL);
  royal_proposal_set_deadline (proposal, WAIT_S);
  return proposal;
}

static JsonArray *
cluster_units (const Look *look)
{
  JsonArray *clusters = json_array_new ();

  for (guint i = 0; i < look->network->clusters->len; i++)
    {
      JsonObject *cluster = json_object_new ();

      json_object_set_string_member (cluster, "name", inventory_network_cluster (look->network, i)->name);
      json_object_set_int_member (cluster, "units", look->allocation->clusters[i]);
      json_array_add_object_element (clusters, cluster);
    }
  return clusters;
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
  json_object_set_string_member (result, "season", inventory_text (look->plan, "id"));
  json_object_set_boolean_member (result, "proposed", TRUE);
  json_object_set_int_member (result, "forecast_total", total (look));
  json_object_set_double_member (result, "safety_stock", look->rates.safety_stock / (double)INVENTORY_ONE);
  json_object_set_double_member (result, "initial_share", look->rates.initial_share / (double)INVENTORY_ONE);
  json_object_set_int_member (result, "quantity", look->quantities.quantity);
  json_object_set_int_member (result, "initial", look->quantities.initial);
  json_object_set_int_member (result, "holdback", look->quantities.holdback);
  json_object_set_int_member (result, "minimum", look->allocation->minimum);
  json_object_set_int_member (result, "moved", look->allocation->moved);
  json_object_set_array_member (result, "clusters", cluster_units (look));
  json_object_set_member (result, "outcome", outcome);
  return json_node_init_object (json_node_alloc (), result);
}

/* Why there is nothing to order; NULL when there is. */
static char *
reason_to_hold (Look *look, JsonObject *stock)
{
  if (inventory_figure (look->plan, "week") > 0)
    return g_strdup_printf ("the season is on, sales are complete up to week %" G_GINT64_FORMAT
                            ": what is lacking now is for a re-allocation",
                            inventory_figure (look->plan, "week"));
  if (inventory_figure (stock, "made") > 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT " units are made for the season already",
                            inventory_figure (stock, "made"));
  if (!inventory_quantities (total (look), &look->rates, &look->quantities))
    return g_strdup ("the season has no forecast to make a quantity from");
  return NULL;
}

JsonNode *
inventory_task_plan (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (JsonObject) parameters = inventory_parameters (input);
  g_autoptr (JsonNode) plan = NULL;
  g_autoptr (JsonNode) forecast = NULL;
  g_autoptr (JsonNode) stock = NULL;
  g_autofree char *reason = NULL;
  g_auto (Look) look = { 0 };

  if (!read_rates (run, input, &look.rates, error))
    return NULL;
  look.configured_share = look.rates.initial_share;
  look.cover_weeks = inventory_figure (royal_run_config (run), "cover_weeks");
  plan = royal_run_get (run, "retail.plan", parameters, error);
  forecast = plan != NULL ? royal_run_get (run, "retail.forecast", parameters, error) : NULL;
  stock = forecast != NULL ? royal_run_get (run, "retail.inventory", parameters, error) : NULL;
  if (stock == NULL)
    return NULL;
  look.plan = json_node_get_object (plan);
  look.forecast = json_node_get_object (forecast);
  look.has_cost = inventory_cents (inventory_text (look.plan, "unit_cost"), &look.unit_cost);
  reason = reason_to_hold (&look, json_node_get_object (stock));
  if (reason != NULL)
    return inventory_hold (inventory_text (look.plan, "id"), reason);

  look.network = inventory_read_network (look.forecast, error);
  if (look.network == NULL || !compare_stores (&look, error))
    return NULL;
  royal_run_progress (run, 0.5, "reading the stores' first weeks");
  if (!read_minimums (run, parameters, &look, error))
    return NULL;
  if (!allocate (&look, json_object_has_member (input, "initial_share"), &reason, error))
    return reason != NULL ? inventory_hold (inventory_text (look.plan, "id"), reason) : NULL;
  return propose (run, &look, error);
}
