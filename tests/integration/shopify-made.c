/* SPDX-License-Identifier: Apache-2.0 */
#include "shopify-made.h"

#include <royal-json.h>
#include <string.h>

#define FIRST 700000

static void
copy (JsonObject *from, const char *member, JsonObject *to, const char *as)
{
  royal_json_set_text (to, as, royal_json_string (from, member, NULL));
}

char *
shopify_made_money (const char *text)
{
  char out[G_ASCII_DTOSTR_BUF_SIZE];

  return g_strdup (g_ascii_formatd (out, sizeof out, "%.2f", g_ascii_strtod (text, NULL)));
}

/* (transfer full): with the id of thing @i of a kind of those of a product. */
static JsonObject *
thing_new (const char *kind, const char *product, guint i)
{
  guint64 number = FIRST + 1000 * g_ascii_strtoull (strrchr (product, '/') + 1, NULL, 10) + i;
  g_autofree char *id = g_strdup_printf ("gid://shopify/%s/%" G_GUINT64_FORMAT, kind, number);
  JsonObject *thing = json_object_new ();

  json_object_set_string_member (thing, "id", id);
  return thing;
}

static JsonObject *
element (JsonArray *list, guint i)
{
  return json_array_get_object_element (list, i);
}

static guint
length_of (JsonArray *list)
{
  return list != NULL ? json_array_get_length (list) : 0;
}

/* --- The product -------------------------------------------------------------------------------------------------- */

static JsonArray *
options_of (JsonObject *input)
{
  JsonArray *given = royal_json_array (input, "productOptions");
  JsonArray *options = json_array_new ();

  for (guint i = 0; i < length_of (given); i++)
    {
      JsonArray *values = royal_json_array (element (given, i), "values");
      JsonObject *option = json_object_new ();
      JsonArray *names = json_array_new ();

      for (guint n = 0; n < length_of (values); n++)
        json_array_add_string_element (names, royal_json_string (element (values, n), "name", ""));
      copy (element (given, i), "name", option, "name");
      json_object_set_array_member (option, "values", names);
      json_array_add_object_element (options, option);
    }
  return options;
}

JsonObject *
shopify_made_product (const char *id, JsonObject *input)
{
  static const char *const fields[] = { "handle", "title", "descriptionHtml", "vendor", "productType", "status" };
  JsonObject *product = json_object_new ();
  JsonObject *seo = json_object_new ();

  json_object_set_string_member (product, "id", id);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    json_object_set_string_member (product, fields[i], royal_json_string (input, fields[i], ""));
  if (json_object_has_member (input, "tags"))
    json_object_set_member (product, "tags", json_object_dup_member (input, "tags"));
  else
    json_object_set_array_member (product, "tags", json_array_new ());
  json_object_set_string_member (product, "updatedAt", "2026-11-01T10:00:00Z");
  copy (royal_json_object (input, "seo"), "title", seo, "title");
  copy (royal_json_object (input, "seo"), "description", seo, "description");
  json_object_set_object_member (product, "seo", seo);
  json_object_set_array_member (product, "options", options_of (input));
  return product;
}

/* --- Its parts ---------------------------------------------------------------------------------------------------- */

static void
put_money (JsonObject *thing, const char *name, const char *given)
{
  g_autofree char *text = given != NULL ? shopify_made_money (given) : NULL;

  royal_json_set_text (thing, name, text);
}

static void
put_options (JsonObject *variant, JsonArray *values)
{
  JsonArray *selected = json_array_new ();
  g_autoptr (GString) title = g_string_new (NULL);

  for (guint i = 0; i < length_of (values); i++)
    {
      JsonObject *option = json_object_new ();

      copy (element (values, i), "optionName", option, "name");
      copy (element (values, i), "name", option, "value");
      json_array_add_object_element (selected, option);
      g_string_append_printf (title, "%s%s", i > 0 ? " / " : "", royal_json_string (element (values, i), "name", ""));
    }
  json_object_set_string_member (variant, "title", title->str);
  json_object_set_array_member (variant, "selectedOptions", selected);
}

static JsonObject *
variant_of (const char *product, JsonObject *input, guint i)
{
  JsonObject *given = royal_json_object (input, "inventoryItem");
  JsonObject *variant = thing_new ("ProductVariant", product, i);
  JsonObject *item = thing_new ("InventoryItem", product, i);
  JsonObject *cost = json_object_new ();

  put_options (variant, royal_json_array (input, "optionValues"));
  put_money (variant, "price", royal_json_string (input, "price", "0"));
  put_money (variant, "compareAtPrice", royal_json_string (input, "compareAtPrice", NULL));
  copy (given, "sku", variant, "sku");
  copy (input, "barcode", variant, "barcode");
  json_object_set_int_member (variant, "inventoryQuantity", 0);
  put_money (cost, "amount", royal_json_string (given, "cost", NULL));
  if (royal_json_string (cost, "amount", NULL) != NULL)
    json_object_set_object_member (item, "unitCost", json_object_ref (cost));
  else
    json_object_set_null_member (item, "unitCost");
  json_object_unref (cost);
  json_object_set_object_member (variant, "inventoryItem", item);
  return variant;
}

static JsonObject *
image_of (const char *product, JsonObject *file, guint i)
{
  JsonObject *media = thing_new ("MediaImage", product, i);
  JsonObject *image = json_object_new ();
  g_autofree char *name = g_path_get_basename (royal_json_string (file, "originalSource", ""));
  g_autofree char *url = g_strconcat ("https://cdn.shopify.com", strrchr (product, '/'), "/", name, NULL);

  json_object_set_string_member (media, "__typename", "MediaImage");
  json_object_set_string_member (media, "mediaContentType", "IMAGE");
  copy (file, "alt", media, "alt");
  json_object_set_string_member (image, "url", url);
  json_object_set_object_member (media, "image", image);
  return media;
}

static JsonObject *
metafield_of (const char *product, JsonObject *input, guint i)
{
  static const char *const fields[] = { "namespace", "key", "type", "value" };
  JsonObject *metafield = thing_new ("Metafield", product, i);

  for (guint n = 0; n < G_N_ELEMENTS (fields); n++)
    copy (input, fields[n], metafield, fields[n]);
  return metafield;
}

static JsonObject *
collection_of (const char *id)
{
  JsonObject *collection = json_object_new ();
  g_autofree char *handle = g_strconcat ("collection-", strrchr (id, '/') + 1, NULL);

  json_object_set_string_member (collection, "id", id);
  json_object_set_string_member (collection, "handle", handle);
  return collection;
}

JsonArray *
shopify_made_part (const char *id, JsonObject *input, guint part)
{
  static const char *const members[SHOPIFY_MADE_PARTS] = { "variants", "files", "metafields", "collections" };
  static JsonObject *(*const kinds[]) (const char *product, JsonObject *input, guint i) = { variant_of, image_of,
                                                                                            metafield_of };
  JsonArray *given = royal_json_array (input, members[part]);
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < length_of (given); i++)
    json_array_add_object_element (list, part < G_N_ELEMENTS (kinds)
                                             ? kinds[part](id, element (given, i), i)
                                             : collection_of (json_array_get_string_element (given, i)));
  return list;
}
