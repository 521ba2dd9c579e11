/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-prophet-fit.h"

#include "fc-cholesky.h"
#include "fc-error.h"
#include "fc-lasso.h"

#include <math.h>
#include <string.h>

#define LINE 2u         /* k and m */
#define LINE_SPREAD 5.0 /* of their priors */
#define SIGMA_MIN 1e-5
#define ITERATIONS_MAX 200u
#define TOLERANCE 1e-6 /* of the log posterior: what a step must promise to be taken */
#define HALVINGS_MAX 40u
#define RISE_SHARE 1e-4 /* of the promised rise, that a step must keep */

/* The arrays lie in one block. */
typedef struct {
  const FcProphetDesign *design;
  gsize size;       /* of a point */
  gsize free;       /* those without a kink: k, m, β */
  double *point;    /* where we are */
  double *next;     /* where the linearised model is best */
  double *trial;    /* a point between */
  double *residual; /* n */
  double *trend;    /* n */
  double *factor;   /* n: what the trend is multiplied with */
  double *row;      /* size: of the Jacobian */
  double *matrix;   /* size × size */
  double *slope;    /* size: of the smooth part's fall */
  double *right;    /* size */
  double *work;     /* of the lasso */
} Fit;

gsize
fc_prophet_fit_size (const FcProphetDesign *design)
{
  return LINE + design->n_columns + design->n_changes;
}

double
fc_prophet_fit_trend (const FcProphetDesign *design, const double *point, double t)
{
  const double *delta = point + LINE + design->n_columns;
  double trend = point[1] + point[0] * t;

  for (gsize j = 0; j < design->n_changes && t > design->change[j]; j++)
    trend += delta[j] * (t - design->change[j]);
  return trend;
}

/* The trends of all observed weeks, whose times rise. */
static void
draw_trend (const FcProphetDesign *design, const double *point, double *trend)
{
  const double *delta = point + LINE + design->n_columns;
  double level = point[1];
  double rate = point[0];
  gsize j = 0;

  for (gsize i = 0; i < design->n; i++)
    {
      for (; j < design->n_changes && design->t[i] >= design->change[j]; j++)
        {
          rate += delta[j];
          level -= delta[j] * design->change[j];
        }
      trend[i] = level + rate * design->t[i];
    }
}

/* Residuals, trends and factors at a point; returns the sum of squares. The latter two may be NULL. */
static double
residuals (const FcProphetDesign *design, const double *point, double *residual, double *trend, double *factor)
{
  const double *beta = point + LINE;
  double squares = 0;

  draw_trend (design, point, trend);
  for (gsize i = 0; i < design->n; i++)
    {
      const double *x = design->x + i * design->n_columns;
      double sum = 0;

      for (gsize c = 0; c < design->n_columns; c++)
        sum += x[c] * beta[c];
      factor[i] = design->additive ? 1 : 1 + sum;
      residual[i] = design->y[i] - (design->additive ? trend[i] + sum : trend[i] * factor[i]);
      squares += residual[i] * residual[i];
    }
  return squares;
}

/* The σ that is best at a sum of squares: written so that nothing cancels. */
static double
best_sigma (gsize n, double squares)
{
  double all = (double)n;

  return MAX (sqrt (2 * squares / (all + sqrt (all * all + 16 * squares))), SIGMA_MIN);
}

static double
log_posterior (const FcProphetDesign *design, const double *point, double squares, double sigma)
{
  const double *beta = point + LINE;
  const double *delta = beta + design->n_columns;
  double sum = -(double)design->n * log (sigma) - squares / (2 * sigma * sigma) - 2 * sigma * sigma;

  sum -= (point[0] * point[0] + point[1] * point[1]) / (2 * LINE_SPREAD * LINE_SPREAD);
  for (gsize c = 0; c < design->n_columns; c++)
    sum -= beta[c] * beta[c] / (2 * design->spread[c] * design->spread[c]);
  for (gsize j = 0; j < design->n_changes; j++)
    sum -= fabs (delta[j]) / design->tau;
  return sum;
}

