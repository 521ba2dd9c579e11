/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-auto-arima.h"

G_BEGIN_DECLS

/**
 * fc_harmonic_forecast:
 *
 * Dynamic harmonic regression, for histories that are too short for seasonal ARIMA: up to four pairs of sine and cosine
 * of a period of 52.1775 weeks with ARIMA errors; the number of pairs is chosen by AICc. There are none below 52 weeks,
 * and one below 78. Parameters and errors are those of fc_auto_arima_forecast().
 */
FcForecast *fc_harmonic_forecast (const FcSeries       *series,
                                  gsize                 h,
                                  const FcArimaOptions *options,
                                  FcArima             **ret_model,
                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
