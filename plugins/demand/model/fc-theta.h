/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-forecast.h"
#include "fc-series.h"

G_BEGIN_DECLS

/**
 * fc_theta_forecast:
 * @series: without missing weeks
 * @h: weeks ahead
 *
 * The dynamic optimised Theta model (DOTM) of Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler, "Models for
 * optimising the theta method and their relationship to state space models", International Journal of Forecasting 32
 * (2016): simple exponential smoothing of the Theta line plus the line of the weeks so far, re-estimated at each week,
 *
 *   μ_t = l_{t−1} + (1 − 1/θ) ((1 − α)^{t−1} A_{t−1} + (1 − (1 − α)^t) / α · B_{t−1}),   l_t = α y_t + (1 − α) l_{t−1}
 *
 * with A, B of the least squares line of y_1 … y_{t−1}; α in [0.1, 0.99] and θ ≥ 1 by least squares of one step, the
 * first level by regression. Beyond the series the model goes on with its own means. The variance is that of simple
 * smoothing, σ² (1 + (h − 1) α²).
 *
 * Returns: (transfer full): or NULL with FC_ERROR_INVALID when there is no week
 */
FcForecast *fc_theta_forecast (const FcSeries *series, gsize h, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
