/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-files.h"

#include <string.h>

struct _ThemeFiles {
  GHashTable *by_path;
  GPtrArray *sorted; /* of ThemeFile, not owned; stale while its length is another */
};

static void
file_free (gpointer data)
{
  ThemeFile *file = data;

  g_free (file->path);
  g_free (file->text);
  g_free (file);
}

ThemeFiles *
theme_files_new (void)
{
  ThemeFiles *self = g_new0 (ThemeFiles, 1);

  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, file_free);
  self->sorted = g_ptr_array_new ();
  return self;
}

void
theme_files_free (ThemeFiles *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->sorted);
  g_hash_table_unref (self->by_path);
  g_free (self);
}

static ThemeDir
dir_of (const char *path)
{
  static const struct {
    const char *prefix;
    ThemeDir dir;
  } dirs[] = {
    { "assets/", THEME_DIR_ASSETS },     { "blocks/", THEME_DIR_BLOCKS },       { "config/", THEME_DIR_CONFIG },
    { "layout/", THEME_DIR_LAYOUT },     { "locales/", THEME_DIR_LOCALES },     { "sections/", THEME_DIR_SECTIONS },
    { "snippets/", THEME_DIR_SNIPPETS }, { "templates/", THEME_DIR_TEMPLATES },
  };

  for (guint i = 0; i < G_N_ELEMENTS (dirs); i++)
    if (g_str_has_prefix (path, dirs[i].prefix))
      return dirs[i].dir;
  return THEME_DIR_OTHER;
}

void
theme_files_add (ThemeFiles *self, const char *path, const char *bytes, gsize length, guint64 size)
{
  ThemeFile *file;
  gboolean is_text;

  g_return_if_fail (self != NULL && path != NULL);

  is_text = g_str_has_suffix (path, ".liquid") || g_str_has_suffix (path, ".json");
  file = g_new0 (ThemeFile, 1);
  file->path = g_strdup (path);
  file->size = size;
  file->dir = dir_of (path);
  if (bytes != NULL && g_utf8_validate (bytes, (gssize)length, NULL))
    {
      file->text = g_strndup (bytes, length);
      file->length = length;
    }
  file->broken = bytes != NULL && file->text == NULL && is_text;
  g_hash_table_replace (self->by_path, file->path, file);
  g_ptr_array_set_size (self->sorted, 0);
}

const ThemeFile *
theme_files_get (const ThemeFiles *self, const char *path)
{
  g_return_val_if_fail (self != NULL && path != NULL, NULL);

  return g_hash_table_lookup (self->by_path, path);
}

const ThemeFile *
theme_files_named (const ThemeFiles *self, const char *folder, const char *name, gsize length, const char *suffix)
{
  g_autofree char *path = g_strdup_printf ("%s%.*s%s", folder, (int)MIN (length, 1024), name, suffix);

  return theme_files_get (self, path);
}

guint
theme_files_n (const ThemeFiles *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return g_hash_table_size (self->by_path);
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(ThemeFile *const *)a)->path, (*(ThemeFile *const *)b)->path);
}

const ThemeFile *
theme_files_nth (ThemeFiles *self, guint i)
{
  g_return_val_if_fail (self != NULL && i < g_hash_table_size (self->by_path), NULL);

  if (self->sorted->len == 0)
    {
      GHashTableIter iter;
      gpointer file;

      g_hash_table_iter_init (&iter, self->by_path);
      while (g_hash_table_iter_next (&iter, NULL, &file))
        g_ptr_array_add (self->sorted, file);
      g_ptr_array_sort (self->sorted, compare_paths);
    }
  return self->sorted->pdata[i];
}
