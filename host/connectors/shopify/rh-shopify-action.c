/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-action.h"

#include "royal-json.h"

#include <string.h>

static JsonNode *
node_of (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

/* Copies @member of @from, which may lack it, as @name of @to. */
static void
copy (JsonObject *from, const char *member, JsonObject *to, const char *name)
{
  if (from != NULL && json_object_has_member (from, member))
    json_object_set_member (to, name, json_object_dup_member (from, member));
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
  return node_of (state);
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

static const RhShopifyAction table[] = {
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
