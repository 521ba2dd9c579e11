/* SPDX-License-Identifier: Apache-2.0 */
#include "shopify-catalog.h"

#include "shopify-object.h"

#include <math.h>
#include <royal-json.h>
#include <string.h>

#define MORE 25
#define FILES 60

struct _ShopifyCatalog {
  ShopifyPrice price;
  gpointer data;
  guint products;
  guint orders;
  guint sold;         /* variants, in weeks; 0: orders are of one week */
  GHashTable *titles; /* number -> title, "" when it is gone */
  GHashTable *files;  /* number -> content */
};

ShopifyCatalog *
shopify_catalog_new (ShopifyPrice price, gpointer data)
{
  ShopifyCatalog *self = g_new0 (ShopifyCatalog, 1);

  self->price = price;
  self->data = data;
  self->titles = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->files = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
shopify_catalog_free (ShopifyCatalog *self)
{
  g_hash_table_unref (self->titles);
  g_hash_table_unref (self->files);
  g_free (self);
}

void
shopify_catalog_set (ShopifyCatalog *self, guint products, guint orders)
{
  self->products = products;
  self->orders = orders;
}

void
shopify_catalog_weeks (ShopifyCatalog *self, guint weeks, guint variants)
{
  self->orders = weeks * variants;
  self->sold = variants;
}

void
shopify_catalog_title (ShopifyCatalog *self, guint product, const char *title)
{
  g_hash_table_insert (self->titles, GUINT_TO_POINTER (product), g_strdup (title != NULL ? title : ""));
}

void
shopify_catalog_file (ShopifyCatalog *self, guint file, const char *content)
{
  g_hash_table_insert (self->files, GUINT_TO_POINTER (file), g_strdup (content));
}

JsonObject *
shopify_catalog_connection (JsonArray *all, guint first, const char *after)
{
  guint from = after != NULL ? (guint)g_ascii_strtoull (after, NULL, 10) : 0;
  guint n = json_array_get_length (all);
  guint upto = MIN (n, from + first);
  JsonObject *result =
      shopify_object ("{'pageInfo':{'hasNextPage':%s,'endCursor':'%u'},'nodes':[]}", upto < n ? "true" : "false", upto);

  for (guint i = from; i < upto; i++)
    json_array_add_element (royal_json_array (result, "nodes"), json_array_dup_element (all, i));
  json_array_unref (all);
  return result;
}

/* --- Products ----------------------------------------------------------------------------------------------------- */

static const char *
title_of (ShopifyCatalog *self, guint number)
{
  const char *title = g_hash_table_lookup (self->titles, GUINT_TO_POINTER (number));

  return title != NULL ? title : "Dress";
}

static gboolean
is_there (ShopifyCatalog *self, guint number)
{
  return number >= 1 && number <= self->products && *title_of (self, number) != '\0';
}

static JsonArray *
variants_of (ShopifyCatalog *self, guint number)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < (number % 10 == 0 ? 1 + MORE : 1); i++)
    json_array_add_object_element (
        list, shopify_object ("{'id':'gid://shopify/ProductVariant/%u','title':'%s','sku':'SKU-%u-%u','price':'%s',"
                              "'compareAtPrice':null,'barcode':null,'inventoryQuantity':7,"
                              "'selectedOptions':[{'name':'Size','value':'%u'}],"
                              "'inventoryItem':{'id':'gid://shopify/InventoryItem/%u','unitCost':%s}}",
                              i == 0 ? number : 500000 + number * 100 + i, i == 0 ? "M" : "L", number, i,
                              i == 0 ? self->price (self->data, number) : "100.00", i, 200000 + number * 100 + i,
                              number <= 900 ? "{'amount':'40.0'}" : "null"));
  return list;
}

static JsonArray *
media_of (guint number)
{
  JsonArray *list = json_array_new ();

  for (guint i = 1; i <= 2; i++)
    json_array_add_object_element (
        list, shopify_object (
                  "{'id':'gid://shopify/MediaImage/%u','__typename':'MediaImage','alt':null,'mediaContentType':'IMAGE',"
                  "'image':{'url':'https://cdn.shopify.com/%u-%u.jpg'}}",
                  number * 10 + i, number, i));
  return list;
}

static JsonArray *
metafields_of (guint number)
{
  JsonArray *list = json_array_new ();

  json_array_add_object_element (
      list, shopify_object ("{'id':'gid://shopify/Metafield/%u','namespace':'custom','key':'season',"
                            "'type':'single_line_text_field','value':'%u'}",
                            number, number));
  return list;
}

static JsonArray *
collections_of (guint number)
{
  JsonArray *list = json_array_new ();

  json_array_add_object_element (
      list, shopify_object ("{'id':'gid://shopify/Collection/%u','handle':'all'}", number % 3 + 1));
  return list;
}

