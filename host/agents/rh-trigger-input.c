/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-trigger-input.h"

#include <royal/error.h>
#include <string.h>

#define GAP "$"

/* (nullable): the pointer, when the node stands for something. */
static JsonNode *
gap_of (JsonNode *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

  return object != NULL && json_object_get_size (object) == 1 ? json_object_get_member (object, GAP) : NULL;
}

static gboolean
is_pointer (JsonNode *node)
{
  const char *text = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
                         ? json_node_get_string (node)
                         : NULL;

  return text != NULL && g_regex_match_simple ("^(/([^~]|~[01])*)?$", text, G_REGEX_DOLLAR_ENDONLY, 0);
}

/* Runs @check on every node, with its place, until it says no. */
static gboolean
walk (JsonNode *node, const char *at, gboolean (*check) (JsonNode *node, const char *at, gpointer data), gpointer data)
{
  if (!check (node, at, data))
    return FALSE;
  if (gap_of (node) != NULL)
    return TRUE;
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObjectIter iter;
      const char *name;
      JsonNode *member;

      json_object_iter_init_ordered (&iter, json_node_get_object (node));
      while (json_object_iter_next_ordered (&iter, &name, &member))
        {
          g_autofree char *below = g_strdup_printf ("%s/%s", at, name);

          if (!walk (member, below, check, data))
            return FALSE;
        }
    }
  for (guint i = 0; JSON_NODE_HOLDS_ARRAY (node) && i < json_array_get_length (json_node_get_array (node)); i++)
    {
      g_autofree char *below = g_strdup_printf ("%s/%u", at, i);

      if (!walk (json_array_get_element (json_node_get_array (node), i), below, check, data))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_gap (JsonNode *node, const char *at, gpointer data)
{
  JsonNode *pointer = gap_of (node);

  if (pointer == NULL || is_pointer (pointer))
    return TRUE;
  g_set_error (data, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s/$: expected a JSON pointer, such as /body/id", at);
  return FALSE;
}

static gboolean
has_no_gap (JsonNode *node, const char *at, gpointer data)
{
  return gap_of (node) == NULL;
}

gboolean
rh_trigger_input_check (JsonNode *template, const char *at, GError **error)
{
  g_return_val_if_fail (template != NULL && at != NULL, FALSE);

  return walk (template, at, check_gap, error);
}

gboolean
rh_trigger_input_has_gaps (JsonNode *template)
{
  g_return_val_if_fail (template != NULL, FALSE);

  return !walk (template, "", has_no_gap, NULL);
}

static JsonNode *
step (JsonNode *node, const char *word)
{
  guint64 index;

  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_object_get_member (json_node_get_object (node), word);
  if (!JSON_NODE_HOLDS_ARRAY (node) ||
      !g_ascii_string_to_unsigned (word, 10, 0, json_array_get_length (json_node_get_array (node)), &index, NULL) ||
      index >= json_array_get_length (json_node_get_array (node)))
    return NULL;
  return json_array_get_element (json_node_get_array (node), (guint)index);
}

/* (transfer none) (nullable) */
static JsonNode *
look_up (JsonNode *node, const char *pointer)
{
  g_auto (GStrv) words = g_strsplit (pointer, "/", -1);

  for (guint i = *pointer != '\0' ? 1 : 0; node != NULL && words[i] != NULL; i++)
    {
      g_autoptr (GString) word = g_string_new (words[i]);

      g_string_replace (word, "~1", "/", 0);
      g_string_replace (word, "~0", "~", 0);
      node = step (node, word->str);
    }
  return node;
}

static JsonNode *
fill_object (JsonObject *template, JsonNode *happened)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  json_object_iter_init_ordered (&iter, template);
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      JsonNode *filled = rh_trigger_input_fill (member, happened);

      if (filled != NULL)
        json_object_set_member (object, name, filled);
    }
  json_node_take_object (node, object);
  return node;
}

JsonNode *
rh_trigger_input_fill (JsonNode *template, JsonNode *happened)
{
  JsonNode *pointer, *node;
  JsonArray *array;

  g_return_val_if_fail (template != NULL && happened != NULL, NULL);

  pointer = gap_of (template);
  if (pointer != NULL)
    {
      JsonNode *found = look_up (happened, json_node_get_string (pointer));

      return found != NULL ? json_node_copy (found) : NULL;
    }
  if (JSON_NODE_HOLDS_OBJECT (template))
    return fill_object (json_node_get_object (template), happened);
  if (!JSON_NODE_HOLDS_ARRAY (template))
    return json_node_copy (template);
  array = json_array_new ();
  for (guint i = 0; i < json_array_get_length (json_node_get_array (template)); i++)
    {
      node = rh_trigger_input_fill (json_array_get_element (json_node_get_array (template), i), happened);
      if (node != NULL)
        json_array_add_element (array, node);
    }
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, array);
  return node;
}
