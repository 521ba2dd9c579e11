/* SPDX-License-Identifier: Apache-2.0 */
#include "rg-regression.h"

#include <math.h>

double
rg_product (const double *a, const double *b, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

void
rg_take_out (double *const *controls, guint k, double *column, guint n)
{
  for (guint i = 0; i < k; i++)
    {
      double common = rg_product (controls[i], column, n);

      for (guint j = 0; j < n; j++)
        column[j] -= common * controls[i][j];
    }
}

guint
rg_orthonormalize (double *const *controls, guint k, guint n)
{
  guint left = 0;

  for (guint i = 0; i < k; i++)
    {
      double *column = controls[i];
      double before = sqrt (rg_product (column, column, n));
      double length;
      gboolean is_own;

      rg_take_out (controls, i, column, n);
      rg_take_out (controls, i, column, n);
      length = sqrt (rg_product (column, column, n));
      is_own = length > 1e-9 * before && length > 0;
      left += is_own;
      for (guint j = 0; j < n; j++)
        column[j] = is_own ? column[j] / length : 0;
    }
  return left;
}

double
rg_newey_west (const double *x, const double *y, double slope, guint n)
{
  g_autofree double *moment = g_new (double, n);
  guint lags = (guint)floor (4 * pow (n / 100.0, 2.0 / 9));
  double sum;

  for (guint i = 0; i < n; i++)
    moment[i] = x[i] * (y[i] - slope * x[i]);
  sum = rg_product (moment, moment, n);
  for (guint lag = 1; lag <= lags && lag < n; lag++)
    sum += 2 * (1 - lag / (lags + 1.0)) * rg_product (moment, moment + lag, n - lag);
  return sum;
}
