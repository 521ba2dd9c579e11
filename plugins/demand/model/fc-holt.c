/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-holt.h"

#include "fc-error.h"
#include "fc-optimise.h"

#include <math.h>
#include <string.h>

#define MAX_CALLS 400
#define TOLERANCE 1e-9 /* of the sum of squares, relative */
#define STEP 0.1
#define PHI_MIN 0.8
#define PHI_MAX 0.98
#define WEEKS_DAMPED 10 /* fewer do not tell five parameters */

/* A state that is linear in the first level and the first trend. */
typedef struct {
  double constant;
  double level;
  double trend;
} Linear;

typedef struct {
  const FcSeries *series;
  FcHoltKind kind;
  double level;
  double trend;
  double sse;
} Fit;

/* The least squares of e = c + a l₀ + b b₀, from the sums of products. */
typedef struct {
  double aa, ab, bb, ac, bc, cc;
} Sums;

static void
add_error (Sums *sums, const Linear *e)
{
  sums->aa += e->level * e->level;
  sums->ab += e->level * e->trend;
  sums->bb += e->trend * e->trend;
  sums->ac += e->level * e->constant;
  sums->bc += e->trend * e->constant;
  sums->cc += e->constant * e->constant;
}

static double
solve_start (const Sums *sums, double *ret_level, double *ret_trend)
{
  double ridge = 1e-9 * (sums->bb + 1e-12), bb = sums->bb + ridge;
  double determinant = sums->aa * bb - sums->ab * sums->ab;
  double level, trend = 0;

  if (sums->bb > 0 && determinant > 1e-12 * sums->aa * bb)
    {
      level = (sums->ab * sums->bc - bb * sums->ac) / determinant;
      trend = (sums->ab * sums->ac - sums->aa * sums->bc) / determinant;
    }
  else
    level = -sums->ac / sums->aa;
  *ret_level = level;
  *ret_trend = trend;
  return MAX (0, sums->cc + level * (level * sums->aa + 2 * sums->ac) +
                     trend * (trend * sums->bb + 2 * sums->bc + 2 * level * sums->ab));
}

/* α, β and φ from what is searched over, each kept within its bounds. */
static void
bound (const double *x, FcHoltKind kind, double *ret_alpha, double *ret_beta, double *ret_phi)
{
  *ret_alpha = CLAMP (x[0], 0.001, 0.999);
  *ret_beta = kind == FC_HOLT_DAMPED ? CLAMP (x[1], 0.0001, 0.999) : 0;
  *ret_phi = kind == FC_HOLT_DAMPED ? PHI_MIN + (PHI_MAX - PHI_MIN) * CLAMP (x[2], 0, 1) : 0;
}

static double
smooth (const double *x, double *gradient, gpointer user_data)
{
  Fit *fit = user_data;
  gboolean damped = fit->kind == FC_HOLT_DAMPED;
  double alpha, beta, phi, gain;
  Linear level = { 0, 1, 0 }, trend = { 0, 0, damped ? 1 : 0 };
  Sums sums = { 0, 0, 0, 0, 0, 0 };
  double level0, trend0;

  (void)gradient;
  bound (x, fit->kind, &alpha, &beta, &phi);
  gain = alpha * beta;
  for (gsize i = 0; i < fit->series->n; i++)
    {
      Linear ahead = { level.constant + phi * trend.constant, level.level + phi * trend.level,
                       level.trend + phi * trend.trend };
      Linear e = { fit->series->y[i] - ahead.constant, -ahead.level, -ahead.trend };

      add_error (&sums, &e);
      level =
          (Linear){ ahead.constant + alpha * e.constant, ahead.level + alpha * e.level, ahead.trend + alpha * e.trend };
      trend = (Linear){ phi * trend.constant + gain * e.constant, phi * trend.level + gain * e.level,
                        phi * trend.trend + gain * e.trend };
    }
  fit->sse = solve_start (&sums, &level0, &trend0);
  fit->level = level.constant + level.level * level0 + level.trend * trend0;
  fit->trend = trend.constant + trend.level * level0 + trend.trend * trend0;
  return fit->sse;
}

/* Two starts: smoothing can have two valleys, a quick and a slow one. */
static void
fit_best (Fit *fit, double *x)
{
  static const double starts[][3] = { { 0.2, 0.1, 0.5 }, { 0.8, 0.1, 0.8 } };
  double best = G_MAXDOUBLE;

  for (gsize i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      double at[3] = { starts[i][0], starts[i][1], starts[i][2] }, sse;

      sse = smooth (at, NULL, fit);
      sse = fc_nelder_mead (smooth, fit, fit->kind == FC_HOLT_DAMPED ? 3 : 1, at, STEP, TOLERANCE * sse, MAX_CALLS);
      if (sse < best || i == 0)
        {
          best = sse;
          memcpy (x, at, sizeof at);
        }
    }
  smooth (x, NULL, fit);
}

FcForecast *
fc_holt_forecast (const FcSeries *series, FcHoltKind kind, gsize h, GError **error)
{
  Fit fit = { series, kind, 0, 0, 0 };
  double x[3], alpha, beta, phi, damping = 0, power = 1, gain, variance, sum = 1;
  FcForecast *forecast;

  if (series->n == 0)
    return g_set_error (error, FC_ERROR, FC_ERROR_INVALID, "the series has no week; at least 1 was expected"), NULL;
  if (series->n < WEEKS_DAMPED)
    fit.kind = FC_HOLT_LEVEL;
  fit_best (&fit, x);
  bound (x, fit.kind, &alpha, &beta, &phi);
  forecast = fc_forecast_new (h);
  variance = fit.sse / (double)(series->n > 6 ? series->n - 5 : 1);
  for (gsize i = 0; i < h; i++)
    {
      forecast->sd[i] = sqrt (variance * sum);
      if (fit.kind == FC_HOLT_DAMPED)
        {
          power *= phi;
          damping += power;
        }
      forecast->mean[i] = fit.level + damping * fit.trend;
      gain = alpha * (1 + beta * damping);
      sum += gain * gain;
    }
  return forecast;
}
