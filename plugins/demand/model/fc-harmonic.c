/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-harmonic.h"

#include "fc-unit-root.h"

#include <math.h>

#define YEAR_WEEKS 52.1775
#define PAIRS_MAX 4u
#define TOLERANCE 1e-3     /* of the log-likelihood */
#define DIFFERENCES_MAX 1u /* with few weeks a second one only adds noise */

static double *
waves (guint pairs, gsize total)
{
  double *columns = g_new (double, 2 * pairs * total + 1);

  for (guint k = 0; k < pairs; k++)
    for (gsize t = 0; t < total; t++)
      {
        double angle = 2 * G_PI * (k + 1) * (double)t / YEAR_WEEKS;

        columns[2 * k * total + t] = sin (angle);
        columns[(2 * k + 1) * total + t] = cos (angle);
      }
  return columns;
}

static guint
most_pairs (gsize n)
{
  return n < FC_ARIMA_PERIOD ? 0 : n < FC_ARIMA_PERIOD * 3 / 2 ? 1 : PAIRS_MAX;
}

/* Differences that the series needs when @pairs are taken out of it by least squares. */
static guint
differences (const double *y, gsize n, guint pairs)
{
  g_autofree double *columns = waves (pairs, n);
  g_autofree double *rest = g_memdup2 (y, n * sizeof *y);
  g_autoptr (FcArimaData) data = fc_arima_data_new (y, n, columns, 2 * pairs, FC_ARIMA_PERIOD, 0, 0, 0);
  const FcArimaOrder white = { .constant = TRUE };
  FcArima model;

  if (data != NULL && fc_arima_fit (&model, &white, data, NULL, TOLERANCE, NULL))
    for (guint c = 0; c < 2 * pairs; c++)
      for (gsize t = 0; t < n; t++)
        rest[t] -= model.result.beta[c] * columns[c * n + t];
  return fc_differences (rest, n, DIFFERENCES_MAX);
}

/* The number of pairs with the lowest AICc beside ARMA (1,1) errors. */
static guint
choose (const double *y, gsize n, guint d)
{
  const FcArimaOrder order = { 1, d, 1, 0, 0, 0, TRUE };
  double lowest = INFINITY;
  guint best = 0;

  for (guint pairs = 0; pairs <= most_pairs (n); pairs++)
    {
      g_autofree double *columns = waves (pairs, n);
      g_autoptr (FcArimaData) data = fc_arima_data_new (y, n, columns, 2 * pairs, FC_ARIMA_PERIOD, d, 0, 0);
      FcArima model;

      if (data != NULL && fc_arima_fit (&model, &order, data, NULL, TOLERANCE, NULL) && model.aicc < lowest)
        {
          lowest = model.aicc;
          best = pairs;
        }
    }
  return best;
}

FcForecast *
fc_harmonic_forecast (const FcSeries *series,
                      gsize h,
                      const FcArimaOptions *options,
                      FcArima **ret_model,
                      GError **error)
{
  g_autofree double *y = NULL;
  g_autofree double *columns = NULL;
  g_autoptr (FcArimaData) data = NULL;
  g_autoptr (FcForecast) forecast = NULL;
  FcArima model;
  gsize n, skipped;
  guint d, pairs;

  g_return_val_if_fail (series != NULL && h > 0 && h <= FC_ARIMA_AHEAD_MAX, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  y = fc_arima_fill (series, &n, &skipped, error);
  if (y == NULL)
    return NULL;
  d = differences (y, n, MIN (2, most_pairs (n)));
  pairs = choose (y, n, d);
  columns = waves (pairs, n + h + skipped);
  data = fc_arima_data_new (y, n, columns, 2 * pairs, FC_ARIMA_PERIOD, d, 0, h + skipped);
  if (data != NULL && fc_arima_search (&model, data, d, 0, options))
    forecast = fc_arima_predict (&model, data);
  if (forecast == NULL)
    {
      g_set_error (error, FC_ERROR, FC_ERROR_FAILED,
                   "no harmonic regression fits the series of %" G_GSIZE_FORMAT " weeks", n);
      return NULL;
    }
  if (ret_model != NULL)
    *ret_model = g_memdup2 (&model, sizeof model);
  return fc_arima_tail (g_steal_pointer (&forecast), h);
}
