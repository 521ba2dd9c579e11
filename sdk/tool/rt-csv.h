/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Tables for fixtures. A column is written `name:type`, type being int64, double or string. */

/**
 * rt_csv_to_table:
 * @text: RFC 4180: a header of columns, then rows. An empty cell without quotes is null.
 * @what: names it in messages
 *
 * Returns: a sealed memfd with the table, which the caller closes; -1 with @error set.
 */
int rt_csv_to_table (const char *text, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same from { "columns": ["name:type", …], "rows": [[…], …] }. */
int rt_csv_from_json (JsonNode *node, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
