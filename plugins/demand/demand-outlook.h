/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "demand-season.h"

#include <fc-clean.h>
#include <fc-hindcast.h>
#include <fc-method.h>

G_BEGIN_DECLS

#define DEMAND_METHODS_MAX 16

/**
 * DemandMember:
 * @total: units of the weeks to forecast; @has_total where the method takes the series
 * @hindcast: (nullable): of the category's own past
 */
typedef struct {
  const FcMethod *method;
  gboolean has_total;
  gint64 total;
  FcHindcast *hindcast;
} DemandMember;

/**
 * DemandOutlook:
 * @method: that was used
 * @forecast: of the weeks to forecast
 * @total: their units
 * @curve: (array length=h): whole units that sum to @total
 * @width80, @width95: half widths of intervals, in standard deviations
 * @clean: what was done to the history
 * @members: every method, used or not
 */
typedef struct {
  const FcMethod *method;
  FcForecast *forecast;
  gint64 total;
  gint64 *curve;
  double width80;
  double width95;
  FcClean *clean;
  DemandMember members[DEMAND_METHODS_MAX];
  gsize n_members;
  gsize origins;
} DemandOutlook;

/**
 * demand_outlook_new:
 * @method: a method's name, or `auto`
 *
 * Forecasts the weeks that are left by every method, tells how well each would have done before, and reports progress.
 *
 * Returns: (transfer full): NULL with ROYAL_ERROR_INVALID when there is no such method or the method refuses the
 *   history, ROYAL_ERROR_CANCELLED
 */
DemandOutlook *demand_outlook_new (RoyalRun *run, const DemandSeason *season, const char *method, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void demand_outlook_free (DemandOutlook *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DemandOutlook, demand_outlook_free)

G_END_DECLS
