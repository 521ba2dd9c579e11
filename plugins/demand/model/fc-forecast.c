/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-forecast.h"

FcForecast *
fc_forecast_new (gsize h)
{
  FcForecast *self;

  g_return_val_if_fail (h <= (G_MAXSIZE - sizeof (FcForecast)) / (2 * sizeof (double)), NULL);

  self = g_malloc0 (sizeof (FcForecast) + 2 * h * sizeof (double));
  self->h = h;
  self->mean = (double *)(self + 1);
  self->sd = self->mean + h;
  return self;
}

void
fc_forecast_free (FcForecast *self)
{
  g_free (self);
}
