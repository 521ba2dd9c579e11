/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "liquid-markup.h"
#include "theme-check.h"
#include "theme-json.h"

G_BEGIN_DECLS

/* What the checks of one run share. */

/**
 * ThemeSchema:
 * @json: (nullable): NULL when there is none, or it cannot be read
 */
typedef struct {
  const ThemeFile *file;
  ThemeJson *json;
} ThemeSchema;

/**
 * ThemeContext:
 * @locale: (nullable): the default locale's translations
 * @schema_locale: (nullable): those of its schema file
 * @schemas: (element-type filename ThemeSchema): of sections and blocks, by path
 * @rendered: (element-type filename): the paths of the snippets that something renders
 * @dotted: (element-type utf8): all words with a point in them that Liquid and JSON files have, which may be keys
 */
typedef struct {
  ThemeFiles *files;
  ThemeReport *report;
  const ThemeFile *locale_file;
  const ThemeFile *schema_locale_file;
  ThemeJson *locale;
  ThemeJson *schema_locale;
  GHashTable *schemas;
  GHashTable *rendered;
  GHashTable *dotted;
  gboolean renders_any; /* a snippet's name comes from a variable */
} ThemeContext;

/* The value at @key, whose parts have points between; NULL when there is none. */
const ThemeJson *theme_json_at (const ThemeJson *json, const char *key, gsize length);

/* Reads JSON, and reports what is wrong with it; a part of a file begins at @base. */
ThemeJson *
theme_context_json (ThemeContext *self, const ThemeFile *file, gsize start, gsize end) G_GNUC_WARN_UNUSED_RESULT;

/* Reads the schema of a section or block, without checks. */
void theme_context_read_schema (ThemeContext *self, const ThemeFile *file);

void theme_check_liquid (ThemeContext *self, const ThemeFile *file);
void theme_check_html (ThemeContext *self, const ThemeFile *file, const GArray *nodes);
void theme_check_schema (ThemeContext *self, const ThemeFile *file, const ThemeJson *schema, gsize start);
void theme_check_settings (ThemeContext *self, const ThemeFile *file, const ThemeJson *settings, GHashTable *ids);
void theme_check_template (ThemeContext *self, const ThemeFile *file);
void theme_check_config (ThemeContext *self);
void theme_check_locales (ThemeContext *self);

G_END_DECLS
