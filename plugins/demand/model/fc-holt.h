/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-forecast.h"
#include "fc-series.h"

G_BEGIN_DECLS

typedef enum {
  FC_HOLT_LEVEL,  /* simple exponential smoothing */
  FC_HOLT_DAMPED, /* and a trend that fades (Gardner & McKenzie 1985) */
} FcHoltKind;

/**
 * fc_holt_forecast:
 * @series: without missing weeks
 * @h: weeks ahead
 *
 * Exponential smoothing in the innovations form of Hyndman et al. (2008), ETS(A,N,N) or ETS(A,Ad,N):
 *
 *   e_t = y_t − (l + φ b),   l ← l + φ b + α e_t,   b ← φ b + α β e_t
 *
 * with 0 < α < 1, 0 < β < 1, 0.8 ≤ φ ≤ 0.98 of the least squares of one step; the first level and trend, in which the
 * errors are linear, by regression for every (α, β, φ).
 *
 * Returns: (transfer full): or NULL with FC_ERROR_INVALID when there is no week
 */
FcForecast *fc_holt_forecast (const FcSeries *series, FcHoltKind kind, gsize h, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
