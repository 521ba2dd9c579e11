/* SPDX-License-Identifier: Apache-2.0 */
#include "shopify-shop.h"

#include <royal-json.h>
#include <string.h>

#define NOTE "/* This file is made by a fake. */\n"

typedef struct {
  guint number;
  char *name;
  guint looks;         /* so many more it is in the making */
  GHashTable *files;   /* path -> JsonNode: a text, or { "base64" } */
  GHashTable *written; /* the same, not seen yet; a null is a file that is removed */
} Theme;

struct _ShopifyShop {
  GPtrArray *themes; /* of Theme */
  guint numbers;     /* that were given out */
  guint live;
  guint slow;
  JsonObject *dress;      /* the product 1, as it is shown */
  GHashTable *products;   /* handle -> { "id", "input" } */
  GHashTable *members;    /* PRODUCT COLLECTION */
  GHashTable *metafields; /* OWNER NAMESPACE KEY -> { "type", "value" } */
  GHashTable *webhooks;   /* TOPIC URI -> id */
};

static GHashTable *
table_of_nodes (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_node_unref);
}

static Theme *
theme_new (guint number, const char *name)
{
  Theme *self = g_new0 (Theme, 1);

  self->number = number;
  self->name = g_strdup (name);
  self->files = table_of_nodes ();
  self->written = table_of_nodes ();
  g_hash_table_insert (self->files, g_strdup ("layout/theme.liquid"),
                       json_node_init_string (json_node_alloc (), "{{ content_for_layout }}"));
  return self;
}

static void
theme_free (gpointer data)
{
  Theme *self = data;

  g_free (self->name);
  g_hash_table_unref (self->files);
  g_hash_table_unref (self->written);
  g_free (self);
}

/* (transfer full): JSON with ' for ". */
static JsonObject *object (const char *format, ...) G_GNUC_PRINTF (1, 2);

static JsonObject *
object (const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;

  va_start (args, format);
  text = g_strdelimit (g_strdup_vprintf (format, args), "'", '"');
  va_end (args);
  node = royal_json_parse (text, -1, "shop", NULL);
  g_assert_nonnull (node);
  return json_object_ref (json_node_get_object (node));
}

ShopifyShop *
shopify_shop_new (void)
{
  ShopifyShop *self = g_new0 (ShopifyShop, 1);

  self->themes = g_ptr_array_new_with_free_func (theme_free);
  g_ptr_array_add (self->themes, theme_new (1, "T"));
  g_ptr_array_add (self->themes, theme_new (2, "U"));
  self->numbers = 100;
  self->live = 1;
  self->slow = 3;
  self->dress = object ("{'id':'gid://shopify/Product/1','title':'Dress','descriptionHtml':'','vendor':'Acme',"
                        "'productType':'','tags':['a','b'],'status':'DRAFT','totalInventory':7}");
  self->products = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_object_unref);
  self->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->metafields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_object_unref);
  self->webhooks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
shopify_shop_free (ShopifyShop *self)
{
  g_ptr_array_unref (self->themes);
  json_object_unref (self->dress);
  g_hash_table_unref (self->products);
  g_hash_table_unref (self->members);
  g_hash_table_unref (self->metafields);
  g_hash_table_unref (self->webhooks);
  g_free (self);
}

static const char *
text_of (JsonObject *variables, const char *member)
{
  return royal_json_string (variables, member, "");
}

/* --- Themes ------------------------------------------------------------------------------------------------------- */

static Theme *
find_theme (ShopifyShop *self, const char *id)
{
  const char *slash = strrchr (id, '/');
  guint number = slash != NULL ? (guint)g_ascii_strtoull (slash + 1, NULL, 10) : 0;

  for (guint i = 0; i < self->themes->len; i++)
    if (((Theme *)self->themes->pdata[i])->number == number)
      return self->themes->pdata[i];
  return NULL;
}

void
shopify_shop_slow (ShopifyShop *self, guint looks)
{
  self->slow = looks;
}

guint
shopify_shop_live (ShopifyShop *self)
{
  return self->live;
}

