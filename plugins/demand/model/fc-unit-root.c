/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-unit-root.h"

#include "fc-median.h"

#include <math.h>
#include <string.h>

#define KPSS_LIMIT 0.463
#define SEASONAL_WINDOW 11u
#define ROUNDS 2u
#define REVERTS -0.2
#define STEP_MAX 3.0 /* times the usual one */

static double
mean_of (const double *y, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += y[i];
  return sum / (double)n;
}

static double
variance_of (const double *y, gsize n)
{
  double mean = mean_of (y, n);
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (y[i] - mean) * (y[i] - mean);
  return sum / (double)n;
}

double
fc_kpss (const double *y, gsize n)
{
  gsize lags = (gsize)(3 * sqrt ((double)n) / 13);
  double mean;
  double sum = 0;
  double squares = 0;
  double spread;

  g_return_val_if_fail (y != NULL, 0);

  if (n < 2)
    return 0;
  mean = mean_of (y, n);
  spread = variance_of (y, n) * (double)n;
  if (!(spread > 1e-20 * mean * mean * (double)n))
    return 0;
  for (gsize s = 1; s <= lags; s++)
    for (gsize i = s; i < n; i++)
      spread += 2 * (1 - (double)s / (double)(lags + 1)) * (y[i] - mean) * (y[i - s] - mean);
  for (gsize i = 0; i < n; i++)
    {
      sum += y[i] - mean;
      squares += sum * sum;
    }
  return spread > 0 ? squares / (double)n / spread : 0;
}

guint
fc_differences (const double *y, gsize n, guint most)
{
  g_autofree double *now = NULL;
  guint d = 0;

  g_return_val_if_fail (y != NULL, 0);

  now = g_memdup2 (y, n * sizeof *y);
  for (; d < most && n > d + 3 && fc_kpss (now, n - d) > KPSS_LIMIT; d++)
    for (gsize i = 0; i + d + 1 < n; i++)
      now[i] = now[i + 1] - now[i];
  return d;
}

/* Local regression of degree 0 or 1 over the points 0 … n − 1, at @x, which may lie outside of them. */
static double
loess (const double *y, gsize n, gsize window, guint degree, double x)
{
  gsize near = MIN (window, n);
  double first = CLAMP (floor (x - (double)(near - 1) / 2 + 0.5), 0, (double)(n - near));
  double reach = MAX (x - first, first + (double)near - 1 - x);
  double total = 0, values = 0, places = 0, squares = 0, products = 0;
  double spread;

  reach += window > n ? floor ((double)(window - n) / 2) : 0;
  for (gsize i = (gsize)first; i < (gsize)first + near; i++)
    {
      double place = (double)i - x;
      double distance = reach > 0 ? fabs (place) / reach : 0;
      double rest = MAX (0, 1 - distance * distance * distance);
      double weight = distance < 0.001 ? 1 : rest * rest * rest;

      total += weight;
      values += weight * y[i];
      places += weight * place;
      squares += weight * place * place;
      products += weight * place * y[i];
    }
  if (!(total > 0))
    return y[CLAMP ((gssize)x, 0, (gssize)n - 1)];
  spread = squares - places * places / total;
  if (degree == 0 || !(spread > 1e-6))
    return values / total;
  return (values - (products - places * values / total) / spread * places) / total;
}

static gsize
moving_average (const double *y, gsize n, gsize width, double *result)
{
  for (gsize i = 0; i + width <= n; i++)
    result[i] = mean_of (y + i, width);
  return n - width + 1;
}

/* Smooths every cycle-subseries of @detrended, a season longer at both ends; @cycle: n + 2 × period. */
static void
smooth_cycles (const double *detrended, gsize n, gsize period, double *cycle)
{
  g_autofree double *one = g_new (double, n / period + 1);

  for (gsize phase = 0; phase < period; phase++)
    {
      gsize count = 0;

      for (gsize i = phase; i < n; i += period)
        one[count++] = detrended[i];
      for (gsize k = 0; k < count + 2; k++)
        cycle[phase + k * period] = loess (one, count, SEASONAL_WINDOW, 0, (double)k - 1);
    }
}

static gsize
odd (double x)
{
  gsize whole = (gsize)floor (x + 0.5);

  return whole % 2 == 0 ? whole + 1 : whole;
}

gboolean
fc_reverts (const double *y, gsize n, guint period)
{
  gsize lag = 2 * n >= 3 * (gsize)period ? period : 0, n_steps = n > lag ? n - lag - 1 : 0;
  g_autofree double *step = NULL, *size = NULL;
  double most, products = 0, squares = 0;

  g_return_val_if_fail (y != NULL, FALSE);

  if (n_steps < 2)
    return FALSE;
  step = g_new (double, n_steps);
  size = g_new (double, n_steps);
  for (gsize i = 0; i < n_steps; i++)
    {
      step[i] = y[i + lag + 1] - y[i + lag] - (lag > 0 ? y[i + 1] - y[i] : 0);
      size[i] = fabs (step[i]);
    }
  most = STEP_MAX * fc_median (size, n_steps);
  if (most <= 0)
    return TRUE; /* it stands still */
  for (gsize i = 0; i < n_steps; i++)
    {
      step[i] = CLAMP (step[i], -most, most);
      squares += step[i] * step[i];
      products += i > 0 ? step[i] * step[i - 1] : 0;
    }
  return products < REVERTS * squares;
}

double
fc_seasonal_strength (const double *y, gsize n, guint period)
{
  gsize trend_window = odd (ceil (1.5 * period / (1 - 1.5 / SEASONAL_WINDOW)));
  gsize longer = n + 2 * (gsize)period;
  g_autofree double *memory = NULL;
  double *trend, *seasonal, *rest, *cycle, *low, *lower;
  double whole;

  g_return_val_if_fail (y != NULL && period > 1, 0);

  if (n <= 2 * (gsize)period)
    return 0;
  memory = g_new0 (double, 3 * n + 3 * longer);
  trend = memory, seasonal = trend + n, rest = seasonal + n, cycle = rest + n, low = cycle + longer;
  lower = low + longer;
  for (guint round = 0; round < ROUNDS; round++)
    {
      for (gsize i = 0; i < n; i++)
        rest[i] = y[i] - trend[i];
      smooth_cycles (rest, n, period, cycle);
      moving_average (low, moving_average (lower, moving_average (cycle, longer, period, lower), period, low), 3,
                      lower);
      for (gsize i = 0; i < n; i++)
        {
          seasonal[i] = cycle[period + i] - loess (lower, n, odd (period), 1, (double)i);
          rest[i] = y[i] - seasonal[i];
        }
      for (gsize i = 0; i < n; i++)
        trend[i] = loess (rest, n, trend_window, 1, (double)i);
    }
  for (gsize i = 0; i < n; i++)
    {
      seasonal[i] = y[i] - trend[i];
      rest[i] -= trend[i];
    }
  whole = variance_of (seasonal, n);
  return whole > 0 ? CLAMP (1 - variance_of (rest, n) / whole, 0, 1) : 0;
}
