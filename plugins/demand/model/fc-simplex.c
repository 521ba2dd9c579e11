/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-simplex.h"

#include <math.h>
#include <string.h>

#define TOLERANCE 1e-9

typedef struct {
  double x[FC_SIMPLEX_DIMENSIONS];
  double value;
} Corner;

static double
evaluate (const FcSimplex *self, Corner *corner)
{
  for (gsize i = 0; i < self->n; i++)
    corner->x[i] = CLAMP (corner->x[i], self->low[i], self->high[i]);
  corner->value = self->func (corner->x, self->user_data);
  if (isnan (corner->value))
    corner->value = G_MAXDOUBLE;
  return corner->value;
}

static int
compare_corners (gconstpointer a, gconstpointer b)
{
  const Corner *first = a, *second = b;

  return first->value < second->value ? -1 : first->value > second->value;
}

/* From the worst corner through the middle of the others, @factor times as far behind it. */
static Corner
reflect (const FcSimplex *self, const Corner *corners, double factor)
{
  Corner result;

  memset (&result, 0, sizeof result);
  for (gsize i = 0; i < self->n; i++)
    {
      double middle = 0;

      for (gsize k = 0; k < self->n; k++)
        middle += corners[k].x[i] / (double)self->n;
      result.x[i] = middle + factor * (middle - corners[self->n].x[i]);
    }
  evaluate (self, &result);
  return result;
}

static guint
shrink (const FcSimplex *self, Corner *corners)
{
  for (gsize k = 1; k <= self->n; k++)
    {
      for (gsize i = 0; i < self->n; i++)
        corners[k].x[i] = (corners[0].x[i] + corners[k].x[i]) / 2;
      evaluate (self, &corners[k]);
    }
  return (guint)self->n;
}

/* One step; returns the number of calls. */
static guint
step (const FcSimplex *self, Corner *corners)
{
  Corner *worst = &corners[self->n];
  Corner next = reflect (self, corners, 1);
  guint calls = 1;

  if (next.value < corners[0].value)
    {
      Corner further = reflect (self, corners, 2);

      calls++;
      *worst = further.value < next.value ? further : next;
    }
  else if (next.value < corners[self->n - 1].value)
    *worst = next;
  else
    {
      Corner nearer = reflect (self, corners, next.value < worst->value ? 0.5 : -0.5);

      calls++;
      if (nearer.value < MIN (next.value, worst->value))
        *worst = nearer;
      else
        calls += shrink (self, corners);
    }
  return calls;
}

double
fc_simplex_minimise (const FcSimplex *self, double *x, guint max_calls)
{
  Corner corners[FC_SIMPLEX_DIMENSIONS + 1];
  guint calls;

  g_return_val_if_fail (self->n > 0 && self->n <= FC_SIMPLEX_DIMENSIONS, G_MAXDOUBLE);

  memset (corners, 0, sizeof corners);
  for (gsize k = 0; k <= self->n; k++)
    {
      memcpy (corners[k].x, x, self->n * sizeof *x);
      if (k > 0)
        {
          double stride = (self->high[k - 1] - self->low[k - 1]) / 10;

          corners[k].x[k - 1] += x[k - 1] + stride <= self->high[k - 1] ? stride : -stride;
        }
      evaluate (self, &corners[k]);
    }
  for (calls = (guint)self->n + 1; calls < max_calls; calls += step (self, corners))
    {
      qsort (corners, self->n + 1, sizeof *corners, compare_corners);
      if (corners[self->n].value - corners[0].value <= TOLERANCE * (fabs (corners[0].value) + 1e-300))
        break;
    }
  qsort (corners, self->n + 1, sizeof *corners, compare_corners);
  memcpy (x, corners[0].x, self->n * sizeof *x);
  return corners[0].value;
}
