/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-ensemble.h"

#include "fc-apportion.h"
#include "fc-median.h"

#include <math.h>

FcForecast *
fc_ensemble_mean (FcForecast *const *members, gsize n)
{
  FcForecast *mean;

  g_return_val_if_fail (members != NULL && n > 0, NULL);

  mean = fc_forecast_new (members[0]->h);
  for (gsize k = 0; k < n; k++)
    for (gsize i = 0; i < mean->h; i++)
      {
        mean->mean[i] += members[k]->mean[i] / (double)n;
        mean->sd[i] += members[k]->sd[i] / (double)n;
      }
  return mean;
}

FcForecast *
fc_ensemble_median (FcForecast *const *members, gsize n)
{
  FcForecast *forecast = fc_ensemble_mean (members, n);
  g_autofree double *week = g_new (double, n);

  for (gsize i = 0; forecast != NULL && i < forecast->h; i++)
    {
      for (gsize k = 0; k < n; k++)
        week[k] = members[k]->mean[i];
      forecast->mean[i] = fc_median (week, n);
    }
  return forecast;
}

gint64
fc_ensemble_season (const FcForecast *forecast)
{
  double sum = 0;

  for (gsize i = 0; i < forecast->h; i++)
    sum += forecast->mean[i];
  return (gint64)llround (CLAMP (sum, 0, (double)FC_UNITS_MAX));
}

gint64
fc_ensemble_total (gint64 first, gint64 second)
{
  gint64 low = MIN (first, second), high = MAX (first, second);

  return low + (high - low) / 2;
}
