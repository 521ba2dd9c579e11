/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-action.h"

#include "royal-json.h"

#include <string.h>

void
rh_shopify_copy (JsonObject *from, const char *member, JsonObject *to, const char *name)
{
  if (from != NULL && json_object_has_member (from, member))
    json_object_set_member (to, name, json_object_dup_member (from, member));
}

JsonObject *
rh_shopify_only (JsonArray *list)
{
  JsonNode *node = list != NULL && json_array_get_length (list) == 1 ? json_array_get_element (list, 0) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonObject *
rh_shopify_one (const char *member, const char *text)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, member, text);
  return object;
}

JsonObject *
rh_shopify_as_it_was (JsonObject *before)
{
  return json_object_ref (before);
}

/* --- Prices ------------------------------------------------------------------------------------------------------- */

/* Whether two amounts are the same, digit by digit: 10, 10.0 and 10.00 are. */
static gboolean
is_same_amount (const char *a, const char *b)
{
  gsize left = strcspn (a, "."), right = strcspn (b, ".");
  const char *p = a + left, *q = b + right;

  if (left != right || strncmp (a, b, left) != 0)
    return FALSE;
  p += *p == '.';
  q += *q == '.';
  while (*p != '\0' || *q != '\0')
    {
      if ((*p != '\0' ? *p : '0') != (*q != '\0' ? *q : '0'))
        return FALSE;
      p += *p != '\0';
      q += *q != '\0';
    }
  return TRUE;
}

static gboolean
has_amount (JsonObject *wanted, JsonObject *state, const char *member)
{
  const char *amount = royal_json_string (wanted, member, NULL);
  const char *is = royal_json_string (state, member, NULL);

  if (!json_object_has_member (wanted, member))
    return TRUE;
  return amount == NULL || is == NULL ? amount == is : is_same_amount (amount, is);
}

/* { "product", "price", "compare_at_price" } */
static JsonNode *
price_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *variant = royal_json_object (data, "productVariant");
  JsonObject *state;

  if (variant == NULL)
    return NULL;
  state = json_object_new ();
  royal_json_set_text (state, "product", royal_json_string (royal_json_object (variant, "product"), "id", ""));
  royal_json_set_text (state, "price", royal_json_string (variant, "price", NULL));
  royal_json_set_text (state, "compare_at_price", royal_json_string (variant, "compareAtPrice", NULL));
  return royal_json_take_object (state);
}

/* What the change does to the margin, as far as the cost is known, and in the same currency. */
static void
price_margin (const RhShopifyPlace *place, JsonObject *variant, double price, const char *currency, JsonObject *facts)
{
  JsonObject *cost = royal_json_object (royal_json_object (variant, "inventoryItem"), "unitCost");
  const char *text = royal_json_string (cost, "amount", NULL);
  gboolean is_known = text != NULL && strcmp (royal_json_string (cost, "currencyCode", ""), currency) == 0;
  double amount = is_known ? g_ascii_strtod (text, NULL) : 0;

  json_object_set_boolean_member (facts, "cost_known", is_known);
  if (!is_known)
    return;
  json_object_set_double_member (facts, "cost", amount);
  json_object_set_double_member (facts, "margin_after", price - amount);
  json_object_set_boolean_member (facts, "below_floor", price < amount * (1 + place->margin_min_pct / 100));
}

static void
price_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  JsonObject *variant = royal_json_object (data, "productVariant");
  JsonObject *product = royal_json_object (variant, "product");
  const char *currency = royal_json_string (royal_json_object (data, "shop"), "currencyCode", "");
  double now = g_ascii_strtod (royal_json_string (variant, "price", "0"), NULL);
  double price = g_ascii_strtod (royal_json_string (wanted, "price", "0"), NULL);
  double change = now > 0 ? (price - now) * 100 / now : price > 0 ? 100 : 0;

  json_object_set_string_member (facts, "currency", currency);
  json_object_set_double_member (facts, "price_before", now);
  json_object_set_double_member (facts, "price_after", price);
  json_object_set_double_member (facts, "change_pct", change);
  price_margin (place, variant, price, currency, facts);
  rh_shopify_copy (variant, "inventoryQuantity", facts, "inventory");
  rh_shopify_copy (product, "status", facts, "status");
  rh_shopify_copy (product, "title", facts, "product");
  rh_shopify_copy (variant, "title", facts, "variant");
  rh_shopify_copy (variant, "sku", facts, "sku");
}

static gboolean
price_is_done (JsonObject *wanted, JsonObject *state)
{
  return has_amount (wanted, state, "price") && has_amount (wanted, state, "compare_at_price");
}

static JsonObject *
price_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = json_object_new ();
  JsonObject *variant = json_object_new ();
  JsonArray *variants = json_array_new ();

  json_object_set_string_member (variant, "id", id);
  rh_shopify_copy (wanted, "price", variant, "price");
  rh_shopify_copy (wanted, "compare_at_price", variant, "compareAtPrice");
  json_array_add_object_element (variants, variant);
  rh_shopify_copy (state, "product", variables, "product");
  json_object_set_array_member (variables, "variants", variants);
  return variables;
}