guint
shopify_shop_themes (ShopifyShop *self)
{
  return self->themes->len;
}

const char *
shopify_shop_file (ShopifyShop *self, guint theme, const char *path)
{
  g_autofree char *id = g_strdup_printf ("/%u", theme);
  JsonNode *content = g_hash_table_lookup (find_theme (self, id)->files, path);

  return content != NULL && JSON_NODE_HOLDS_VALUE (content) ? json_node_get_string (content) : NULL;
}

/* (nullable) (transfer full) */
static JsonObject *
show_theme (ShopifyShop *self, Theme *theme)
{
  gboolean processing = theme != NULL && theme->looks > 0;

  if (theme == NULL)
    return NULL;
  theme->looks -= processing;
  return object ("{'id':'gid://shopify/OnlineStoreTheme/%u','name':'%s','role':'%s','processing':%s}", theme->number,
                 theme->name, theme->number == self->live ? "MAIN" : "UNPUBLISHED", processing ? "true" : "false");
}

JsonObject *
shopify_shop_theme (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data =
      object ("{'theme':null,'themes':{'nodes':[{'id':'gid://shopify/OnlineStoreTheme/%u','name':'T'}]}}", self->live);
  JsonObject *shown = show_theme (self, find_theme (self, text_of (variables, "id")));

  if (shown != NULL)
    json_object_set_object_member (data, "theme", shown);
  return data;
}

JsonObject *
shopify_shop_publish (ShopifyShop *self, JsonObject *variables)
{
  const Theme *theme = find_theme (self, text_of (variables, "id"));

  if (theme->looks > 0)
    return object ("{'themePublish':{'theme':null,'userErrors':[{'code':'CANNOT_PUBLISH_THEME_DURING_INSTALL','field':"
                   "['id'],'message':'The theme is being made.'}]}}");
  self->live = theme->number;
  return object ("{'themePublish':{'theme':{'id':'gid://shopify/OnlineStoreTheme/%u','role':'MAIN'},'userErrors':[]}}",
                 self->live);
}

JsonObject *
shopify_shop_theme_named (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = object ("{'theme':null,'themes':{'nodes':[]}}");
  JsonObject *shown = show_theme (self, find_theme (self, text_of (variables, "id")));

  if (shown != NULL)
    json_object_set_object_member (data, "theme", shown);
  for (guint i = 0; i < self->themes->len; i++)
    {
      const Theme *theme = self->themes->pdata[i];

      if (strcmp (theme->name, text_of (variables, "name")) == 0)
        json_array_add_object_element (royal_json_array (royal_json_object (data, "themes"), "nodes"),
                                       object ("{'id':'gid://shopify/OnlineStoreTheme/%u','name':'%s','role':'%s'}",
                                               theme->number, theme->name,
                                               theme->number == self->live ? "MAIN" : "UNPUBLISHED"));
    }
  return data;
}

/* Another of the same name is no trouble to Shopify. */
JsonObject *
shopify_shop_duplicate (ShopifyShop *self, JsonObject *variables)
{
  const Theme *from = find_theme (self, text_of (variables, "id"));
  Theme *theme = theme_new (++self->numbers, text_of (variables, "name"));
  GHashTableIter iter;
  gpointer path, content;

  g_hash_table_iter_init (&iter, from->files);
  while (g_hash_table_iter_next (&iter, &path, &content))
    g_hash_table_replace (theme->files, g_strdup (path), json_node_copy (content));
  theme->looks = self->slow;
  g_ptr_array_add (self->themes, theme);
  return object ("{'themeDuplicate':{'newTheme':{'id':'gid://shopify/OnlineStoreTheme/%u','processing':%s},"
                 "'userErrors':[]}}",
                 theme->number, theme->looks > 0 ? "true" : "false");
}

JsonObject *
shopify_shop_theme_delete (ShopifyShop *self, JsonObject *variables)
{
  Theme *theme = find_theme (self, text_of (variables, "id"));

  g_assert_nonnull (theme);
  g_assert_cmpuint (theme->number, !=, self->live);
  g_ptr_array_remove (self->themes, theme);
  return object ("{'themeDelete':{'deletedThemeId':'%s','userErrors':[]}}", text_of (variables, "id"));
}

