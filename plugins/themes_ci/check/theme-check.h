/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "theme-report.h"

G_BEGIN_DECLS

/**
 * ThemeBudget:
 * @scripts: most bytes of all scripts among the assets together, 0: any
 * @styles: of all style sheets
 */
typedef struct {
  guint64 scripts;
  guint64 styles;
} ThemeBudget;

/**
 * theme_check:
 * @budget: (nullable): none when NULL
 *
 * Checks a theme. Its files may be anything at all.
 *
 * Returns: (transfer full): what is wrong with it.
 */
ThemeReport *theme_check (ThemeFiles *files, const ThemeBudget *budget) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
