/* SPDX-License-Identifier: Apache-2.0 */
#include "ceo-world.h"

#include <math.h>
#include <trade-table.h>

#define FEED "catalog.feed"
#define GOALS "ceo.goals"

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
