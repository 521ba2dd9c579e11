/* SPDX-License-Identifier: Apache-2.0 */
#include "sync-text.h"

#include <royal/error.h>
#include <string.h>

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static void
write_string (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (const char *p = text; *p != '\0'; p++)
    switch (*p)
      {
      case '"':
      case '\\':
        g_string_append_c (out, '\\');
        g_string_append_c (out, *p);
        break;
      case '\n':
        g_string_append (out, "\\n");
        break;
      case '\r':
        g_string_append (out, "\\r");
        break;
      case '\t':
        g_string_append (out, "\\t");
        break;
      default:
        if ((guchar)*p < 0x20 || *p == 0x7f)
          g_string_append_printf (out, "\\u%04x", (guint)(guchar)*p);
        else
          g_string_append_c (out, *p);
      }
  g_string_append_c (out, '"');
}

/* The shortest digits that are read as the same number again. */
static void
write_double (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  for (int digits = 15; digits <= 17; digits++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (text, sizeof text, format, value);
      if (!(g_ascii_strtod (text, NULL) < value) && !(g_ascii_strtod (text, NULL) > value))
        break;
    }
  g_string_append (out, text);
}

static void
write_scalar (GString *out, JsonNode *node)
{
  if (JSON_NODE_HOLDS_NULL (node))
    g_string_append (out, "null");
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    write_string (out, json_node_get_string (node));
  else if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
  else if (json_node_get_value_type (node) == G_TYPE_INT64)
    g_string_append_printf (out, "%" G_GINT64_FORMAT, json_node_get_int (node));
  else
    write_double (out, json_node_get_double (node));
}

/* @depth: of the lines; negative = everything on one line */
static void
write_break (GString *out, gint depth)
{
  if (depth < 0)
    return;
  g_string_append_c (out, '\n');
  for (gint i = 0; i < depth; i++)
    g_string_append (out, "  ");
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

static void
write_node (GString *out, JsonNode *node, gint depth)
{
  const gint inner = depth < 0 ? -1 : depth + 1;

  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObject *object = json_node_get_object (node);
      g_autoptr (GList) names = g_list_sort (json_object_get_members (object), compare_names);

      g_string_append_c (out, '{');
      for (GList *l = names; l != NULL; l = l->next)
        {
          write_break (out, inner);
          write_string (out, l->data);
          g_string_append (out, depth < 0 ? ":" : ": ");
          write_node (out, json_object_get_member (object, l->data), inner);
          if (l->next != NULL)
            g_string_append_c (out, ',');
        }
      if (names != NULL)
        write_break (out, depth);
      g_string_append_c (out, '}');
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);
      guint n = json_array_get_length (array);

      g_string_append_c (out, '[');
      for (guint i = 0; i < n; i++)
        {
          write_break (out, inner);
          write_node (out, json_array_get_element (array, i), inner);
          if (i + 1 < n)
            g_string_append_c (out, ',');
        }
      if (n > 0)
        write_break (out, depth);
      g_string_append_c (out, ']');
    }
  else
    write_scalar (out, node);
}

char *
sync_text_line (JsonNode *node)
{
  GString *out = g_string_new (NULL);

  g_return_val_if_fail (node != NULL, g_string_free (out, FALSE));

  write_node (out, node, -1);
  return g_string_free (out, FALSE);
}

