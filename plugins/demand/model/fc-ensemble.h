/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-forecast.h"

G_BEGIN_DECLS

/* The mean of @n forecasts of the same weeks, at least one. Its standard deviation is the mean of theirs: the members
 * err together, since they saw the same weeks. (transfer full) */
FcForecast *fc_ensemble_mean (FcForecast *const *members, gsize n) G_GNUC_WARN_UNUSED_RESULT;

/* The median of @n forecasts of the same weeks, week by week: of four the mean of the middle two, so that one member
 * that goes astray is left out. The standard deviation as above. (transfer full) */
FcForecast *fc_ensemble_median (FcForecast *const *members, gsize n) G_GNUC_WARN_UNUSED_RESULT;

/* The season's units: the sum of the means, to the nearest, at least 0. */
gint64 fc_ensemble_season (const FcForecast *forecast);

/* The integer mean of two seasons' units, a half down: 8,200 and 7,800 → 8,000. */
gint64 fc_ensemble_total (gint64 first, gint64 second);

G_END_DECLS
