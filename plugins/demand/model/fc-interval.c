/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-interval.h"

#include <math.h>

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  const double *first = a, *second = b;

  return *first < *second ? -1 : *first > *second;
}

double
fc_interval_width (double *ratios, gsize n, double level, double width)
{
  double rank, own;

  g_return_val_if_fail (level > 0 && level < 1, width);

  if (n == 0)
    return width;
  qsort (ratios, n, sizeof *ratios, compare_doubles);
  rank = ceil ((double)(n + 1) * level);
  own = ratios[MIN ((gsize)rank, n) - 1];
  /* One impossible week does not widen what follows without end. */
  own = CLAMP (own, width / 3, width * 3);
  return (own * (double)n + width * FC_INTERVAL_PRIOR) / ((double)n + FC_INTERVAL_PRIOR);
}
