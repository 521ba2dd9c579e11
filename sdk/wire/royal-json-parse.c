/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"

#include <errno.h>
#include <math.h>
#include <royal/error.h>
#include <string.h>

/* A strict parser of its own, because json-glib's accepts comments, trailing commas and repeated members,
 * and recurses as deep as the text asks it to. */

typedef struct {
  const char *start;
  const char *at;
  const char *end;
  const char *what;
  guint depth;
  guint values;
  guint crowd;
  gboolean trusted; /* no bounds */
} Parser;

static JsonNode *parse_value (Parser *self, GError **error);

static void G_GNUC_PRINTF (3, 4) fail (Parser *self, GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  guint line = 1;
  glong column;
  const char *line_start = self->start;
  va_list args;

  for (const char *p = self->start; p < self->at; p++)
    {
      if (*p == '\n')
        {
          line++;
          line_start = p + 1;
        }
    }
  column = 1 + g_utf8_strlen (line_start, self->at - line_start);
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: line %u, column %ld: %s", self->what, line, column,
               message);
}

static void
skip_space (Parser *self)
{
  while (self->at < self->end && (*self->at == ' ' || *self->at == '\n' || *self->at == '\r' || *self->at == '\t'))
    self->at++;
}

static char
peek (Parser *self)
{
  return self->at < self->end ? *self->at : '\0';
}

static gboolean
parse_hex4 (Parser *self, gunichar *ret_unit, GError **error)
{
  gunichar unit = 0;

  for (guint i = 0; i < 4; i++, self->at++)
    {
      if (!g_ascii_isxdigit (peek (self)))
        {
          fail (self, error, "expected four hexadecimal digits after \\u");
          return FALSE;
        }
      unit = unit << 4 | (gunichar)g_ascii_xdigit_value (*self->at);
    }
  *ret_unit = unit;
  return TRUE;
}