static JsonObject *
plain_product (ShopifyCatalog *self, guint number)
{
  return shopify_object (
      "{'id':'gid://shopify/Product/%u','handle':'dress-%u','title':'%s','status':'ACTIVE','vendor':'Acme',"
      "'productType':'dress','tags':['b','a'],'descriptionHtml':'<p>%u</p>',"
      "'updatedAt':'2026-11-01T10:00:00Z','seo':{'title':null,'description':null},"
      "'options':[{'name':'Size','values':['0','1']}]}",
      100000 + number, number, title_of (self, number), number);
}

/* In pages of @first variants, and so on; @variables (nullable) say where each begins. */
static JsonObject *
product (ShopifyCatalog *self, guint number, const guint first[4], JsonObject *variables)
{
  static const char *const names[] = { "variants", "media", "metafields", "collections" };
  JsonObject *result = plain_product (self, number);
  JsonArray *all[] = { variants_of (self, number), media_of (number), metafields_of (number), collections_of (number) };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    json_object_set_object_member (
        result, names[i], shopify_catalog_connection (all[i], first[i], royal_json_string (variables, names[i], NULL)));
  return result;
}

JsonObject *
shopify_catalog_count (ShopifyCatalog *self, JsonObject *variables)
{
  return shopify_object ("{'productsCount':{'count':%u}}", self->products);
}

JsonObject *
shopify_catalog_page (ShopifyCatalog *self, JsonObject *variables)
{
  static const guint first[] = { 20, 10, 15, 5 };
  const char *after = royal_json_string (variables, "after", "0");
  guint at = (guint)g_ascii_strtoull (after, NULL, 10), n = 0;
  JsonObject *data = shopify_object ("{'products':{'pageInfo':{},'nodes':[]}}");
  JsonObject *products = royal_json_object (data, "products");

  while (n < 8 && at < self->products)
    if (is_there (self, ++at))
      {
        json_array_add_object_element (royal_json_array (products, "nodes"), product (self, at, first, NULL));
        n++;
      }
  json_object_set_object_member (
      products, "pageInfo",
      shopify_object ("{'hasNextPage':%s,'endCursor':'%u'}", at < self->products ? "true" : "false", at));
  return data;
}

static guint
number_of (JsonObject *variables)
{
  const char *id = royal_json_string (variables, "id", "/");

  return (guint)g_ascii_strtoull (strrchr (id, '/') + 1, NULL, 10);
}

JsonObject *
shopify_catalog_product (ShopifyCatalog *self, JsonObject *variables)
{
  static const guint first[] = { 100, 50, 100, 50 };
  guint number = number_of (variables) - 100000;
  JsonObject *data = shopify_object ("{'product':null}");

  if (is_there (self, number))
    json_object_set_object_member (data, "product", product (self, number, first, variables));
  return data;
}

void
shopify_catalog_line (GString *text, JsonObject *thing, const char *parent)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  if (parent != NULL)
    json_object_set_string_member (thing, "__parentId", parent);
  json_node_take_object (node, thing);
  royal_json_append (text, node);
  g_string_append_c (text, '\n');
}

char *
shopify_catalog_lines (ShopifyCatalog *self)
{
  GString *text = g_string_new (NULL);

  /* In no order. */
  for (guint number = self->products; number >= 1; number--)
    {
      g_autofree char *id = g_strdup_printf ("gid://shopify/Product/%u", 100000 + number);
      JsonArray *all[] = { variants_of (self, number), media_of (number), metafields_of (number),
                           collections_of (number) };

      if (is_there (self, number))
        shopify_catalog_line (text, plain_product (self, number), NULL);
      for (guint i = 0; i < G_N_ELEMENTS (all); i++)
        {
          for (guint n = 0; is_there (self, number) && n < json_array_get_length (all[i]); n++)
            shopify_catalog_line (text, json_object_ref (json_array_get_object_element (all[i], n)), id);
          json_array_unref (all[i]);
        }
    }
  return g_string_free (text, FALSE);
}

/* --- Themes ------------------------------------------------------------------------------------------------------- */

JsonObject *
shopify_catalog_themes (ShopifyCatalog *self, JsonObject *variables)
{
  return shopify_object ("{'themes':{'pageInfo':{'hasNextPage':false,'endCursor':'2'},'nodes':["
                         "{'id':'gid://shopify/OnlineStoreTheme/1','name':'T','role':'MAIN','processing':false,"
                         "'updatedAt':'2026-11-01T10:00:00Z'},"
                         "{'id':'gid://shopify/OnlineStoreTheme/2','name':'U','role':'UNPUBLISHED','processing':true,"
                         "'updatedAt':'2026-11-01T10:00:00Z'}]}}");
}

static JsonObject *
theme_file (ShopifyCatalog *self, guint number, gboolean with_body)
{
  const char *changed = g_hash_table_lookup (self->files, GUINT_TO_POINTER (number));
  g_autofree char *content = changed != NULL ? g_strdup (changed) : g_strdup_printf ("file %u", number);
  g_autofree char *checksum = g_compute_checksum_for_string (G_CHECKSUM_MD5, content, -1);
  JsonObject *file = shopify_object ("{'filename':'snippets/%02u.liquid','checksumMd5':'%s','size':'%zu'}", number,
                                     checksum, strlen (content));

  if (with_body)
    json_object_set_object_member (
        file, "body", shopify_object ("{'__typename':'OnlineStoreThemeFileBodyText','content':'%s'}", content));
  return file;
}

