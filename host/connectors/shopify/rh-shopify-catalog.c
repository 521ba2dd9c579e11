/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-catalog.h"

#include "royal-json.h"

#include <string.h>

#define DAY_S 86400
#define MONDAY 4 /* 1970-01-05: days since 1970 */

gint64
rh_shopify_number (const char *id)
{
  const char *slash = id != NULL && g_str_has_prefix (id, "gid://shopify/") ? strrchr (id, '/') : NULL;

  return slash != NULL ? g_ascii_strtoll (slash + 1, NULL, 10) : 0;
}

/* Milliseconds since 1970; 0: it is no time. */
static gint64
time_of (JsonObject *object, const char *member)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (royal_json_string (object, member, ""), NULL);

  return time != NULL ? g_date_time_to_unix (time) * 1000 + g_date_time_get_microsecond (time) / 1000 : 0;
}

static JsonArray *
nodes_of (JsonObject *object, const char *connection)
{
  return royal_json_array (royal_json_object (object, connection), "nodes");
}

/* (nullable) */
static JsonObject *
object_at (JsonArray *list, guint i)
{
  JsonNode *node = json_array_get_element (list, i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static guint
length_of (JsonArray *list)
{
  return list != NULL ? json_array_get_length (list) : 0;
}

/* --- Products ----------------------------------------------------------------------------------------------------- */

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static JsonArray *
take_sorted (GPtrArray *texts)
{
  JsonArray *list = json_array_new ();

  g_ptr_array_sort (texts, compare_text);
  for (guint i = 0; i < texts->len; i++)
    json_array_add_string_element (list, texts->pdata[i]);
  return list;
}

static JsonArray *
tags_of (JsonObject *product)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  JsonArray *tags = royal_json_array (product, "tags");

  for (guint i = 0; i < length_of (tags); i++)
    if (json_node_get_value_type (json_array_get_element (tags, i)) == G_TYPE_STRING)
      g_ptr_array_add (texts, (gpointer)json_array_get_string_element (tags, i));
  return take_sorted (texts);
}

static JsonArray *
collections_of (JsonObject *product)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  JsonArray *nodes = nodes_of (product, "collections");

  for (guint i = 0; i < length_of (nodes); i++)
    g_ptr_array_add (texts, (gpointer)royal_json_string (object_at (nodes, i), "handle", ""));
  return take_sorted (texts);
}

static JsonArray *
options_of (JsonObject *product)
{
  JsonArray *list = json_array_new ();
  JsonArray *options = royal_json_array (product, "options");

  for (guint i = 0; i < length_of (options); i++)
    {
      JsonObject *option = json_object_new ();

      royal_json_set_text (option, "name", royal_json_string (object_at (options, i), "name", ""));
      json_object_set_member (option, "values", json_object_dup_member (object_at (options, i), "values"));
      json_array_add_object_element (list, option);
    }
  return list;
}

static JsonArray *
images_of (JsonObject *product)
{
  JsonArray *list = json_array_new ();
  JsonArray *nodes = nodes_of (product, "media");

  for (guint i = 0; i < length_of (nodes); i++)
    {
      JsonObject *node = object_at (nodes, i);
      const char *url = royal_json_string (royal_json_object (node, "image"), "url", NULL);
      JsonObject *image;

      if (url == NULL)
        continue;
      image = json_object_new ();
      json_object_set_string_member (image, "url", url);
      json_object_set_string_member (image, "alt", royal_json_string (node, "alt", ""));
      json_array_add_object_element (list, image);
    }
  return list;
}

static int
compare_metafields (gconstpointer a, gconstpointer b)
{
  JsonObject *left = *(JsonObject *const *)a, *right = *(JsonObject *const *)b;
  int order = strcmp (royal_json_string (left, "namespace", ""), royal_json_string (right, "namespace", ""));

  return order != 0 ? order : strcmp (royal_json_string (left, "key", ""), royal_json_string (right, "key", ""));
}

