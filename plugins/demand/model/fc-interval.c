/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-interval.h"

#include "fc-median.h"

#include <math.h>

double
fc_interval_quantile (const double *sorted, gsize n, double level)
{
  double rank = ceil ((double)(n + 1) * level);

  g_return_val_if_fail (n > 0 && level > 0 && level < 1, NAN);

  return sorted[MIN ((gsize)rank, n) - 1];
}

double
fc_interval_width (double *ratios, gsize n, double level, double width)
{
  double own;

  g_return_val_if_fail (level > 0 && level < 1, width);

  if (n == 0)
    return width;
  qsort (ratios, n, sizeof *ratios, fc_median_compare);
  own = fc_interval_quantile (ratios, n, level);
  /* One impossible week does not widen what follows without end. */
  own = CLAMP (own, width / 3, width * 3);
  return (own * (double)n + width * FC_INTERVAL_PRIOR) / ((double)n + FC_INTERVAL_PRIOR);
}
