/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-print.h"

#include "royal-json.h"

#include <stdio.h>

static char *
make_safe (const char *text)
{
  GString *safe = g_string_new (NULL);

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      /* Controls, and what turns the direction of writing. */
      if (c == '\n' || c == '\t')
        g_string_append_c (safe, ' ');
      else if (g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT)
        g_string_append (safe, "\xef\xbf\xbd");
      else
        g_string_append_unichar (safe, c);
    }
  return g_string_free (safe, FALSE);
}

void
rt_print_line (const char *label, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *safe = make_safe (valid);

  printf ("%s%s%s\n", label, label[0] != '\0' ? ": " : "", safe);
}

char *
rt_pretty (JsonNode *node)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();

  json_generator_set_root (generator, node);
  json_generator_set_pretty (generator, TRUE);
  return json_generator_to_data (generator, NULL);
}

/* A string as it stands, everything else as JSON. */
static char *
value_text (JsonNode *node)
{
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_dup_string (node);
  return royal_json_to_string (node);
}

static void
print_member (const char *label, JsonNode *node)
{
  g_autofree char *indented = g_strdup_printf ("    %s", label);
  g_autofree char *text = value_text (node);

  rt_print_line (indented, text);
}

static void
print_object (const char *label, JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (object == NULL || json_object_get_size (object) == 0)
    return;
  printf ("  %s:\n", label);
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    print_member (name, value);
}

static void
print_list (const char *label, JsonArray *array)
{
  if (array == NULL || json_array_get_length (array) == 0)
    return;
  printf ("  %s:\n", label);
  for (guint i = 0; i < json_array_get_length (array); i++)
    print_member ("-", json_array_get_element (array, i));
}

static void
print_alternatives (JsonArray *array)
{
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      g_autofree char *text =
          g_strdup_printf ("%s (for: %s; against: %s; impact %+.2f)", royal_json_string (object, "description", ""),
                           royal_json_string (object, "pros", "-"), royal_json_string (object, "cons", "-"),
                           royal_json_double (object, "impact", 0));
      rt_print_line ("  or", text);
    }
}

void
rt_print_proposal (JsonObject *proposal, guint number)
{
  g_return_if_fail (proposal != NULL);

  static const char *const texts[] = { "title", "description", "reasoning", "priority" };
  g_autofree char *label = g_strdup_printf ("proposal %u", number);
  g_autofree char *what = g_strdup_printf ("%s%s%s", royal_json_string (proposal, "action", "?"),
                                           json_object_has_member (proposal, "target") ? " on " : "",
                                           royal_json_string (proposal, "target", ""));

  rt_print_line (label, what);
  print_object ("parameters", royal_json_object (proposal, "parameters"));
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      const char *text = royal_json_string (proposal, texts[i], NULL);
      g_autofree char *indented = g_strdup_printf ("  %s", texts[i]);
      if (text != NULL)
        rt_print_line (indented, text);
    }
  print_object ("claims", royal_json_object (proposal, "claims"));
  print_list ("sources", royal_json_array (proposal, "sources"));
  print_list ("risks", royal_json_array (proposal, "risks"));
  print_alternatives (royal_json_array (proposal, "alternatives"));
  if (json_object_has_member (proposal, "deadline_s"))
    printf ("  deadline: %" G_GINT64_FORMAT " s\n", royal_json_int (proposal, "deadline_s", 0));
}
