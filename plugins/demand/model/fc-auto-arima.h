/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-arima.h"
#include "fc-error.h"
#include "fc-series.h"

G_BEGIN_DECLS

#define FC_ARIMA_PERIOD 52u
#define FC_ARIMA_WEEKS_MIN 20u /* that are not missing */
#define FC_ARIMA_WEEKS_MAX 520u
#define FC_ARIMA_AHEAD_MAX 520u

/**
 * FcArimaOptions:
 * @ban_near_unit_roots: leave out models with a root of modulus < 1.01, as R's auto.arima does, with the seasonal
 *   polynomials in B^52: shrinks mildly
 */
typedef struct {
  gboolean ban_near_unit_roots;
} FcArimaOptions;

/**
 * fc_arima_search:
 * @self: (out): the best model
 *
 * Stepwise search by AICc over p, q ≤ 5 and P, Q ≤ 2 and the constant (Hyndman & Khandakar 2008), with the exact
 * likelihood for every candidate. As there, there are seasonal terms from three seasons on.
 *
 * Returns: FALSE when no model has a likelihood
 */
gboolean fc_arima_search (FcArima *self, FcArimaData *data, guint d, guint D, const FcArimaOptions *options);

/**
 * fc_auto_arima_forecast:
 * @series: of which the last 520 weeks are looked at; missing weeks between others are interpolated, those at the ends
 *   are cut off (a forecast then goes further ahead)
 * @h: 1 … 520 weeks
 * @options: (nullable): NULL for the defaults
 * @ret_model: (out) (optional) (transfer full)
 *
 * The seasonal difference follows from fc_seasonal_strength(), the others from fc_differences(). Fewer than 104 weeks go
 * to fc_harmonic_forecast().
 *
 * Returns: (transfer full): or NULL with FC_ERROR_INVALID when the series is too short, has too large gaps or is not
 *   finite, with FC_ERROR_FAILED when the numbers defeat every model
 */
FcForecast *fc_auto_arima_forecast (const FcSeries       *series,
                                    gsize                 h,
                                    const FcArimaOptions *options,
                                    FcArima             **ret_model,
                                    GError              **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * fc_arima_fill:
 * @ret_n: (out): weeks from the first that is there to the last
 * @ret_skipped: (out): weeks that are missing at the end
 *
 * Checks @series and interpolates it linearly.
 *
 * Returns: (transfer full): or NULL with FC_ERROR_INVALID
 */
double *fc_arima_fill (const FcSeries *series, gsize *ret_n, gsize *ret_skipped, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The last @h weeks of @forecast, which is freed. */
FcForecast *fc_arima_tail (FcForecast *forecast, gsize h) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
