/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-cholesky.h"

#include <math.h>

/* Row by row, so that the inner loops run along memory and add to no single sum: they can be done in vectors without
 * changing the result. */
gboolean
fc_cholesky_factor (double *a, gsize stride, gsize n, gsize first)
{
  g_return_val_if_fail (a != NULL && first <= n && n <= stride, FALSE);

  for (gsize k = 0; k < first; k++)
    {
      double *pivot = a + k * stride;
      double root;

      if (!(pivot[k] > 0) || !isfinite (pivot[k]))
        return FALSE;
      root = sqrt (pivot[k]);
      for (gsize j = k; j < n; j++)
        pivot[j] /= root;
      for (gsize i = k + 1; i < n; i++)
        {
          double *row = a + i * stride;
          double by = pivot[i];

          for (gsize j = i; j < n; j++)
            row[j] -= by * pivot[j];
        }
    }
  return TRUE;
}

void
fc_cholesky_reduce (const double *u, gsize stride, gsize n, gsize first, double *b)
{
  for (gsize k = 0; k < first; k++)
    {
      const double *row = u + k * stride;

      b[k] /= row[k];
      for (gsize j = k + 1; j < n; j++)
        b[j] -= row[j] * b[k];
    }
}

void
fc_cholesky_restore (const double *u, gsize stride, gsize n, gsize first, double *b)
{
  for (gsize k = first; k-- > 0;)
    {
      const double *row = u + k * stride;
      double sum = b[k];

      for (gsize j = k + 1; j < n; j++)
        sum -= row[j] * b[j];
      b[k] = sum / row[k];
    }
}
