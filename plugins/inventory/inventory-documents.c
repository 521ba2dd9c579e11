/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-documents.h"

#include <math.h>
#include <string.h>

gint64
inventory_figure (JsonObject *object, const char *name)
{
  return json_object_get_int_member_with_default (object, name, 0);
}

const char *
inventory_text (JsonObject *object, const char *name)
{
  const char *value = json_object_get_string_member_with_default (object, name, "");

  return value != NULL ? value : "";
}

JsonArray *
inventory_list (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

JsonObject *
inventory_member (JsonArray *list, guint i)
{
  JsonNode *node = json_array_get_element (list, i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

gboolean
inventory_rate (JsonObject *object, const char *name, guint *ret_points, GError **error)
{
  double scaled = json_object_get_double_member_with_default (object, name, -1) * INVENTORY_ONE;
  double whole = round (scaled);

  if (isfinite (whole) && whole >= 0 && whole <= INVENTORY_ONE && fabs (scaled - whole) < 1e-9)
    {
      *ret_points = (guint)whole;
      return TRUE;
    }
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/%s: expected a number from 0 to 1 with at most four decimals",
               name);
  return FALSE;
}

gboolean
inventory_cents (const char *text, gint64 *ret_cents)
{
  gsize whole = strspn (text, "0123456789");
  gsize decimals = text[whole] == '.' ? strspn (text + whole + 1, "0123456789") : 0;

  if (whole < 1 || whole > 9 || decimals > 2 || text[whole + (text[whole] == '.' ? 1 + decimals : 0)] != '\0' ||
      (text[whole] == '.' && decimals == 0))
    return FALSE;
  *ret_cents = g_ascii_strtoll (text, NULL, 10) * 100;
  if (decimals > 0)
    *ret_cents += g_ascii_strtoll (text + whole + 1, NULL, 10) * (decimals == 1 ? 10 : 1);
  return TRUE;
}

char *
inventory_percent (guint points)
{
  if (points % 100 == 0)
    return g_strdup_printf ("%u %%", points / 100);
  if (points % 10 == 0)
    return g_strdup_printf ("%u.%u %%", points / 100, points % 100 / 10);
  return g_strdup_printf ("%u.%02u %%", points / 100, points % 100);
}

JsonObject *
inventory_parameters (JsonObject *input)
{
  JsonObject *parameters = json_object_new ();

  json_object_set_string_member (parameters, "season", inventory_text (input, "season"));
  return parameters;
}

JsonNode *
inventory_hold (const char *season, const char *reason)
{
  g_autoptr (JsonObject) result = json_object_new ();

  json_object_set_string_member (result, "season", season);
  json_object_set_boolean_member (result, "proposed", FALSE);
  json_object_set_string_member (result, "reason", reason);
  return json_node_init_object (json_node_alloc (), result);
}

static gboolean
fail (GError **error, const char *place, const char *expected)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "retail.forecast: %s: expected %s", place, expected);
  return FALSE;
}

static gboolean
read_store (InventoryNetwork *network, JsonObject *store, const char *place, GError **error)
{
  const char *code = store != NULL ? inventory_text (store, "store") : "";
  gint64 factor;

  if (*code == '\0')
    return fail (error, place, "a store with its code");
  if (!inventory_share (json_object_get_double_member_with_default (store, "factor", -1), &factor))
    return fail (error, place, "a factor from 0 to 1");
  if (!inventory_network_add_store (network, code, factor))
    return fail (error, place, "a store that no other cluster has");
  return TRUE;
}

static gboolean
read_cluster (InventoryNetwork *network, JsonObject *cluster, guint place, GError **error)
{
  g_autofree char *here = g_strdup_printf ("/clusters/%u", place);
  JsonArray *stores = cluster != NULL ? inventory_list (cluster, "stores") : NULL;
  gint64 share;

  if (cluster == NULL || !inventory_share (json_object_get_double_member_with_default (cluster, "share", -1), &share))
    return fail (error, here, "a cluster with a share from 0 to 1");
  inventory_network_add_cluster (network, inventory_text (cluster, "name"), share);
  for (guint i = 0; stores != NULL && i < json_array_get_length (stores); i++)
    {
      g_autofree char *there = g_strdup_printf ("%s/stores/%u", here, i);

      if (!read_store (network, inventory_member (stores, i), there, error))
        return FALSE;
    }
  return TRUE;
}

InventoryNetwork *
inventory_read_network (JsonObject *forecast, GError **error)
{
  g_autoptr (InventoryNetwork) network = inventory_network_new ();
  JsonArray *clusters = inventory_list (forecast, "clusters");
  g_autofree char *wrong = NULL;

  for (guint i = 0; clusters != NULL && i < json_array_get_length (clusters); i++)
    if (!read_cluster (network, inventory_member (clusters, i), i, error))
      return NULL;
  wrong = inventory_network_check (network);
  if (wrong == NULL)
    return g_steal_pointer (&network);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "retail.forecast: /clusters: %s", wrong);
  return NULL;
}

/* The columns of `retail.sales` that count. */
typedef struct {
  RoyalTable *table;
  guint store;
  const gint64 *week;
  const double *forecast;
} Sales;

static gboolean
find_columns (RoyalTable *table, Sales *sales, GError **error)
{
  gint store = royal_table_find (table, "store");
  gint week = royal_table_find (table, "week");
  gint forecast = royal_table_find (table, "forecast");

  sales->table = table;
  sales->week = week >= 0 ? royal_table_int64 (table, (guint)week) : NULL;
  sales->forecast = forecast >= 0 ? royal_table_double (table, (guint)forecast) : NULL;
  sales->store = (guint)MAX (store, 0);
  if (store >= 0 && sales->week != NULL && sales->forecast != NULL &&
      royal_table_column_type (table, sales->store) == ROYAL_COLUMN_STRING)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "retail.sales: expected the columns store, week, forecast");
  return FALSE;
}

/* Part of a unit is a whole one: nobody sells half a dress. */
static gint64
whole_units (double forecast)
{
  return forecast > 0 && forecast <= (double)INVENTORY_UNITS_MAX ? (gint64)ceil (forecast) : 0;
}

gboolean
inventory_read_weeks (RoyalRun *run,
                      JsonObject *parameters,
                      const InventoryNetwork *network,
                      InventoryWeeks *weeks,
                      GError **error)
{
  g_autoptr (RoyalTable) table = royal_run_read (run, "retail.sales", parameters, error);
  Sales sales;

  if (table == NULL || !find_columns (table, &sales, error))
    return FALSE;
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      gsize length = 0;
      const char *code;
      gint place;

      if (sales.week[row] < weeks->from || sales.week[row] > weeks->to)
        continue;
      code = royal_table_string (table, sales.store, row, &length);
      place = code != NULL ? inventory_network_find (network, code, length) : -1;
      weeks->rows++;
      if (place >= 0)
        weeks->units[place] += whole_units (sales.forecast[row]);
    }
  return TRUE;
}
