/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-forecast.h"
#include "fc-series.h"

G_BEGIN_DECLS

#define FC_YEAR_WEEKS 52

/**
 * fc_naive_forecast:
 * @series: without missing weeks
 * @lag: 1: as the last week; FC_YEAR_WEEKS: as the week a year before, or as the last week when there is no full year
 * @h: weeks ahead
 *
 * The standard deviation is that of the differences at @lag, times the root of how many lags a week is ahead.
 *
 * Returns: (transfer full): or NULL with FC_ERROR_INVALID when there is no week
 */
FcForecast *fc_naive_forecast (const FcSeries *series, gsize lag, gsize h, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
