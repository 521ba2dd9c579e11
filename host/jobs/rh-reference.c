/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-reference.h"

#include <string.h>

gboolean
rh_reference_is (const char *text)
{
  g_return_val_if_fail (text != NULL, FALSE);

  return g_str_has_prefix (text, "$.");
}

GStrv
rh_reference_parse (const char *reference, gboolean *ret_optional)
{
  g_auto (GStrv) parts = NULL;
  g_autofree char *text = NULL;
  gsize length;

  g_return_val_if_fail (reference != NULL && ret_optional != NULL, NULL);

  if (!rh_reference_is (reference))
    return NULL;
  text = g_strdup (reference + 2);
  length = strlen (text);
  *ret_optional = length > 0 && text[length - 1] == '?';
  if (*ret_optional)
    text[length - 1] = '\0';
  parts = g_strsplit (text, ".", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    if (*parts[i] == '\0')
      return NULL;
  return parts[0] != NULL ? g_steal_pointer (&parts) : NULL;
}

/* (nullable) (transfer none): the member or the item @part of @node. */
static JsonNode *
below (JsonNode *node, const char *part)
{
  guint64 place;

  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_object_get_member (json_node_get_object (node), part);
  if (!JSON_NODE_HOLDS_ARRAY (node) || !g_ascii_string_to_unsigned (part, 10, 0, G_MAXINT32, &place, NULL))
    return NULL;
  return place < json_array_get_length (json_node_get_array (node))
             ? json_array_get_element (json_node_get_array (node), (guint)place)
             : NULL;
}

JsonNode *
rh_reference_find (const char *reference, RhReferenceLookup lookup, gpointer data)
{
  g_auto (GStrv) parts = NULL;
  g_autoptr (JsonNode) root = NULL;
  gboolean optional;
  guint used = 0;
  JsonNode *node;

  g_return_val_if_fail (reference != NULL && lookup != NULL, NULL);

  parts = rh_reference_parse (reference, &optional);
  root = parts != NULL ? lookup ((const char *const *)parts, &used, data) : NULL;
  node = root;
  for (guint i = used; node != NULL && parts[i] != NULL; i++)
    node = below (node, parts[i]);
  return node != NULL ? json_node_copy (node) : NULL;
}

static gboolean
visit_object (JsonObject *object, const char *pointer, RhReferenceVisit visit, gpointer data, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      g_autofree char *place = g_strconcat (pointer, "/", name, NULL);

      if (!rh_reference_visit (member, place, visit, data, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
rh_reference_visit (JsonNode *value, const char *pointer, RhReferenceVisit visit, gpointer data, GError **error)
{
  g_return_val_if_fail (value != NULL && pointer != NULL && visit != NULL, FALSE);

  if (JSON_NODE_HOLDS_OBJECT (value))
    return visit_object (json_node_get_object (value), pointer, visit, data, error);
  if (JSON_NODE_HOLDS_ARRAY (value))
    {
      JsonArray *array = json_node_get_array (value);

      for (guint i = 0; i < json_array_get_length (array); i++)
        {
          g_autofree char *place = g_strdup_printf ("%s/%u", pointer, i);

          if (!rh_reference_visit (json_array_get_element (array, i), place, visit, data, error))
            return FALSE;
        }
      return TRUE;
    }
  if (JSON_NODE_HOLDS_VALUE (value) && json_node_get_value_type (value) == G_TYPE_STRING &&
      rh_reference_is (json_node_get_string (value)))
    return visit (json_node_get_string (value), pointer, data, error);
  return TRUE;
}

static JsonNode *
fill_text (JsonNode *value, RhReferenceLookup lookup, gpointer data, GError **error)
{
  const char *text = json_node_get_string (value);
  JsonNode *found;

  if (g_str_has_prefix (text, "$$"))
    return json_node_init_string (json_node_alloc (), text + 1);
  if (!rh_reference_is (text))
    return json_node_copy (value);
  found = rh_reference_find (text, lookup, data);
  if (found != NULL)
    return found;
  if (g_str_has_suffix (text, "?"))
    return json_node_new (JSON_NODE_NULL);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "nothing is at %s", text);
  return NULL;
}

static JsonNode *
fill_object (JsonObject *object, RhReferenceLookup lookup, gpointer data, GError **error)
{
  g_autoptr (JsonObject) filled = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      JsonNode *node = rh_reference_fill (member, lookup, data, error);

      if (node == NULL)
        return NULL;
      json_object_set_member (filled, name, node);
    }
  return json_node_init_object (json_node_alloc (), filled);
}

static JsonNode *
fill_array (JsonArray *array, RhReferenceLookup lookup, gpointer data, GError **error)
{
  g_autoptr (JsonArray) filled = json_array_new ();

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = rh_reference_fill (json_array_get_element (array, i), lookup, data, error);

      if (node == NULL)
        return NULL;
      json_array_add_element (filled, node);
    }
  return json_node_init_array (json_node_alloc (), filled);
}

JsonNode *
rh_reference_fill (JsonNode *value, RhReferenceLookup lookup, gpointer data, GError **error)
{
  g_return_val_if_fail (value != NULL && lookup != NULL, NULL);

  if (JSON_NODE_HOLDS_OBJECT (value))
    return fill_object (json_node_get_object (value), lookup, data, error);
  if (JSON_NODE_HOLDS_ARRAY (value))
    return fill_array (json_node_get_array (value), lookup, data, error);
  if (JSON_NODE_HOLDS_VALUE (value) && json_node_get_value_type (value) == G_TYPE_STRING)
    return fill_text (value, lookup, data, error);
  return json_node_copy (value);
}
