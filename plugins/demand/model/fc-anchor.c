/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-anchor.h"

#include <math.h>

#define RATIOS_MIN 8u
#define RATIO_MAX 3.0
#define JUDGED 52u /* the last ratios, by which a weight is judged */
#define WEIGHTS 19u
#define WEIGHT_STEP 0.05

/* Smooths the ratios from 1 on; adds up how far the last were from what was foretold. */
static double
smooth (const double *ratio, gsize n, double weight, double *ret_error)
{
  double level = 1;
  double error = 0;

  for (gsize i = 0; i < n; i++)
    {
      double miss = ratio[i] - level;

      if (i + JUDGED >= n)
        error += miss * miss;
      level += weight * miss;
    }
  *ret_error = error;
  return level;
}

double
fc_anchor_level (const double *y, const double *fitted, gsize n)
{
  g_autofree double *ratio = NULL;
  gsize count = 0;
  double best = 1;
  double least = G_MAXDOUBLE;

  g_return_val_if_fail (n == 0 || (y != NULL && fitted != NULL), 1);

  ratio = g_new0 (double, n);
  for (gsize i = 0; i < n; i++)
    if (!isnan (y[i]) && fitted[i] > 0)
      ratio[count++] = CLAMP (y[i] / fitted[i], 0, RATIO_MAX);
  if (count < RATIOS_MIN)
    return 1;

  for (guint i = 1; i <= WEIGHTS; i++)
    {
      double error;
      double level = smooth (ratio, count, WEIGHT_STEP * i, &error);

      if (error < least)
        {
          least = error;
          best = level;
        }
    }
  return best;
}

void
fc_anchor_apply (FcForecast *forecast, double level)
{
  g_return_if_fail (forecast != NULL && level >= 0);

  for (gsize i = 0; i < forecast->h; i++)
    {
      forecast->mean[i] *= level;
      forecast->sd[i] *= level;
    }
}