double
fc_prophet_fit_objective (const FcProphetDesign *design, const double *point, double sigma)
{
  g_autofree double *work = NULL;

  g_return_val_if_fail (design != NULL && point != NULL && sigma > 0, -G_MAXDOUBLE);

  work = g_new (double, 3 * design->n);
  return log_posterior (design, point, residuals (design, point, work, work + design->n, work + 2 * design->n), sigma);
}

/* The derivatives of week @i's mean, in the order of a point. Returns how many are not beyond the last that is not 0.
 */
static gsize
derive (Fit *fit, gsize i)
{
  const FcProphetDesign *design = fit->design;
  const double *x = design->x + i * design->n_columns;
  double by = design->additive ? 1 : fit->trend[i];
  double factor = fit->factor[i];
  double t = design->t[i];
  gsize at = LINE;

  fit->row[0] = t * factor;
  fit->row[1] = factor;
  for (gsize c = 0; c < design->n_columns; c++)
    fit->row[at++] = x[c] * by;
  for (gsize j = 0; j < design->n_changes && t > design->change[j]; j++)
    fit->row[at++] = (t - design->change[j]) * factor;
  return at;
}

/* Prior's curvature of one of the variables without a kink. */
static double
prior_of (const FcProphetDesign *design, gsize index)
{
  double spread = index < LINE ? LINE_SPREAD : design->spread[index - LINE];

  return 1 / (spread * spread);
}

/* At the point, of the smooth part of the negative log posterior: curvature of Gauss and Newton, fall (the negative
 * gradient), and the right-hand side of the quadratic in the next point, ½ z'Hz − b'z with b = H point + fall. */
static void
linearize (Fit *fit, double sigma)
{
  double weight = 1 / (sigma * sigma);

  memset (fit->matrix, 0, fit->size * fit->size * sizeof (double));
  memset (fit->slope, 0, fit->size * sizeof (double));
  for (gsize i = 0; i < fit->design->n; i++)
    {
      gsize end = derive (fit, i);

      for (gsize a = 0; a < end; a++)
        {
          double by = weight * fit->row[a];
          double *out = fit->matrix + a * fit->size;

          fit->slope[a] += by * fit->residual[i];
          for (gsize b = a; b < end; b++)
            out[b] += by * fit->row[b];
        }
    }
  for (gsize a = 0; a < fit->size; a++)
    {
      double *diagonal = fit->matrix + a * fit->size + a;

      if (a < fit->free)
        {
          double prior = prior_of (fit->design, a);

          *diagonal += prior;
          fit->slope[a] -= prior * fit->point[a];
        }
      else
        *diagonal += 1e-10 * *diagonal + 1e-10; /* two changepoints that few weeks tell apart */
    }
  for (gsize a = 0; a < fit->size; a++)
    {
      double sum = fit->slope[a];

      for (gsize b = 0; b < fit->size; b++)
        sum += fit->point[b] * (a <= b ? fit->matrix[a * fit->size + b] : fit->matrix[b * fit->size + a]);
      fit->right[a] = sum;
    }
}

/* Minimises the quadratic with its absolute values into @next. */
static gboolean
solve (Fit *fit)
{
  gsize changes = fit->design->n_changes;
  FcLasso lasso = {
    .n = changes,
    .stride = fit->size,
    .h = fit->matrix + fit->free * fit->size + fit->free,
    .b = fit->next + fit->free,
    .penalty = 1 / fit->design->tau,
  };

  if (!fc_cholesky_factor (fit->matrix, fit->size, fit->size, fit->free))
    return FALSE;
  memcpy (fit->next, fit->right, fit->size * sizeof (double));
  fc_cholesky_reduce (fit->matrix, fit->size, fit->size, fit->free, fit->next);
  memcpy (fit->trial, fit->point + fit->free, changes * sizeof (double));
  if (changes > 0 && !fc_lasso_minimize (&lasso, fit->trial, fit->work))
    return FALSE;
  memcpy (fit->next + fit->free, fit->trial, changes * sizeof (double));
  fc_cholesky_restore (fit->matrix, fit->size, fit->size, fit->free, fit->next);
  return TRUE;
}

