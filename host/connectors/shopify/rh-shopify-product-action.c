/* SPDX-License-Identifier: Apache-2.0 */

/* Products, and those that are to be. */

#include "rh-shopify-action.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

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

  rh_shopify_copy (product, "title", facts, "product");
  rh_shopify_copy (product, "status", facts, "status");
  rh_shopify_copy (product, "totalInventory", facts, "inventory");
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
    rh_shopify_copy (wanted, product_fields[i].member, product, product_fields[i].field);
  json_object_set_object_member (variables, "product", product);
  return variables;
}

static JsonObject *
publish_asked (const char *id, JsonObject *parameters)
{
  return rh_shopify_one ("status", "ACTIVE");
}

static JsonObject *
archive_asked (const char *id, JsonObject *parameters)
{
  return rh_shopify_one ("status", "ARCHIVED");
}

/* What costs most to ask for: a hundred variants. */
#define COST_OFFERS 120

/* (transfer full): the sku and price of each. */
static JsonArray *
offers_of (JsonArray *variants)
{
  JsonArray *offers = json_array_new ();

  for (guint i = 0; variants != NULL && i < json_array_get_length (variants); i++)
    {
      JsonObject *variant = json_array_get_object_element (variants, i);
      JsonObject *offer = json_object_new ();

      rh_shopify_copy (variant, "sku", offer, "sku");
      rh_shopify_copy (variant, "price", offer, "price");
      json_array_add_object_element (offers, offer);
    }
  return offers;
}

/* As the shop has them; of more than are asked for nothing is known. */
static JsonArray *
publish_offers (JsonObject *data, JsonObject *wanted)
{
  JsonObject *variants = royal_json_object (royal_json_object (data, "product"), "variants");

  if (royal_json_boolean (royal_json_object (variants, "pageInfo"), "hasNextPage", TRUE))
    return NULL;
  return offers_of (royal_json_array (variants, "nodes"));
}

/* --- New ones ----------------------------------------------------------------------------------------------------- */

/* A handle as Shopify makes them. */
static char *
handle_of (const char *rest, JsonObject *parameters)
{
  gsize n = strspn (rest, "abcdefghijklmnopqrstuvwxyz0123456789-");

  return n > 0 && n <= 255 && rest[n] == '\0' && rest[0] != '-' && rest[n - 1] != '-' ? g_strdup (rest) : NULL;
}

/* A new one is a draft, whatever is asked; its handle is the target. */
static JsonObject *
create_asked (const char *id, JsonObject *parameters)
{
  JsonObject *wanted = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, parameters);
  while (json_object_iter_next (&iter, &name, &value))
    json_object_set_member (wanted, name, json_node_copy (value));
  json_object_set_string_member (wanted, "handle", id);
  json_object_set_string_member (wanted, "status", "DRAFT");
  return wanted;
}

/* { "handle", "product": its id or null, and of what it is those members that are wanted } */
static JsonNode *
create_state (JsonObject *data, JsonObject *wanted)
{
  JsonObject *product = royal_json_object (data, "product");
  g_autoptr (JsonNode) fields = product != NULL ? product_state (data, wanted) : NULL;
  JsonObject *state = fields != NULL ? json_object_ref (json_node_get_object (fields)) : json_object_new ();

  rh_shopify_copy (wanted, "handle", state, "handle");
  royal_json_set_text (state, "product", royal_json_string (product, "id", NULL));
  return royal_json_take_object (state);
}

/* An inverse wants no product. */
static gboolean
wants_none (JsonObject *wanted)
{
  return json_object_has_member (wanted, "product");
}

/* By what Shopify keeps as it was sent: not by the description's HTML. */
static gboolean
create_is_done (JsonObject *wanted, JsonObject *state)
{
  const char *product = royal_json_string (state, "product", NULL);
  g_autoptr (JsonObject) compared = json_object_new ();

  if (wants_none (wanted) || product == NULL)
    return wants_none (wanted) && product == NULL;
  for (guint i = 0; i < G_N_ELEMENTS (product_fields); i++)
    if (strcmp (product_fields[i].member, "description_html") != 0)
      rh_shopify_copy (wanted, product_fields[i].member, compared, product_fields[i].member);
  return product_is_done (compared, state);
}

