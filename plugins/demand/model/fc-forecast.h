/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * FcForecast:
 * @h: weeks ahead
 * @mean: of the predictive distribution, for each week
 * @sd: standard deviation of the predictive distribution, h-step
 */
typedef struct {
  gsize h;
  double *mean;
  double *sd;
} FcForecast;

/* A forecast of @h weeks, all zero, in one block. */
FcForecast *fc_forecast_new (gsize h) G_GNUC_WARN_UNUSED_RESULT;
void fc_forecast_free (FcForecast *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcForecast, fc_forecast_free)

G_END_DECLS
