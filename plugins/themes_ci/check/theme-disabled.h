/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "liquid-scan.h"
#include "theme-report.h"

G_BEGIN_DECLS

/**
 * theme_disabled_read:
 * @nodes: (element-type LiquidNode): the file's
 *
 * Reads what the comments of a file say to theme-check: `theme-check-disable`, `theme-check-enable` and
 * `theme-check-disable-next-line`, each with names of checks after it and commas between, or for all of them.
 * https://shopify.dev/docs/storefronts/themes/tools/theme-check/configuration
 *
 * Returns: (transfer full) (element-type ThemeHidden): for theme_report_hide().
 */
GArray *theme_disabled_read (const ThemeFile *file, const GArray *nodes) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
