/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "demand-history.h"

#include <fc-calendar.h>
#include <fc-factors.h>

G_BEGIN_DECLS

/**
 * DemandSeason:
 * @plan: the document `retail.plan`, and below it texts that it owns
 * @start_day: days since 1970-01-01
 * @weeks: of the season
 * @from_week: the first that is to be forecast, 1 the season's first
 * @history: what was sold up to the week before @from_week
 * @lead: weeks between the history's end and @from_week that are forecast for nothing
 * @calendar: (nullable): of the configured country
 * @stores: (array length=n_stores): in the plan's order
 */
typedef struct {
  JsonNode *plan;
  const char *id;
  const char *name;
  gint64 start_day;
  gint64 weeks;
  gint64 from_week;
  DemandHistory *history;
  gsize lead;
  const FcCalendar *calendar;
  FcStore *stores;
  gsize n_stores;
} DemandSeason;

/* Reads the plan and the history of the season that @input names; with @running, the season's own weeks so far count as
 * history. NULL with ROYAL_ERROR_INVALID when there is too little of it or a figure is not what it should be.
 * (transfer full) */
DemandSeason *
demand_season_read (RoyalRun *run, JsonObject *input, gboolean running, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void demand_season_free (DemandSeason *self);

/* The store's code, by its place in the plan. */
const char *demand_season_store (const DemandSeason *self, gsize index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DemandSeason, demand_season_free)

G_END_DECLS
