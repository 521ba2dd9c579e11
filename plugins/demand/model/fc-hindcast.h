/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-method.h"
#include "fc-score.h"

G_BEGIN_DECLS

/**
 * FcHindcastPlan:
 * @h: weeks that are forecast from each origin
 * @origins: how many
 * @step: weeks between two origins; the last one is @h weeks before the series' end
 * @weeks_min: that the first origin must have seen
 * @calendar: (nullable): as fc_method_forecast() takes it
 */
typedef struct {
  gsize h;
  gsize origins;
  gsize step;
  gsize weeks_min;
  const FcCalendar *calendar;
} FcHindcastPlan;

/**
 * FcHindcast:
 * @score: mean over the origins
 * @owa: against Naive at the same origins, NAN where Naive did not err
 * @ratios: (array length=n_ratios): |error| over the forecast standard deviation, of what was forecast of the last weeks
 *   in each of the FC_HINDCAST_RECENT weeks before the series' end, for fc_interval_width()
 */
typedef struct {
  FcScore score;
  double owa;
  double *ratios;
  gsize n_ratios;
} FcHindcast;

/* Origins further back have seen less: of a history of two years, less than two seasons, and what they erred by is not what
 * a forecast of today will. */
#define FC_HINDCAST_RECENT 6
#define FC_HINDCAST_WEEKS_MIN 78

/* Fills @ret_ratios with |error| over the forecast standard deviation, leaving out weeks where either is not known; returns
 * how many, at most as many as the forecast has weeks. */
gsize fc_hindcast_ratios (const FcForecast *forecast, const double *actual, double *ret_ratios);

/* Forecasts the past from a rolling origin, with what was known then. (transfer full): NULL with FC_ERROR_INVALID when
 * the series is too short, or what fc_method_forecast() tells. */
FcHindcast *fc_hindcast_new (const FcMethod *method, const FcSeries *series, const FcHindcastPlan *plan,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void fc_hindcast_free (FcHindcast *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcHindcast, fc_hindcast_free)

G_END_DECLS
