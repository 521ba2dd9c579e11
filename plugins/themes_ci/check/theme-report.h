/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "theme-files.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * ThemeCheck:
 *
 * What is looked for. Names, severities and meanings are one table (`theme_check_info`).
 */
typedef enum {
  THEME_CHECK_ASSET_PRELOAD,
  THEME_CHECK_CDN_PRECONNECT,
  THEME_CHECK_CONTENT_FOR_HEADER,
  THEME_CHECK_DEPRECATED_FILTER,
  THEME_CHECK_DEPRECATED_TAG,
  THEME_CHECK_DUPLICATE_ARGUMENTS,
  THEME_CHECK_EXCESSIVE_SETTINGS,
  THEME_CHECK_HARDCODED_ROUTES,
  THEME_CHECK_IMG_SIZE,
  THEME_CHECK_JAVASCRIPT_ONCE,
  THEME_CHECK_JAVASCRIPT_PLACE,
  THEME_CHECK_JSON_MISSING_BLOCK,
  THEME_CHECK_JSON_MISSING_SECTION,
  THEME_CHECK_JSON_SYNTAX,
  THEME_CHECK_HTML_SYNTAX,
  THEME_CHECK_NESTING,
  THEME_CHECK_LIQUID_SYNTAX,
  THEME_CHECK_MATCHING_TRANSLATIONS,
  THEME_CHECK_MAX_FILE_SIZE,
  THEME_CHECK_MISSING_ASSET,
  THEME_CHECK_MISSING_TEMPLATE,
  THEME_CHECK_ORPHANED_SNIPPET,
  THEME_CHECK_PAGINATION_SIZE,
  THEME_CHECK_BLOCKING_SCRIPT,
  THEME_CHECK_REMOTE_ASSET,
  THEME_CHECK_REQUIRED_OBJECT,
  THEME_CHECK_SCHEMA_ONCE,
  THEME_CHECK_SCHEMA_PLACE,
  THEME_CHECK_STATIC_TAGS,
  THEME_CHECK_STYLESHEET_ONCE,
  THEME_CHECK_STYLESHEET_PLACE,
  THEME_CHECK_TRANSLATION_KEY,
  THEME_CHECK_UNIQUE_SETTING_ID,
  THEME_CHECK_UNKNOWN_FILTER,
  THEME_CHECK_UNUSED_ASSIGN,
  THEME_CHECK_SCHEMA,
  THEME_CHECK_SCHEMA_NAME,
  THEME_CHECK_SCHEMA_TRANSLATIONS,
  THEME_CHECK_SETTINGS_KEY,
  THEME_CHECK_VARIABLE_NAME,
  /* What theme-check does not look for. */
  THEME_CHECK_BLOCK_ORDER,
  THEME_CHECK_DEFAULT_LOCALE,
  THEME_CHECK_ENCODING,
  THEME_CHECK_JSON_DUPLICATE,
  THEME_CHECK_JSON_COMMA,
  THEME_CHECK_JSON_SETTING,
  THEME_CHECK_LAYOUT,
  THEME_CHECK_MISSING_FILE,
  THEME_CHECK_ORDER,
  THEME_CHECK_SECTION_GROUP,
  THEME_CHECK_SETTINGS_DATA,
  THEME_CHECK_SIZE_BUDGET,
  THEME_CHECK_UNUSED_TRANSLATION,
  THEME_N_CHECKS,
} ThemeCheck;

typedef enum {
  THEME_ERROR,
  THEME_WARNING,
  THEME_N_SEVERITIES,
} ThemeSeverity;

/**
 * ThemeCheckInfo:
 * @name: that of theme-check, where it has the check
 * @is_ours: theme-check has none such
 * @meaning: what is wrong, in a sentence's words
 */
typedef struct {
  const char *name;
  ThemeSeverity severity;
  gboolean is_ours;
  const char *meaning;
} ThemeCheckInfo;

const ThemeCheckInfo *theme_check_info (ThemeCheck check);

/* `error` or `warning`. */
const char *theme_severity_name (ThemeSeverity severity);

#define THEME_OFFENCES_MAX 5000 /* kept of a theme; more are counted */

/**
 * ThemeOffence:
 * @line: from 1
 * @column: from 1, in characters
 * @message: what is wrong, and what was expected
 */
typedef struct {
  ThemeCheck check;
  char *path;
  guint line;
  guint column;
  char *message;
} ThemeOffence;

/**
 * ThemeReport:
 *
 * What is wrong with a theme.
 */
typedef struct _ThemeReport ThemeReport;

ThemeReport *theme_report_new (void) G_GNUC_WARN_UNUSED_RESULT;
void theme_report_free (ThemeReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ThemeReport, theme_report_free)

/**
 * ThemeHidden:
 * @check: a ThemeCheck; THEME_N_CHECKS: all
 * @from, @to: offsets: what begins there, from @from on and before @to, is not reported
 */
typedef struct {
  guint check;
  gsize from;
  gsize to;
} ThemeHidden;

/* (element-type ThemeHidden) (nullable) (transfer none): what is not reported from now on, but counted, until it is NULL. */
void theme_report_hide (ThemeReport *self, const GArray *hidden);

/* Adds an offence at byte @offset of @file. */
void
theme_report_add (ThemeReport *self, ThemeCheck check, const ThemeFile *file, gsize offset, const char *format, ...)
    G_GNUC_PRINTF (5, 6);

/* Adds one of a file that is not there. */
void theme_report_add_path (ThemeReport *self, ThemeCheck check, const char *path, const char *message);

/* How many there are of that severity, those that are not kept too. */
guint theme_report_count (const ThemeReport *self, ThemeSeverity severity);

/* How many are kept. */
guint theme_report_n (const ThemeReport *self);

/* Returns: (transfer none): the one at @i, by path, line, column and check. */
const ThemeOffence *theme_report_nth (ThemeReport *self, guint i);

/**
 * theme_report_to_json:
 * @max: most offences that are told one by one: errors come first
 *
 * Returns: (transfer full): { errors, warnings, disabled (how many comments keep from being told), checks: { NAME: count },
 * offences: [{ check, severity, path, line, column, message }], left_out }
 */
JsonObject *theme_report_to_json (ThemeReport *self, guint max) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
