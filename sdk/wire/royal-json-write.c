/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"

#include <float.h>
#include <math.h>
#include <royal/error.h>
#include <stdlib.h>
#include <string.h>

static void write_node (GString *out, JsonNode *node, gboolean canonical);

/* RFC 8785 escapes what it must and nothing else; the compact form does the same. */
void
royal_json_append_string (GString *out, const char *string)
{
  static const char names[] = "btn.fr"; /* 0x08 to 0x0d; 0x0b has no short name */
  const char *from = string, *p;

  if (string == NULL)
    {
      g_string_append (out, "null");
      return;
    }
  g_string_append_c (out, '"');
  for (p = string; *p != '\0'; p++)
    {
      guchar c = (guchar)*p;

      if (c >= 0x20 && c != '"' && c != '\\')
        continue;
      g_string_append_len (out, from, p - from);
      from = p + 1;
      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", c);
      else if (c >= 0x08 && c <= 0x0d && c != 0x0b)
        g_string_append_printf (out, "\\%c", names[c - 0x08]);
      else
        g_string_append_printf (out, "\\u%04x", c);
    }
  g_string_append_len (out, from, p - from);
  g_string_append_c (out, '"');
}

/* Adds one to the last place of a decimal of @n digits; FALSE when it carries over the first. */
static gboolean
increment (char *digits, int n)
{
  while (n > 0 && digits[n - 1] == '9')
    digits[--n] = '0';
  if (n == 0)
    return FALSE;
  digits[n - 1]++;
  return TRUE;
}

static gboolean
reads_back (const char *digits, int n, int exponent, double value)
{
  char text[48];

  g_snprintf (text, sizeof text, "%c.%.*se%d", digits[0], n - 1, digits + 1, exponent);
  return g_ascii_strtod (text, NULL) == value;
}

/* The fewest digits that read back as @value: d.ddd × 10^exponent. Returns their number. */
static int
shortest_digits (double value, char digits[20], int *ret_exponent)
{
  /* A normal number of up to 15 digits survives the way through a double; a subnormal one has fewer. */
  int precision = value < DBL_MIN ? 1 : 15;
  int n = 0;

  for (; precision <= 17; precision++)
    {
      char format[16], text[48];

      g_snprintf (format, sizeof format, "%%.%de", precision - 1);
      g_ascii_formatd (text, sizeof text, format, value);
      n = 0;
      for (const char *p = text; *p != '\0' && *p != 'e'; p++)
        {
          if (g_ascii_isdigit (*p))
            digits[n++] = *p;
        }
      *ret_exponent = (int)g_ascii_strtoll (strchr (text, 'e') + 1, NULL, 10);
      if (reads_back (digits, n, *ret_exponent, value))
        break;
      /* Above a power of two the doubles lie twice as far apart as below it: the next decimal up may read
       * back where the nearest one does not. */
      if (precision < 17 && increment (digits, n) && reads_back (digits, n, *ret_exponent, value))
        break;
    }
  while (n > 1 && digits[n - 1] == '0')
    n--;
  return n;
}

/* ECMA-262, Number::toString. */
static void
write_double (GString *out, double value)
{
  char digits[20];
  int n, exponent, point;

  if (value == 0)
    {
      g_string_append_c (out, '0');
      return;
    }
  if (value < 0)
    g_string_append_c (out, '-');
  n = shortest_digits (fabs (value), digits, &exponent);
  point = exponent + 1;
  if (point > 21 || point <= -6)
    {
      g_string_append_c (out, digits[0]);
      if (n > 1)
        g_string_append_printf (out, ".%.*s", n - 1, digits + 1);
      g_string_append_printf (out, "e%+d", exponent);
    }
  else if (point <= 0)
    {
      g_string_append (out, "0.");
      for (int i = point; i < 0; i++)
        g_string_append_c (out, '0');
      g_string_append_len (out, digits, n);
    }
  else
    {
      g_string_append_len (out, digits, MIN (n, point));
      for (int i = n; i < point; i++)
        g_string_append_c (out, '0');
      if (n > point)
        g_string_append_printf (out, ".%.*s", n - point, digits + point);
    }
}

