/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-forecast.h"

G_BEGIN_DECLS

/**
 * fc_anchor_level:
 * @y: (array length=n): weekly values; NAN is a missing one
 * @fitted: (array length=n): what a model makes of the same weeks
 *
 * How far the model is off at the end of history: the ratio y / fitted, smoothed exponentially. The smoothing weight is
 * the one of 0.05, 0.10, …, 0.95 that foretold the last 52 ratios best (least squares). Weeks that are missing, or whose
 * fitted value is not above zero, are passed over; a single ratio counts as at least 0 and at most 3, so that an outlier
 * does not carry the forecast away. A model that follows slowly, as a Prophet-like trend does, is put where the series is.
 *
 * Returns: the ratio, between 0 and 3; 1 where there are fewer than 8 ratios
 */
double fc_anchor_level (const double *y, const double *fitted, gsize n);

/* Multiplies means and deviations with a ratio of fc_anchor_level(). */
void fc_anchor_apply (FcForecast *forecast, double level);

G_END_DECLS
