/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fc-series.h>
#include <royal/agent.h>

G_BEGIN_DECLS

/**
 * DemandHistory:
 * @series: the category's weekly units, of all stores; NAN where a week is not known
 * @n_before: weeks of it that lie before the season
 * @lead: weeks between these and the season
 * @n_partial: weeks in which the sales of some stores are not known: they count as what the others make likely
 * @sold: units of the season's weeks
 * @n_sold: how many of the season's weeks have sales: up to the last that has
 */
typedef struct {
  FcSeries series;
  gsize n_before;
  gsize lead;
  gsize n_partial;
  gint64 sold;
  gint64 n_sold;
} DemandHistory;

/**
 * demand_history_read:
 * @table: `retail.history`
 * @start_day: the season's first day
 * @end_day: rows from there on are passed over
 *
 * The season may begin on another day than the weeks before it: then its first week is the nearest that comes after them. A week
 * that a store has no row for, between its first and its last, is not known of it. The others then stand for it, by how much they
 * sell on the whole; where they are less than half of that, the week is not known at all.
 *
 * Returns: (transfer full): NULL with ROYAL_ERROR_INVALID, which names the row and what was expected
 */
DemandHistory *demand_history_read (RoyalTable *table, gint64 start_day, gint64 end_day, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void demand_history_free (DemandHistory *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DemandHistory, demand_history_free)

G_END_DECLS