static JsonArray *
metafields_of (JsonObject *product)
{
  static const char *const members[] = { "namespace", "key", "type", "value" };
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  JsonArray *list = json_array_new ();
  JsonArray *nodes = nodes_of (product, "metafields");

  for (guint i = 0; i < length_of (nodes); i++)
    g_ptr_array_add (sorted, object_at (nodes, i));
  g_ptr_array_sort (sorted, compare_metafields);
  for (guint i = 0; i < sorted->len; i++)
    {
      JsonObject *field = json_object_new ();

      for (guint m = 0; m < G_N_ELEMENTS (members); m++)
        json_object_set_string_member (field, members[m], royal_json_string (sorted->pdata[i], members[m], ""));
      json_array_add_object_element (list, field);
    }
  return list;
}

static char *
target_of (const char *shop, JsonObject *object)
{
  return g_strdup_printf ("%s/%" G_GINT64_FORMAT, shop, rh_shopify_number (royal_json_string (object, "id", NULL)));
}

/* As it stands in the document. */
static JsonObject *
describe_variant (const char *shop, JsonObject *variant)
{
  JsonObject *described = json_object_new ();
  JsonArray *selected = royal_json_array (variant, "selectedOptions");
  JsonArray *options = json_array_new ();
  g_autofree char *item = target_of (shop, royal_json_object (variant, "inventoryItem"));

  for (guint i = 0; i < length_of (selected); i++)
    json_array_add_string_element (options, royal_json_string (object_at (selected, i), "value", ""));
  json_object_set_string_member (described, "sku", royal_json_string (variant, "sku", ""));
  json_object_set_string_member (described, "title", royal_json_string (variant, "title", ""));
  json_object_set_string_member (described, "price", royal_json_string (variant, "price", ""));
  json_object_set_string_member (described, "compare_at_price", royal_json_string (variant, "compareAtPrice", ""));
  json_object_set_string_member (described, "barcode", royal_json_string (variant, "barcode", ""));
  json_object_set_array_member (described, "options", options);
  json_object_set_string_member (described, "inventory_item", item);
  return described;
}

/* As a row of its own. */
static JsonObject *
variant_row (JsonObject *product, JsonObject *variant)
{
  JsonObject *row = json_object_new ();
  JsonObject *item = royal_json_object (variant, "inventoryItem");
  const char *title = royal_json_string (variant, "title", "");
  gboolean only =
      strcmp (title, "Default Title") == 0; /* what Shopify calls the one variant of a product without options */
  g_autofree char *whole =
      g_strconcat (royal_json_string (product, "title", ""), only ? "" : " / ", only ? "" : title, NULL);

  json_object_set_int_member (row, "variant", rh_shopify_number (royal_json_string (variant, "id", NULL)));
  json_object_set_string_member (row, "title", whole);
  json_object_set_string_member (row, "price", royal_json_string (variant, "price", ""));
  json_object_set_string_member (row, "cost", royal_json_string (royal_json_object (item, "unitCost"), "amount", ""));
  json_object_set_string_member (row, "compare_at", royal_json_string (variant, "compareAtPrice", ""));
  json_object_set_string_member (row, "sku", royal_json_string (variant, "sku", ""));
  json_object_set_int_member (row, "item", rh_shopify_number (royal_json_string (item, "id", NULL)));
  json_object_set_int_member (row, "inventory", royal_json_int (variant, "inventoryQuantity", 0));
  return row;
}