/* --- Files -------------------------------------------------------------------------------------------------------- */

/* @ret_size: (out) (optional) (transfer full) */
static JsonObject *
show_file (const char *path, JsonNode *content, char **ret_size)
{
  gboolean is_text = JSON_NODE_HOLDS_VALUE (content);
  const char *text =
      is_text ? json_node_get_string (content) : royal_json_string (json_node_get_object (content), "base64", "");
  gsize length = strlen (text);
  g_autofree guchar *bytes = is_text ? (guchar *)g_strdup (text) : g_base64_decode (text, &length);
  g_autofree char *checksum = g_compute_checksum_for_data (G_CHECKSUM_MD5, bytes, length);
  JsonObject *file = object ("{'filename':'%s','checksumMd5':'%s','body':{'__typename':'%s'}}", path, checksum,
                             is_text ? "OnlineStoreThemeFileBodyText" : "OnlineStoreThemeFileBodyBase64");

  json_object_set_string_member (royal_json_object (file, "body"), is_text ? "content" : "contentBase64", text);
  if (ret_size != NULL)
    *ret_size = g_strdup_printf ("%zu", length);
  return file;
}

/* What was written is seen from the next look on. */
static void
settle (Theme *theme)
{
  GHashTableIter iter;
  gpointer path, content;

  g_hash_table_iter_init (&iter, theme->written);
  while (g_hash_table_iter_next (&iter, &path, &content))
    if (JSON_NODE_HOLDS_NULL (content))
      g_hash_table_remove (theme->files, path);
    else
      g_hash_table_replace (theme->files, g_strdup (path), json_node_copy (content));
  g_hash_table_remove_all (theme->written);
}

JsonObject *
shopify_shop_theme_content (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = object ("{'theme':null}");
  Theme *theme = find_theme (self, text_of (variables, "id"));
  JsonObject *shown = show_theme (self, theme);
  JsonObject *files = object ("{'nodes':[]}");
  JsonArray *names = royal_json_array (variables, "names");

  for (guint i = 0; shown != NULL && i < json_array_get_length (names); i++)
    {
      const char *path = json_array_get_string_element (names, i);
      JsonNode *content = g_hash_table_lookup (theme->files, path);

      if (content != NULL)
        json_array_add_object_element (royal_json_array (files, "nodes"), show_file (path, content, NULL));
    }
  if (shown != NULL)
    {
      json_object_set_object_member (shown, "files", json_object_ref (files));
      json_object_set_object_member (data, "theme", shown);
      settle (theme);
    }
  json_object_unref (files);
  return data;
}

/* --- As they are pulled --------------------------------------------------------------------------------------------
 */

JsonObject *
shopify_shop_themes_page (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = object ("{'themes':{'pageInfo':{'hasNextPage':false,'endCursor':'2'},'nodes':[]}}");
  JsonArray *nodes = royal_json_array (royal_json_object (data, "themes"), "nodes");

  for (guint i = 0; i < self->themes->len; i++)
    {
      JsonObject *shown = show_theme (self, self->themes->pdata[i]);

      json_object_set_string_member (shown, "updatedAt", "2026-11-01T10:00:00Z");
      json_array_add_object_element (nodes, shown);
    }
  return data;
}

/* What is written by then is seen. @names: (nullable): all; a list of files shows not what is in them, and what is in
 * those that are no text is not asked for. */
