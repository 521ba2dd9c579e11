/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-theta.h"

#include "fc-error.h"
#include "fc-optimise.h"

#include <math.h>

#define MAX_CALLS 300
#define TOLERANCE 1e-9 /* of the sum of squares, relative */
#define STEP 0.1
#define ALPHA_MIN 0.1
#define ALPHA_MAX 0.99
#define WEIGHT_MAX 0.9999 /* of 1 − 1/θ: θ up to 10,000 */

/* What is known after t weeks: the mean, and the least squares line a + b t. */
typedef struct {
  double t;
  double mean;
  double a, b;
  double decay; /* (1 − α)^t */
} Line;

typedef struct {
  const FcSeries *series;
  Line line;
  double level;
  double sse;
} Fit;

static void
line_start (Line *line, double y, double alpha)
{
  *line = (Line){ 1, y, y, 0, 1 - alpha };
}

static void
line_add (Line *line, double y, double alpha)
{
  double t = line->t + 1;

  line->b = ((t - 2) * line->b + 6 * (y - line->mean) / t) / (t + 1);
  line->mean = (line->t * line->mean + y) / t;
  line->a = line->mean - line->b * (t + 1) / 2;
  line->decay *= 1 - alpha;
  line->t = t;
}

/* What the line adds to the smoothed level. */
static double
line_ahead (const Line *line, double alpha)
{
  return line->decay * line->a + (1 - line->decay * (1 - alpha)) / alpha * line->b;
}

/* The errors are linear in how far the first level is from y_1: e = c − (1 − α)^t d. */
static double
smooth (const double *x, double *gradient, gpointer user_data)
{
  Fit *fit = user_data;
  double alpha = CLAMP (x[0], ALPHA_MIN, ALPHA_MAX), weight = CLAMP (x[1], 0, WEIGHT_MAX);
  double level = fit->series->y[0], share = 1 - alpha;
  double cc = 0, ca = 0, aa = 1e-12, first;

  (void)gradient;
  line_start (&fit->line, fit->series->y[0], alpha);
  for (gsize i = 1; i < fit->series->n; i++)
    {
      double y = fit->series->y[i];
      double e = y - level - weight * line_ahead (&fit->line, alpha);

      cc += e * e;
      ca += e * share;
      aa += share * share;
      level += alpha * (y - level);
      share *= 1 - alpha;
      line_add (&fit->line, y, alpha);
    }
  first = ca / aa;
  fit->level = level + share * first;
  fit->sse = MAX (0, cc - 2 * ca * first + aa * first * first);
  return fit->sse;
}

static void
fit_best (Fit *fit, double *x)
{
  static const double starts[][2] = { { 0.2, 0.5 }, { 0.8, 0.5 }, { 0.5, 0.05 } };
  double best = G_MAXDOUBLE;

  for (gsize i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      double at[2] = { starts[i][0], starts[i][1] }, sse;

      sse = smooth (at, NULL, fit);
      sse = fc_nelder_mead (smooth, fit, 2, at, STEP, TOLERANCE * sse, MAX_CALLS);
      if (sse < best || i == 0)
        {
          best = sse;
          x[0] = CLAMP (at[0], ALPHA_MIN, ALPHA_MAX);
          x[1] = CLAMP (at[1], 0, WEIGHT_MAX);
        }
    }
  smooth (x, NULL, fit);
}

FcForecast *
fc_theta_forecast (const FcSeries *series, gsize h, GError **error)
{
  Fit fit = { series, { 0, 0, 0, 0, 0 }, 0, 0 };
  double x[2], variance;
  FcForecast *forecast;

  if (series->n == 0)
    return g_set_error (error, FC_ERROR, FC_ERROR_INVALID, "the series has no week; at least 1 was expected"), NULL;
  fit_best (&fit, x);
  forecast = fc_forecast_new (h);
  variance = fit.sse / (double)(series->n > 4 ? series->n - 3 : 1);
  for (gsize i = 0; i < h; i++)
    {
      double mean = fit.level + x[1] * line_ahead (&fit.line, x[0]);

      forecast->mean[i] = mean;
      forecast->sd[i] = sqrt (variance * (1 + (double)i * x[0] * x[0]));
      fit.level += x[0] * (mean - fit.level);
      line_add (&fit.line, mean, x[0]);
    }
  return forecast;
}
