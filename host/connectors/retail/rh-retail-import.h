/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The longest CSV text that an import takes, in bytes. */
#define RH_RETAIL_IMPORT_BYTES_MAX ((gsize)512 * 1024 * 1024)

/* Whether @season says all that a season is made of, as below, and nothing else; %ROYAL_ERROR_INVALID names the member. */
gboolean rh_retail_season_check (JsonObject *season, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_retail_import_async:
 * @actor: who uploads it, for the audit
 * @kind: `stores`, `forecast`, `actuals`, `history`, `catalog`, `signals`, `prices` or `suppliers`; another one is
 *   %ROYAL_ERROR_INVALID
 * @season: (nullable) (transfer none): for `forecast` the season that it makes or changes: { "code", "category",
 *   "name", "start": "YYYY-MM-DD", "weeks", "archetype"?, "currency"?, "list_price"?: "89.90", "unit_cost"? }; for
 *   `actuals` { "season": uid or code }; for `history` { "gaps": "refuse" (otherwise) or "keep" }; for others NULL
 * @csv: the text of the file: UTF-8, RFC 4180, at most RH_RETAIL_IMPORT_BYTES_MAX bytes; a mapped file takes no memory
 * @dry_run: check everything and tell what would change, change nothing
 *
 * Loads one CSV file, all of it or nothing. Loading the same file again changes nothing.
 *
 * stores: `store_id,name` and any of `size_sqft,tier,median_income,format,region,fashion_tier,avg_weekly_sales`.
 * forecast: `store_id,week_number,units`; replaces the season's forecast; every store needs weeks 1 to `weeks`.
 * actuals: `store_id,week_number,units_sold`; adds to and corrects what is there; after it every store of the forecast
 * needs weeks 1 to the last one. A variance above 20 % is told of, and the workflow `season_week` starts where there is
 * one, in the same transaction.
 * history: `store_id,category_id,week_start_date,units_sold` and `price`; adds to and corrects what is there. The weeks of
 * a store and category follow each other without overlaps, and without gaps unless these are kept; a category needs 24
 * months.
 * catalog: `product,supplier,title,price,cost` and any of `shipping,shipping_days,rating,reviews,sold`; a listing a row.
 * signals: `product,week,value`. prices: `variant,competitor,price`. suppliers: `supplier,orders` and any of
 * `late,failed,shipping_days,rating,reviews,messages,answered`. These four add to and correct what is there.
 *
 * The rows go to the database by COPY as they are read: the file's size is not what an import takes of memory.
 */
void rh_retail_import_async (RhStore *store,
                             gint64 workspace,
                             const char *actor,
                             const char *kind,
                             JsonObject *season,
                             GBytes *csv,
                             gboolean dry_run,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data);

/**
 * rh_retail_import_finish:
 *
 * Returns: (transfer full): { "kind", "season": uid?, "rows", "stores", "weeks": [first, last]?, "dates": [first,
 *   last]?, "units"?, "added", "changed", "removed", "unchanged", "dry_run", "warnings": [text], "variance": {…}? and
 *   "workflow": uid? for actuals, "categories", "months" and "missing_weeks" for history }; NULL with @error set: %ROYAL_ERROR_INVALID
 *   with one line for each of the first 20 faults, `actuals: line 17, column units_sold: expected …, found …`;
 *   %ROYAL_ERROR_NOT_FOUND for an unknown season; %ROYAL_ERROR_UNAVAILABLE.
 */
JsonNode *rh_retail_import_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
