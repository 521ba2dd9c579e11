/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-context.h"

#include <string.h>

typedef void (*LeafFunc) (gpointer data, const char *key, const ThemeJson *leaf);

/* Calls @func for every value that is no object, with its whole key. */
static void
each_leaf (const ThemeJson *json, GString *key, LeafFunc func, gpointer data)
{
  for (const ThemeJson *member = json->kind == THEME_JSON_OBJECT ? json->first : NULL; member != NULL;
       member = member->next)
    {
      gsize before = key->len;

      if (before > 0)
        g_string_append_c (key, '.');
      g_string_append (key, member->key);
      if (member->kind == THEME_JSON_OBJECT)
        each_leaf (member, key, func, data);
      else
        func (data, key->str, member);
      g_string_truncate (key, before);
    }
}

static gboolean
is_plural (const char *key)
{
  static const char *const forms[] = { "zero", "one", "two", "few", "many", "other" };
  const char *last = strrchr (key, '.');

  for (guint i = 0; last != NULL && i < G_N_ELEMENTS (forms); i++)
    if (strcmp (last + 1, forms[i]) == 0)
      return TRUE;
  return FALSE;
}

/* Shopify's own, which a theme may leave out. */
static gboolean
is_external (const char *key)
{
  return g_str_has_prefix (key, "shopify.") || g_str_has_prefix (key, "customer_accounts.");
}

typedef struct {
  ThemeContext *context;
  const ThemeFile *file;
  const ThemeJson *from; /* the locale of @file */
  const ThemeJson *other;
} Match;

static void
check_extra (gpointer data, const char *key, const ThemeJson *leaf)
{
  Match *match = data;

  if (!is_plural (key) && !is_external (key) && theme_json_at (match->other, key, strlen (key)) == NULL)
    theme_report_add (match->context->report, THEME_CHECK_MATCHING_TRANSLATIONS, match->file, leaf->key_start,
                      "A default translation for '%s' does not exist", key);
}

/* Where a missing key would stand: at the last member of the deepest object that is there. */
static gsize
place_of (const ThemeJson *json, const char *key)
{
  gsize at = json->start;
  const char *end = key + strlen (key);

  while (json != NULL && json->kind == THEME_JSON_OBJECT && key < end)
    {
      gsize n = strcspn (key, ".");
      g_autofree char *part = g_strndup (key, n);

      json = theme_json_get (json, part);
      if (json != NULL)
        at = json->key_start;
      key += MIN (n + 1, (gsize)(end - key));
    }
  return at;
}

static void
check_missing (gpointer data, const char *key, const ThemeJson *leaf)
{
  Match *match = data;

  if (!is_plural (key) && !is_external (key) && theme_json_at (match->from, key, strlen (key)) == NULL)
    theme_report_add (match->context->report, THEME_CHECK_MATCHING_TRANSLATIONS, match->file,
                      place_of (match->from, key), "The translation for '%s' is missing", key);
}

static void
check_unused (gpointer data, const char *key, const ThemeJson *leaf)
{
  Match *match = data;
  g_autofree char *part = g_strdup (key);

  if (is_external (key))
    return;
  if (is_plural (key))
    *strrchr (part, '.') = '\0';
  if (g_hash_table_contains (match->context->dotted, part) || strchr (part, '.') == NULL)
    return;
  /* A key may be put together: 'sections.cart.' and what comes after it. */
  for (char *point = strrchr (part, '.'); point != NULL; point = strrchr (part, '.'))
    {
      point[1] = '\0';
      if (g_hash_table_contains (match->context->dotted, part))
        return;
      *point = '\0';
    }
  theme_report_add (match->context->report, THEME_CHECK_UNUSED_TRANSLATION, match->file, leaf->key_start,
                    "nothing asks for '%s'", key);
}

void
theme_check_locales (ThemeContext *self)
{
  g_autoptr (GString) key = g_string_new (NULL);

  for (guint i = 0; i < theme_files_n (self->files); i++)
    {
      const ThemeFile *file = theme_files_nth (self->files, i);
      gboolean is_schema = g_str_has_suffix (file->path, ".schema.json");
      Match match = { self, file, NULL, is_schema ? self->schema_locale : self->locale };
      g_autoptr (ThemeJson) json = NULL;

      if (file->dir != THEME_DIR_LOCALES || file->text == NULL || !g_str_has_suffix (file->path, ".json"))
        continue;
      match.from = json = theme_context_json (self, file, 0, file->length);
      if (json == NULL)
        continue;
      if (json->kind != THEME_JSON_OBJECT)
        theme_report_add (self->report, THEME_CHECK_SCHEMA, file, json->start, "expected an object of translations");
      else if (file == self->locale_file)
        each_leaf (json, key, check_unused, &match);
      else if (file != self->schema_locale_file && match.other != NULL)
        {
          each_leaf (json, key, check_extra, &match);
          each_leaf (match.other, key, check_missing, &match);
        }
    }
}
