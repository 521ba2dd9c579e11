/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-prophet.h"

#include "fc-prophet-fit.h"

#include <math.h>
#include <string.h>

struct _FcProphet {
  FcProphetDesign *design;
  double *point; /* see fc-prophet-fit.h */
  double sigma;  /* scaled; 0 for a constant series */
  guint iterations;
};

FcProphet *
fc_prophet_fit (const FcSeries *series, const FcProphetOptions *options, GError **error)
{
  const FcProphetOptions defaults = FC_PROPHET_DEFAULTS;
  g_autoptr (FcProphetDesign) design = NULL;
  g_autoptr (FcProphet) self = NULL;

  g_return_val_if_fail (series != NULL, NULL);

  design = fc_prophet_design_new (series, options != NULL ? options : &defaults, error);
  if (design == NULL)
    return NULL;

  self = g_new0 (FcProphet, 1);
  self->point = g_new0 (double, fc_prophet_fit_size (design));
  if (design->constant)
    self->point[1] = design->y[0];
  else if (!fc_prophet_fit_maximize (design, self->point, &self->sigma, &self->iterations, error))
    return NULL;
  self->design = g_steal_pointer (&design);
  return g_steal_pointer (&self);
}

void
fc_prophet_free (FcProphet *self)
{
  if (self == NULL)
    return;
  fc_prophet_design_free (self->design);
  g_free (self->point);
  g_free (self);
}

gsize
fc_prophet_get_horizon_max (const FcProphet *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->design->n_extra > 0 ? self->design->n_rows - self->design->weeks : G_MAXUINT16;
}

/* Columns × β of a week, from column @begin to before @end. */
static double
effect (const FcProphet *self, gsize week, gsize begin, gsize end)
{
  const double *beta =
      self->point + fc_prophet_fit_size (self->design) - self->design->n_changes - self->design->n_columns;
  g_autofree double *row = g_new (double, self->design->n_columns);
  double sum = 0;

  fc_prophet_design_row (self->design, week, row);
  for (gsize c = begin; c < end; c++)
    sum += row[c] * beta[c];
  return sum;
}

/* The variance, on the scaled y, that changes to come give the trend of a week. */
static double
trend_variance (const FcProphet *self, gsize week)
{
  const FcProphetDesign *design = self->design;
  const double *delta = self->point + fc_prophet_fit_size (design) - design->n_changes;
  double ahead = fc_prophet_design_time (design, week) - 1;
  double scale = 0;

  if (ahead <= 0 || design->n_changes == 0)
    return 0;
  for (gsize j = 0; j < design->n_changes; j++)
    scale += fabs (delta[j]) / (double)design->n_changes;
  return 2 * scale * scale * (double)design->n_changes * ahead * ahead * ahead / 3;
}

FcForecast *
fc_prophet_forecast (FcProphet *self, gsize h)
{
  g_autoptr (FcForecast) forecast = NULL;

  g_return_val_if_fail (self != NULL && h > 0 && h <= fc_prophet_get_horizon_max (self), NULL);

  forecast = fc_forecast_new (h);
  for (gsize i = 0; i < h; i++)
    {
      gsize week = self->design->weeks + i;
      double share = self->design->additive ? 1 : 1 + effect (self, week, 0, self->design->n_columns);

      forecast->mean[i] = fc_prophet_get_fitted (self, week);
      forecast->sd[i] =
          self->design->y_scale * sqrt (share * share * trend_variance (self, week) + self->sigma * self->sigma);
    }
  return g_steal_pointer (&forecast);
}

double
fc_prophet_objective (const FcProphet *self)
{
  g_return_val_if_fail (self != NULL, -G_MAXDOUBLE);

  return self->sigma > 0 ? fc_prophet_fit_objective (self->design, self->point, self->sigma) : G_MAXDOUBLE;
}

double
fc_prophet_objective_at (const FcProphet *self,
                         double k,
                         double m,
                         const double *delta,
                         const double *beta,
                         double sigma)
{
  g_autofree double *point = NULL;
  gsize columns;

  g_return_val_if_fail (self != NULL && sigma > 0, -G_MAXDOUBLE);
  g_return_val_if_fail (delta != NULL || self->design->n_changes == 0, -G_MAXDOUBLE);
  g_return_val_if_fail (beta != NULL || self->design->n_columns == 0, -G_MAXDOUBLE);

  columns = self->design->n_columns;
  point = g_new0 (double, fc_prophet_fit_size (self->design));
  point[0] = k;
  point[1] = m;
  if (columns > 0)
    memcpy (point + 2, beta, columns * sizeof (double));
  if (self->design->n_changes > 0)
    memcpy (point + 2 + columns, delta, self->design->n_changes * sizeof (double));
  return fc_prophet_fit_objective (self->design, point, sigma);
}

double
fc_prophet_get_trend (const FcProphet *self, gsize week)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->design->y_scale *
         fc_prophet_fit_trend (self->design, self->point, fc_prophet_design_time (self->design, week));
}

/* Effects are shares of the trend, or on the scaled y. */
static double
in_units (const FcProphet *self, double value)
{
  return self->design->additive ? value * self->design->y_scale : value;
}

double
fc_prophet_get_season (const FcProphet *self, gsize week)
{
  g_return_val_if_fail (self != NULL, 0);

  return in_units (self, effect (self, week, 0, 2 * self->design->order));
}

double
fc_prophet_get_regressors (const FcProphet *self, gsize week)
{
  g_return_val_if_fail (self != NULL, 0);

  return in_units (self, effect (self, week, 2 * self->design->order, self->design->n_columns));
}

double
fc_prophet_get_fitted (const FcProphet *self, gsize week)
{
  double trend;
  double sum;

  g_return_val_if_fail (self != NULL, 0);

  trend = fc_prophet_get_trend (self, week);
  sum = effect (self, week, 0, self->design->n_columns);
  return self->design->additive ? trend + sum * self->design->y_scale : trend * (1 + sum);
}

gsize
fc_prophet_get_n_changes (const FcProphet *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->design->n_changes;
}

gsize
fc_prophet_get_n_columns (const FcProphet *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->design->n_columns;
}

FcProphetChange
fc_prophet_get_change (const FcProphet *self, gsize index)
{
  const FcProphetChange none = { 0, 0 };
  const double *delta;

  g_return_val_if_fail (self != NULL && index < self->design->n_changes, none);

  delta = self->point + fc_prophet_fit_size (self->design) - self->design->n_changes;
  return (FcProphetChange){ self->design->change_week[index],
                            delta[index] * self->design->y_scale / (double)self->design->span };
}

double
fc_prophet_get_sigma (const FcProphet *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->sigma * self->design->y_scale;
}

guint
fc_prophet_get_iterations (const FcProphet *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->iterations;
}
