/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-schema-private.h"

#include "royal-json.h"

#include <string.h>

#define SHOWN_MAX 60

char *
schema_pointer_join (const char *pointer, const char *token)
{
  g_autoptr (GString) escaped = g_string_new (token);

  g_string_replace (escaped, "~", "~0", 0);
  g_string_replace (escaped, "/", "~1", 0);
  return g_strconcat (pointer, "/", escaped->str, NULL);
}

char *
schema_describe (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return g_strdup ("an object");
  if (JSON_NODE_HOLDS_ARRAY (node))
    return g_strdup ("an array");
  if (JSON_NODE_HOLDS_NULL (node))
    return g_strdup ("null");
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    return royal_json_to_string (node);

  const char *text = json_node_get_string (node);
  g_autoptr (JsonNode) cut = json_node_new (JSON_NODE_VALUE);
  g_autofree char *start = NULL;

  if (g_utf8_strlen (text, -1) <= SHOWN_MAX)
    return royal_json_to_string (node);
  start = g_utf8_substring (text, 0, SHOWN_MAX - 1);
  g_autofree char *marked = g_strconcat (start, "…", NULL);
  json_node_set_string (cut, marked);
  return royal_json_to_string (cut);
}

static gboolean
is_number (JsonNode *node)
{
  return json_node_get_value_type (node) == G_TYPE_INT64 || json_node_get_value_type (node) == G_TYPE_DOUBLE;
}

static gboolean
scalars_equal (JsonNode *a, JsonNode *b)
{
  if (is_number (a) && is_number (b))
    return json_node_get_value_type (a) == G_TYPE_INT64 && json_node_get_value_type (b) == G_TYPE_INT64
               ? json_node_get_int (a) == json_node_get_int (b)
               : json_node_get_double (a) == json_node_get_double (b);
  if (json_node_get_value_type (a) != json_node_get_value_type (b))
    return FALSE;
  if (json_node_get_value_type (a) == G_TYPE_BOOLEAN)
    return json_node_get_boolean (a) == json_node_get_boolean (b);
  return g_strcmp0 (json_node_get_string (a), json_node_get_string (b)) == 0;
}

static gboolean
objects_equal (JsonObject *a, JsonObject *b)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (json_object_get_size (a) != json_object_get_size (b))
    return FALSE;
  json_object_iter_init (&iter, a);
  while (json_object_iter_next (&iter, &name, &value))
    if (!json_object_has_member (b, name) || !schema_values_equal (value, json_object_get_member (b, name)))
      return FALSE;
  return TRUE;
}

gboolean
schema_values_equal (JsonNode *a, JsonNode *b)
{
  if (json_node_get_node_type (a) != json_node_get_node_type (b))
    return FALSE;
  switch (json_node_get_node_type (a))
    {
    case JSON_NODE_NULL:
      return TRUE;
    case JSON_NODE_OBJECT:
      return objects_equal (json_node_get_object (a), json_node_get_object (b));
      case JSON_NODE_ARRAY: {
        JsonArray *x = json_node_get_array (a), *y = json_node_get_array (b);
        guint length = json_array_get_length (x);
        gboolean equal = length == json_array_get_length (y);

        for (guint i = 0; equal && i < length; i++)
          equal = schema_values_equal (json_array_get_element (x, i), json_array_get_element (y, i));
        return equal;
      }
    default:
      return scalars_equal (a, b);
    }
}

JsonNode *
schema_deep_copy (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonNode *copy = json_node_new (JSON_NODE_OBJECT);
      JsonObject *object = json_object_new ();
      JsonObjectIter iter;
      const char *name;
      JsonNode *value;

      json_object_iter_init_ordered (&iter, json_node_get_object (node));
      while (json_object_iter_next_ordered (&iter, &name, &value))
        json_object_set_member (object, name, schema_deep_copy (value));
      json_node_take_object (copy, object);
      return copy;
    }
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);
      JsonArray *items = json_array_new ();
      JsonNode *copy = json_node_new (JSON_NODE_ARRAY);

      for (guint i = 0; i < json_array_get_length (array); i++)
        json_array_add_element (items, schema_deep_copy (json_array_get_element (array, i)));
      json_node_take_array (copy, items);
      return copy;
    }
  return json_node_copy (node);
}

/* @count digits at *@text, as a number; moves on. */
static gboolean
take_digits (const char **text, guint count, guint *ret_value)
{
  guint value = 0;

  for (guint i = 0; i < count; i++, (*text)++)
    {
      if (!g_ascii_isdigit (**text))
        return FALSE;
      value = value * 10 + (guint)g_ascii_digit_value (**text);
    }
  *ret_value = value;
  return TRUE;
}

static gboolean
take_char (const char **text, const char *any_of)
{
  if (**text == '\0' || strchr (any_of, **text) == NULL)
    return FALSE;
  (*text)++;
  return TRUE;
}

static gboolean
take_date (const char **text)
{
  guint year, month, day;

  return take_digits (text, 4, &year) && take_char (text, "-") && take_digits (text, 2, &month) &&
         take_char (text, "-") && take_digits (text, 2, &day) && year >= 1 &&
         g_date_valid_dmy ((GDateDay)day, (GDateMonth)month, (GDateYear)year);
}

/* hh:mm, hh and mm in range */
static gboolean
take_clock (const char **text)
{
  guint hour, minute;

  return take_digits (text, 2, &hour) && take_char (text, ":") && take_digits (text, 2, &minute) && hour < 24 &&
         minute < 60;
}

gboolean
schema_is_date (const char *text)
{
  return take_date (&text) && *text == '\0';
}

gboolean
schema_is_date_time (const char *text)
{
  guint second;

  /* RFC 3339; 60 is a leap second. */
  if (!take_date (&text) || !take_char (&text, "Tt") || !take_clock (&text) || !take_char (&text, ":") ||
      !take_digits (&text, 2, &second) || second > 60)
    return FALSE;
  if (take_char (&text, "."))
    {
      if (!g_ascii_isdigit (*text))
        return FALSE;
      while (g_ascii_isdigit (*text))
        text++;
    }
  if (take_char (&text, "Zz"))
    return *text == '\0';
  return take_char (&text, "+-") && take_clock (&text) && *text == '\0';
}
