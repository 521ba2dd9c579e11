/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"

/* Member access that takes hostile documents as they come: json-glib's own getters warn about a wrong type,
 * and a warning must not be in the hands of whoever wrote the document. */

static JsonNode *
member_of (JsonObject *object, const char *member)
{
  g_return_val_if_fail (member != NULL, NULL);

  return object != NULL ? json_object_get_member (object, member) : NULL;
}

static JsonNode *
value_of (JsonObject *object, const char *member, GType type)
{
  JsonNode *node = member_of (object, member);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != type)
    return NULL;
  return node;
}

const char *
royal_json_string (JsonObject *object, const char *member, const char *otherwise)
{
  JsonNode *node = value_of (object, member, G_TYPE_STRING);

  return node != NULL ? json_node_get_string (node) : otherwise;
}

gint64
royal_json_int (JsonObject *object, const char *member, gint64 otherwise)
{
  JsonNode *node = value_of (object, member, G_TYPE_INT64);

  return node != NULL ? json_node_get_int (node) : otherwise;
}

double
royal_json_double (JsonObject *object, const char *member, double otherwise)
{
  JsonNode *node = value_of (object, member, G_TYPE_DOUBLE);

  if (node != NULL)
    return json_node_get_double (node);
  node = value_of (object, member, G_TYPE_INT64);
  return node != NULL ? (double)json_node_get_int (node) : otherwise;
}

gboolean
royal_json_boolean (JsonObject *object, const char *member, gboolean otherwise)
{
  JsonNode *node = value_of (object, member, G_TYPE_BOOLEAN);

  return node != NULL ? json_node_get_boolean (node) : otherwise;
}

JsonObject *
royal_json_object (JsonObject *object, const char *member)
{
  JsonNode *node = member_of (object, member);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
royal_json_array (JsonObject *object, const char *member)
{
  JsonNode *node = member_of (object, member);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}
