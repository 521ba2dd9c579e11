/* SPDX-License-Identifier: Apache-2.0 */
#include "ceo-world.h"

#include <math.h>
#include <trade-table.h>

#define FEED "catalog.feed"
#define GOALS "ceo.goals"
#define SIGNALS "ceo.signals"
#define TRAFFIC_WEEKS 4

enum { PRODUCT, SOLD, N_COLUMNS };

static const TradeColumn columns[N_COLUMNS] = { [PRODUCT] = { "product", ROYAL_COLUMN_STRING, TRUE },
                                                [SOLD] = { "sold", ROYAL_COLUMN_DOUBLE, FALSE } };

JsonObject *
ceo_goals (RoyalRun *run, GError **error)
{
  g_autoptr (JsonNode) node = royal_run_get (run, GOALS, NULL, error);
  JsonObject *document;

  if (node == NULL)
    return NULL;
  document = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (document == NULL || !json_object_has_member (document, "goals") ||
      !JSON_NODE_HOLDS_OBJECT (json_object_get_member (document, "goals")))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected a document { goals: { … } }", GOALS);
      return NULL;
    }
  return json_object_ref (json_object_get_object_member (document, "goals"));
}

double
ceo_goal (JsonObject *goals, const char *name)
{
  return json_object_get_double_member_with_default (goals, name, NAN);
}

/* (transfer full): of each product that sells, how much of its best listing is sold: id -> double. */
static GHashTable *
sold_by_product (const RoyalTable *table, const gint *places)
{
  GHashTable *sold = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      double units = trade_table_figure (table, places[SOLD], row);
      g_autofree char *id = NULL;
      double *known;

      if (isnan (units))
        continue;
      id = trade_table_text (table, places[PRODUCT], row);
      known = g_hash_table_lookup (sold, id);
      if (known == NULL)
        {
          known = g_new (double, 1);
          *known = units;
          g_hash_table_insert (sold, g_steal_pointer (&id), known);
        }
      else
        *known = MAX (*known, units);
    }
  return sold;
}

gboolean
ceo_demand (RoyalRun *run, const char *product, double *ret_sold, double *ret_demand, GError **error)
{
  gint places[N_COLUMNS];
  g_autoptr (RoyalTable) table = trade_table_read (run, FEED, NULL, columns, N_COLUMNS, places, error);
  g_autoptr (GHashTable) sold = NULL;
  GHashTableIter iter;
  gpointer other;
  const double *own;
  double less = 0;

  *ret_sold = *ret_demand = NAN;
  if (table == NULL)
    return FALSE;
  sold = sold_by_product (table, places);
  own = g_hash_table_lookup (sold, product);
  if (own == NULL)
    return TRUE;
  *ret_sold = *own;
  if (g_hash_table_size (sold) < 2)
    return TRUE;
  g_hash_table_iter_init (&iter, sold);
  while (g_hash_table_iter_next (&iter, NULL, &other))
    if (other != own)
      less += *(double *)other < *own ? 1 : *(double *)other == *own ? 0.5 : 0;
  *ret_demand = less / (g_hash_table_size (sold) - 1);
  return TRUE;
}

/* (nullable) (transfer none): the list of that name, whose elements are objects. */
static JsonArray *
list_of (JsonObject *document, const char *name)
{
  JsonNode *node = document != NULL ? json_object_get_member (document, name) : NULL;
  JsonArray *list = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    if (!JSON_NODE_HOLDS_OBJECT (json_array_get_element (list, i)))
      return NULL;
  return list;
}

static double
figure_of (JsonObject *object, const char *name)
{
  return json_object_get_double_member_with_default (object, name, 0);
}

static void
read_signals (JsonArray *revenue, JsonArray *traffic, JsonObject *launches, CeoSignals *signals)
{
  guint n = json_array_get_length (revenue);
  guint weeks = json_array_get_length (traffic);

  signals->n_weeks = MIN (n, CEO_WEEKS_MAX);
  for (guint i = 0; i < signals->n_weeks; i++)
    signals->revenue[i] = figure_of (json_array_get_object_element (revenue, n - signals->n_weeks + i), "amount");
  for (guint i = weeks > TRAFFIC_WEEKS ? weeks - TRAFFIC_WEEKS : 0; i < weeks; i++)
    {
      signals->visits += figure_of (json_array_get_object_element (traffic, i), "visits");
      signals->orders += figure_of (json_array_get_object_element (traffic, i), "orders");
    }
  signals->days = figure_of (launches, "days");
  signals->ended = figure_of (launches, "ended");
  signals->failed = figure_of (launches, "failed");
}

gboolean
ceo_signals (RoyalRun *run, CeoSignals *ret_signals, GError **error)
{
  g_autoptr (JsonNode) node = royal_run_get (run, SIGNALS, NULL, error);
  JsonObject *document = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonArray *revenue = list_of (document, "revenue");
  JsonArray *traffic = list_of (document, "traffic");
  JsonNode *launches = document != NULL ? json_object_get_member (document, "launches") : NULL;
  CeoSignals signals = { 0 };

  if (node == NULL)
    return FALSE;
  if (revenue == NULL || traffic == NULL || launches == NULL || !JSON_NODE_HOLDS_OBJECT (launches))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: expected a document { revenue: [{ … }], traffic: [{ … }], launches: { … } }", SIGNALS);
      return FALSE;
    }
  read_signals (revenue, traffic, json_node_get_object (launches), &signals);
  *ret_signals = signals;
  return TRUE;
}
