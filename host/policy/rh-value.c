/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-value.h"

#include "royal-json.h"

#include <math.h>
#include <string.h>

RhValueType
rh_value_type (JsonNode *value)
{
  if (value == NULL || !JSON_NODE_HOLDS_VALUE (value))
    return RH_VALUE_OTHER;
  switch (json_node_get_value_type (value))
    {
    case G_TYPE_INT64:
      return RH_VALUE_NUMBER;
    case G_TYPE_DOUBLE:
      return isfinite (json_node_get_double (value)) ? RH_VALUE_NUMBER : RH_VALUE_OTHER;
    case G_TYPE_STRING:
      return RH_VALUE_STRING;
    case G_TYPE_BOOLEAN:
      return RH_VALUE_BOOLEAN;
    default:
      return RH_VALUE_OTHER;
    }
}

const char *
rh_value_type_name (RhValueType type)
{
  static const char *const names[] = { "something else", "a number", "a string", "a boolean" };

  g_return_val_if_fail ((guint)type < G_N_ELEMENTS (names), names[0]);

  return names[type];
}

gboolean
rh_value_is_whole (JsonNode *value)
{
  return rh_value_type (value) == RH_VALUE_NUMBER && json_node_get_value_type (value) == G_TYPE_INT64;
}

int
rh_value_compare (JsonNode *a, JsonNode *b)
{
  if (rh_value_is_whole (a) && rh_value_is_whole (b))
    {
      gint64 x = json_node_get_int (a), y = json_node_get_int (b);

      return (x > y) - (x < y);
    }
  else
    {
      double x = json_node_get_double (a), y = json_node_get_double (b);

      return (x > y) - (x < y);
    }
}

gboolean
rh_value_equal (JsonNode *a, JsonNode *b)
{
  RhValueType type = rh_value_type (a);

  if (type != rh_value_type (b))
    return FALSE;
  switch (type)
    {
    case RH_VALUE_NUMBER:
      return rh_value_compare (a, b) == 0;
    case RH_VALUE_STRING:
      return strcmp (json_node_get_string (a), json_node_get_string (b)) == 0;
    case RH_VALUE_BOOLEAN:
      return json_node_get_boolean (a) == json_node_get_boolean (b);
    case RH_VALUE_OTHER:
    default:
      return FALSE;
    }
}

char *
rh_value_text (JsonNode *value)
{
  if (value == NULL)
    return g_strdup ("missing");
  if (rh_value_type (value) == RH_VALUE_STRING)
    return g_strdup (json_node_get_string (value));
  if (rh_value_type (value) == RH_VALUE_NUMBER && !rh_value_is_whole (value))
    return g_strdup_printf ("%.15g", json_node_get_double (value));
  return royal_json_to_string (value);
}

JsonNode *
rh_value_new_number (double number)
{
  return json_node_init_double (json_node_alloc (), number);
}

JsonNode *
rh_value_new_whole (gint64 number)
{
  return json_node_init_int (json_node_alloc (), number);
}
