/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-context.h"

#include <string.h>

#define KB G_GUINT64_CONSTANT (1024)

static void
schema_free (gpointer data)
{
  ThemeSchema *schema = data;

  theme_json_free (schema->json);
  g_free (schema);
}

/* JSON that is only looked up: what is wrong with it is reported where it is checked. */
static ThemeJson *
parse_quietly (const ThemeFile *file, gsize start, gsize end)
{
  g_autoptr (GArray) problems = NULL;

  return theme_json_parse (file->text + start, end - start, start, &problems);
}

void
theme_context_read_schema (ThemeContext *self, const ThemeFile *file)
{
  g_autoptr (GArray) problems = liquid_problems_new ();
  g_autoptr (GArray) nodes = liquid_scan (file->text, file->length, problems);

  for (guint i = 0; i < nodes->len; i++)
    {
      const LiquidNode *node = &g_array_index (nodes, LiquidNode, i);
      ThemeSchema *schema;

      if (node->kind != LIQUID_RAW || strcmp (node->name, "schema") != 0)
        continue;
      schema = g_new0 (ThemeSchema, 1);
      schema->file = file;
      schema->json = parse_quietly (file, node->body_start, node->body_end);
      g_hash_table_replace (self->schemas, file->path, schema);
      return;
    }
}

/* Words with a point in them, as `general.cart.title` or `general.cart.`. */
static void
read_dotted (ThemeContext *self, const ThemeFile *file)
{
  gsize start = 0;
  gboolean has_point = FALSE;

  for (gsize i = 0; i <= file->length; i++)
    {
      char c = file->text[i];

      if (g_ascii_isalnum (c) || c == '_' || c == '-' || c == '.')
        {
          has_point |= c == '.';
          continue;
        }
      if (has_point && i - start < 256)
        g_hash_table_add (self->dotted, g_strndup (file->text + start, i - start));
      start = i + 1;
      has_point = FALSE;
    }
}

static void
read_default (ThemeContext *self,
              const ThemeFile *file,
              const char *suffix,
              const ThemeFile **ret_file,
              ThemeJson **ret_json)
{
  if (!g_str_has_suffix (file->path, suffix))
    return;
  if (*ret_file != NULL)
    {
      theme_report_add (self->report, THEME_CHECK_DEFAULT_LOCALE, file, 0, "'%s' is a default already; expected one",
                        (*ret_file)->path);
      return;
    }
  *ret_file = file;
  *ret_json = parse_quietly (file, 0, file->length);
}

/* What other files' checks look up. */
static void
read_all (ThemeContext *self)
{
  for (guint i = 0; i < theme_files_n (self->files); i++)
    {
      const ThemeFile *file = theme_files_nth (self->files, i);

      if (file->text == NULL)
        continue;
      if (file->dir == THEME_DIR_LOCALES)
        {
          read_default (self, file, ".default.json", &self->locale_file, &self->locale);
          read_default (self, file, ".default.schema.json", &self->schema_locale_file, &self->schema_locale);
          continue;
        }
      if (file->dir != THEME_DIR_OTHER)
        read_dotted (self, file);
      if ((file->dir == THEME_DIR_SECTIONS || file->dir == THEME_DIR_BLOCKS) &&
          g_str_has_suffix (file->path, ".liquid"))
        theme_context_read_schema (self, file);
    }
  if (self->locale_file == NULL && theme_files_n (self->files) > 0)
    theme_report_add_path (self->report, THEME_CHECK_DEFAULT_LOCALE, "locales",
                           "there is no default locale; expected one such as 'locales/en.default.json'");
}

/* Most bytes that Shopify takes of a file, 0: any. https://shopify.dev/docs/storefronts/themes/architecture */
static guint64
size_limit (const ThemeFile *file)
{
  gboolean is_json = g_str_has_suffix (file->path, ".json");

  if (file->dir == THEME_DIR_OTHER)
    return 0;
  if (file->dir == THEME_DIR_ASSETS)
    return 20 * KB * KB;
  if (file->dir == THEME_DIR_LOCALES || strcmp (file->path, "config/settings_data.json") == 0)
    return 3 * KB * KB / 2;
  if (strcmp (file->path, "config/settings_schema.json") == 0 ||
      (is_json && (file->dir == THEME_DIR_TEMPLATES || file->dir == THEME_DIR_SECTIONS)))
    return 512 * KB;
  return 256 * KB;
}