static JsonObject *
price_inverse (JsonObject *before)
{
  JsonObject *wanted = json_object_new ();

  rh_shopify_copy (before, "price", wanted, "price");
  rh_shopify_copy (before, "compare_at_price", wanted, "compare_at_price");
  return wanted;
}

/* --- Inventory ---------------------------------------------------------------------------------------------------- */

static char *
location_of (JsonObject *wanted)
{
  return g_strdup_printf ("gid://shopify/Location/%" G_GINT64_FORMAT, royal_json_int (wanted, "location", 0));
}

static void
inventory_observed_of (JsonObject *wanted, JsonObject *variables)
{
  g_autofree char *location = location_of (wanted);

  json_object_set_string_member (variables, "location", location);
}

/* { "location", "quantity" } */
static JsonNode *
inventory_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *level = royal_json_object (royal_json_object (data, "inventoryItem"), "inventoryLevel");
  JsonObject *quantity = rh_shopify_only (royal_json_array (level, "quantities"));
  JsonObject *state;

  if (quantity == NULL)
    return NULL;
  state = json_object_new ();
  rh_shopify_copy (wanted, "location", state, "location");
  rh_shopify_copy (quantity, "quantity", state, "quantity");
  return royal_json_take_object (state);
}

static void
inventory_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  g_autoptr (JsonNode) state = inventory_state (data, wanted);
  JsonObject *item = royal_json_object (data, "inventoryItem");
  gint64 before = royal_json_int (json_node_get_object (state), "quantity", 0);
  gint64 after = royal_json_int (wanted, "quantity", 0);

  json_object_set_int_member (facts, "quantity_before", before);
  json_object_set_int_member (facts, "quantity_after", after);
  json_object_set_int_member (facts, "quantity_change", after - before);
  rh_shopify_copy (item, "sku", facts, "sku");
  rh_shopify_copy (item, "tracked", facts, "tracked");
}

static gboolean
inventory_is_done (JsonObject *wanted, JsonObject *state)
{
  return royal_json_int (wanted, "quantity", -1) == royal_json_int (state, "quantity", -2);
}

/* What it is changed from goes along: Shopify compares. */
static JsonObject *
inventory_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  g_autofree char *location = location_of (wanted);
  JsonObject *variables = json_object_new ();
  JsonObject *input = json_object_new ();
  JsonObject *quantity = json_object_new ();
  JsonArray *quantities = json_array_new ();

  json_object_set_string_member (quantity, "inventoryItemId", id);
  json_object_set_string_member (quantity, "locationId", location);
  rh_shopify_copy (wanted, "quantity", quantity, "quantity");
  rh_shopify_copy (state, "quantity", quantity, "changeFromQuantity");
  json_array_add_object_element (quantities, quantity);
  json_object_set_string_member (input, "name", "available");
  json_object_set_string_member (input, "reason", "correction");
  json_object_set_array_member (input, "quantities", quantities);
  json_object_set_object_member (variables, "input", input);
  json_object_set_string_member (variables, "key", key);
  return variables;
}

static const RhShopifyAction inventory_set = { .name = "shopify.inventory.set",
                                               .kind = "InventoryItem",
                                               .scope = "write_inventory",
                                               .observe = "inventory",
                                               .observed_of = inventory_observed_of,
                                               .state = inventory_state,
                                               .facts = inventory_facts,
                                               .is_done = inventory_is_done,
                                               .changes = { { "inventory-set", "inventorySetQuantities",
                                                              inventory_variables } },
                                               .inverse = rh_shopify_as_it_was,
                                               .is_keyed = TRUE };
static const RhShopifyAction price_update = { .name = "shopify.price.update",
                                              .kind = "ProductVariant",
                                              .scope = "write_products",
                                              .observe = "variant",
                                              .state = price_state,
                                              .facts = price_facts,
                                              .is_done = price_is_done,
                                              .changes = { { "price-update", "productVariantsBulkUpdate",
                                                             price_variables } },
                                              .inverse = price_inverse };

static const RhShopifyAction *const table[] = {
  &inventory_set,
  &price_update,
  &rh_shopify_collection_set,
  &rh_shopify_metafield_set,
  &rh_shopify_product_archive,
  &rh_shopify_product_create,
  &rh_shopify_product_publish,
  &rh_shopify_product_update,
  &rh_shopify_theme_duplicate,
  &rh_shopify_theme_files,
  &rh_shopify_theme_publish,
  &rh_shopify_webhook_subscribe,
};

const RhShopifyAction *
rh_shopify_action_find (const char *name)
{
  g_return_val_if_fail (name != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i]->name, name) == 0)
      return table[i];
  return NULL;
}
