/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* The retail connector: seasons, their forecasts and sales, markdowns; all in the host's own database, so that an
 * effect and its receipt are one transaction and every operation is one call.
 *
 * action `markdown.apply`: parameters as docs/schema/action-markdown-apply.schema.json, target a season's id or code.
 *   It is refused as a conflict when the season's prices, markdown or sales are no longer those that were assessed.
 * resource `retail.season` { season, week? }: a document; with `week` as it stood after that week.
 * resource `retail.seasons` {}: a document { seasons: […] }.
 * resource `retail.sales` { season }: a table of season_id, store, week, units (null where there are no sales yet) and
 *   forecast, by store and week. */
#define RH_TYPE_RETAIL (rh_retail_get_type ())
G_DECLARE_FINAL_TYPE (RhRetail, rh_retail, RH, RETAIL, GObject)

RhRetail *rh_retail_new (RhStore *store) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