char *
sync_text_file (JsonNode *node)
{
  GString *out = g_string_new (NULL);

  g_return_val_if_fail (node != NULL, g_string_free (out, FALSE));

  write_node (out, node, 0);
  g_string_append_c (out, '\n');
  return g_string_free (out, FALSE);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

typedef struct {
  const char *start;
  const char *at;
  const char *end;
  guint depth;
  GError **error;
} Reader;

static JsonNode *read_value (Reader *self);

static void
refuse (const Reader *self, const char *at, const char *expected)
{
  guint line = 1;
  const char *begin = self->start;

  if (self->error != NULL && *self->error != NULL)
    return;
  for (const char *p = self->start; p < at; p++)
    if (*p == '\n')
      {
        line++;
        begin = p + 1;
      }
  g_set_error (self->error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "line %u, column %u: expected %s", line,
               (guint)(g_utf8_strlen (begin, at - begin) + 1), expected);
}

static void
skip_space (Reader *self)
{
  while (self->at < self->end && (*self->at == ' ' || *self->at == '\n' || *self->at == '\r' || *self->at == '\t'))
    self->at++;
}

/* Whether @c stands here, which is then behind. */
static gboolean
take (Reader *self, char c)
{
  skip_space (self);
  if (self->at >= self->end || *self->at != c)
    return FALSE;
  self->at++;
  return TRUE;
}

/* Four hexadecimal digits; -1 when they are none. */
static gint
read_unit (Reader *self)
{
  gint value = 0;

  if (self->end - self->at < 4)
    return -1;
  for (guint i = 0; i < 4; i++)
    {
      gint digit = g_ascii_xdigit_value (self->at[i]);

      if (digit < 0)
        return -1;
      value = value * 16 + digit;
    }
  self->at += 4;
  return value;
}

/* After `\u`. Half of a pair is no letter, and a NUL no text. */
static gboolean
read_letter (Reader *self, GString *out)
{
  gint high = read_unit (self);
  gint low;

  if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
    return FALSE;
  if (high < 0xd800 || high > 0xdfff)
    {
      g_string_append_unichar (out, (gunichar)high);
      return TRUE;
    }
  if (self->end - self->at < 6 || self->at[0] != '\\' || self->at[1] != 'u')
    return FALSE;
  self->at += 2;
  low = read_unit (self);
  if (low < 0xdc00 || low > 0xdfff)
    return FALSE;
  g_string_append_unichar (out, 0x10000 + (((gunichar)high - 0xd800) << 10) + ((gunichar)low - 0xdc00));
  return TRUE;
}

static gboolean
read_escape (Reader *self, GString *out)
{
  static const char letters[] = "\"\\/bfnrt";
  static const char meant[] = "\"\\/\b\f\n\r\t";
  const char *found;

  if (self->at >= self->end)
    return FALSE;
  if (*self->at == 'u')
    {
      self->at++;
      return read_letter (self, out);
    }
  found = *self->at != '\0' ? strchr (letters, *self->at) : NULL;
  if (found == NULL)
    return FALSE;
  self->at++;
  g_string_append_c (out, meant[found - letters]);
  return TRUE;
}

/* (transfer full): the text after its first quote. */
static char *
read_string (Reader *self)
{
  g_autoptr (GString) out = g_string_new (NULL);

  while (self->at < self->end && *self->at != '"')
    {
      const char *at = self->at;

      if ((guchar)*at < 0x20)
        {
          refuse (self, at, "no control character in a text");
          return NULL;
        }
      self->at++;
      if (*at != '\\')
        g_string_append_c (out, *at);
      else if (!read_escape (self, out))
        {
          refuse (self, at, "an escape of JSON");
          return NULL;
        }
    }
  if (self->at >= self->end)
    {
      refuse (self, self->at, "the end of a text");
      return NULL;
    }
  self->at++;
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static void
skip_digits (Reader *self)
{
  while (self->at < self->end && g_ascii_isdigit (*self->at))
    self->at++;
}

static JsonNode *
read_number (Reader *self)
{
  const char *begin = self->at;
  g_autofree char *text = NULL;
  const char *digits;
  gboolean whole = TRUE;
  gint64 value;

  if (*self->at == '-')
    self->at++;
  digits = self->at;
  skip_digits (self);
  if (self->at == digits || (*digits == '0' && self->at - digits > 1))
    {
      refuse (self, begin, "a value of JSON");
      return NULL;
    }
  for (guint part = 0; part < 2; part++)
    if (self->at < self->end && (part == 0 ? *self->at == '.' : (*self->at == 'e' || *self->at == 'E')))
      {
        whole = FALSE;
        self->at++;
        if (part == 1 && self->at < self->end && (*self->at == '+' || *self->at == '-'))
          self->at++;
        digits = self->at;
        skip_digits (self);
        if (self->at == digits)
          {
            refuse (self, self->at, "a digit");
            return NULL;
          }
      }
  text = g_strndup (begin, (gsize)(self->at - begin));
  if (whole && g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &value, NULL))
    return json_node_init_int (json_node_alloc (), value);
  if (ABS (g_ascii_strtod (text, NULL)) > G_MAXDOUBLE)
    {
      refuse (self, begin, "a number that a double holds");
      return NULL;
    }
  return json_node_init_double (json_node_alloc (), g_ascii_strtod (text, NULL));
}

static JsonNode *
read_word (Reader *self)
{
  static const char *const words[] = { "true", "false", "null" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if ((gsize)(self->end - self->at) >= strlen (words[i]) && strncmp (self->at, words[i], strlen (words[i])) == 0)
      {
        self->at += strlen (words[i]);
        return i == 2 ? json_node_init_null (json_node_alloc ()) : json_node_init_boolean (json_node_alloc (), i == 0);
      }
  refuse (self, self->at, "a value of JSON");
  return NULL;
}

/* One member after another, up to the brace. */
static gboolean
read_members (Reader *self, JsonObject *object)
{
  if (take (self, '}'))
    return TRUE;
  do
    {
      g_autofree char *name = NULL;
      const char *at;
      JsonNode *value;

      skip_space (self);
      at = self->at;
      if (!take (self, '"'))
        {
          refuse (self, self->at, "the name of a member");
          return FALSE;
        }
      name = read_string (self);
      if (name == NULL)
        return FALSE;
      if (json_object_has_member (object, name))
        {
          refuse (self, at, "each member once");
          return FALSE;
        }
      if (!take (self, ':'))
        {
          refuse (self, self->at, "a colon");
          return FALSE;
        }
      value = read_value (self);
      if (value == NULL)
        return FALSE;
      json_object_set_member (object, name, value);
  } while (take (self, ','));
  if (take (self, '}'))
    return TRUE;
  refuse (self, self->at, "a comma or a closing brace");
  return FALSE;
}

static gboolean
read_elements (Reader *self, JsonArray *array)
{
  if (take (self, ']'))
    return TRUE;
  do
    {
      JsonNode *value = read_value (self);

      if (value == NULL)
        return FALSE;
      json_array_add_element (array, value);
  } while (take (self, ','));
  if (take (self, ']'))
    return TRUE;
  refuse (self, self->at, "a comma or a closing bracket");
  return FALSE;
}

static JsonNode *
read_group (Reader *self, gboolean is_object)
{
  g_autoptr (JsonNode) node = json_node_alloc ();
  gboolean good;

  if (is_object)
    json_node_take_object (json_node_init (node, JSON_NODE_OBJECT), json_object_new ());
  else
    json_node_take_array (json_node_init (node, JSON_NODE_ARRAY), json_array_new ());
  if (++self->depth > SYNC_DEPTH_MAX)
    {
      refuse (self, self->at - 1, "fewer values within each other");
      return NULL;
    }
  good =
      is_object ? read_members (self, json_node_get_object (node)) : read_elements (self, json_node_get_array (node));
  self->depth--;
  return good ? g_steal_pointer (&node) : NULL;
}

static JsonNode *
read_value (Reader *self)
{
  skip_space (self);
  if (take (self, '{'))
    return read_group (self, TRUE);
  if (take (self, '['))
    return read_group (self, FALSE);
  if (take (self, '"'))
    {
      char *text = read_string (self);
      JsonNode *node = text != NULL ? json_node_init_string (json_node_alloc (), text) : NULL;

      g_free (text);
      return node;
    }
  if (self->at < self->end && (*self->at == '-' || g_ascii_isdigit (*self->at)))
    return read_number (self);
  return read_word (self);
}

JsonNode *
sync_text_read (const char *text, gsize length, GError **error)
{
  Reader reader = { text, text, text + length, 0, error };
  g_autoptr (JsonNode) node = NULL;
  const char *wrong;

  g_return_val_if_fail (text != NULL && (error == NULL || *error == NULL), NULL);

  if (length > SYNC_TEXT_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected at most %" G_GSIZE_FORMAT " bytes",
                   SYNC_TEXT_MAX);
      return NULL;
    }
  if (!g_utf8_validate_len (text, length, &wrong))
    {
      refuse (&reader, wrong, "UTF-8 without a NUL");
      return NULL;
    }
  node = read_value (&reader);
  skip_space (&reader);
  if (node == NULL || reader.at == reader.end)
    return g_steal_pointer (&node);
  refuse (&reader, reader.at, "nothing more");
  return NULL;
}