JsonObject *
shopify_catalog_theme_list (ShopifyCatalog *self, JsonObject *variables)
{
  guint number = number_of (variables);
  JsonObject *data = shopify_object ("{'theme':{'id':'gid://shopify/OnlineStoreTheme/%u'}}", number);
  JsonArray *all = json_array_new ();

  for (guint i = 1; i <= FILES; i++)
    json_array_add_object_element (all, theme_file (self, i, FALSE));
  json_object_set_object_member (royal_json_object (data, "theme"), "files",
                                 shopify_catalog_connection (all, 250, royal_json_string (variables, "after", NULL)));
  return data;
}

JsonObject *
shopify_catalog_theme_bodies (ShopifyCatalog *self, JsonObject *variables)
{
  JsonObject *data = shopify_object ("{'theme':{'id':'gid://shopify/OnlineStoreTheme/%u','files':{'nodes':[]}}}",
                                     number_of (variables));
  JsonArray *names = royal_json_array (variables, "names");
  JsonArray *nodes = royal_json_array (royal_json_object (royal_json_object (data, "theme"), "files"), "nodes");

  g_assert_cmpuint (json_array_get_length (names), <=, 50);
  for (guint i = 0; i < json_array_get_length (names); i++)
    {
      const char *name = json_array_get_string_element (names, i);
      guint number = (guint)g_ascii_strtoull (name + strlen ("snippets/"), NULL, 10);

      g_assert_true (g_str_has_prefix (name, "snippets/"));
      json_array_add_object_element (nodes, theme_file (self, number, TRUE));
    }
  return data;
}

/* --- Orders ------------------------------------------------------------------------------------------------------- */

static JsonObject *
order (guint number, guint first, const char *after)
{
  JsonObject *result =
      shopify_object ("{'id':'gid://shopify/Order/%u','createdAt':'2026-11-04T23:00:00Z','cancelledAt':%s}", number,
                      number % 7 == 0 ? "'2026-11-05T00:00:00Z'" : "null");
  JsonArray *all = json_array_new ();

  for (guint i = 0; i < (number % 10 == 0 ? 1 + MORE : 1); i++)
    json_array_add_object_element (
        all, shopify_object (
                 "{'id':'gid://shopify/LineItem/%u','currentQuantity':2,'discountedUnitPriceAfterAllDiscountsSet':"
                 "{'shopMoney':{'amount':'90.0'}},'variant':{'id':'gid://shopify/ProductVariant/%u'}}",
                 number * 100 + i, i == 0 ? number : 1));
  json_object_set_object_member (result, "lineItems", shopify_catalog_connection (all, first, after));
  return result;
}

/* The order of one variant in one week. */
static JsonObject *
weekly_order (const ShopifyCatalog *self, guint number)
{
  guint week = (number - 1) / self->sold, variant = (number - 1) % self->sold + 1;
  double price = 100 + 5 * ((double)((week * 7 + variant * 3 + week / 5) % 5) - 2);
  g_autoptr (GDateTime) first = g_date_time_new_utc (2026, 1, 7, 12, 0, 0);
  g_autoptr (GDateTime) day = g_date_time_add_weeks (first, (gint)week);
  g_autofree char *created = g_date_time_format (day, "%Y-%m-%dT%H:%M:%SZ");
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  JsonObject *result =
      shopify_object ("{'id':'gid://shopify/Order/%u','createdAt':'%s','cancelledAt':null}", number, created);
  JsonArray *all = json_array_new ();

  json_array_add_object_element (
      all, shopify_object (
               "{'id':'gid://shopify/LineItem/%u','currentQuantity':%d,'discountedUnitPriceAfterAllDiscountsSet':"
               "{'shopMoney':{'amount':'%s'}},'variant':{'id':'gid://shopify/ProductVariant/%u'}}",
               number, (int)(400 * pow (price / 100, -2.5) + (double)((week * 3 + variant) % 7)),
               g_ascii_formatd (text, sizeof text, "%.2f", price), variant));
  json_object_set_object_member (result, "lineItems", shopify_catalog_connection (all, 20, NULL));
  return result;
}

JsonObject *
shopify_catalog_orders (ShopifyCatalog *self, JsonObject *variables)
{
  JsonObject *data = shopify_object ("{}");
  JsonArray *all = json_array_new ();

  for (guint i = 1; i <= self->orders; i++)
    json_array_add_object_element (all, self->sold > 0 ? weekly_order (self, i) : order (i, 20, NULL));
  json_object_set_object_member (data, "orders",
                                 shopify_catalog_connection (all, 8, royal_json_string (variables, "after", NULL)));
  return data;
}

JsonObject *
shopify_catalog_order_lines (ShopifyCatalog *self, JsonObject *variables)
{
  JsonObject *data = shopify_object ("{}");

  json_object_set_object_member (data, "order",
                                 order (number_of (variables), 100, royal_json_string (variables, "after", NULL)));
  return data;
}
