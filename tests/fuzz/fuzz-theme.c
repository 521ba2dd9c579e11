/* SPDX-License-Identifier: Apache-2.0 */
/* A theme's files may hold anything: each place that is read in its own way is given the input, and every offence names
 * a file, a line that it has, and what is wrong. */
#include "fuzz.h"
#include "theme-check.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  static const char *const paths[] = {
    "blocks/a.liquid",
    "config/settings_data.json",
    "config/settings_schema.json",
    "layout/theme.liquid",
    "locales/en.default.json",
    "locales/fr.json",
    "sections/a.json",
    "sections/a.liquid",
    "snippets/a.liquid",
    "templates/index.json",
    "locales/en.default.schema.json",
  };
  g_autoptr (ThemeFiles) files = theme_files_new ();
  g_autoptr (ThemeReport) report = NULL;
  guint lines = 1;

  for (gsize i = 0; i < length; i++)
    lines += data[i] == '\n';
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    theme_files_add (files, paths[i], (const char *)data, length, length);
  report = theme_check (files, NULL);
  for (guint i = 0; i < theme_report_n (report); i++)
    {
      const ThemeOffence *offence = theme_report_nth (report, i);

      g_assert_cmpuint (offence->line, >=, 1);
      g_assert_cmpuint (offence->line, <=, lines);
      g_assert_cmpuint (offence->column, >=, 1);
      g_assert_true (g_utf8_validate (offence->message, -1, NULL));
    }
  return 0;
}