static JsonObject *
pulled_files (ShopifyShop *self, JsonObject *variables, JsonArray *names)
{
  JsonObject *data =
      object ("{'theme':{'id':'%s','files':{'pageInfo':{'hasNextPage':false,'endCursor':'9'},'nodes':[]}}}",
              text_of (variables, "id"));
  JsonObject *files = royal_json_object (royal_json_object (data, "theme"), "files");
  Theme *theme = find_theme (self, text_of (variables, "id"));
  GHashTableIter iter;
  gpointer path, content;

  if (names != NULL)
    json_object_remove_member (files, "pageInfo");
  settle (theme);
  g_hash_table_iter_init (&iter, theme->files);
  while (g_hash_table_iter_next (&iter, &path, &content))
    {
      g_autofree char *size = NULL;
      JsonObject *file = show_file (path, content, &size);
      gboolean is_asked = names == NULL;

      for (guint i = 0; names != NULL && i < json_array_get_length (names); i++)
        is_asked = is_asked || strcmp (json_array_get_string_element (names, i), path) == 0;
      json_object_set_string_member (file, "size", size);
      if (names == NULL)
        json_object_remove_member (file, "body");
      else
        json_object_remove_member (royal_json_object (file, "body"), "contentBase64");
      if (is_asked)
        json_array_add_object_element (royal_json_array (files, "nodes"), json_object_ref (file));
      json_object_unref (file);
    }
  return data;
}

JsonObject *
shopify_shop_theme_list (ShopifyShop *self, JsonObject *variables)
{
  return pulled_files (self, variables, NULL);
}

JsonObject *
shopify_shop_theme_bodies (ShopifyShop *self, JsonObject *variables)
{
  return pulled_files (self, variables, royal_json_array (variables, "names"));
}

char *
shopify_shop_shown (ShopifyShop *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *themes = json_object_new ();

  for (guint i = 0; i < self->themes->len; i++)
    {
      Theme *theme = self->themes->pdata[i];
      JsonObject *shown = json_object_new ();
      JsonObject *files = json_object_new ();
      g_autofree char *number = g_strdup_printf ("%u", theme->number);
      GHashTableIter iter;
      gpointer path, content;

      g_hash_table_iter_init (&iter, theme->files);
      while (g_hash_table_iter_next (&iter, &path, &content))
        json_object_set_member (files, path, json_node_copy (content));
      json_object_set_string_member (shown, "name", theme->name);
      json_object_set_boolean_member (shown, "live", theme->number == self->live);
      json_object_set_object_member (shown, "files", files);
      json_object_set_object_member (themes, number, shown);
    }
  json_node_take_object (node, themes);
  return royal_json_to_string (node);
}

/* --- Files that are written ----------------------------------------------------------------------------------------
 */

JsonObject *
shopify_shop_theme_files (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = object ("{'themeFilesUpsert':{'upsertedThemeFiles':[],'userErrors':[]}}");
  JsonArray *told = royal_json_array (royal_json_object (data, "themeFilesUpsert"), "upsertedThemeFiles");
  Theme *theme = find_theme (self, text_of (variables, "id"));
  JsonArray *files = royal_json_array (variables, "files");

  g_assert_cmpuint (theme->number, !=, self->live);
  g_assert_cmpuint (theme->looks, ==, 0);
  for (guint i = 0; i < json_array_get_length (files); i++)
    {
      JsonObject *file = json_array_get_object_element (files, i);
      JsonObject *body = royal_json_object (file, "body");
      const char *path = text_of (file, "filename");
      g_autofree char *text = g_strconcat (g_str_has_suffix (path, ".json") ? NOTE : "", text_of (body, "value"), NULL);
      JsonNode *content = json_node_init_string (json_node_alloc (), text);

      if (strcmp (text_of (body, "type"), "BASE64") == 0)
        {
          JsonObject *binary = json_object_new ();

          json_object_set_string_member (binary, "base64", text);
          json_node_unref (content);
          content = royal_json_take_object (binary);
        }
      g_hash_table_replace (theme->written, g_strdup (path), content);
      json_array_add_object_element (told, object ("{'filename':'%s'}", path));
    }
  return data;
}

JsonObject *
shopify_shop_theme_files_delete (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = object ("{'themeFilesDelete':{'deletedThemeFiles':[],'userErrors':[]}}");
  JsonArray *told = royal_json_array (royal_json_object (data, "themeFilesDelete"), "deletedThemeFiles");
  Theme *theme = find_theme (self, text_of (variables, "id"));
  JsonArray *files = royal_json_array (variables, "files");

  g_assert_cmpuint (theme->number, !=, self->live);
  for (guint i = 0; i < json_array_get_length (files); i++)
    {
      const char *path = json_array_get_string_element (files, i);

      g_hash_table_replace (theme->written, g_strdup (path), json_node_new (JSON_NODE_NULL));
      json_array_add_object_element (told, object ("{'filename':'%s'}", path));
    }
  return data;
}