static void
write_number (GString *out, double value, gboolean canonical)
{
  gsize from = out->len;

  if (!isfinite (value))
    {
      g_string_append (out, "null");
      return;
    }
  if (!canonical && value == 0 && signbit (value))
    g_string_append_c (out, '-');
  if (fabs (value) < 1e15 && value == trunc (value))
    g_string_append_printf (out, "%" G_GINT64_FORMAT, (gint64)value);
  else
    write_double (out, value);
  /* So that it stays a double where it is read. */
  if (!canonical && strpbrk (out->str + from, ".e") == NULL)
    g_string_append (out, ".0");
}

static void
write_value (GString *out, JsonNode *node, gboolean canonical)
{
  switch (json_node_get_value_type (node))
    {
    case G_TYPE_STRING:
      royal_json_append_string (out, json_node_get_string (node));
      break;
    case G_TYPE_BOOLEAN:
      g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
      break;
    case G_TYPE_INT64:
      g_string_append_printf (out, "%" G_GINT64_FORMAT, json_node_get_int (node));
      break;
    default:
      write_number (out, json_node_get_double (node), canonical);
      break;
    }
}

/* UTF-16 sorts a character beyond the basic plane, a surrogate pair, before U+E000 to U+FFFF; UTF-8 sorts it
 * after them. Everything else has the same order in both. */
static gint
compare_utf16 (gconstpointer a, gconstpointer b)
{
  const guchar *p = *(const guchar *const *)a, *q = *(const guchar *const *)b;

  while (*p == *q && *p != '\0')
    {
      p++;
      q++;
    }
  if (*p >= 0xee && *q >= 0xee && (*p >= 0xf0) != (*q >= 0xf0))
    return *p >= 0xf0 ? -1 : 1;
  return (gint)*p - (gint)*q;
}

static void
write_member (GString *out, JsonObject *object, const char *name, gboolean canonical)
{
  if (out->str[out->len - 1] != '{')
    g_string_append_c (out, ',');
  royal_json_append_string (out, name);
  g_string_append_c (out, ':');
  write_node (out, json_object_get_member (object, name), canonical);
}

static void
write_object (GString *out, JsonObject *object, gboolean canonical)
{
  JsonObjectIter iter;
  const char *name;

  g_string_append_c (out, '{');
  json_object_iter_init_ordered (&iter, object);
  if (canonical)
    {
      g_autoptr (GPtrArray) names = g_ptr_array_new ();

      while (json_object_iter_next_ordered (&iter, &name, NULL))
        g_ptr_array_add (names, (gpointer)name);
      g_ptr_array_sort (names, compare_utf16);
      for (guint i = 0; i < names->len; i++)
        write_member (out, object, g_ptr_array_index (names, i), canonical);
    }
  else
    {
      while (json_object_iter_next_ordered (&iter, &name, NULL))
        write_member (out, object, name, canonical);
    }
  g_string_append_c (out, '}');
}

static void
write_array (GString *out, JsonArray *array, gboolean canonical)
{
  guint n = json_array_get_length (array);

  g_string_append_c (out, '[');
  for (guint i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      write_node (out, json_array_get_element (array, i), canonical);
    }
  g_string_append_c (out, ']');
}

static void
write_node (GString *out, JsonNode *node, gboolean canonical)
{
  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      write_object (out, json_node_get_object (node), canonical);
      break;
    case JSON_NODE_ARRAY:
      write_array (out, json_node_get_array (node), canonical);
      break;
    case JSON_NODE_VALUE:
      write_value (out, node, canonical);
      break;
    case JSON_NODE_NULL:
    default:
      g_string_append (out, "null");
      break;
    }
}

char *
royal_json_to_string (JsonNode *node)
{
  GString *out;

  g_return_val_if_fail (node != NULL, NULL);

  out = g_string_sized_new (256);
  write_node (out, node, FALSE);
  return g_string_free (out, FALSE);
}

void
royal_json_append (GString *out, JsonNode *node)
{
  g_return_if_fail (out != NULL && node != NULL);

  write_node (out, node, FALSE);
}

char *
royal_json_canonical (JsonNode *node)
{
  GString *out;

  g_return_val_if_fail (node != NULL, NULL);

  out = g_string_sized_new (256);
  write_node (out, node, TRUE);
  return g_string_free (out, FALSE);
}

void
royal_json_append_canonical (GString *out, JsonNode *node)
{
  g_return_if_fail (out != NULL && node != NULL);

  write_node (out, node, TRUE);
}

char *
royal_json_digest (JsonNode *node)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (node != NULL, NULL);

  text = royal_json_canonical (node);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}
