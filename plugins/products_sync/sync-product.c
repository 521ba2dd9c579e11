/* SPDX-License-Identifier: Apache-2.0 */
#include "sync-product.h"

#include "sync-text.h"

#include <royal/error.h>
#include <string.h>

#define DESCRIPTION "description_html"
#define VARIANTS "variants"

/* How a member of a product is kept. */
typedef enum {
  KIND_TEXT,   /* a field; "" is none */
  KIND_VALUE,  /* a field, an array: [] is none */
  KIND_SET,    /* an array of texts, a field for each */
  KIND_TEXTS,  /* an object of texts, a field for each */
  KIND_VALUES, /* an object of values, a field for each */
  KIND_GROUPS, /* an object of objects of scalars */
} Kind;

static const struct {
  const char *name;
  Kind kind;
  gboolean in_html;
} members[] = {
  { "collections", KIND_SET },   { DESCRIPTION, KIND_TEXT, TRUE }, { "images", KIND_VALUE },
  { "metafields", KIND_VALUES }, { "options", KIND_VALUE },        { "product_type", KIND_TEXT },
  { "seo", KIND_TEXTS },         { "status", KIND_TEXT },          { "tags", KIND_SET },
  { "title", KIND_TEXT },        { VARIANTS, KIND_GROUPS },        { "vendor", KIND_TEXT },
};

gboolean
sync_handle_check (const char *handle)
{
  gsize n = handle != NULL ? strlen (handle) : 0;

  if (n == 0 || n > 200 || *handle == '.' || !g_utf8_validate (handle, (gssize)n, NULL) ||
      g_ascii_strncasecmp (handle, "git~", 4) == 0)
    return FALSE;
  for (const char *p = handle; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p) || strchr ("/\\:*?\"<>|", *p) != NULL)
      return FALSE;
  return TRUE;
}

static void
refuse (GError **error, const char *parent, const char *name, const char *expected)
{
  g_autofree char *path = sync_path_join (parent, name);

  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/%s: expected %s", path, expected);
}

static gboolean
holds_text (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
}

/* What is nothing is not kept, so that null, "" and a member that is missing are the same. */
static gboolean
is_nothing (JsonNode *node)
{
  return JSON_NODE_HOLDS_NULL (node) || (holds_text (node) && *json_node_get_string (node) == '\0') ||
         (JSON_NODE_HOLDS_ARRAY (node) && json_array_get_length (json_node_get_array (node)) == 0) ||
         (JSON_NODE_HOLDS_OBJECT (node) && json_object_get_size (json_node_get_object (node)) == 0);
}

static void
set_node (SyncFields *fields, const char *parent, const char *name, JsonNode *node)
{
  g_autofree char *path = sync_path_join (parent, name);
  g_autofree char *value = sync_text_line (node);

  if (!is_nothing (node))
    sync_fields_set (fields, path, value);
}

static gboolean
add_set (SyncFields *fields, const char *name, JsonNode *node, GError **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (array == NULL)
    {
      refuse (error, "", name, "an array of texts");
      return FALSE;
    }
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);
      JsonNode *element = json_array_get_element (array, i);
      g_autofree char *path = NULL;

      if (!holds_text (element) || *json_node_get_string (element) == '\0')
        {
          refuse (error, name, number, "a text");
          return FALSE;
        }
      path = sync_path_join (name, json_node_get_string (element));
      sync_fields_set (fields, path, "true");
    }
  return TRUE;
}

/* What an object of @kind has for each of its members. */
static gboolean add_group (SyncFields *fields, const char *parent, JsonObject *object, Kind kind, GError **error);

static gboolean
add_entry (SyncFields *fields, const char *parent, const char *name, JsonNode *node, Kind kind, GError **error)
{
  g_autofree char *path = sync_path_join (parent, name);

  if (*name == '\0' || strlen (name) > 512)
    refuse (error, parent, name, "a name of 1 to 512 bytes");
  else if (kind == KIND_GROUPS && !JSON_NODE_HOLDS_OBJECT (node))
    refuse (error, parent, name, "an object");
  else if (kind == KIND_TEXTS && !JSON_NODE_HOLDS_NULL (node) && !holds_text (node))
    refuse (error, parent, name, "a text");
  else if (kind != KIND_GROUPS)
    {
      set_node (fields, parent, name, node);
      return TRUE;
    }
  else
    {
      sync_fields_set (fields, path, "{}");
      return add_group (fields, path, json_node_get_object (node), KIND_VALUES, error);
    }
  return FALSE;
}

