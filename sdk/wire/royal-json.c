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

void
royal_json_set_text (JsonObject *object, const char *member, const char *text)
{
  g_return_if_fail (object != NULL && member != NULL);

  if (text != NULL)
    json_object_set_string_member (object, member, text);
  else
    json_object_set_null_member (object, member);
}

JsonNode *
royal_json_take_object (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

JsonArray *
royal_json_strings (const char *const *texts)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; texts[i] != NULL; i++)
    json_array_add_string_element (array, texts[i]);
  return array;
}

char *
royal_json_array_to_string (JsonArray *array)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);

  json_node_set_array (node, array);
  return royal_json_to_string (node);
}

static JsonNode *
copy_object (JsonObject *object)
{
  JsonNode *copy = json_node_new (JSON_NODE_OBJECT);
  JsonObject *members = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    json_object_set_member (members, name, royal_json_copy (value));
  json_node_take_object (copy, members);
  return copy;
}

static JsonNode *
copy_array (JsonArray *array)
{
  guint n = json_array_get_length (array);
  JsonNode *copy = json_node_new (JSON_NODE_ARRAY);
  JsonArray *elements = json_array_sized_new (n);

  for (guint i = 0; i < n; i++)
    json_array_add_element (elements, royal_json_copy (json_array_get_element (array, i)));
  json_node_take_array (copy, elements);
  return copy;
}

/* json_node_copy() would share the value. */
static JsonNode *
copy_value (JsonNode *node)
{
  JsonNode *copy = json_node_new (JSON_NODE_VALUE);

  switch (json_node_get_value_type (node))
    {
    case G_TYPE_STRING:
      json_node_set_string (copy, json_node_get_string (node));
      break;
    case G_TYPE_BOOLEAN:
      json_node_set_boolean (copy, json_node_get_boolean (node));
      break;
    case G_TYPE_INT64:
      json_node_set_int (copy, json_node_get_int (node));
      break;
    default:
      json_node_set_double (copy, json_node_get_double (node));
      break;
    }
  return copy;
}

JsonNode *
royal_json_copy (JsonNode *node)
{
  g_return_val_if_fail (node != NULL, NULL);

  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      return copy_object (json_node_get_object (node));
    case JSON_NODE_ARRAY:
      return copy_array (json_node_get_array (node));
    case JSON_NODE_VALUE:
      return copy_value (node);
    case JSON_NODE_NULL:
    default:
      return json_node_new (JSON_NODE_NULL);
    }
}
