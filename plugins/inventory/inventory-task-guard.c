/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-documents.h"
#include "inventory-stock.h"
#include "inventory-tasks.h"

#define FINDINGS_MAX 100u /* that are told one by one; the counts are of all */

typedef struct {
  InventoryAlert alert;
  const char *name;
  const char *words;
} Name;

static const Name names[] = {
  { INVENTORY_ALERT_DRIFT, "drift", "differ" },
  { INVENTORY_ALERT_OVERSELL, "oversell", "offer more than there is" },
  { INVENTORY_ALERT_LOW, "low", "are low" },
  { INVENTORY_ALERT_STOCKOUT, "stockout", "have less than the next week is expected to take" },
  { INVENTORY_ALERT_OVERSTOCK, "overstock", "have more than the season is expected to take" },
};

/* What was found so far. */
typedef struct {
  InventoryGuard guard;
  guint over; /* in basis points */
  JsonObject *stock;
  GHashTable *places; /* of the stores in it, by code */
  JsonArray *findings;
  guint checked;
  guint counts[G_N_ELEMENTS (names)];
  guint left_off;
} Look;

static void
look_clear (Look *look)
{
  g_clear_pointer (&look->places, g_hash_table_unref);
  g_clear_pointer (&look->findings, json_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, look_clear)

static void
set_count (JsonObject *object, const char *name, gint64 count)
{
  if (count != INVENTORY_UNKNOWN)
    json_object_set_int_member (object, name, count);
}

/* What a place is expected to sell. Either may be INVENTORY_UNKNOWN. */
typedef struct {
  gint64 next; /* in the next week */
  gint64 left; /* in all weeks that are left */
} Expected;

static const Expected nothing_known = { INVENTORY_UNKNOWN, INVENTORY_UNKNOWN };

static Expected
expected_of (JsonObject *store)
{
  return (Expected){
    json_object_get_int_member_with_default (store, "forecast_next", INVENTORY_UNKNOWN),
    json_object_get_int_member_with_default (store, "forecast_left", INVENTORY_UNKNOWN),
  };
}

static void
add_finding (Look *look,
             const char *place,
             const InventoryCount *count,
             const InventoryFinding *finding,
             const Expected *expected)
{
  JsonObject *object;
  JsonArray *alerts;

  look->checked++;
  if (finding->alerts == 0)
    return;
  alerts = json_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (finding->alerts & names[i].alert)
      {
        look->counts[i]++;
        json_array_add_string_element (alerts, names[i].name);
      }
  if (json_array_get_length (look->findings) == FINDINGS_MAX)
    {
      look->left_off++;
      json_array_unref (alerts);
      return;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "place", place);
  json_object_set_array_member (object, "alerts", alerts);
  set_count (object, "ledger", count->ledger);
  set_count (object, "shop", count->shop);
  set_count (object, "supplier", count->supplier);
  set_count (object, "sellable", finding->sellable);
  set_count (object, "forecast_next", expected->next);
  set_count (object, "forecast_left", expected->left);
  json_object_set_double_member (object, "drift", finding->drift / (double)INVENTORY_ONE);
  json_array_add_object_element (look->findings, object);
}

static gboolean
compare (Look *look, const char *place, const InventoryCount *count, const Expected *expected, GError **error)
{
  InventoryFinding finding;

  if (!inventory_guard (count, &look->guard, &finding))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected counts that are not negative", place);
      return FALSE;
    }
  finding.alerts |= inventory_outlook (inventory_there (count), expected->next, expected->left, look->over);
  add_finding (look, place, count, &finding, expected);
  return TRUE;
}

/* The stores by their code, each of which is compared once. */
static void
find_stores (Look *look)
{
  JsonArray *stores = inventory_list (look->stock, "stores");

  look->places = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; stores != NULL && i < json_array_get_length (stores); i++)
    {
      JsonObject *store = inventory_member (stores, i);

      if (store != NULL)
        g_hash_table_insert (look->places, (gpointer)inventory_text (store, "store"), store);
    }
}

