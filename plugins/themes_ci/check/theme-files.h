/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * ThemeDir:
 *
 * The folders of a theme. A file elsewhere is none of the theme's (%THEME_DIR_OTHER).
 */
typedef enum {
  THEME_DIR_OTHER,
  THEME_DIR_ASSETS,
  THEME_DIR_BLOCKS,
  THEME_DIR_CONFIG,
  THEME_DIR_LAYOUT,
  THEME_DIR_LOCALES,
  THEME_DIR_SECTIONS,
  THEME_DIR_SNIPPETS,
  THEME_DIR_TEMPLATES,
} ThemeDir;

/**
 * ThemeFile:
 * @path: from the theme's root, such as `sections/header.liquid`
 * @text: (nullable): its bytes, with a NUL after them; NULL when they are not at hand, or no text in UTF-8
 * @length: of @text, in bytes
 * @size: of the file, in bytes
 * @broken: the bytes are at hand, of a file that should be text, and are none in UTF-8
 */
typedef struct {
  char *path;
  char *text;
  gsize length;
  guint64 size;
  ThemeDir dir;
  gboolean broken;
} ThemeFile;

/**
 * ThemeFiles:
 *
 * A theme: its files by their paths.
 */
typedef struct _ThemeFiles ThemeFiles;

ThemeFiles *theme_files_new (void) G_GNUC_WARN_UNUSED_RESULT;
void theme_files_free (ThemeFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ThemeFiles, theme_files_free)

/**
 * theme_files_add:
 * @path: from the theme's root, with `/` between folders
 * @bytes: (nullable) (array length=length): copied; NULL when only the size is known, as of an image
 * @size: of the file, in bytes
 *
 * Adds a file, or takes the place of the one that has this path.
 */
void theme_files_add (ThemeFiles *self, const char *path, const char *bytes, gsize length, guint64 size);

/* Returns: (transfer none) (nullable): the file with that path. */
const ThemeFile *theme_files_get (const ThemeFiles *self, const char *path);

/* The file FOLDER/NAME SUFFIX, as in `sections/` `header` `.liquid`. @name need not end with a NUL. */
const ThemeFile *
theme_files_named (const ThemeFiles *self, const char *folder, const char *name, gsize length, const char *suffix);

guint theme_files_n (const ThemeFiles *self);

/* Returns: (transfer none): file @i, in the order of the paths. */
const ThemeFile *theme_files_nth (ThemeFiles *self, guint i);

G_END_DECLS
