/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-json.h"

#include <string.h>

typedef struct {
  const char *text;
  gsize length;
  gsize at;
  gsize base;
  guint depth;
  GArray *problems;
} Reader;

void
theme_json_free (ThemeJson *self)
{
  while (self != NULL)
    {
      ThemeJson *next = self->next;

      theme_json_free (self->first);
      g_free (self->text);
      g_free (self->key);
      g_free (self);
      self = next;
    }
}

static void
problem_clear (gpointer data)
{
  g_clear_pointer (&((ThemeJsonProblem *)data)->message, g_free);
}

static void
note (Reader *reader, ThemeJsonProblemKind kind, gsize at, char *message)
{
  ThemeJsonProblem problem = { kind, reader->base + MIN (at, reader->length), message };

  g_array_append_val (reader->problems, problem);
}

/* What is at the reader's place, for a message. */
static char *
found (const Reader *reader)
{
  const char *here = reader->text + reader->at;

  if (reader->at >= reader->length)
    return g_strdup ("the end");
  return g_strdup_printf ("`%.*s`", (int)(g_utf8_next_char (here) - here), here);
}

static gpointer
expected (Reader *reader, const char *what)
{
  g_autofree char *instead = found (reader);
  gsize at = reader->at;

  /* The end is where what is written ends, not the blank lines after it. */
  if (at >= reader->length)
    while (at > 0 && g_ascii_isspace (reader->text[at - 1]))
      at--;
  note (reader, THEME_JSON_SYNTAX, at, g_strdup_printf ("expected %s, found %s", what, instead));
  return NULL;
}

static gboolean
at_text (const Reader *reader, const char *text)
{
  gsize n = strlen (text);

  return reader->length - reader->at >= n && memcmp (reader->text + reader->at, text, n) == 0;
}

/* Passes over blanks and comments. */
static void
skip (Reader *reader)
{
  while (reader->at < reader->length)
    {
      if (strchr (" \t\r\n", reader->text[reader->at]) != NULL)
        reader->at++;
      else if (at_text (reader, "\xef\xbb\xbf") && reader->at == 0)
        reader->at += 3;
      else if (at_text (reader, "/*"))
        {
          const char *end =
              g_strstr_len (reader->text + reader->at + 2, (gssize)(reader->length - reader->at - 2), "*/");

          if (end == NULL)
            return;
          reader->at = (gsize)(end - reader->text) + 2;
        }
      else if (at_text (reader, "//"))
        {
          const char *end = memchr (reader->text + reader->at, '\n', reader->length - reader->at);

          note (reader, THEME_JSON_COMMENT, reader->at, g_strdup ("a comment from `//` on is not JSON; write /* … */"));
          reader->at = end != NULL ? (gsize)(end - reader->text) : reader->length;
        }
      else
        return;
    }
}

/* The four digits of an escape \uXXXX, or -1. */
static gint
read_unit (Reader *reader)
{
  gint unit = 0;

  if (reader->length - reader->at < 4)
    return -1;
  for (guint i = 0; i < 4; i++)
    {
      gint digit = g_ascii_xdigit_value (reader->text[reader->at + i]);

      if (digit < 0)
        return -1;
      unit = unit * 16 + digit;
    }
  reader->at += 4;
  return unit;
}