static gboolean
create_refuses (RhOperationKind kind, JsonObject *data, JsonObject *wanted, GError **error)
{
  JsonObject *product = royal_json_object (data, "product");
  const char *id = royal_json_string (product, "id", NULL);
  const char *status = royal_json_string (product, "status", "");

  if (id == NULL)
    return FALSE;
  if (!wants_none (wanted))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "/target: expected a handle that no product has, found that of %s", id);
  else if (strcmp (status, "DRAFT") != 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: only a draft is deleted, and it is %s", id, status);
  else
    return FALSE;
  return TRUE;
}

static void
create_facts (const RhShopifyPlace *place, JsonObject *data, JsonObject *wanted, JsonObject *facts)
{
  JsonArray *variants = royal_json_array (wanted, "variants");
  guint n = variants != NULL ? json_array_get_length (variants) : 0;
  double least = 0, most = 0;

  for (guint i = 0; i < n; i++)
    {
      JsonObject *variant = json_array_get_object_element (variants, i);
      double price = g_ascii_strtod (royal_json_string (variant, "price", "0"), NULL);

      least = i == 0 ? price : MIN (least, price);
      most = MAX (most, price);
    }
  rh_shopify_copy (wanted, "title", facts, "product");
  rh_shopify_copy (wanted, "handle", facts, "handle");
  rh_shopify_copy (royal_json_object (data, "shop"), "currencyCode", facts, "currency");
  json_object_set_int_member (facts, "variants", n);
  json_object_set_double_member (facts, "price_min", least);
  json_object_set_double_member (facts, "price_max", most);
}

static JsonArray *
create_offers (JsonObject *data, JsonObject *wanted)
{
  return offers_of (royal_json_array (wanted, "variants"));
}

/* (transfer full): { @name: @value } of an option, as an input wants it. */
static JsonObject *
option_value (const char *option, const char *value)
{
  JsonObject *input = json_object_new ();

  json_object_set_string_member (input, "optionName", option);
  json_object_set_string_member (input, "name", value);
  return input;
}

/* What Shopify calls the option of a product that has none. */
#define NO_OPTION "Title"
#define NO_VALUE "Default Title"

static void
add_option (JsonArray *list, const char *name, JsonArray *values)
{
  JsonObject *option = json_object_new ();
  JsonArray *out = json_array_new ();

  for (guint i = 0; i < MAX (values != NULL ? json_array_get_length (values) : 0, 1); i++)
    json_array_add_object_element (
        out, rh_shopify_one ("name", values != NULL ? json_array_get_string_element (values, i) : NO_VALUE));
  json_object_set_string_member (option, "name", name);
  json_object_set_array_member (option, "values", out);
  json_array_add_object_element (list, option);
}

static void
add_variant (JsonArray *list, JsonObject *variant)
{
  JsonObject *options = royal_json_object (variant, "options");
  JsonObject *input = json_object_new ();
  JsonObject *item = json_object_new ();
  JsonArray *values = json_array_new ();
  g_autoptr (GList) names = options != NULL ? json_object_get_members (options) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    json_array_add_object_element (values, option_value (l->data, royal_json_string (options, l->data, "")));
  if (names == NULL)
    json_array_add_object_element (values, option_value (NO_OPTION, NO_VALUE));
  json_object_set_array_member (input, "optionValues", values);
  rh_shopify_copy (variant, "price", input, "price");
  rh_shopify_copy (variant, "compare_at_price", input, "compareAtPrice");
  rh_shopify_copy (variant, "barcode", input, "barcode");
  rh_shopify_copy (variant, "sku", item, "sku");
  rh_shopify_copy (variant, "cost", item, "cost");
  json_object_set_object_member (input, "inventoryItem", item);
  json_array_add_object_element (list, input);
}