/* --- Products ----------------------------------------------------------------------------------------------------- */

JsonObject *
shopify_shop_product (ShopifyShop *self, const char *handle)
{
  return royal_json_object (g_hash_table_lookup (self->products, handle), "input");
}

/* (transfer full): what the queries of a product ask of one that was made here. */
static JsonObject *
shown_product (JsonObject *product)
{
  static const char *const fields[] = { "title", "descriptionHtml", "vendor", "productType", "status" };
  JsonObject *input = royal_json_object (product, "input");
  JsonObject *shown = object ("{'tags':[],'totalInventory':0}");

  json_object_set_string_member (shown, "id", text_of (product, "id"));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    json_object_set_string_member (shown, fields[i], text_of (input, fields[i]));
  if (json_object_has_member (input, "tags"))
    json_object_set_member (shown, "tags", json_object_dup_member (input, "tags"));
  return shown;
}

JsonObject *
shopify_shop_product_of_handle (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *product = g_hash_table_lookup (self->products, text_of (variables, "id"));
  JsonObject *data = object ("{'shop':{'currencyCode':'EUR'},'product':null}");

  if (product != NULL)
    json_object_set_object_member (data, "product", shown_product (product));
  return data;
}

static gboolean
has_id (gpointer handle, gpointer product, gpointer id)
{
  return strcmp (text_of (product, "id"), id) == 0;
}

JsonObject *
shopify_shop_product_of_id (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *product = g_hash_table_find (self->products, has_id, (gpointer)text_of (variables, "id"));
  JsonObject *data = object ("{'product':null}");

  if (has_id (NULL, self->dress, (gpointer)text_of (variables, "id")))
    json_object_set_object_member (data, "product", json_object_ref (self->dress));
  else if (product != NULL)
    json_object_set_object_member (data, "product", shown_product (product));
  return data;
}

/* (transfer full): the variants of one that was made here: what is asked of each, of a hundred at most. */
static JsonObject *
offered (JsonObject *product)
{
  JsonArray *variants = product != NULL ? royal_json_array (royal_json_object (product, "input"), "variants") : NULL;
  guint n = variants != NULL ? json_array_get_length (variants) : 0;
  JsonObject *offers = object ("{'pageInfo':{'hasNextPage':%s},'nodes':[]}", n > 100 ? "true" : "false");

  for (guint i = 0; i < MIN (n, 100); i++)
    {
      JsonObject *variant = json_array_get_object_element (variants, i);

      json_array_add_object_element (royal_json_array (offers, "nodes"),
                                     object ("{'sku':'%s','price':'%s'}",
                                             text_of (royal_json_object (variant, "inventoryItem"), "sku"),
                                             text_of (variant, "price")));
    }
  return offers;
}

JsonObject *
shopify_shop_product_offers (ShopifyShop *self, JsonObject *variables)
{
  const char *id = text_of (variables, "id");
  JsonObject *product = g_hash_table_find (self->products, has_id, (gpointer)id);
  JsonObject *data = object ("{'shop':{'currencyCode':'EUR'},'product':null}");
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  if (product != NULL)
    json_object_set_object_member (data, "product", shown_product (product));
  else if (has_id (NULL, self->dress, (gpointer)id))
    {
      json_node_set_object (node, self->dress);
      text = royal_json_to_string (node);
      json_object_set_member (data, "product", royal_json_parse (text, -1, "shop", NULL));
    }
  if (royal_json_object (data, "product") != NULL)
    json_object_set_object_member (royal_json_object (data, "product"), "variants", offered (product));
  return data;
}