static gboolean
read_unicode (Reader *reader, GString *value)
{
  gint unit = read_unit (reader);
  gint low;

  if (unit < 0)
    return FALSE;
  if (unit >= 0xd800 && unit < 0xdc00 && at_text (reader, "\\u"))
    {
      reader->at += 2;
      low = read_unit (reader);
      if (low < 0xdc00 || low > 0xdfff)
        return FALSE;
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
  g_string_append_unichar (value, unit == 0 || (unit >= 0xd800 && unit < 0xe000) ? 0xfffd : (gunichar)unit);
  return TRUE;
}

static gboolean
read_escape (Reader *reader, GString *value)
{
  static const char letters[] = "\"\\/bfnrt";
  static const char values[] = "\"\\/\b\f\n\r\t";
  const char *letter;

  reader->at++;
  if (reader->at >= reader->length)
    return FALSE;
  if (reader->text[reader->at] == 'u')
    {
      reader->at++;
      return read_unicode (reader, value);
    }
  letter = strchr (letters, reader->text[reader->at]);
  if (letter == NULL)
    return FALSE;
  g_string_append_c (value, values[letter - letters]);
  reader->at++;
  return TRUE;
}

static char *
read_string (Reader *reader)
{
  g_autoptr (GString) value = g_string_new (NULL);

  reader->at++;
  for (;;)
    {
      gsize start = reader->at;

      if (reader->at >= reader->length || reader->text[reader->at] == '\n')
        return expected (reader, "the string's closing quote");
      if (reader->text[reader->at] == '"')
        {
          reader->at++;
          return g_string_free (g_steal_pointer (&value), FALSE);
        }
      if (reader->text[reader->at] == '\\')
        {
          if (!read_escape (reader, value))
            {
              reader->at = start;
              return expected (reader, "an escape such as \\n or \\u00e9");
            }
        }
      else
        g_string_append_c (value, reader->text[reader->at++]);
    }
}

static ThemeJson *
make (ThemeJsonKind kind, gsize start, char *text)
{
  ThemeJson *self = g_new0 (ThemeJson, 1);

  self->kind = kind;
  self->start = start;
  self->text = text;
  return self;
}

static gsize
digits (Reader *reader)
{
  gsize from = reader->at;

  while (reader->at < reader->length && g_ascii_isdigit (reader->text[reader->at]))
    reader->at++;
  return reader->at - from;
}

static ThemeJson *
read_number (Reader *reader)
{
  gsize start = reader->at;
  gsize whole;

  reader->at += at_text (reader, "-");
  whole = reader->at;
  if (digits (reader) == 0)
    return expected (reader, "a digit");
  if (reader->at - whole > 1 && reader->text[whole] == '0')
    {
      reader->at = whole;
      return expected (reader, "a number without zeros before it");
    }
  if (at_text (reader, "."))
    {
      reader->at++;
      if (digits (reader) == 0)
        return expected (reader, "a digit after the point");
    }
  if (at_text (reader, "e") || at_text (reader, "E"))
    {
      reader->at++;
      reader->at += at_text (reader, "+") || at_text (reader, "-");
      if (digits (reader) == 0)
        return expected (reader, "a digit of the exponent");
    }
  return make (THEME_JSON_NUMBER, reader->base + start, g_strndup (reader->text + start, reader->at - start));
}

static ThemeJson *
read_word (Reader *reader)
{
  static const struct {
    const char *word;
    ThemeJsonKind kind;
  } words[] = { { "true", THEME_JSON_BOOLEAN }, { "false", THEME_JSON_BOOLEAN }, { "null", THEME_JSON_NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (at_text (reader, words[i].word))
      {
        gsize start = reader->base + reader->at;

        reader->at += strlen (words[i].word);
        return make (words[i].kind, start, words[i].kind == THEME_JSON_BOOLEAN ? g_strdup (words[i].word) : NULL);
      }
  return expected (reader, "a value");
}

static ThemeJson *read_value (Reader *reader);

/* A member's key and colon, or FALSE. */
static gboolean
read_key (Reader *reader, GHashTable *keys, char **ret_key, gsize *ret_start)
{
  g_autofree char *key = NULL;

  *ret_start = reader->base + reader->at;
  if (!at_text (reader, "\""))
    return expected (reader, "a key in double quotes") != NULL;
  key = read_string (reader);
  if (key == NULL)
    return FALSE;
  skip (reader);
  if (!at_text (reader, ":"))
    return expected (reader, "a colon after the key") != NULL;
  reader->at++;
  skip (reader);
  if (g_hash_table_contains (keys, key))
    note (reader, THEME_JSON_DUPLICATE, *ret_start - reader->base, g_strdup (key));
  else
    g_hash_table_add (keys, g_strdup (key));
  *ret_key = g_steal_pointer (&key);
  return TRUE;
}

/* An array, or an object when @keys is given. */
static ThemeJson *
read_list (Reader *reader, GHashTable *keys, const char *end)
{
  g_autoptr (ThemeJson) list =
      make (keys != NULL ? THEME_JSON_OBJECT : THEME_JSON_ARRAY, reader->base + reader->at, NULL);
  ThemeJson **last = &list->first;
  gsize comma = 0;

  reader->at++;
  for (;;)
    {
      g_autofree char *key = NULL;
      gsize key_start = 0;

      skip (reader);
      if (at_text (reader, end))
        {
          if (comma > 0)
            note (reader, THEME_JSON_COMMA, comma, g_strdup_printf ("a comma before `%s`", end));
          reader->at++;
          return g_steal_pointer (&list);
        }
      if (list->n > 0 && comma == 0)
        return expected (reader, keys != NULL ? "a comma or `}`" : "a comma or `]`");
      if (keys != NULL && !read_key (reader, keys, &key, &key_start))
        return NULL;
      *last = read_value (reader);
      if (*last == NULL)
        return NULL;
      (*last)->key = g_steal_pointer (&key);
      (*last)->key_start = key_start;
      last = &(*last)->next;
      list->n++;
      skip (reader);
      comma = at_text (reader, ",") ? reader->at : 0;
      reader->at += comma > 0;
    }
}

static ThemeJson *
read_value (Reader *reader)
{
  g_autoptr (GHashTable) keys = NULL;
  ThemeJson *value;
  gsize start = reader->base + reader->at;
  char c = reader->at < reader->length ? reader->text[reader->at] : '\0';

  if (c == '"')
    {
      char *text = read_string (reader);

      return text != NULL ? make (THEME_JSON_STRING, start, text) : NULL;
    }
  if (c == '-' || g_ascii_isdigit (c))
    return read_number (reader);
  if (c != '{' && c != '[')
    return read_word (reader);
  if (reader->depth == THEME_JSON_DEPTH_MAX)
    return expected (reader, "at most 64 values within each other");
  if (c == '{')
    keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  reader->depth++;
  value = read_list (reader, keys, c == '{' ? "}" : "]");
  reader->depth--;
  return value;
}

ThemeJson *
theme_json_parse (const char *text, gsize length, gsize base, GArray **ret_problems)
{
  Reader reader = { .text = text, .length = length, .base = base };
  g_autoptr (ThemeJson) value = NULL;

  g_return_val_if_fail (text != NULL && ret_problems != NULL, NULL);

  reader.problems = g_array_new (FALSE, FALSE, sizeof (ThemeJsonProblem));
  g_array_set_clear_func (reader.problems, problem_clear);
  skip (&reader);
  value = read_value (&reader);
  if (value != NULL)
    {
      skip (&reader);
      if (reader.at < reader.length)
        {
          expected (&reader, "the end");
          g_clear_pointer (&value, theme_json_free);
        }
    }
  *ret_problems = reader.problems;
  return g_steal_pointer (&value);
}

const ThemeJson *
theme_json_get (const ThemeJson *self, const char *key)
{
  const ThemeJson *found_member = NULL;

  if (self == NULL || self->kind != THEME_JSON_OBJECT)
    return NULL;
  for (const ThemeJson *member = self->first; member != NULL; member = member->next)
    if (strcmp (member->key, key) == 0)
      found_member = member;
  return found_member;
}

const ThemeJson *
theme_json_get_kind (const ThemeJson *self, const char *key, ThemeJsonKind kind)
{
  const ThemeJson *member = theme_json_get (self, key);

  return member != NULL && member->kind == kind ? member : NULL;
}

const char *
theme_json_get_string (const ThemeJson *self, const char *key)
{
  const ThemeJson *member = theme_json_get_kind (self, key, THEME_JSON_STRING);

  return member != NULL ? member->text : NULL;
}