/* What the step to @next promises, to first order. */
static double
promise (const Fit *fit)
{
  double rise = 0;

  for (gsize a = 0; a < fit->size; a++)
    {
      rise += fit->slope[a] * (fit->next[a] - fit->point[a]);
      if (a >= fit->free)
        rise += (fabs (fit->point[a]) - fabs (fit->next[a])) / fit->design->tau;
    }
  return rise;
}

/* Goes towards @next as far as the objective rises. FALSE when it does nowhere. */
static gboolean
step (Fit *fit, double promised, double *objective, double *sigma)
{
  double share = 1;

  for (guint halving = 0; halving < HALVINGS_MAX; halving++, share /= 2)
    {
      double squares;
      double at_sigma;
      double at;

      for (gsize a = 0; a < fit->size; a++)
        fit->trial[a] = share == 1 ? fit->next[a] : fit->point[a] + share * (fit->next[a] - fit->point[a]);
      squares = residuals (fit->design, fit->trial, fit->residual, fit->trend, fit->factor);
      at_sigma = best_sigma (fit->design->n, squares);
      at = log_posterior (fit->design, fit->trial, squares, at_sigma);
      if (at >= *objective + RISE_SHARE * share * promised)
        {
          memcpy (fit->point, fit->trial, fit->size * sizeof (double));
          *objective = at;
          *sigma = at_sigma;
          return TRUE;
        }
    }
  return FALSE;
}

static double *
lay_out (Fit *fit, const FcProphetDesign *design, double *point)
{
  gsize size = fc_prophet_fit_size (design);
  gsize n = design->n;
  double *block = g_new0 (double, size *size + 5 * size + 3 * n + fc_lasso_work (design->n_changes));

  fit->design = design;
  fit->size = size;
  fit->free = LINE + design->n_columns;
  fit->point = point;
  fit->matrix = block;
  fit->next = fit->matrix + size * size;
  fit->trial = fit->next + size;
  fit->row = fit->trial + size;
  fit->slope = fit->row + size;
  fit->right = fit->slope + size;
  fit->residual = fit->right + size;
  fit->trend = fit->residual + n;
  fit->factor = fit->trend + n;
  fit->work = fit->factor + n;
  return block;
}

gboolean
fc_prophet_fit_maximize (const FcProphetDesign *design,
                         double *point,
                         double *ret_sigma,
                         guint *ret_iterations,
                         GError **error)
{
  g_autofree double *block = NULL;
  Fit fit;
  double squares;
  double sigma;
  double objective;
  guint iteration;

  g_return_val_if_fail (design != NULL && point != NULL && ret_sigma != NULL && ret_iterations != NULL, FALSE);

  block = lay_out (&fit, design, point);
  memset (point, 0, fit.size * sizeof (double));
  point[0] = design->y[design->n - 1] - design->y[0];
  point[1] = design->y[0];
  squares = residuals (design, point, fit.residual, fit.trend, fit.factor);
  sigma = best_sigma (design->n, squares);
  objective = log_posterior (design, point, squares, sigma);

  for (iteration = 0; iteration < ITERATIONS_MAX; iteration++)
    {
      double promised;

      linearize (&fit, sigma);
      if (!solve (&fit))
        {
          g_set_error (error, FC_ERROR, FC_ERROR_FAILED,
                       "the Prophet-like model's equations are singular after %u steps", iteration);
          return FALSE;
        }
      promised = promise (&fit);
      if (!(promised > TOLERANCE) || !step (&fit, promised, &objective, &sigma))
        break;
    }
  if (!isfinite (objective))
    {
      g_set_error (error, FC_ERROR, FC_ERROR_FAILED, "the Prophet-like model's objective is not finite");
      return FALSE;
    }
  *ret_sigma = sigma;
  *ret_iterations = iteration;
  return TRUE;
}