/* Members of a variant are names, so that they can stand in texts as they are. */
static gboolean
is_plain (const char *name)
{
  return *name != '\0' &&
         name[strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

static gboolean
add_group (SyncFields *fields, const char *parent, JsonObject *object, Kind kind, GError **error)
{
  g_autoptr (GList) names = json_object_get_members (object);

  for (GList *l = names; l != NULL; l = l->next)
    {
      if (kind == KIND_VALUES && strchr (parent, '/') != NULL && !is_plain (l->data))
        {
          refuse (error, parent, l->data, "a name of letters, digits, `_`, `.` and `-`");
          return FALSE;
        }
      if (!add_entry (fields, parent, l->data, json_object_get_member (object, l->data), kind, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_member (SyncFields *fields, const char *name, Kind kind, JsonNode *node, GError **error)
{
  if (kind == KIND_SET)
    return add_set (fields, name, node, error);
  if (kind == KIND_TEXT && !JSON_NODE_HOLDS_NULL (node) && !holds_text (node))
    refuse (error, "", name, "a text");
  else if (kind == KIND_VALUE && !JSON_NODE_HOLDS_ARRAY (node))
    refuse (error, "", name, "an array");
  else if (kind > KIND_SET && !JSON_NODE_HOLDS_OBJECT (node))
    refuse (error, "", name, "an object");
  else if (kind > KIND_SET)
    return add_group (fields, name, json_node_get_object (node), kind, error);
  else
    {
      set_node (fields, "", name, node);
      return TRUE;
    }
  return FALSE;
}

/* A product without a title is none. */
static SyncFields *
with_title (SyncFields *fields, GError **error)
{
  if (sync_fields_get (fields, "title") != NULL)
    return fields;
  refuse (error, "", "title", "a text that is not empty");
  sync_fields_free (fields);
  return NULL;
}

/* --- The shop's document ------------------------------------------------------------------------------------------ */

GStrv
sync_variant_keys (const char *const *skus, const char *const *titles, guint n)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal);
  GStrv keys = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    if (skus[i] != NULL && *skus[i] != '\0')
      g_hash_table_insert (counts, (gpointer)skus[i],
                           GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (counts, skus[i])) + 1));
  for (guint i = 0; i < n; i++)
    {
      gboolean only = skus[i] != NULL && GPOINTER_TO_UINT (g_hash_table_lookup (counts, skus[i])) == 1;
      const char *title = titles[i] != NULL && *titles[i] != '\0' ? titles[i] : "variant";

      keys[i] = g_strdup (only ? skus[i] : title);
      for (guint number = 2; g_hash_table_contains (taken, keys[i]); number++)
        {
          g_free (keys[i]);
          keys[i] = g_strdup_printf ("%s #%u", title, number);
        }
      g_hash_table_add (taken, keys[i]);
    }
  return keys;
}

/* (nullable) */
static const char *
text_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && holds_text (node) ? json_node_get_string (node) : NULL;
}

/* The array as an object by names, which are stable: those of the variants, or namespace.key. (transfer full) */
static JsonObject *
by_name (JsonArray *array, gboolean variants, GError **error)
{
  guint n = json_array_get_length (array);
  g_autofree const char **skus = g_new0 (const char *, n + 1);
  g_autofree const char **titles = g_new0 (const char *, n + 1);
  g_auto (GStrv) keys = NULL;
  g_autoptr (JsonObject) object = json_object_new ();

  for (guint i = 0; i < n; i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_OBJECT (element))
        {
          g_autofree char *number = g_strdup_printf ("%u", i);

          refuse (error, variants ? VARIANTS : "metafields", number, "an object");
          return NULL;
        }
      skus[i] = text_member (json_node_get_object (element), variants ? "sku" : "namespace");
      titles[i] = text_member (json_node_get_object (element), variants ? "title" : "key");
    }
  keys = variants ? sync_variant_keys (skus, titles, n) : g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    {
      JsonNode *copy = json_node_copy (json_array_get_element (array, i));
      JsonObject *entry = json_node_get_object (copy);

      if (!variants)
        keys[i] = g_strdup_printf ("%s.%s", skus[i] != NULL ? skus[i] : "", titles[i] != NULL ? titles[i] : "");
      /* Stock is not the catalogue's, and the name says the rest. */
      for (const char *const *gone =
               (const char *const[]){ "inventory_item", "inventory", "id", "namespace", "key", NULL };
           *gone != NULL; gone++)
        json_object_remove_member (entry, *gone);
      json_object_set_member (object, keys[i], copy);
    }
  return g_steal_pointer (&object);
}

