/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-optimise.h"

#include <math.h>
#include <string.h>

#define STEP_MAX 2.0
#define ENOUGH 1e-4 /* of the fall that the slope promises */
#define HALVINGS 25u

static double
product (const double *a, const double *b, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

static void
identity (double *inverse, gsize n)
{
  memset (inverse, 0, n * n * sizeof *inverse);
  for (gsize i = 0; i < n; i++)
    inverse[i * n + i] = 1;
}

/* The direction of descent, no longer than STEP_MAX; returns the slope along it. */
static double
descend (double *inverse, const double *gradient, gsize n, double *direction)
{
  double slope;
  double length;

  for (gsize i = 0; i < n; i++)
    direction[i] = -product (inverse + i * n, gradient, n);
  slope = product (direction, gradient, n);
  if (!(slope < 0))
    {
      identity (inverse, n);
      for (gsize i = 0; i < n; i++)
        direction[i] = -gradient[i];
      slope = -product (gradient, gradient, n);
    }
  length = sqrt (product (direction, direction, n));
  for (gsize i = 0; i < n && length > STEP_MAX; i++)
    direction[i] *= STEP_MAX / length;
  return length > STEP_MAX ? slope * STEP_MAX / length : slope;
}

/* The rank-two update; skipped where the curvature is not positive. @work: n numbers. */
static void
update (double *inverse, const double *step, const double *change, gsize n, double *work, gboolean first)
{
  double curvature = product (step, change, n);
  double square = product (change, change, n);
  double quadratic;

  if (!(curvature > 1e-12 * square))
    return;
  for (gsize i = 0; i < n && first; i++)
    inverse[i * n + i] = curvature / square;
  for (gsize i = 0; i < n; i++)
    work[i] = product (inverse + i * n, change, n);
  quadratic = 1 + product (change, work, n) / curvature;
  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j < n; j++)
      inverse[i * n + j] += (quadratic * step[i] * step[j] - work[i] * step[j] - step[i] * work[j]) / curvature;
}

/* The next length to try: the lowest point of the parabola through what is known, within bounds. */
static double
shorter (double length, double value, double slope, double tried)
{
  double lowest = isfinite (tried) ? -slope * length * length / (2 * (tried - value - slope * length)) : 0;

  return CLAMP (lowest, 0.1 * length, 0.5 * length);
}

double
fc_bfgs (FcObjective objective, gpointer data, gsize n, double *x, double tolerance, guint max_evaluations)
{
  g_autofree double *memory = g_new (double, n *n + 6 * n + 1);
  double *inverse = memory, *gradient = memory + n * n, *direction = gradient + n, *next = direction + n;
  double *next_gradient = next + n, *step = next_gradient + n, *work = step + n;
  double value = objective (x, gradient, data);
  guint small = 0;
  gboolean first = TRUE;

  identity (inverse, n);
  for (guint evaluations = 1; n > 0 && isfinite (value) && small < 2 && evaluations < max_evaluations; first = FALSE)
    {
      double slope = descend (inverse, gradient, n, direction);
      double length = first ? MIN (1, 0.5 / sqrt (product (direction, direction, n))) : 1;
      double tried = INFINITY;

      if (slope > -tolerance * 0.1)
        break;
      for (guint k = 0; k < HALVINGS && evaluations < max_evaluations; k++)
        {
          for (gsize i = 0; i < n; i++)
            next[i] = x[i] + length * direction[i];
          tried = objective (next, next_gradient, data);
          evaluations++;
          if (tried <= value + ENOUGH * length * slope)
            break;
          length = shorter (length, value, slope, tried);
        }
      if (!(tried < value))
        break;
      for (gsize i = 0; i < n; i++)
        {
          step[i] = next[i] - x[i];
          gradient[i] = next_gradient[i] - gradient[i];
        }
      update (inverse, step, gradient, n, work, first);
      memcpy (x, next, n * sizeof *x);
      memcpy (gradient, next_gradient, n * sizeof *x);
      small = value - tried < tolerance ? small + 1 : 0;
      value = tried;
    }
  return value;
}

/* A simplex: corners of n numbers and their values. */
typedef struct {
  FcObjective objective;
  gpointer data;
  gsize n;
  double *corners; /* (n + 1) × n */
  double *values;
  double *centre; /* of all corners but the worst */
  double *tried;
  guint evaluations;
} Simplex;

/* The value @factor of the way from the centre to the worst corner and on; negative is beyond the centre. */
static double
reach (Simplex *self, gsize worst, double factor)
{
  for (gsize j = 0; j < self->n; j++)
    self->tried[j] = self->centre[j] + factor * (self->corners[worst * self->n + j] - self->centre[j]);
  self->evaluations++;
  return self->objective (self->tried, NULL, self->data);
}

static void
replace (Simplex *self, gsize corner, double value)
{
  memcpy (self->corners + corner * self->n, self->tried, self->n * sizeof (double));
  self->values[corner] = value;
}

static void
shrink (Simplex *self, gsize best)
{
  for (gsize i = 0; i <= self->n; i++)
    {
      double *corner = self->corners + i * self->n;

      for (gsize j = 0; j < self->n && i != best; j++)
        corner[j] = 0.5 * (corner[j] + self->corners[best * self->n + j]);
      if (i != best)
        {
          self->values[i] = self->objective (corner, NULL, self->data);
          self->evaluations++;
        }
    }
}

static void
turn (Simplex *self, gsize best, gsize second, gsize worst)
{
  double value;

  for (gsize j = 0; j < self->n; j++)
    {
      self->centre[j] = 0;
      for (gsize i = 0; i <= self->n; i++)
        self->centre[j] += i != worst ? self->corners[i * self->n + j] / (double)self->n : 0;
    }
  value = reach (self, worst, -1);
  if (value < self->values[best])
    {
      replace (self, worst, value);
      value = reach (self, worst, 2); /* the corner lies beyond the centre now */
      if (value < self->values[worst])
        replace (self, worst, value);
    }
  else if (value < self->values[second])
    replace (self, worst, value);
  else
    {
      if (value < self->values[worst])
        replace (self, worst, value);
      value = reach (self, worst, 0.5);
      if (value < self->values[worst])
        replace (self, worst, value);
      else
        shrink (self, best);
    }
}

double
fc_nelder_mead (FcObjective objective,
                gpointer data,
                gsize n,
                double *x,
                double step,
                double tolerance,
                guint max_evaluations)
{
  g_autofree double *memory = g_new (double, (n + 1) * n + (n + 1) + 2 * n);
  Simplex self = { objective, data, n, memory, memory + (n + 1) * n, memory + (n + 1) * (n + 1), NULL, 0 };
  gsize best = 0;

  self.tried = self.centre + n;
  for (gsize i = 0; i <= n; i++)
    {
      memcpy (self.corners + i * n, x, n * sizeof *x);
      if (i > 0)
        self.corners[i * n + i - 1] += step;
      self.values[i] = objective (self.corners + i * n, NULL, data);
      self.evaluations++;
    }
  for (;;)
    {
      gsize worst = 0, second = 0;

      for (gsize i = 0; i <= n; i++)
        {
          best = self.values[i] < self.values[best] ? i : best;
          worst = self.values[i] > self.values[worst] ? i : worst;
        }
      second = best;
      for (gsize i = 0; i <= n; i++)
        second = i != worst && self.values[i] > self.values[second] ? i : second;
      if (worst == best || self.values[worst] - self.values[best] < tolerance || self.evaluations >= max_evaluations)
        break;
      turn (&self, best, second, worst);
    }
  memcpy (x, self.corners + best * n, n * sizeof *x);
  return self.values[best];
}
