/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-action.h"

#include "royal-json.h"

#include <string.h>

/* Copies @member of @from, which may lack it, as @name of @to. */
static void
copy (JsonObject *from, const char *member, JsonObject *to, const char *name)
{
  if (from != NULL && json_object_has_member (from, member))
    json_object_set_member (to, name, json_object_dup_member (from, member));
}

/* (nullable): the only one of a list. */
static JsonObject *
only_of (JsonArray *list)
{
  JsonNode *node = list != NULL && json_array_get_length (list) == 1 ? json_array_get_element (list, 0) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
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
  copy (variant, "inventoryQuantity", facts, "inventory");
  copy (product, "status", facts, "status");
  copy (product, "title", facts, "product");
  copy (variant, "title", facts, "variant");
  copy (variant, "sku", facts, "sku");
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
  copy (wanted, "price", variant, "price");
  copy (wanted, "compare_at_price", variant, "compareAtPrice");
  json_array_add_object_element (variants, variant);
  copy (state, "product", variables, "product");
  json_object_set_array_member (variables, "variants", variants);
  return variables;
}

static JsonObject *
price_inverse (JsonObject *before)
{
  JsonObject *wanted = json_object_new ();

  copy (before, "price", wanted, "price");
  copy (before, "compare_at_price", wanted, "compare_at_price");
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
  JsonObject *quantity = only_of (royal_json_array (level, "quantities"));
  JsonObject *state;

  if (quantity == NULL)
    return NULL;
  state = json_object_new ();
  copy (wanted, "location", state, "location");
  copy (quantity, "quantity", state, "quantity");
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
  copy (item, "sku", facts, "sku");
  copy (item, "tracked", facts, "tracked");
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
  copy (wanted, "quantity", quantity, "quantity");
  copy (state, "quantity", quantity, "changeFromQuantity");
  json_array_add_object_element (quantities, quantity);
  json_object_set_string_member (input, "name", "available");
  json_object_set_string_member (input, "reason", "correction");
  json_object_set_array_member (input, "quantities", quantities);
  json_object_set_object_member (variables, "input", input);
  json_object_set_string_member (variables, "key", key);
  return variables;
}

/* --- Products ----------------------------------------------------------------------------------------------------- */

/* A parameter, and the field that it is of. */
static const struct {
  const char *member;
  const char *field;
} product_fields[] = {
  { "title", "title" },   { "description_html", "descriptionHtml" },
  { "vendor", "vendor" }, { "product_type", "productType" },
  { "tags", "tags" },     { "status", "status" },
};

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* (transfer full): sorted, where it is a list of texts: the order of tags says nothing. */
static JsonNode *
sorted (JsonNode *node)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  JsonArray *all, *list;
  JsonNode *result;

  if (!JSON_NODE_HOLDS_ARRAY (node))
    return json_node_copy (node);
  all = json_node_get_array (node);
  list = json_array_new ();
  for (guint i = 0; i < json_array_get_length (all); i++)
    if (json_node_get_value_type (json_array_get_element (all, i)) == G_TYPE_STRING)
      g_ptr_array_add (texts, (gpointer)json_array_get_string_element (all, i));
  g_ptr_array_sort (texts, compare_text);
  for (guint i = 0; i < texts->len; i++)
    json_array_add_string_element (list, texts->pdata[i]);
  result = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (result, list);
  return result;
}

/* Those members that are to be changed. */
static JsonNode *
product_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *product = royal_json_object (data, "product");
  JsonObject *state;

  if (product == NULL)
    return NULL;
  state = json_object_new ();
  for (guint i = 0; i < G_N_ELEMENTS (product_fields); i++)
    if (json_object_has_member (wanted, product_fields[i].member) &&
        json_object_has_member (product, product_fields[i].field))
      json_object_set_member (state, product_fields[i].member,
                              sorted (json_object_get_member (product, product_fields[i].field)));
  return royal_json_take_object (state);
}

static void
product_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  JsonObject *product = royal_json_object (data, "product");

  copy (product, "title", facts, "product");
  copy (product, "status", facts, "status");
  copy (product, "totalInventory", facts, "inventory");
  json_object_set_int_member (facts, "fields", json_object_get_size (wanted));
}

