/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-median.h"

#include <math.h>
#include <stdlib.h>

int
fc_median_compare (gconstpointer a, gconstpointer b)
{
  const double *first = a, *second = b;

  return *first < *second ? -1 : *first > *second;
}

double
fc_median (double *values, gsize n)
{
  g_return_val_if_fail (values != NULL && n > 0, NAN);

  qsort (values, n, sizeof *values, fc_median_compare);
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}
