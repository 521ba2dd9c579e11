/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-tolerance.h"

#include <math.h>

static gboolean
is_number (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) &&
         (json_node_get_value_type (node) == G_TYPE_INT64 || json_node_get_value_type (node) == G_TYPE_DOUBLE);
}

static gboolean
objects_hold (double share, JsonObject *was, JsonObject *is)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (json_object_get_size (was) != json_object_get_size (is))
    return FALSE;
  json_object_iter_init (&iter, was);
  while (json_object_iter_next (&iter, &name, &value))
    if (!json_object_has_member (is, name) || !rh_tolerance_holds (share, value, json_object_get_member (is, name)))
      return FALSE;
  return TRUE;
}

static gboolean
arrays_hold (double share, JsonArray *was, JsonArray *is)
{
  guint n = json_array_get_length (was);

  if (json_array_get_length (is) != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!rh_tolerance_holds (share, json_array_get_element (was, i), json_array_get_element (is, i)))
      return FALSE;
  return TRUE;
}

gboolean
rh_tolerance_holds (double share, JsonNode *was, JsonNode *is)
{
  if (was == NULL || is == NULL)
    return was == is;
  if (is_number (was) && is_number (is))
    {
      double before = json_node_get_double (was), now = json_node_get_double (is);

      return json_node_equal (was, is) || fabs (now - before) <= share * fabs (before);
    }
  if (json_node_get_node_type (was) != json_node_get_node_type (is))
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (was))
    return objects_hold (share, json_node_get_object (was), json_node_get_object (is));
  if (JSON_NODE_HOLDS_ARRAY (was))
    return arrays_hold (share, json_node_get_array (was), json_node_get_array (is));
  return json_node_equal (was, is);
}