/* A product joins or leaves collections. */
static void
join (ShopifyShop *self, JsonObject *product)
{
  static const char *const members[] = { "collectionsToJoin", "collectionsToLeave" };

  for (guint i = 0; i < 2; i++)
    {
      JsonArray *ids = royal_json_array (product, members[i]);

      for (guint n = 0; ids != NULL && n < json_array_get_length (ids); n++)
        {
          g_autofree char *key =
              g_strdup_printf ("%s %s", text_of (product, "id"), json_array_get_string_element (ids, n));

          if (g_str_has_suffix (key, "/9")) /* its rules say what is in it */
            continue;
          if (i == 0)
            g_hash_table_add (self->members, g_steal_pointer (&key));
          else
            g_hash_table_remove (self->members, key);
        }
    }
}

JsonObject *
shopify_shop_product_update (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *changes = royal_json_object (variables, "product");
  JsonObject *product = g_hash_table_find (self->products, has_id, (gpointer)text_of (changes, "id"));
  JsonObject *input = product != NULL ? royal_json_object (product, "input") : self->dress;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  join (self, changes);
  json_object_iter_init (&iter, changes);
  while (json_object_iter_next (&iter, &name, &value))
    if (strcmp (name, "id") != 0)
      json_object_set_member (input, name, json_node_copy (value));
  return object ("{'productUpdate':{'product':{'id':'%s','status':'%s'},'userErrors':[]}}", text_of (changes, "id"),
                 text_of (input, "status"));
}

static int
by_id (gconstpointer a, gconstpointer b)
{
  return strcmp (text_of (*(JsonObject *const *)a, "id"), text_of (*(JsonObject *const *)b, "id"));
}

/* (transfer full): a product as a pull asks for it: its first variant, without images, metafields and collections. */
static JsonObject *
pulled_product (const char *handle, JsonObject *product)
{
  static const char *const empty[] = { "media", "metafields", "collections" };
  JsonObject *input = royal_json_object (product, "input");
  JsonObject *variant = json_array_get_object_element (royal_json_array (input, "variants"), 0);
  JsonObject *pulled = shown_product (product);
  const char *number = strrchr (text_of (product, "id"), '/') + 1;

  json_object_remove_member (pulled, "totalInventory");
  json_object_set_string_member (pulled, "handle", handle);
  json_object_set_string_member (pulled, "updatedAt", "2026-11-01T10:00:00Z");
  json_object_set_object_member (pulled, "seo", object ("{'title':null,'description':null}"));
  json_object_set_array_member (pulled, "options", json_array_new ());
  for (guint i = 0; i < G_N_ELEMENTS (empty); i++)
    json_object_set_object_member (pulled, empty[i],
                                   object ("{'pageInfo':{'hasNextPage':false,'endCursor':'0'},'nodes':[]}"));
  json_object_set_object_member (
      pulled, "variants",
      object ("{'pageInfo':{'hasNextPage':false,'endCursor':'1'},'nodes':[{'id':'gid://shopify/ProductVariant/7%s',"
              "'title':'Default Title','sku':'%s','price':'%s','compareAtPrice':null,'barcode':null,"
              "'inventoryQuantity':0,'selectedOptions':[],'inventoryItem':{'id':'gid://shopify/InventoryItem/7%s',"
              "'unitCost':null}}]}",
              number, text_of (royal_json_object (variant, "inventoryItem"), "sku"), text_of (variant, "price"),
              number));
  return pulled;
}

/* (transfer full): those that were made, in the order of their ids. */
static JsonArray *
pulled_products (ShopifyShop *self)
{
  g_autoptr (GPtrArray) products = g_ptr_array_new ();
  JsonArray *nodes = json_array_new ();
  GHashTableIter iter;
  gpointer handle, product;

  g_hash_table_iter_init (&iter, self->products);
  while (g_hash_table_iter_next (&iter, &handle, &product))
    g_ptr_array_add (products, pulled_product (handle, product));
  g_ptr_array_sort (products, by_id);
  for (guint i = 0; i < products->len; i++)
    json_array_add_object_element (nodes, products->pdata[i]);
  return nodes;
}

