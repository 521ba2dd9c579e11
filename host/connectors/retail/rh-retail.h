/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector-store.h"

G_BEGIN_DECLS

/* The retail connector: seasons, their forecasts and sales, markdowns; all in the host's own database, so that an
 * effect and its receipt are one transaction and every operation is one call.
 *
 * Actions; the target is a season's id or code, the parameters are docs/schema/action-….schema.json. Each is refused as a
 * conflict when the season is no longer what was assessed.
 * `forecast.record`: shares a forecast out to stores and weeks.
 * `manufacturing.order`: goods for the season, of which the initial part goes to stores.
 * `replenishment.ship`: from the distribution centre to stores.
 * `reallocation.order`: what a new forecast makes the season short of.
 * `markdown.apply`.
 *
 * Reads:
 * `retail.plan` { season }: a document: the season, its stores with their attributes, what history there is.
 * `retail.history` { season }: a table of store, week (the first day, in days since 1970-01-01), units and price (null where
 *   it is not known): the category's before the season, then the season's so far; by store and week. A week that is not
 *   known has no row.
 * `retail.forecast` { season }: a document: what was recorded. `retail.inventory` { season }: a document.
 * `retail.season` { season, week? }: a document; with `week` as it stood after that week.
 * `retail.seasons` {}: a document { seasons: […] }.
 * `retail.sales` { season }: a table of season_id, store, week, units (null where there are no sales yet) and
 *   forecast, by store and week. */
#define RH_TYPE_RETAIL (rh_retail_get_type ())
G_DECLARE_FINAL_TYPE (RhRetail, rh_retail, RH, RETAIL, RhConnectorStore)

RhRetail *rh_retail_new (RhStore *store) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
