/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-calendar.h"
#include "fc-series.h"
#include "fc-shift.h"

G_BEGIN_DECLS

#define FC_VALUE_MAX 1e15

/* What kind of demand a series shows, and with it which models make sense. */
typedef enum {
  FC_DEMAND_REGULAR,
  FC_DEMAND_CONSTANT,     /* every week the same, not zero */
  FC_DEMAND_ZERO,         /* nothing was ever sold */
  FC_DEMAND_INTERMITTENT, /* half of the weeks or more sell nothing */
} FcDemand;

/**
 * FcClean:
 * @y: @n weeks, all finite
 * @start_day: of the first week that was kept
 * @leading: weeks dropped from the start: missing or zero, before the first sale
 * @missing: weeks filled: by the weeks around them, and where these are a year old, as a year before or after
 * @outliers: weeks replaced: eight times further from the weeks around them than usual, and not so a year before or
 *   after, nor in another week of the same event of the calendar (a holiday is no outlier); of the last four, only one
 *   that stands alone: what goes on may be a new level
 * @shift: the weeks before it are put on its level, so that their season is known and the step is no trend
 *
 * A series made fit for the models, and what had to be done to it.
 */
typedef struct {
  double *y;
  gsize n;
  gint64 start_day;
  FcDemand demand;
  gsize leading;
  gsize missing;
  gsize outliers;
  FcShift shift;
} FcClean;

/**
 * fc_clean_new:
 * @calendar: (nullable): of the country that sells
 *
 * Returns: (transfer full): or NULL with FC_ERROR_INVALID, which names the week and what was expected, when the series
 *   has no week, none that is not missing, or one out of ±FC_VALUE_MAX
 */
FcClean *fc_clean_new (const FcSeries *series, const FcCalendar *calendar, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void fc_clean_free (FcClean *self);

/* "regular", "constant" and so on. */
const char *fc_demand_to_string (FcDemand demand);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcClean, fc_clean_free)

G_END_DECLS