static gboolean
compare_counts (Look *look, JsonObject *input, GError **error)
{
  JsonArray *counts = inventory_list (input, "counts");

  for (guint i = 0; counts != NULL && i < json_array_get_length (counts); i++)
    {
      JsonObject *told = inventory_member (counts, i);
      const char *code = told != NULL ? inventory_text (told, "store") : "";
      JsonObject *store = g_hash_table_lookup (look->places, code);
      InventoryCount count;
      Expected expected;

      if (store == NULL)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "/counts/%u/store: expected a store of the season that no other count is of, found `%s`", i,
                       code);
          return FALSE;
        }
      count = (InventoryCount){
        inventory_figure (store, "on_hand"),
        json_object_get_int_member_with_default (told, "shop", INVENTORY_UNKNOWN),
        json_object_get_int_member_with_default (told, "supplier", INVENTORY_UNKNOWN),
      };
      expected = expected_of (store);
      if (!compare (look, code, &count, &expected, error))
        return FALSE;
      g_hash_table_remove (look->places, code);
    }
  return TRUE;
}

/* Stores that nobody counted can still be low; in the order of the document. */
static gboolean
compare_rest (Look *look, GError **error)
{
  JsonArray *stores = inventory_list (look->stock, "stores");

  for (guint i = 0; stores != NULL && i < json_array_get_length (stores); i++)
    {
      JsonObject *store = inventory_member (stores, i);
      const char *code = store != NULL ? inventory_text (store, "store") : "";
      InventoryCount count = { INVENTORY_UNKNOWN, INVENTORY_UNKNOWN, INVENTORY_UNKNOWN };
      Expected expected;

      if (g_hash_table_lookup (look->places, code) != store || store == NULL)
        continue;
      count.ledger = inventory_figure (store, "on_hand");
      expected = expected_of (store);
      if (!compare (look, code, &count, &expected, error))
        return FALSE;
    }
  return TRUE;
}

static char *
summary (const Look *look)
{
  g_autoptr (GString) words = g_string_new (NULL);

  if (json_array_get_length (look->findings) == 0)
    return g_strdup_printf ("the counts of %u places agree", look->checked);
  g_string_printf (words, "of %u places", look->checked);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (look->counts[i] > 0)
      g_string_append_printf (words, ", %u %s", look->counts[i], names[i].words);
  return g_string_free (g_steal_pointer (&words), FALSE);
}

static JsonNode *
answer (Look *look)
{
  g_autoptr (JsonObject) result = json_object_new ();
  g_autofree char *words = summary (look);

  json_object_set_string_member (result, "season", inventory_text (look->stock, "season"));
  json_object_set_int_member (result, "week", inventory_figure (look->stock, "week"));
  json_object_set_boolean_member (result, "proposed", FALSE);
  json_object_set_boolean_member (result, "alert", look->counts[0] + look->counts[1] > 0);
  json_object_set_string_member (result, "reason", words);
  json_object_set_int_member (result, "checked", look->checked);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    json_object_set_int_member (result, names[i].name, look->counts[i]);
  json_object_set_int_member (result, "left_off", look->left_off);
  json_object_set_array_member (result, "findings", g_steal_pointer (&look->findings));
  return json_node_init_object (json_node_alloc (), result);
}

JsonNode *
inventory_task_guard (RoyalRun *run, JsonObject *input, GError **error)
{
  g_autoptr (JsonObject) parameters = inventory_parameters (input);
  JsonObject *config = royal_run_config (run);
  g_autoptr (JsonNode) stock = NULL;
  g_auto (Look) look = { 0 };
  InventoryCount centre = { INVENTORY_UNKNOWN, INVENTORY_UNKNOWN, INVENTORY_UNKNOWN };

  look.findings = json_array_new ();
  if (!inventory_rate (config, "drift", &look.guard.drift, error) ||
      !inventory_rate (config, "overstock", &look.over, error))
    return NULL;
  look.guard.buffer = inventory_figure (config, "buffer");
  look.guard.low = inventory_figure (config, "low_stock");
  stock = royal_run_get (run, "retail.inventory", parameters, error);
  if (stock == NULL)
    return NULL;
  look.stock = json_node_get_object (stock);
  find_stores (&look);
  if (json_object_has_member (input, "holdback"))
    {
      centre.ledger = inventory_figure (look.stock, "holdback");
      centre.supplier = inventory_figure (input, "holdback");
      if (!compare (&look, "holdback", &centre, &nothing_known, error))
        return NULL;
    }
  if (!compare_counts (&look, input, error) || !compare_rest (&look, error))
    return NULL;
  return answer (&look);
}