static gboolean
parse_unicode_escape (Parser *self, GString *out, GError **error)
{
  gunichar unit, low;

  if (!parse_hex4 (self, &unit, error))
    return FALSE;
  if (unit == 0)
    {
      fail (self, error, "NUL is not allowed in a string");
      return FALSE;
    }
  if (unit >= 0xdc00 && unit <= 0xdfff)
    {
      fail (self, error, "low surrogate without a high one");
      return FALSE;
    }
  if (unit >= 0xd800 && unit <= 0xdbff)
    {
      if (self->end - self->at < 2 || self->at[0] != '\\' || self->at[1] != 'u')
        {
          fail (self, error, "high surrogate without a low one");
          return FALSE;
        }
      self->at += 2;
      if (!parse_hex4 (self, &low, error))
        return FALSE;
      if (low < 0xdc00 || low > 0xdfff)
        {
          fail (self, error, "high surrogate without a low one");
          return FALSE;
        }
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
  g_string_append_unichar (out, unit);
  return TRUE;
}

static gboolean
parse_escape (Parser *self, GString *out, GError **error)
{
  static const char names[] = "\"\\/bfnrt";
  static const char values[] = "\"\\/\b\f\n\r\t";
  char c = peek (self);
  const char *found;

  if (c == 'u')
    {
      self->at++;
      return parse_unicode_escape (self, out, error);
    }
  found = c != '\0' ? strchr (names, c) : NULL;
  if (found == NULL)
    {
      fail (self, error, "unknown escape in a string");
      return FALSE;
    }
  self->at++;
  g_string_append_c (out, values[found - names]);
  return TRUE;
}

/* At the opening quote. */
static char *
parse_string (Parser *self, GError **error)
{
  g_autoptr (GString) out = NULL;
  const char *from = ++self->at;

  while (self->at < self->end)
    {
      guchar c = (guchar)*self->at;

      if (c == '"')
        {
          if (out == NULL)
            return g_strndup (from, (gsize)(self->at++ - from));
          g_string_append_len (out, from, self->at++ - from);
          return g_string_free (g_steal_pointer (&out), FALSE);
        }
      if (c < 0x20)
        {
          fail (self, error, "control character 0x%02x in a string", c);
          return NULL;
        }
      if (c != '\\')
        {
          self->at++;
          continue;
        }
      if (out == NULL)
        out = g_string_new (NULL);
      g_string_append_len (out, from, self->at++ - from);
      if (!parse_escape (self, out, error))
        return NULL;
      from = self->at;
    }
  fail (self, error, "expected the end of the string");
  return NULL;
}

static gboolean
skip_digits (Parser *self, GError **error)
{
  if (!g_ascii_isdigit (peek (self)))
    {
      fail (self, error, "expected a digit");
      return FALSE;
    }
  while (g_ascii_isdigit (peek (self)))
    self->at++;
  return TRUE;
}

/* Moves over one number of RFC 8259. */
static gboolean
skip_number (Parser *self, gboolean *ret_integer, GError **error)
{
  if (peek (self) == '-')
    self->at++;
  if (peek (self) == '0')
    self->at++;
  else if (!skip_digits (self, error))
    return FALSE;
  *ret_integer = TRUE;
  if (peek (self) == '.')
    {
      self->at++;
      *ret_integer = FALSE;
      if (!skip_digits (self, error))
        return FALSE;
    }
  if (peek (self) == 'e' || peek (self) == 'E')
    {
      self->at++;
      *ret_integer = FALSE;
      if (peek (self) == '+' || peek (self) == '-')
        self->at++;
      return skip_digits (self, error);
    }
  return TRUE;
}

static JsonNode *
parse_number (Parser *self, GError **error)
{
  char small[64];
  g_autofree char *large = NULL;
  const char *from = self->at, *text = small;
  gboolean integer;
  gsize length;
  double value;

  if (!skip_number (self, &integer, error))
    return NULL;
  length = (gsize)(self->at - from);
  if (length < sizeof small)
    {
      memcpy (small, from, length);
      small[length] = '\0';
    }
  else
    text = large = g_strndup (from, length);

  if (integer)
    {
      gint64 exact;

      errno = 0;
      exact = g_ascii_strtoll (text, NULL, 10);
      if (errno == 0)
        return json_node_init_int (json_node_alloc (), exact);
    }
  value = g_ascii_strtod (text, NULL);
  if (!isfinite (value) && !self->trusted)
    {
      self->at = from;
      fail (self, error, "number out of range");
      return NULL;
    }
  return json_node_init_double (json_node_alloc (), value);
}

static gboolean
enter (Parser *self, GError **error)
{
  if (++self->depth > ROYAL_JSON_DEPTH_MAX && !self->trusted)
    {
      fail (self, error, "nested deeper than %d levels", ROYAL_JSON_DEPTH_MAX);
      return FALSE;
    }
  self->at++;
  skip_space (self);
  return TRUE;
}

/* After an element: TRUE with *@ret_more when a comma follows, else at the closing bracket, which is taken. */
static gboolean
leave_or_go_on (Parser *self, char closing, gboolean *ret_more, GError **error)
{
  skip_space (self);
  *ret_more = peek (self) == ',';
  if (!*ret_more && peek (self) != closing)
    {
      fail (self, error, "expected ',' or '%c'", closing);
      return FALSE;
    }
  self->at++;
  if (*ret_more)
    skip_space (self);
  else
    self->depth--;
  return TRUE;
}

static JsonNode *
parse_array (Parser *self, GError **error)
{
  g_autoptr (JsonArray) array = json_array_new ();
  gboolean more = TRUE;

  if (!enter (self, error))
    return NULL;
  if (peek (self) == ']')
    {
      self->at++;
      self->depth--;
      more = FALSE;
    }
  while (more)
    {
      JsonNode *element = parse_value (self, error);

      if (element == NULL)
        return NULL;
      json_array_add_element (array, element);
      if (!leave_or_go_on (self, ']', &more, error))
        return NULL;
    }
  return json_node_init_array (json_node_alloc (), array);
}

/* What one more member may cost to find a place for. */
static gboolean
check_size (Parser *self, JsonObject *object, GError **error)
{
  guint size = json_object_get_size (object);

  if (self->trusted)
    return TRUE;
  if (size >= ROYAL_JSON_MEMBERS_MAX)
    fail (self, error, "more than %d members in an object", ROYAL_JSON_MEMBERS_MAX);
  else if ((self->crowd += size) > ROYAL_JSON_CROWD_MAX)
    fail (self, error, "too many members in all its objects");
  else
    return TRUE;
  return FALSE;
}

static gboolean
parse_member (Parser *self, JsonObject *object, GError **error)
{
  g_autofree char *name = NULL;
  const char *from = self->at;
  JsonNode *value;

  if (peek (self) != '"')
    {
      fail (self, error, "expected a member name in quotes");
      return FALSE;
    }
  if (!check_size (self, object, error))
    return FALSE;
  name = parse_string (self, error);
  if (name == NULL)
    return FALSE;
  if (json_object_has_member (object, name))
    {
      self->at = from;
      fail (self, error, "duplicate member \"%s\"", strlen (name) <= 64 ? name : "…");
      return FALSE;
    }
  skip_space (self);
  if (peek (self) != ':')
    {
      fail (self, error, "expected ':'");
      return FALSE;
    }
  self->at++;
  value = parse_value (self, error);
  if (value == NULL)
    return FALSE;
  json_object_set_member (object, name, value);
  return TRUE;
}

static JsonNode *
parse_object (Parser *self, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  gboolean more = TRUE;

  if (!enter (self, error))
    return NULL;
  if (peek (self) == '}')
    {
      self->at++;
      self->depth--;
      more = FALSE;
    }
  while (more)
    {
      if (!parse_member (self, object, error) || !leave_or_go_on (self, '}', &more, error))
        return NULL;
    }
  return json_node_init_object (json_node_alloc (), object);
}

static JsonNode *
parse_literal (Parser *self, GError **error)
{
  gsize left = (gsize)(self->end - self->at);

  if (left >= 4 && memcmp (self->at, "null", 4) == 0)
    {
      self->at += 4;
      return json_node_init_null (json_node_alloc ());
    }
  if (left >= 4 && memcmp (self->at, "true", 4) == 0)
    {
      self->at += 4;
      return json_node_init_boolean (json_node_alloc (), TRUE);
    }
  if (left >= 5 && memcmp (self->at, "false", 5) == 0)
    {
      self->at += 5;
      return json_node_init_boolean (json_node_alloc (), FALSE);
    }
  fail (self, error, "expected a value");
  return NULL;
}

static JsonNode *
parse_value (Parser *self, GError **error)
{
  char *string;
  JsonNode *node;

  skip_space (self);
  if (++self->values > ROYAL_JSON_VALUES_MAX && !self->trusted)
    {
      fail (self, error, "more than %d values", ROYAL_JSON_VALUES_MAX);
      return NULL;
    }
  switch (peek (self))
    {
    case '{':
      return parse_object (self, error);
    case '[':
      return parse_array (self, error);
    case '"':
      string = parse_string (self, error);
      if (string == NULL)
        return NULL;
      node = json_node_init_string (json_node_alloc (), string);
      g_free (string);
      return node;
    case '-':
    case '0' ... '9':
      return parse_number (self, error);
    default:
      return parse_literal (self, error);
    }
}

static JsonNode *
parse (const char *data, gssize length, const char *what, gboolean trusted, GError **error)
{
  Parser self = { .what = what, .trusted = trusted };
  g_autoptr (JsonNode) node = NULL;
  const char *bad;

  self.start = self.at = data;
  self.end = data + (length < 0 ? (gssize)strlen (data) : length);
  if (!g_utf8_validate_len (data, (gsize)(self.end - data), &bad))
    {
      self.at = bad;
      fail (&self, error, *bad == '\0' ? "NUL is not allowed" : "invalid UTF-8");
      return NULL;
    }
  node = parse_value (&self, error);
  if (node == NULL)
    return NULL;
  skip_space (&self);
  if (self.at < self.end)
    {
      fail (&self, error, "expected nothing after the value");
      return NULL;
    }
  return g_steal_pointer (&node);
}

JsonNode *
royal_json_parse (const char *data, gssize length, const char *what, GError **error)
{
  g_return_val_if_fail (data != NULL, NULL);
  g_return_val_if_fail (what != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return parse (data, length, what, FALSE, error);
}

JsonNode *
royal_json_read (const char *text, const char *what, GError **error)
{
  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (what != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return parse (text, -1, what, TRUE, error);
}
