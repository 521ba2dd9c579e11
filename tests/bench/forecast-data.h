/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fc-factors.h>

G_BEGIN_DECLS

/* Weekly series to forecast, read from files. */

/**
 * BenchSeries:
 * @id: names where it comes from
 * @total: of all stores
 * @y: @n weeks, NAN where there is none
 * @start_day: days since 1970-01-01 of the first week, 0 when the file does not tell
 */
typedef struct {
  char *id;
  gboolean total;
  double *y;
  gsize n;
  gint64 start_day;
} BenchSeries;

/* (element-type BenchSeries): the series of a file in long form, `series_id,t,value`, plain or gzip, in the file's order.
 * Ends the program with the line when there is another one. (transfer full) */
GPtrArray *forecast_data_read (const char *path);

/* (element-type BenchSeries): of the stores under @dir (breakfast, walmart): every category's total, and of store ×
 * category @sample at even distances; all of at least @weeks_min weeks, few of them missing. (transfer full) */
GPtrArray *forecast_data_stores (const char *dir, gsize sample, gsize weeks_min);

/* (element-type utf8 FcStore): by `set/store`, what the sets under @dir tell of each store; the features that they do not
 * tell are 0 for all. (transfer full) */
GHashTable *forecast_data_facts (const char *dir);

G_END_DECLS