JsonObject *
shopify_shop_page (ShopifyShop *self, JsonObject *variables, JsonObject *data)
{
  JsonObject *products = royal_json_object (data, "products");
  JsonArray *sold = royal_json_array (products, "nodes");
  JsonArray *nodes;

  if (royal_json_string (variables, "after", NULL) != NULL)
    return data;
  nodes = pulled_products (self);
  for (guint i = 0; i < json_array_get_length (sold); i++)
    json_array_add_element (nodes, json_array_dup_element (sold, i));
  json_object_set_array_member (products, "nodes", nodes);
  return data;
}

char *
shopify_shop_statuses (ShopifyShop *self)
{
  g_autoptr (JsonArray) products = pulled_products (self);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *statuses = json_object_new ();

  for (guint i = 0; i < json_array_get_length (products); i++)
    {
      JsonObject *product = json_array_get_object_element (products, i);

      json_object_set_string_member (statuses, text_of (product, "handle"), text_of (product, "status"));
    }
  json_node_take_object (node, statuses);
  return royal_json_to_string (node);
}

char *
shopify_shop_made (ShopifyShop *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *made = json_object_new ();
  GHashTableIter iter;
  gpointer handle, product;

  g_hash_table_iter_init (&iter, self->products);
  while (g_hash_table_iter_next (&iter, &handle, &product))
    json_object_set_object_member (made, handle, json_object_ref (royal_json_object (product, "input")));
  json_node_take_object (node, made);
  return royal_json_to_string (node);
}

/* Without an identifier it is a new one, whose handle nobody has. */
JsonObject *
shopify_shop_product_create (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *input = royal_json_object (variables, "input");
  const char *handle = text_of (input, "handle");
  JsonObject *product;

  if (g_hash_table_contains (self->products, handle))
    return object ("{'productSet':{'product':null,'userErrors':[{'code':'HANDLE_NOT_UNIQUE','field':['input','handle'],"
                   "'message':'Handle is taken.'}]}}");
  product = object ("{'id':'gid://shopify/Product/%u'}", ++self->numbers);
  json_object_set_object_member (product, "input", json_object_ref (input));
  g_hash_table_insert (self->products, g_strdup (handle), product);
  return object ("{'productSet':{'product':{'id':'%s','status':'%s'},'userErrors':[]}}", text_of (product, "id"),
                 text_of (input, "status"));
}

JsonObject *
shopify_shop_product_delete (ShopifyShop *self, JsonObject *variables)
{
  const char *id = text_of (variables, "id");

  g_assert_cmpuint (g_hash_table_foreach_remove (self->products, has_id, (gpointer)id), ==, 1);
  return object ("{'productDelete':{'deletedProductId':'%s','userErrors':[]}}", id);
}

JsonObject *
shopify_shop_in_collection (ShopifyShop *self, JsonObject *variables)
{
  const char *product = text_of (variables, "id");
  const char *collection = text_of (variables, "collection");
  guint number = (guint)g_ascii_strtoull (strrchr (collection, '/') + 1, NULL, 10);
  g_autofree char *key = g_strdup_printf ("%s %s", product, collection);
  JsonObject *data = object ("{'product':null,'collection':null}");

  if (g_str_has_suffix (product, "/1"))
    json_object_set_object_member (data, "product",
                                   object ("{'id':'%s','title':'Dress','status':'ACTIVE','inCollection':%s}", product,
                                           g_hash_table_contains (self->members, key) ? "true" : "false"));
  if (number <= 3 || number == 9)
    json_object_set_object_member (data, "collection", object ("{'id':'%s','title':'All'}", collection));
  return data;
}

/* --- Metafields --------------------------------------------------------------------------------------------------- */

static char *
key_of (JsonObject *names, const char *owner)
{
  return g_strdup_printf ("%s %s %s", text_of (names, owner), text_of (names, "namespace"), text_of (names, "key"));
}

static char *
digest_of (JsonObject *field)
{
  return g_compute_checksum_for_string (G_CHECKSUM_MD5, text_of (field, "value"), -1);
}

