/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-naive.h"

#include "fc-error.h"

#include <math.h>

FcForecast *
fc_naive_forecast (const FcSeries *series, gsize lag, gsize h, GError **error)
{
  double squares = 0;
  FcForecast *forecast;

  g_return_val_if_fail (lag > 0, NULL);

  if (series->n == 0)
    return g_set_error (error, FC_ERROR, FC_ERROR_INVALID, "the series has no week; at least 1 was expected"), NULL;
  if (series->n < lag)
    lag = 1;
  for (gsize i = lag; i < series->n; i++)
    squares += (series->y[i] - series->y[i - lag]) * (series->y[i] - series->y[i - lag]);
  if (series->n > lag)
    squares /= (double)(series->n - lag);
  forecast = fc_forecast_new (h);
  for (gsize i = 0; i < h; i++)
    {
      gsize lags = 1 + i / lag;

      forecast->mean[i] = series->y[series->n - lag + i % lag];
      forecast->sd[i] = sqrt (squares * (double)lags);
    }
  return forecast;
}