SyncFields *
sync_product_from_document (JsonObject *document, GError **error)
{
  g_autoptr (SyncFields) fields = sync_fields_new ();

  g_return_val_if_fail (document != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      JsonNode *node = json_object_get_member (document, members[i].name);
      gboolean named = members[i].kind == KIND_GROUPS || members[i].kind == KIND_VALUES;
      g_autoptr (JsonNode) object = NULL;

      if (node == NULL || JSON_NODE_HOLDS_NULL (node))
        continue;
      if (named && JSON_NODE_HOLDS_ARRAY (node))
        {
          JsonObject *entries = by_name (json_node_get_array (node), members[i].kind == KIND_GROUPS, error);

          if (entries == NULL)
            return NULL;
          object = json_node_init (json_node_alloc (), JSON_NODE_OBJECT);
          json_node_take_object (object, entries);
        }
      if (!add_member (fields, members[i].name, members[i].kind, object != NULL ? object : node, error))
        return NULL;
    }
  return with_title (g_steal_pointer (&fields), error);
}

/* --- Files -------------------------------------------------------------------------------------------------------- */

static gint
find_member (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (!members[i].in_html && strcmp (members[i].name, name) == 0)
      return (gint)i;
  return -1;
}

static gboolean
add_html (SyncFields *fields, const char *html, gsize length, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (length > SYNC_TEXT_MAX || !g_utf8_validate_len (html, length, NULL))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "the description: expected at most %" G_GSIZE_FORMAT " bytes of UTF-8 without a NUL", SYNC_TEXT_MAX);
      return FALSE;
    }
  text = g_strndup (html, length > 0 && html[length - 1] == '\n' ? length - 1 : length);
  node = json_node_init_string (json_node_alloc (), text);
  set_node (fields, "", DESCRIPTION, node);
  return TRUE;
}

SyncFields *
sync_product_from_files (const char *json, gsize json_length, const char *html, gsize html_length, GError **error)
{
  g_autoptr (SyncFields) fields = sync_fields_new ();
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GList) names = NULL;

  g_return_val_if_fail (json != NULL, NULL);

  node = sync_text_read (json, json_length, error);
  if (node == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/: expected an object");
      return NULL;
    }
  names = json_object_get_members (json_node_get_object (node));
  for (GList *l = names; l != NULL; l = l->next)
    {
      gint i = find_member (l->data);

      if (i < 0)
        {
          refuse (error, "", l->data, "no such member");
          return NULL;
        }
      if (!add_member (fields, l->data, members[i].kind, json_object_get_member (json_node_get_object (node), l->data),
                       error))
        return NULL;
    }
  if (html != NULL && !add_html (fields, html, html_length, error))
    return NULL;
  return with_title (g_steal_pointer (&fields), error);
}

/* (transfer none): the object @name of @object, which is made. */
static JsonObject *
object_within (JsonObject *object, const char *name)
{
  if (!json_object_has_member (object, name))
    json_object_set_object_member (object, name, json_object_new ());
  return json_object_get_object_member (object, name);
}

static void
put (JsonObject *product, const SyncField *field)
{
  g_auto (GStrv) parts = g_strsplit (field->path, "/", 3);
  gint i = find_member (parts[0]);
  g_autofree char *name = parts[1] != NULL ? sync_path_name (parts[1], strlen (parts[1])) : NULL;
  g_autoptr (JsonNode) value = sync_text_read (field->value, strlen (field->value), NULL);

  if (i < 0 || value == NULL)
    return;
  if (name == NULL)
    json_object_set_member (product, parts[0], g_steal_pointer (&value));
  else if (members[i].kind == KIND_SET)
    {
      if (!json_object_has_member (product, parts[0]))
        json_object_set_array_member (product, parts[0], json_array_new ());
      json_array_add_string_element (json_object_get_array_member (product, parts[0]), name);
    }
  else if (members[i].kind != KIND_GROUPS)
    json_object_set_member (object_within (product, parts[0]), name, g_steal_pointer (&value));
  else
    {
      JsonObject *group = object_within (object_within (product, parts[0]), name);
      g_autofree char *inner = parts[2] != NULL ? sync_path_name (parts[2], strlen (parts[2])) : NULL;

      if (inner != NULL)
        json_object_set_member (group, inner, g_steal_pointer (&value));
    }
}

char *
sync_product_json (const SyncFields *fields)
{
  g_autoptr (JsonNode) node = json_node_init (json_node_alloc (), JSON_NODE_OBJECT);

  g_return_val_if_fail (fields != NULL, NULL);

  json_node_take_object (node, json_object_new ());
  for (guint i = 0; i < sync_fields_count (fields); i++)
    put (json_node_get_object (node), sync_fields_at (fields, i));
  return sync_text_file (node);
}

char *
sync_product_text (const SyncFields *fields, const char *path)
{
  const char *value = sync_fields_get (fields, path);
  g_autoptr (JsonNode) node = value != NULL ? sync_text_read (value, strlen (value), NULL) : NULL;

  return node != NULL && holds_text (node) ? json_node_dup_string (node) : NULL;
}

char *
sync_product_html (const SyncFields *fields)
{
  g_autofree char *text = sync_product_text (fields, DESCRIPTION);

  return text != NULL ? g_strconcat (text, "\n", NULL) : NULL;
}