/* A section's size without its schema, which does not count. */
static guint64
measured (ThemeContext *self, const ThemeFile *file)
{
  guint64 size = file->size;
  const char *start = file->text != NULL && file->dir != THEME_DIR_ASSETS ? strstr (file->text, "{% schema %}") : NULL;
  const char *end = start != NULL ? strstr (start, "{% endschema %}") : NULL;

  return end != NULL ? size - MIN (size, (guint64)(end - start) + strlen ("{% endschema %}")) : size;
}

static void
check_sizes (ThemeContext *self, const ThemeBudget *budget)
{
  guint64 scripts = 0;
  guint64 styles = 0;

  for (guint i = 0; i < theme_files_n (self->files); i++)
    {
      const ThemeFile *file = theme_files_nth (self->files, i);
      guint64 limit = size_limit (file);
      guint64 size = measured (self, file);

      if (limit > 0 && size > limit)
        theme_report_add (self->report, THEME_CHECK_MAX_FILE_SIZE, file, 0,
                          "the file has %" G_GUINT64_FORMAT " bytes; expected at most %" G_GUINT64_FORMAT, size, limit);
      if (file->dir == THEME_DIR_ASSETS && g_str_has_suffix (file->path, ".js"))
        scripts += file->size;
      if (file->dir == THEME_DIR_ASSETS && g_str_has_suffix (file->path, ".css"))
        styles += file->size;
    }
  if (budget != NULL && budget->scripts > 0 && scripts > budget->scripts)
    {
      g_autofree char *message =
          g_strdup_printf ("the scripts have %" G_GUINT64_FORMAT " bytes together; expected at most %" G_GUINT64_FORMAT,
                           scripts, budget->scripts);

      theme_report_add_path (self->report, THEME_CHECK_SIZE_BUDGET, "assets", message);
    }
  if (budget != NULL && budget->styles > 0 && styles > budget->styles)
    {
      g_autofree char *message = g_strdup_printf ("the style sheets have %" G_GUINT64_FORMAT
                                                  " bytes together; expected at most %" G_GUINT64_FORMAT,
                                                  styles, budget->styles);

      theme_report_add_path (self->report, THEME_CHECK_SIZE_BUDGET, "assets", message);
    }
}

static void
check_files (ThemeContext *self)
{
  static const char *const required[] = { "config/settings_schema.json", "layout/theme.liquid" };

  for (guint i = 0; i < G_N_ELEMENTS (required); i++)
    if (theme_files_get (self->files, required[i]) == NULL)
      theme_report_add_path (self->report, THEME_CHECK_MISSING_FILE, required[i],
                             "the file does not exist; expected in every theme");
  for (guint i = 0; i < theme_files_n (self->files); i++)
    {
      const ThemeFile *file = theme_files_nth (self->files, i);

      if (file->broken)
        theme_report_add (self->report, THEME_CHECK_ENCODING, file, 0, "expected text in UTF-8, without NUL");
      if (file->text == NULL || file->dir == THEME_DIR_OTHER)
        continue;
      if (g_str_has_suffix (file->path, ".liquid") && file->dir != THEME_DIR_ASSETS)
        theme_check_liquid (self, file);
      else if (g_str_has_suffix (file->path, ".json") &&
               (file->dir == THEME_DIR_TEMPLATES || file->dir == THEME_DIR_SECTIONS))
        theme_check_template (self, file);
    }
}

static void
check_orphans (ThemeContext *self)
{
  for (guint i = 0; i < theme_files_n (self->files); i++)
    {
      const ThemeFile *file = theme_files_nth (self->files, i);

      if (file->dir == THEME_DIR_SNIPPETS && g_str_has_suffix (file->path, ".liquid") &&
          !g_hash_table_contains (self->rendered, file->path))
        theme_report_add (self->report, THEME_CHECK_ORPHANED_SNIPPET, file, 0,
                          "This snippet is not referenced by any other files");
    }
}

ThemeReport *
theme_check (ThemeFiles *files, const ThemeBudget *budget)
{
  g_autoptr (ThemeReport) report = theme_report_new ();
  g_autoptr (GHashTable) schemas = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, schema_free);
  g_autoptr (GHashTable) rendered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) dotted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  ThemeContext self = { .files = files, .report = report, .schemas = schemas, .rendered = rendered, .dotted = dotted };

  g_return_val_if_fail (files != NULL, NULL);

  read_all (&self);
  check_files (&self);
  theme_check_config (&self);
  theme_check_locales (&self);
  check_orphans (&self);
  check_sizes (&self, budget);
  theme_json_free (self.locale);
  theme_json_free (self.schema_locale);
  return g_steal_pointer (&report);
}
