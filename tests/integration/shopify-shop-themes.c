/* SPDX-License-Identifier: Apache-2.0 */
#include "shopify-object.h"
#include "shopify-shop-state.h"

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

GPtrArray *
shopify_shop_themes_new (void)
{
  GPtrArray *themes = g_ptr_array_new_with_free_func (theme_free);

  g_ptr_array_add (themes, theme_new (1, "T"));
  g_ptr_array_add (themes, theme_new (2, "U"));
  return themes;
}

static const char *
text_of (JsonObject *variables, const char *member)
{
  return royal_json_string (variables, member, "");
}

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
  return shopify_object ("{'id':'gid://shopify/OnlineStoreTheme/%u','name':'%s','role':'%s','processing':%s}",
                         theme->number, theme->name, theme->number == self->live ? "MAIN" : "UNPUBLISHED",
                         processing ? "true" : "false");
}

JsonObject *
shopify_shop_theme (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = shopify_object (
      "{'theme':null,'themes':{'nodes':[{'id':'gid://shopify/OnlineStoreTheme/%u','name':'T'}]}}", self->live);
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
    return shopify_object (
        "{'themePublish':{'theme':null,'userErrors':[{'code':'CANNOT_PUBLISH_THEME_DURING_INSTALL','field':"
        "['id'],'message':'The theme is being made.'}]}}");
  self->live = theme->number;
  return shopify_object (
      "{'themePublish':{'theme':{'id':'gid://shopify/OnlineStoreTheme/%u','role':'MAIN'},'userErrors':[]}}",
      self->live);
}

JsonObject *
shopify_shop_theme_named (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = shopify_object ("{'theme':null,'themes':{'nodes':[]}}");
  JsonObject *shown = show_theme (self, find_theme (self, text_of (variables, "id")));

  if (shown != NULL)
    json_object_set_object_member (data, "theme", shown);
  for (guint i = 0; i < self->themes->len; i++)
    {
      const Theme *theme = self->themes->pdata[i];

      if (strcmp (theme->name, text_of (variables, "name")) == 0)
        json_array_add_object_element (
            royal_json_array (royal_json_object (data, "themes"), "nodes"),
            shopify_object ("{'id':'gid://shopify/OnlineStoreTheme/%u','name':'%s','role':'%s'}", theme->number,
                            theme->name, theme->number == self->live ? "MAIN" : "UNPUBLISHED"));
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
  return shopify_object ("{'themeDuplicate':{'newTheme':{'id':'gid://shopify/OnlineStoreTheme/%u','processing':%s},"
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
  return shopify_object ("{'themeDelete':{'deletedThemeId':'%s','userErrors':[]}}", text_of (variables, "id"));
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
  JsonObject *file = shopify_object ("{'filename':'%s','checksumMd5':'%s','body':{'__typename':'%s'}}", path, checksum,
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
  JsonObject *data = shopify_object ("{'theme':null}");
  Theme *theme = find_theme (self, text_of (variables, "id"));
  JsonObject *shown = show_theme (self, theme);
  JsonObject *files = shopify_object ("{'nodes':[]}");
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

/* --- As they are pulled ------------------------------------------------------------------------------------------- */

JsonObject *
shopify_shop_themes_page (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = shopify_object ("{'themes':{'pageInfo':{'hasNextPage':false,'endCursor':'2'},'nodes':[]}}");
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
      shopify_object ("{'theme':{'id':'%s','files':{'pageInfo':{'hasNextPage':false,'endCursor':'9'},'nodes':[]}}}",
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

/* --- Files that are written --------------------------------------------------------------------------------------- */

JsonObject *
shopify_shop_theme_files (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = shopify_object ("{'themeFilesUpsert':{'upsertedThemeFiles':[],'userErrors':[]}}");
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
      json_array_add_object_element (told, shopify_object ("{'filename':'%s'}", path));
    }
  return data;
}

JsonObject *
shopify_shop_theme_files_delete (ShopifyShop *self, JsonObject *variables)
{
  JsonObject *data = shopify_object ("{'themeFilesDelete':{'deletedThemeFiles':[],'userErrors':[]}}");
  JsonArray *told = royal_json_array (royal_json_object (data, "themeFilesDelete"), "deletedThemeFiles");
  Theme *theme = find_theme (self, text_of (variables, "id"));
  JsonArray *files = royal_json_array (variables, "files");

  g_assert_cmpuint (theme->number, !=, self->live);
  for (guint i = 0; i < json_array_get_length (files); i++)
    {
      const char *path = json_array_get_string_element (files, i);

      g_hash_table_replace (theme->written, g_strdup (path), json_node_new (JSON_NODE_NULL));
      json_array_add_object_element (told, shopify_object ("{'filename':'%s'}", path));
    }
  return data;
}
