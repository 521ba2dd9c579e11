/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-match.h"

#include "royal-json.h"

#include <math.h>

static char *match_at (JsonNode *expected, JsonNode *found, const char *at);

static char *
differ (JsonNode *expected, JsonNode *found, const char *at)
{
  g_autofree char *wanted = royal_json_to_string (expected);
  g_autofree char *got = found != NULL ? royal_json_to_string (found) : g_strdup ("nothing");

  return g_strdup_printf ("%s%sexpected %s, found %s", at, at[0] != '\0' ? ": " : "", wanted, got);
}

static char *
match_objects (JsonObject *expected, JsonObject *found, const char *at)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, expected);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      g_autofree char *below = g_strconcat (at, "/", name, NULL);
      JsonNode *other = json_object_get_member (found, name);
      char *difference = other != NULL ? match_at (value, other, below) : differ (value, NULL, below);
      if (difference != NULL)
        return difference;
    }
  return NULL;
}

static char *
match_arrays (JsonArray *expected, JsonArray *found, const char *at)
{
  guint wanted = json_array_get_length (expected), got = json_array_get_length (found);

  if (wanted != got)
    return g_strdup_printf ("%s%sexpected %u items, found %u", at, at[0] != '\0' ? ": " : "", wanted, got);
  for (guint i = 0; i < wanted; i++)
    {
      g_autofree char *below = g_strdup_printf ("%s/%u", at, i);
      char *difference = match_at (json_array_get_element (expected, i), json_array_get_element (found, i), below);
      if (difference != NULL)
        return difference;
    }
  return NULL;
}

static gboolean
is_number (JsonNode *node)
{
  return json_node_get_value_type (node) == G_TYPE_INT64 || json_node_get_value_type (node) == G_TYPE_DOUBLE;
}

static gboolean
match_values (JsonNode *expected, JsonNode *found)
{
  if (is_number (expected) && is_number (found))
    {
      double a = json_node_get_double (expected), b = json_node_get_double (found);
      return fabs (a - b) <= 1e-9 * fmax (fabs (a), fabs (b));
    }
  if (json_node_get_value_type (expected) != json_node_get_value_type (found))
    return FALSE;
  if (json_node_get_value_type (expected) == G_TYPE_BOOLEAN)
    return json_node_get_boolean (expected) == json_node_get_boolean (found);

  const char *text = json_node_get_string (expected);
  return text[0] == '~' ? g_pattern_match_simple (text + 1, json_node_get_string (found))
                        : g_str_equal (text, json_node_get_string (found));
}

static char *
match_at (JsonNode *expected, JsonNode *found, const char *at)
{
  gboolean same = json_node_get_node_type (expected) == json_node_get_node_type (found);

  if (same && JSON_NODE_HOLDS_OBJECT (expected))
    return match_objects (json_node_get_object (expected), json_node_get_object (found), at);
  if (same && JSON_NODE_HOLDS_ARRAY (expected))
    return match_arrays (json_node_get_array (expected), json_node_get_array (found), at);
  if (same && (JSON_NODE_HOLDS_NULL (expected) || match_values (expected, found)))
    return NULL;
  return differ (expected, found, at);
}

char *
royal_match (JsonNode *expected, JsonNode *found)
{
  g_return_val_if_fail (expected != NULL, NULL);
  g_return_val_if_fail (found != NULL, NULL);

  return match_at (expected, found, "");
}
