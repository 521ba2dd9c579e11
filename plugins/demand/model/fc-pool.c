/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-pool.h"

#include <math.h>
#include <string.h>

#define ROUNDS 200
#define TOLERANCE 1e-12

static double
length_of (const double *v, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += v[i] * v[i];
  return sqrt (sum);
}

/* u ← X X' u / |…|, through w = X' u. Returns how far u moved. */
static double
iterate (const double *x, gsize rows, gsize columns, double *u, double *w)
{
  double length, moved = 0;

  memset (w, 0, columns * sizeof *w);
  for (gsize i = 0; i < rows; i++)
    for (gsize j = 0; j < columns; j++)
      w[j] += u[i] * x[i * columns + j];
  length = length_of (w, columns);
  if (length <= 0)
    return 0;
  for (gsize i = 0; i < rows; i++)
    {
      double next = 0;

      for (gsize j = 0; j < columns; j++)
        next += x[i * columns + j] * w[j];
      next /= length * length;
      moved = MAX (moved, fabs (next - u[i]));
      u[i] = next;
    }
  length = length_of (u, rows);
  for (gsize i = 0; length > 0 && i < rows; i++)
    u[i] /= length;
  return moved;
}

void
fc_pool_denoise (double *x, gsize rows, gsize columns, gsize rank)
{
  g_autofree double *rest = g_memdup2 (x, rows * columns * sizeof *x);
  g_autofree double *u = g_new (double, rows), *w = g_new (double, columns);

  g_return_if_fail (rows > 0 && columns > 0 && rank > 0);

  memset (x, 0, rows * columns * sizeof *x);
  for (gsize k = 0; k < MIN (rank, MIN (rows, columns)); k++)
    {
      for (gsize i = 0; i < rows; i++)
        u[i] = (1 + 0.01 * (double)((i + k) % 7)) / sqrt ((double)rows);
      for (guint round = 0; round < ROUNDS; round++)
        if (iterate (rest, rows, columns, u, w) <= TOLERANCE)
          break;
      memset (w, 0, columns * sizeof *w);
      for (gsize i = 0; i < rows; i++)
        for (gsize j = 0; j < columns; j++)
          w[j] += u[i] * rest[i * columns + j];
      for (gsize i = 0; i < rows; i++)
        for (gsize j = 0; j < columns; j++)
          {
            x[i * columns + j] += u[i] * w[j];
            rest[i * columns + j] -= u[i] * w[j];
          }
    }
}

void
fc_pool_scale (double *forecasts, gsize n, gsize h, const double *total, const double *share)
{
  for (gsize t = 0; t < h; t++)
    {
      double sum = 0;

      for (gsize i = 0; i < n; i++)
        sum += forecasts[i * h + t];
      for (gsize i = 0; i < n; i++)
        forecasts[i * h + t] = sum > 0 ? forecasts[i * h + t] / sum * total[t] : share[i] * total[t];
    }
}