static JsonObject *
describe (const char *shop, JsonObject *product, JsonArray *variants)
{
  static const struct {
    const char *member;
    const char *field;
  } texts[] = {
    { "handle", "handle" },
    { "title", "title" },
    { "status", "status" },
    { "vendor", "vendor" },
    { "product_type", "productType" },
    { "description_html", "descriptionHtml" },
  };
  JsonObject *document = json_object_new ();
  JsonObject *seo = json_object_new ();
  JsonArray *described = json_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    json_object_set_string_member (document, texts[i].member, royal_json_string (product, texts[i].field, ""));
  json_object_set_string_member (seo, "title", royal_json_string (royal_json_object (product, "seo"), "title", ""));
  json_object_set_string_member (seo, "description",
                                 royal_json_string (royal_json_object (product, "seo"), "description", ""));
  for (guint i = 0; i < length_of (variants); i++)
    json_array_add_object_element (described, describe_variant (shop, object_at (variants, i)));
  json_object_set_array_member (document, "tags", tags_of (product));
  json_object_set_object_member (document, "seo", seo);
  json_object_set_array_member (document, "options", options_of (product));
  json_object_set_array_member (document, "variants", described);
  json_object_set_array_member (document, "images", images_of (product));
  json_object_set_array_member (document, "metafields", metafields_of (product));
  json_object_set_array_member (document, "collections", collections_of (product));
  return document;
}

JsonObject *
rh_shopify_product_row (const char *shop, JsonObject *product)
{
  JsonArray *variants = nodes_of (product, "variants");
  JsonObject *row = json_object_new ();
  JsonArray *rows = json_array_new ();
  g_autoptr (JsonNode) document = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  g_return_val_if_fail (shop != NULL && product != NULL, row);

  json_node_take_object (document, describe (shop, product, variants));
  text = royal_json_canonical (document);
  for (guint i = 0; i < length_of (variants); i++)
    json_array_add_object_element (rows, variant_row (product, object_at (variants, i)));
  json_object_set_int_member (row, "product", rh_shopify_number (royal_json_string (product, "id", NULL)));
  json_object_set_string_member (row, "handle", royal_json_string (product, "handle", ""));
  json_object_set_int_member (row, "updated", time_of (product, "updatedAt"));
  json_object_set_string_member (row, "document", text);
  json_object_set_array_member (row, "variants", rows);
  return row;
}

/* --- What was sold ------------------------------------------------------------------------------------------------ */

void
rh_shopify_order_rows (JsonObject *order, JsonArray *rows)
{
  JsonArray *lines = nodes_of (order, "lineItems");
  gint64 day = time_of (order, "createdAt") / 1000 / DAY_S;
  gboolean cancelled = royal_json_string (order, "cancelledAt", NULL) != NULL;

  g_return_if_fail (order != NULL && rows != NULL);

  for (guint i = 0; i < length_of (lines); i++)
    {
      JsonObject *line = object_at (lines, i);
      JsonObject *money =
          royal_json_object (royal_json_object (line, "discountedUnitPriceAfterAllDiscountsSet"), "shopMoney");
      gint64 variant = rh_shopify_number (royal_json_string (royal_json_object (line, "variant"), "id", NULL));
      JsonObject *row;

      if (variant == 0) /* it is no more, or was never one */
        continue;
      row = json_object_new ();
      json_object_set_int_member (row, "line", rh_shopify_number (royal_json_string (line, "id", NULL)));
      json_object_set_int_member (row, "variant", variant);
      json_object_set_int_member (row, "week", day - (day + 7 - MONDAY) % 7);
      json_object_set_int_member (row, "units", cancelled ? 0 : royal_json_int (line, "currentQuantity", 0));
      json_object_set_double_member (row, "price", g_ascii_strtod (royal_json_string (money, "amount", "0"), NULL));
      json_array_add_object_element (rows, row);
    }
}

/* --- Themes ------------------------------------------------------------------------------------------------------- */

JsonObject *
rh_shopify_theme_row (JsonObject *theme)
{
  JsonObject *row = json_object_new ();

  json_object_set_int_member (row, "theme", rh_shopify_number (royal_json_string (theme, "id", NULL)));
  json_object_set_string_member (row, "name", royal_json_string (theme, "name", ""));
  json_object_set_string_member (row, "role", royal_json_string (theme, "role", ""));
  json_object_set_boolean_member (row, "processing", royal_json_boolean (theme, "processing", FALSE));
  json_object_set_int_member (row, "updated", time_of (theme, "updatedAt"));
  return row;
}