JsonObject *
shopify_shop_metafield (ShopifyShop *self, JsonObject *variables)
{
  g_autofree char *key = key_of (variables, "id");
  JsonObject *field = g_hash_table_lookup (self->metafields, key);
  JsonObject *data = object ("{'node':null}");
  JsonObject *node;
  g_autofree char *digest = digest_of (field);

  if (!g_str_has_suffix (text_of (variables, "id"), "/1"))
    return data;
  node = object ("{'__typename':'Product','id':'%s','metafield':null}", text_of (variables, "id"));
  if (field != NULL)
    {
      JsonObject *shown = object ("{'type':'%s','compareDigest':'%s'}", text_of (field, "type"), digest);

      json_object_set_string_member (shown, "value", text_of (field, "value"));
      json_object_set_object_member (node, "metafield", shown);
    }
  json_object_set_object_member (data, "node", node);
  return data;
}

/* It is compared: a digest that is null wants that there is none. */
JsonObject *
shopify_shop_metafield_set (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *input = json_array_get_object_element (royal_json_array (variables, "metafields"), 0);
  g_autofree char *key = key_of (input, "ownerId");
  JsonObject *field = g_hash_table_lookup (self->metafields, key);
  g_autofree char *digest = field != NULL ? digest_of (field) : NULL;

  g_assert_true (json_object_has_member (input, "compareDigest"));
  if (g_strcmp0 (royal_json_string (input, "compareDigest", NULL), digest) != 0)
    return object (
        "{'metafieldsSet':{'metafields':null,'userErrors':[{'code':'STALE_OBJECT','field':['metafields','0'],"
        "'message':'The resource has been updated.'}]}}");
  g_hash_table_replace (self->metafields, g_strdup (key), json_object_ref (input));
  return object ("{'metafieldsSet':{'metafields':[{'id':'gid://shopify/Metafield/1'}],'userErrors':[]}}");
}

JsonObject *
shopify_shop_metafield_delete (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *input = json_array_get_object_element (royal_json_array (variables, "metafields"), 0);
  g_autofree char *key = key_of (input, "ownerId");

  g_hash_table_remove (self->metafields, key);
  return object ("{'metafieldsDelete':{'deletedMetafields':[{'key':'%s'}],'userErrors':[]}}", text_of (input, "key"));
}

/* --- Webhooks ----------------------------------------------------------------------------------------------------- */

JsonObject *
shopify_shop_webhook (ShopifyShop *self, JsonObject *variables)
{
  g_autofree char *key = g_strdup_printf ("%s %s", text_of (variables, "id"), text_of (variables, "uri"));
  const char *id = g_hash_table_lookup (self->webhooks, key);

  return id != NULL ? object ("{'webhookSubscriptions':{'nodes':[{'id':'%s'}]}}", id)
                    : object ("{'webhookSubscriptions':{'nodes':[]}}");
}

JsonObject *
shopify_shop_webhook_create (ShopifyShop *self, JsonObject *variables)
{
  g_autofree char *key = g_strdup_printf ("%s %s", text_of (variables, "topic"),
                                          text_of (royal_json_object (variables, "subscription"), "uri"));
  char *id;

  if (g_hash_table_contains (self->webhooks, key))
    return object ("{'webhookSubscriptionCreate':{'webhookSubscription':null,'userErrors':[{'field':["
                   "'webhookSubscription','uri'],'message':'Address for this topic has already been taken'}]}}");
  id = g_strdup_printf ("gid://shopify/WebhookSubscription/%u", ++self->numbers);
  g_hash_table_insert (self->webhooks, g_steal_pointer (&key), id);
  return object ("{'webhookSubscriptionCreate':{'webhookSubscription':{'id':'%s'},'userErrors':[]}}", id);
}

static gboolean
is_subscription (gpointer key, gpointer id, gpointer wanted)
{
  return strcmp (id, wanted) == 0;
}

JsonObject *
shopify_shop_webhook_delete (ShopifyShop *self, JsonObject *variables)
{
  const char *id = text_of (variables, "id");

  g_assert_cmpuint (g_hash_table_foreach_remove (self->webhooks, is_subscription, (gpointer)id), ==, 1);
  return object ("{'webhookSubscriptionDelete':{'deletedWebhookSubscriptionId':'%s','userErrors':[]}}", id);
}