static gboolean
product_is_done (JsonObject *wanted, JsonObject *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (product_fields); i++)
    {
      JsonNode *is = json_object_get_member (state, product_fields[i].member);
      JsonNode *asked = json_object_get_member (wanted, product_fields[i].member);
      g_autoptr (JsonNode) to_be = asked != NULL ? sorted (asked) : NULL;

      if (to_be != NULL && (is == NULL || !json_node_equal (is, to_be)))
        return FALSE;
    }
  return TRUE;
}

static JsonObject *
product_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = json_object_new ();
  JsonObject *product = json_object_new ();

  json_object_set_string_member (product, "id", id);
  for (guint i = 0; i < G_N_ELEMENTS (product_fields); i++)
    copy (wanted, product_fields[i].member, product, product_fields[i].field);
  json_object_set_object_member (variables, "product", product);
  return variables;
}

/* (transfer full): { @member: @text } */
static JsonObject *
one_of (const char *member, const char *text)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, member, text);
  return object;
}

static JsonObject *
publish_asked (const char *id, JsonObject *parameters)
{
  return one_of ("status", "ACTIVE");
}

static JsonObject *
archive_asked (const char *id, JsonObject *parameters)
{
  return one_of ("status", "ARCHIVED");
}

/* --- Themes ------------------------------------------------------------------------------------------------------- */

static JsonObject *
theme_asked (const char *id, JsonObject *parameters)
{
  return one_of ("live", id);
}

/* { "live": the id of the theme that is } */
static JsonNode *
theme_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *live = only_of (royal_json_array (royal_json_object (data, "themes"), "nodes"));
  JsonObject *state;

  if (royal_json_object (data, "theme") == NULL || live == NULL)
    return NULL;
  state = json_object_new ();
  copy (live, "id", state, "live");
  return royal_json_take_object (state);
}

static void
theme_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  JsonObject *theme = royal_json_object (data, "theme");

  copy (theme, "name", facts, "theme");
  copy (theme, "role", facts, "role");
  copy (theme, "processing", facts, "processing");
  json_object_set_boolean_member (facts, "live", strcmp (royal_json_string (theme, "role", ""), "MAIN") == 0);
}

static gboolean
theme_is_done (JsonObject *wanted, JsonObject *state)
{
  return g_strcmp0 (royal_json_string (wanted, "live", NULL), royal_json_string (state, "live", NULL)) == 0;
}

static JsonObject *
theme_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = json_object_new ();

  copy (wanted, "live", variables, "id");
  return variables;
}

/* What was observed is what is wanted again. */
static JsonObject *
as_it_was (JsonObject *before)
{
  return json_object_ref (before);
}

#define OF_PRODUCTS                                                                                                    \
  .kind = "Product", .observe = "product", .state = product_state, .facts = product_facts, .is_done = product_is_done, \
  .change = "product-update", .root = "productUpdate", .variables = product_variables, .inverse = as_it_was

static const RhShopifyAction table[] = {
  { .name = "shopify.inventory.set",
    .kind = "InventoryItem",
    .observe = "inventory",
    .observed_of = inventory_observed_of,
    .state = inventory_state,
    .facts = inventory_facts,
    .is_done = inventory_is_done,
    .change = "inventory-set",
    .root = "inventorySetQuantities",
    .variables = inventory_variables,
    .inverse = as_it_was,
    .is_keyed = TRUE },
  { .name = "shopify.price.update",
    .kind = "ProductVariant",
    .observe = "variant",
    .state = price_state,
    .facts = price_facts,
    .is_done = price_is_done,
    .change = "price-update",
    .root = "productVariantsBulkUpdate",
    .variables = price_variables,
    .inverse = price_inverse },
  { .name = "shopify.product.archive", .asked = archive_asked, OF_PRODUCTS },
  { .name = "shopify.product.publish", .asked = publish_asked, OF_PRODUCTS },
  { .name = "shopify.product.update", OF_PRODUCTS },
  { .name = "shopify.theme.publish",
    .kind = "OnlineStoreTheme",
    .asked = theme_asked,
    .observe = "theme",
    .state = theme_state,
    .facts = theme_facts,
    .is_done = theme_is_done,
    .change = "theme-publish",
    .root = "themePublish",
    .variables = theme_variables,
    .inverse = as_it_was },
};

const RhShopifyAction *
rh_shopify_action_find (const char *name)
{
  g_return_val_if_fail (name != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].name, name) == 0)
      return &table[i];
  return NULL;
}
