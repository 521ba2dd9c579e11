/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-fixtures.h"

#include "royal-json.h"
#include "rt-csv.h"

#include <royal/error.h>
#include <string.h>

#define KEY_MAX 128
#define VALUE_MAX (64 * 1024)

typedef struct {
  JsonNode *value;
  gint64 version;
} Entry;

struct _RtFixtures {
  char *folder;
  JsonObject *inlined;
  GHashTable *state; /* key → Entry */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_clear_pointer (&entry->value, json_node_unref);
  g_free (entry);
}

static void
put_entry (RtFixtures *self, const char *key, JsonNode *value, gint64 version)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->value = json_node_copy (value);
  entry->version = version;
  g_hash_table_replace (self->state, g_strdup (key), entry);
}

static void
put_all (RtFixtures *self, JsonObject *state)
{
  JsonObjectIter iter;
  const char *key;
  JsonNode *value;

  json_object_iter_init (&iter, state);
  while (json_object_iter_next (&iter, &key, &value))
    put_entry (self, key, value, 1);
}

/* (nullable): the path of @resource's file, whether it is there or not. */
static char *
path_of (RtFixtures *self, const char *resource, const char *suffix)
{
  g_autofree char *name = g_strconcat (resource, suffix, NULL);

  if (self->folder == NULL)
    return NULL;
  g_strdelimit (name, "/:", '_');
  return g_build_filename (self->folder, name, NULL);
}

static gboolean
read_state_file (RtFixtures *self, GError **error)
{
  g_autofree char *path = path_of (self, "state", ".json");
  g_autofree char *text = NULL;
  gsize length;

  if (path == NULL || !g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  if (!g_file_get_contents (path, &text, &length, error))
    return FALSE;
  g_autoptr (JsonNode) node = royal_json_parse (text, (gssize)length, path, error);
  if (node == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected an object of keys and values", path);
      return FALSE;
    }
  put_all (self, json_node_get_object (node));
  return TRUE;
}

RtFixtures *
rt_fixtures_new (const char *folder, JsonObject *inlined, JsonObject *state, GError **error)
{
  g_autoptr (RtFixtures) self = g_new0 (RtFixtures, 1);

  self->folder = g_strdup (folder);
  self->inlined = inlined != NULL ? json_object_ref (inlined) : json_object_new ();
  self->state = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
  if (folder != NULL && !g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s: expected a folder of fixtures", folder);
      return NULL;
    }
  if (!read_state_file (self, error))
    return NULL;
  if (state != NULL)
    put_all (self, state);
  return g_steal_pointer (&self);
}

void
rt_fixtures_free (RtFixtures *self)
{
  if (self == NULL)
    return;
  g_free (self->folder);
  g_clear_pointer (&self->inlined, json_object_unref);
  g_clear_pointer (&self->state, g_hash_table_unref);
  g_free (self);
}

/* The text of @resource's file. */
static char *
load (RtFixtures *self, const char *resource, const char *suffix, char **ret_path, gsize *ret_length, GError **error)
{
  g_autofree char *path = path_of (self, resource, suffix);
  char *text = NULL;

  if (path == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no fixture for %s: no folder of fixtures was given",
                 resource);
  else if (!g_file_get_contents (path, &text, ret_length, NULL))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "no fixture for %s: expected a file %s", resource, path);
  *ret_path = g_steal_pointer (&path);
  return text;
}

JsonNode *
rt_fixtures_get (RtFixtures *self, const char *resource, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (resource != NULL, NULL);

  g_autofree char *path = NULL;
  gsize length = 0;

  if (json_object_has_member (self->inlined, resource))
    return json_object_dup_member (self->inlined, resource);
  g_autofree char *text = load (self, resource, ".json", &path, &length, error);
  return text != NULL ? royal_json_parse (text, (gssize)length, path, error) : NULL;
}

int
rt_fixtures_read (RtFixtures *self, const char *resource, GError **error)
{
  g_return_val_if_fail (self != NULL, -1);
  g_return_val_if_fail (resource != NULL, -1);

  g_autofree char *path = NULL;
  gsize length = 0;

  if (json_object_has_member (self->inlined, resource))
    return rt_csv_from_json (json_object_get_member (self->inlined, resource), resource, error);
  g_autofree char *text = load (self, resource, ".csv", &path, &length, error);
  if (text == NULL)
    return -1;
  if (strlen (text) != length)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected text without NUL", path);
      return -1;
    }
  return rt_csv_to_table (text, path, error);
}

static JsonNode *
answer (JsonNode *value, gint64 version)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  if (value != NULL)
    json_object_set_member (object, "value", value);
  json_object_set_int_member (object, "version", version);
  json_node_take_object (node, object);
  return node;
}

static const char *
key_of (JsonObject *params, GError **error)
{
  const char *key = royal_json_string (params, "key", "");

  if (key[0] != '\0' && strlen (key) <= KEY_MAX)
    return key;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "state: expected a key of 1 to %d bytes", KEY_MAX);
  return NULL;
}

JsonNode *
rt_fixtures_state_get (RtFixtures *self, JsonObject *params, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (params != NULL, NULL);

  const char *key = key_of (params, error);
  if (key == NULL)
    return NULL;

  const Entry *entry = g_hash_table_lookup (self->state, key);
  if (entry == NULL)
    return answer (json_node_new (JSON_NODE_NULL), 0);
  return answer (json_node_copy (entry->value), entry->version);
}

JsonNode *
rt_fixtures_state_put (RtFixtures *self, JsonObject *params, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (params != NULL, NULL);

  const char *key = key_of (params, error);
  JsonNode *value = json_object_get_member (params, "value");
  gint64 version = royal_json_int (params, "version", 0);
  if (key == NULL)
    return NULL;

  const Entry *entry = g_hash_table_lookup (self->state, key);
  gint64 current = entry != NULL ? entry->version : 0;
  g_autofree char *text = value != NULL ? royal_json_to_string (value) : g_strdup ("");
  if (strlen (text) > VALUE_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "state: expected a value of at most 64 KiB");
      return NULL;
    }
  if (version != current)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT,
                   "state: %s has version %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT, key, current, version);
      return NULL;
    }
  if (value != NULL && !JSON_NODE_HOLDS_NULL (value))
    put_entry (self, key, value, current + 1);
  else
    g_hash_table_remove (self->state, key);
  return answer (NULL, current + 1);
}

JsonNode *
rt_fixtures_state (RtFixtures *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (self->state), (GCompareFunc)strcmp);

  for (GList *l = keys; l != NULL; l = l->next)
    {
      const Entry *entry = g_hash_table_lookup (self->state, l->data);
      json_object_set_member (object, l->data, json_node_copy (entry->value));
    }
  json_node_take_object (node, object);
  return node;
}
