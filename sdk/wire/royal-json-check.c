/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"

#include <math.h>
#include <royal/error.h>

typedef struct {
  const char *what;
  guint values;
} Check;

static gboolean check_node (Check *self, JsonNode *node, guint depth, GError **error);

static gboolean
refuse (Check *self, GError **error, const char *message)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s", self->what, message);
  return FALSE;
}

static gboolean
check_object (Check *self, JsonObject *object, guint depth, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (json_object_get_size (object) > ROYAL_JSON_MEMBERS_MAX)
    return refuse (self, error, "an object has too many members");
  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &member))
    {
      if (!g_utf8_validate (name, -1, NULL))
        return refuse (self, error, "a member name is not valid UTF-8");
      if (!check_node (self, member, depth, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_array (Check *self, JsonArray *array, guint depth, GError **error)
{
  guint n = json_array_get_length (array);

  for (guint i = 0; i < n; i++)
    {
      if (!check_node (self, json_array_get_element (array, i), depth, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_value (Check *self, JsonNode *node, GError **error)
{
  if (json_node_get_value_type (node) == G_TYPE_DOUBLE && !isfinite (json_node_get_double (node)))
    return refuse (self, error, "a number is not finite");
  if (json_node_get_value_type (node) != G_TYPE_STRING || json_node_get_string (node) == NULL)
    return TRUE;
  if (!g_utf8_validate (json_node_get_string (node), -1, NULL))
    return refuse (self, error, "a string is not valid UTF-8");
  return TRUE;
}

static gboolean
check_node (Check *self, JsonNode *node, guint depth, GError **error)
{
  if (++self->values > ROYAL_JSON_VALUES_MAX)
    return refuse (self, error, "it has too many values");
  if (JSON_NODE_HOLDS_VALUE (node))
    return check_value (self, node, error);
  if (JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (depth == ROYAL_JSON_DEPTH_MAX)
    return refuse (self, error, "it is nested too deep");
  if (JSON_NODE_HOLDS_OBJECT (node))
    return check_object (self, json_node_get_object (node), depth + 1, error);
  return check_array (self, json_node_get_array (node), depth + 1, error);
}

gboolean
royal_json_check (JsonNode *node, const char *what, GError **error)
{
  Check self = { .what = what };

  g_return_val_if_fail (node != NULL, FALSE);
  g_return_val_if_fail (what != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return check_node (&self, node, 0, error);
}