static void
put_variants (JsonObject *wanted, JsonObject *input)
{
  JsonArray *variants = royal_json_array (wanted, "variants");
  JsonArray *options = royal_json_array (wanted, "options");
  JsonArray *option_list = json_array_new ();
  JsonArray *variant_list = json_array_new ();

  for (guint i = 0; options != NULL && i < json_array_get_length (options); i++)
    {
      JsonObject *option = json_array_get_object_element (options, i);

      add_option (option_list, royal_json_string (option, "name", ""), royal_json_array (option, "values"));
    }
  if (options == NULL)
    add_option (option_list, NO_OPTION, NULL);
  for (guint i = 0; i < json_array_get_length (variants); i++)
    add_variant (variant_list, json_array_get_object_element (variants, i));
  json_object_set_array_member (input, "productOptions", option_list);
  json_object_set_array_member (input, "variants", variant_list);
}

static void
put_images (JsonObject *wanted, JsonObject *input)
{
  JsonArray *images = royal_json_array (wanted, "images");
  JsonArray *files = json_array_new ();

  for (guint i = 0; images != NULL && i < json_array_get_length (images); i++)
    {
      JsonObject *image = json_array_get_object_element (images, i);
      JsonObject *file = rh_shopify_one ("contentType", "IMAGE");

      rh_shopify_copy (image, "url", file, "originalSource");
      rh_shopify_copy (image, "alt", file, "alt");
      json_array_add_object_element (files, file);
    }
  json_object_set_array_member (input, "files", files);
}

static void
put_collections (JsonObject *wanted, JsonObject *input)
{
  JsonArray *numbers = royal_json_array (wanted, "collections");
  JsonArray *ids = json_array_new ();

  for (guint i = 0; numbers != NULL && i < json_array_get_length (numbers); i++)
    {
      g_autofree char *id =
          g_strdup_printf ("gid://shopify/Collection/%" G_GINT64_FORMAT, json_array_get_int_element (numbers, i));

      json_array_add_string_element (ids, id);
    }
  json_object_set_array_member (input, "collections", ids);
}

/* Without an identifier Shopify makes a new one, and refuses a handle that is taken: nothing is ever overwritten. */
static JsonObject *
create_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = json_object_new ();
  JsonObject *input = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (product_fields); i++)
    rh_shopify_copy (wanted, product_fields[i].member, input, product_fields[i].field);
  rh_shopify_copy (wanted, "handle", input, "handle");
  rh_shopify_copy (wanted, "seo", input, "seo");
  rh_shopify_copy (wanted, "metafields", input, "metafields");
  put_variants (wanted, input);
  put_images (wanted, input);
  put_collections (wanted, input);
  json_object_set_object_member (variables, "input", input);
  return variables;
}

static JsonObject *
delete_variables (const char *id, JsonObject *wanted, JsonObject *state, const char *key)
{
  JsonObject *variables = json_object_new ();

  rh_shopify_copy (state, "product", variables, "id");
  return variables;
}

#define OF_PRODUCTS                                                                                                    \
  .kind = "Product", .scope = "write_products", .state = product_state, .facts = product_facts,                        \
  .is_done = product_is_done, .changes = { { "product-update", "productUpdate", product_variables } },                 \
  .inverse = rh_shopify_as_it_was

const RhShopifyAction rh_shopify_product_archive = { .name = "shopify.product.archive",
                                                     .asked = archive_asked,
                                                     .observe = "product",
                                                     OF_PRODUCTS };
const RhShopifyAction rh_shopify_product_publish = { .name = "shopify.product.publish",
                                                     .asked = publish_asked,
                                                     .observe = "product-offers",
                                                     .cost = COST_OFFERS,
                                                     .offers = publish_offers,
                                                     OF_PRODUCTS };
const RhShopifyAction rh_shopify_product_update = { .name = "shopify.product.update",
                                                    .observe = "product",
                                                    OF_PRODUCTS };
const RhShopifyAction rh_shopify_product_create = { .name = "shopify.product.create",
                                                    .id_of = handle_of,
                                                    .what = "HANDLE (a-z, 0-9 and -)",
                                                    .scope = "write_products",
                                                    .asked = create_asked,
                                                    .observe = "product-of-handle",
                                                    .state = create_state,
                                                    .facts = create_facts,
                                                    .offers = create_offers,
                                                    .is_done = create_is_done,
                                                    .refuses = create_refuses,
                                                    .changes = { { "product-create", "productSet", create_variables } },
                                                    .undo = { { "product-delete", "productDelete", delete_variables } },
                                                    .inverse = rh_shopify_as_it_was,
                                                    .settles = TRUE };
