/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-arma.h"

#include <math.h>
#include <string.h>

#define NEAREST 0.99999  /* partial autocorrelations come no nearer to 1: the equations must be solvable */
#define NEGLIGIBLE 1e-15 /* of the variance */
#define SIZE (FC_ARMA_MAX + 1)
#define RIGHT (1 + 2 * FC_ARMA_MAX)

/* Levinson's recursion from partial autocorrelations to coefficients, @sign 1 for φ and −1 for θ. */
static void
coefficients_of (const double *x, guint n, double sign, double *coefficients, double *jacobian)
{
  double before[FC_ARMA_MAX];
  double derivative[FC_ARMA_MAX];

  for (guint k = 0; k < n; k++)
    {
      double tangent = tanh (x[k]);
      double partial = sign * NEAREST * tangent;

      memcpy (before, coefficients, k * sizeof *before);
      for (guint j = 0; j < k; j++)
        coefficients[j] = before[j] - sign * partial * before[k - 1 - j];
      coefficients[k] = partial;
      for (guint i = 0; i < k && jacobian != NULL; i++)
        {
          double *row = jacobian + i * n;

          memcpy (derivative, row, k * sizeof *derivative);
          for (guint j = 0; j < k; j++)
            row[j] = derivative[j] - sign * partial * derivative[k - 1 - j];
          row[k] = 0;
        }
      for (guint j = 0; j <= k && jacobian != NULL; j++)
        jacobian[k * n + j] = sign * NEAREST * (1 - tangent * tangent) * (j < k ? -sign * before[k - 1 - j] : 1);
    }
}

void
fc_arma_from_partials (FcArma *self, const double *x, double *jacobian)
{
  g_return_if_fail (self != NULL && self->p <= FC_ARMA_MAX && self->q <= FC_ARMA_MAX);

  coefficients_of (x, self->p, 1, self->phi, jacobian);
  coefficients_of (x + self->p, self->q, -1, self->theta, jacobian != NULL ? jacobian + self->p * self->p : NULL);
}

gboolean
fc_arma_partials (const double *coefficients, guint n, double radius, double *partials)
{
  double now[FC_ARMA_MAX] = { 0 };
  double before[FC_ARMA_MAX];
  double found[FC_ARMA_MAX] = { 0 };

  g_return_val_if_fail (n <= FC_ARMA_MAX, FALSE);

  for (guint i = 0; i < n; i++)
    now[i] = coefficients[i] * pow (radius, i + 1);
  for (guint k = n; k-- > 0;)
    {
      double partial = now[k];

      if (!(fabs (partial) < 1))
        return FALSE;
      found[k] = partial;
      memcpy (before, now, sizeof before);
      for (guint j = 0; j < k; j++)
        now[j] = (before[j] + partial * before[k - 1 - j]) / (1 - partial * partial);
    }
  memcpy (partials, found, n * sizeof *found);
  return TRUE;
}

/* The Yule–Walker equations: @size unknowns, @right right sides, of which the first is for the autocovariances and the
 * others are for their derivatives. */
typedef struct {
  guint size;
  guint right;
  double matrix[SIZE][SIZE];
  double sides[SIZE][RIGHT];
} Equations;

/* Gauss's elimination with pivots. */
static gboolean
eliminate (Equations *self, guint from, guint to)
{
  for (guint k = 0; k < self->size; k++)
    {
      guint pivot = k;

      for (guint i = k + 1; i < self->size; i++)
        pivot = fabs (self->matrix[i][k]) > fabs (self->matrix[pivot][k]) ? i : pivot;
      if (!(fabs (self->matrix[pivot][k]) > 1e-300))
        return FALSE;
      for (guint j = 0; j < SIZE && pivot != k; j++)
        {
          double kept = self->matrix[k][j];

          self->matrix[k][j] = self->matrix[pivot][j];
          self->matrix[pivot][j] = kept;
        }
      for (guint j = from; j < to && pivot != k; j++)
        {
          double kept = self->sides[k][j];

          self->sides[k][j] = self->sides[pivot][j];
          self->sides[pivot][j] = kept;
        }
      for (guint i = 0; i < self->size; i++)
        {
          double factor = i != k ? self->matrix[i][k] / self->matrix[k][k] : 0;

          for (guint j = k; j < self->size && factor != 0; j++)
            self->matrix[i][j] -= factor * self->matrix[k][j];
          for (guint j = from; j < to && factor != 0; j++)
            self->sides[i][j] -= factor * self->sides[k][j];
        }
    }
  for (guint i = 0; i < self->size; i++)
    for (guint j = from; j < to; j++)
      self->sides[i][j] /= self->matrix[i][i];
  return TRUE;
}

