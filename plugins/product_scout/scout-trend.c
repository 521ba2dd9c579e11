/* SPDX-License-Identifier: Apache-2.0 */
#include "scout-trend.h"

#include <math.h>
#include <stdlib.h>

#define WEEK 7.0

static int
compare_signals (const void *a, const void *b)
{
  const ScoutSignal *x = a;
  const ScoutSignal *y = b;

  if (x->week != y->week)
    return x->week < y->week ? -1 : 1;
  return (x->value > y->value) - (x->value < y->value);
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Of @n sorted signals. 0 when all are of one week. */
static double
median_slope (const ScoutSignal *signals, guint n)
{
  g_autofree double *slopes = g_new (double, n *n / 2 + 1);
  guint found = 0;

  for (guint i = 0; i < n; i++)
    for (guint k = i + 1; k < n; k++)
      if (signals[k].week > signals[i].week)
        slopes[found++] =
            (log1p (signals[k].value) - log1p (signals[i].value)) * WEEK / (double)(signals[k].week - signals[i].week);
  if (found == 0)
    return 0;
  qsort (slopes, found, sizeof *slopes, compare_doubles);
  return (slopes[(found - 1) / 2] + slopes[found / 2]) / 2;
}

ScoutTrend
scout_trend (const ScoutSignal *signals, guint n)
{
  g_autofree ScoutSignal *sorted = g_new (ScoutSignal, n + 1);
  const ScoutSignal *last;
  guint found = 0;

  g_return_val_if_fail (n == 0 || signals != NULL, ((ScoutTrend){ 0 }));

  for (guint i = 0; i < n; i++)
    if (isfinite (signals[i].value) && signals[i].value >= 0)
      sorted[found++] = signals[i];
  if (found < SCOUT_WEEKS_MIN)
    return (ScoutTrend){ 0 };
  qsort (sorted, found, sizeof *sorted, compare_signals);
  last = sorted + found - MIN (found, SCOUT_WEEKS_MAX);
  found = MIN (found, SCOUT_WEEKS_MAX);
  return (ScoutTrend){
    median_slope (last, found),
    median_slope (last + found / 2, found - found / 2) - median_slope (last, found / 2),
    found,
  };
}
