/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COLUMN_MAX 60

int
ctl_fail (int status, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *clean = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  clean = ctl_clean (text);
  fprintf (stderr, "royalctl: %s\n", clean);
  return status;
}

char *
ctl_clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *out = g_string_new (NULL);

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (c == '\n')
        g_string_append_c (out, '\n');
      else if (g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT)
        g_string_append_c (out, ' ');
      else
        g_string_append_unichar (out, c);
    }
  return g_string_free (out, FALSE);
}

static char *
node_text (JsonNode *node)
{
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return g_strdup ("-");
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return ctl_clean (json_node_get_string (node));
  return royal_json_to_string (node);
}

char *
ctl_text (JsonObject *object, const char *member)
{
  return node_text (object != NULL ? json_object_get_member (object, member) : NULL);
}

char *
ctl_when (const char *iso_time)
{
  static const struct {
    gint64 seconds;
    const char *unit;
  } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
  g_autoptr (GDateTime) time = iso_time != NULL ? g_date_time_new_from_iso8601 (iso_time, NULL) : NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  gint64 seconds, away;

  if (time == NULL)
    return g_strdup ("-");
  seconds = g_date_time_difference (time, now) / G_TIME_SPAN_SECOND;
  away = ABS (seconds);
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (away >= 2 * units[i].seconds || units[i].seconds == 1)
      return g_strdup_printf (seconds > 0 ? "in %" G_GINT64_FORMAT " %s" : "%" G_GINT64_FORMAT " %s ago",
                              away / units[i].seconds, units[i].unit);
  return g_strdup ("now");
}

void
ctl_print_json (JsonNode *node)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autofree char *text = NULL;

  json_generator_set_root (generator, node);
  json_generator_set_pretty (generator, TRUE);
  text = json_generator_to_data (generator, NULL);
  puts (text);
}

static char *
cell_of (JsonObject *row, const char *member)
{
  g_autofree char *text = NULL;
  g_autofree char *cut = NULL;

  if (g_str_has_suffix (member, "_at"))
    return ctl_when (royal_json_string (row, member, NULL));
  text = ctl_text (row, member);
  g_strdelimit (text, "\n", ' ');
  if (g_utf8_strlen (text, -1) <= COLUMN_MAX)
    return g_steal_pointer (&text);
  cut = g_utf8_substring (text, 0, COLUMN_MAX - 1);
  return g_strconcat (cut, "…", NULL);
}

static void
print_cell (const char *text, gsize width, gboolean last)
{
  gsize length = (gsize)g_utf8_strlen (text, -1);

  printf ("%s%*s", text, last ? 0 : (int)(width - MIN (length, width) + 2), "");
}

void
ctl_print_table (JsonArray *rows, const char *const *columns)
{
  guint n_columns = g_strv_length ((char **)columns) / 2;
  guint n_rows = json_array_get_length (rows);
  g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
  g_autofree gsize *widths = g_new0 (gsize, n_columns);

  for (guint r = 0; r <= n_rows; r++)
    for (guint c = 0; c < n_columns; c++)
      {
        char *cell = r == 0 ? g_ascii_strup (columns[2 * c], -1)
                            : cell_of (json_array_get_object_element (rows, r - 1), columns[2 * c + 1]);

        widths[c] = MAX (widths[c], (gsize)g_utf8_strlen (cell, -1));
        g_ptr_array_add (cells, cell);
      }
  for (guint r = 0; r <= n_rows; r++)
    {
      for (guint c = 0; c < n_columns; c++)
        print_cell (cells->pdata[r * n_columns + c], widths[c], c + 1 == n_columns);
      putchar ('\n');
    }
}

void
ctl_print_field (const char *name, const char *value)
{
  g_autofree char *clean = ctl_clean (value);

  printf ("%-12s %s\n", name, clean);
}

void
ctl_print_object (const char *title, JsonObject *object)
{
  g_autoptr (GList) names = object != NULL ? json_object_get_members (object) : NULL;

  if (names == NULL)
    return;
  printf ("\n%s\n", title);
  for (GList *at = names; at != NULL; at = at->next)
    {
      g_autofree char *name = ctl_clean (at->data);
      g_autofree char *value = ctl_text (object, at->data);

      printf ("  %-24s %s\n", name, value);
    }
}

int
ctl_print_list (const CtlOptions *options, JsonNode *answer, const char *const *columns)
{
  JsonObject *object = json_node_get_object (answer);
  JsonArray *items = royal_json_array (object, "items");

  if (options->json)
    ctl_print_json (answer);
  else if (items == NULL || json_array_get_length (items) == 0)
    puts ("nothing");
  else
    ctl_print_table (items, columns);
  if (!options->json && royal_json_string (object, "next", NULL) != NULL)
    printf ("(more: --cursor %s)\n", royal_json_string (object, "next", ""));
  return CTL_OK;
}

JsonNode *
ctl_body (const char *name, ...)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  va_list args;

  va_start (args, name);
  for (; name != NULL; name = va_arg (args, const char *))
    {
      const char *value = va_arg (args, const char *);

      if (value != NULL)
        json_object_set_string_member (object, name, value);
    }
  va_end (args);
  json_node_take_object (node, object);
  return node;
}

gboolean
ctl_parse_duration (const char *text, gint64 *ret_seconds)
{
  static const struct {
    char unit;
    gint64 seconds;
  } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
  char *end;
  gint64 n = g_ascii_strtoll (text, &end, 10);

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (end != text && n > 0 && n <= 315360000 && end[0] == units[i].unit && end[1] == '\0')
      {
        *ret_seconds = n * units[i].seconds;
        return TRUE;
      }
  return FALSE;
}