static void
yule_walker (const FcArma *self, Equations *equations)
{
  memset (equations->matrix, 0, sizeof equations->matrix);
  for (guint k = 0; k < equations->size; k++)
    {
      equations->matrix[k][k] += 1;
      for (guint i = 1; i <= self->p; i++)
        equations->matrix[k][k > i ? k - i : i - k] -= self->phi[i - 1];
    }
}

/* b(k) = Σ θ_j ψ_{j−k}, the covariance of the moving average with x k steps before, in sides[k][0]; its derivative by
 * the parameter i in sides[k][1 + i]. */
static void
moving_average (const FcArma *self, guint parameters, double b[SIZE][RIGHT])
{
  double psi[SIZE][RIGHT] = { { 0 } };

  for (guint k = 0; k <= self->q; k++)
    {
      psi[k][0] = k > 0 ? self->theta[k - 1] : 1;
      if (k > 0 && parameters > 0)
        psi[k][self->p + k] = 1;
      for (guint i = 1; i <= MIN (k, self->p); i++)
        {
          for (guint j = 0; j <= parameters; j++)
            psi[k][j] += self->phi[i - 1] * psi[k - i][j];
          if (parameters > 0)
            psi[k][i] += psi[k - i][0];
        }
    }
  for (guint k = 0; k < SIZE; k++)
    for (guint j = k; j <= self->q; j++)
      {
        for (guint c = 0; c <= parameters; c++)
          b[k][c] += (j > 0 ? self->theta[j - 1] : 1) * psi[j - k][c];
        if (j > 0 && parameters > 0)
          b[k][self->p + j] += psi[j - k][0];
      }
}

/* Continues the recursion from the lags that were solved for. */
static gsize
continue_lags (const FcArma *self, double b[SIZE][RIGHT], gsize lags, double *gamma, double *gradient)
{
  guint quiet = 0;
  gsize k = self->p + 1;

  for (; k < lags && (k <= self->q || quiet <= self->p); k++)
    {
      guint parameters = gradient != NULL ? self->p + self->q : 0;

      gamma[k] = k <= self->q ? b[k][0] : 0;
      for (guint i = 1; i <= self->p; i++)
        gamma[k] += self->phi[i - 1] * gamma[k - i];
      for (guint c = 0; c < parameters; c++)
        {
          double *row = gradient + c * lags;

          row[k] = (k <= self->q ? b[k][1 + c] : 0) + (c < self->p ? gamma[k - 1 - c] : 0);
          for (guint i = 1; i <= self->p; i++)
            row[k] += self->phi[i - 1] * row[k - i];
        }
      quiet = fabs (gamma[k]) < NEGLIGIBLE * gamma[0] ? quiet + 1 : 0;
    }
  return MIN (k, lags);
}

gsize
fc_arma_autocovariances (const FcArma *self, gsize lags, double *gamma, double *gradient)
{
  guint parameters = gradient != NULL ? self->p + self->q : 0;
  Equations equations = { self->p + 1, 1 + parameters, { { 0 } }, { { 0 } } };
  double b[SIZE][RIGHT] = { { 0 } };

  g_return_val_if_fail (lags > FC_ARMA_MAX, 0);

  moving_average (self, parameters, b);
  memcpy (equations.sides, b, sizeof b);
  yule_walker (self, &equations);
  if (!eliminate (&equations, 0, 1))
    return 0;
  for (guint k = 0; k <= self->p; k++)
    gamma[k] = equations.sides[k][0];
  if (!(gamma[0] > 0))
    return 0;
  for (guint k = 0; k <= self->p && parameters > 0; k++)
    for (guint c = 0; c < parameters; c++)
      equations.sides[k][1 + c] = b[k][1 + c] + (c < self->p ? gamma[k > c + 1 ? k - c - 1 : c + 1 - k] : 0);
  yule_walker (self, &equations);
  if (parameters > 0 && !eliminate (&equations, 1, 1 + parameters))
    return 0;
  for (guint c = 0; c < parameters; c++)
    for (guint k = 0; k <= self->p; k++)
      gradient[c * lags + k] = equations.sides[k][1 + c];
  return continue_lags (self, b, lags, gamma, gradient);
}
