/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-shopify-file.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define LINE_BYTES (8u * 1024 * 1024)

struct _RhShopifyFile {
  GString *line;    /* as much of it as has come */
  guint64 n;        /* lines that have come */
  JsonObject *open; /* (nullable): the thing whose own are coming */
};

/* By its kind, the connection that a thing stands in. */
static const struct {
  const char *prefix;
  const char *connection;
} connections[] = {
  { "gid://shopify/ProductVariant/", "variants" },
  { "gid://shopify/Metafield/", "metafields" },
  { "gid://shopify/Collection/", "collections" },
  { "gid://shopify/LineItem/", "lineItems" },
  { "gid://shopify/", "media" }, /* of which there are several kinds */
};

RhShopifyFile *
rh_shopify_file_new (void)
{
  RhShopifyFile *self = g_new0 (RhShopifyFile, 1);

  self->line = g_string_new (NULL);
  return self;
}

void
rh_shopify_file_free (RhShopifyFile *self)
{
  if (self == NULL)
    return;
  g_string_free (self->line, TRUE);
  g_clear_pointer (&self->open, json_object_unref);
  g_free (self);
}

static void
close_thing (RhShopifyFile *self, GPtrArray *things)
{
  if (self->open != NULL)
    g_ptr_array_add (things, g_steal_pointer (&self->open));
}

static gboolean
fail (const RhShopifyFile *self, GError **error, const char *words)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "line %" G_GUINT64_FORMAT ": %s", self->n, words);
  return FALSE;
}

static void
add_to (JsonObject *thing, JsonObject *own)
{
  const char *id = royal_json_string (own, "id", "");
  const char *name = NULL;
  JsonObject *connection;

  for (guint i = 0; name == NULL && i < G_N_ELEMENTS (connections); i++)
    if (g_str_has_prefix (id, connections[i].prefix))
      name = connections[i].connection;
  if (name == NULL)
    return;
  connection = royal_json_object (thing, name);
  if (connection == NULL)
    {
      connection = json_object_new ();
      json_object_set_array_member (connection, "nodes", json_array_new ());
      json_object_set_object_member (thing, name, connection);
    }
  json_array_add_object_element (royal_json_array (connection, "nodes"), json_object_ref (own));
}

static gboolean
take_line (RhShopifyFile *self, GPtrArray *things, GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  const char *parent;
  JsonObject *object;

  self->n++;
  if (self->line->len == 0)
    return TRUE;
  node = royal_json_parse (self->line->str, (gssize)self->line->len, "line", error);
  g_string_truncate (self->line, 0);
  if (node == NULL)
    {
      g_prefix_error (error, "line %" G_GUINT64_FORMAT ": ", self->n);
      return FALSE;
    }
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (self, error, "expected an object");
  object = json_node_get_object (node);
  parent = royal_json_string (object, "__parentId", NULL);
  if (parent == NULL)
    {
      close_thing (self, things);
      self->open = json_object_ref (object);
      return TRUE;
    }
  if (self->open == NULL || strcmp (parent, royal_json_string (self->open, "id", "")) != 0)
    return fail (self, error, "expected it after the thing that it is of");
  add_to (self->open, object);
  return TRUE;
}

gboolean
rh_shopify_file_push (RhShopifyFile *self, GBytes *bytes, GPtrArray *things, GError **error)
{
  gsize length = 0;
  const char *at = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  const char *end = at != NULL ? at + length : NULL;

  g_return_val_if_fail (self != NULL && things != NULL, FALSE);

  while (at < end)
    {
      const char *newline = memchr (at, '\n', (gsize)(end - at));
      gsize n = (gsize)((newline != NULL ? newline : end) - at);

      if (self->line->len + n > LINE_BYTES)
        {
          self->n++;
          return fail (self, error, "it is too long");
        }
      g_string_append_len (self->line, at, (gssize)n);
      at += n + (newline != NULL);
      if (newline != NULL && !take_line (self, things, error))
        return FALSE;
    }
  if (bytes != NULL)
    return TRUE;
  if (!take_line (self, things, error))
    return FALSE;
  close_thing (self, things);
  return TRUE;
}
