/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-likelihood.h"

#include <math.h>
#include <string.h>

#define SEASONS 40u       /* seasons over which the convolution goes when a seasonal AR never ends */
#define VARIANCE_MAX 1e10 /* over that of the innovations: beyond it the recursion has too few digits left */
#define SETTLED 1e-14     /* partial autocorrelations that change nothing */
#define SETTLED_LAGS 13u  /* so many of them in a row, more than p + q, are followed by none */
#define LITTLE 1e-20      /* of the mean square: the least variance that is told from none */
#define PARAMETERS (2 * FC_ARMA_MAX)

struct _FcLikelihood {
  gsize n;
  gsize total; /* n and what is ahead */
  guint columns;
  guint period;
  double scale;
  double *data;        /* columns × total, over scale: the series, then the regressors */
  double *gamma;       /* total */
  double *slope;       /* n, derivatives of the log-likelihood by gamma */
  double *rows;        /* triangle: row t predicts time t: coefficients of times 0 … t − 1 */
  gsize settled;       /* from this row on all are alike, but for the place; total when that never happens */
  gsize skip;          /* leading coefficients of that row that are nought */
  double *innovations; /* columns × n */
  double *variances;   /* n */
  double *residual;    /* n; total for predictions */
  double *solved;      /* n, inverse covariances times the residuals */
  double *filter;      /* n, the last prediction error filter */

  /* Autocovariances of the two parts, their derivatives, and those of the log-likelihood by them. */
  gsize near_room;
  gsize seasonal_room;
  gsize near_stride; /* of the rows of the gradients */
  gsize seasonal_stride;
  gsize near_lags;
  gsize seasonal_lags;
  double *near;
  double *near_gradient;
  double *near_slope;
  double *seasonal;
  double *seasonal_gradient;
  double *seasonal_slope;
};

/* Partial sums, which a compiler may not make by itself. */
static double
dot (const double *a, const double *b, gsize n)
{
  double sum[8] = { 0 };
  gsize i = 0;

  for (; i + 8 <= n; i += 8)
    for (guint k = 0; k < 8; k++)
      sum[k] += a[i + k] * b[i + k];
  for (; i < n; i++)
    sum[0] += a[i] * b[i];
  return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

static double *
row_of (FcLikelihood *self, gsize t)
{
  return self->rows + t * (t - 1) / 2;
}

/* The coefficients that predict time @t, for times *@first … t − 1. */
static const double *
predictor (FcLikelihood *self, gsize t, gsize *first)
{
  if (t <= self->settled)
    {
      *first = 0;
      return row_of (self, t);
    }
  *first = t - (self->settled - self->skip);
  return row_of (self, self->settled) + self->skip;
}

FcLikelihood *
fc_likelihood_new (const double *series,
                   gsize n,
                   const double *regressors,
                   guint n_regressors,
                   guint period,
                   gsize ahead)
{
  FcLikelihood *self;
  double square = 0;

  g_return_val_if_fail (n > 1 && n_regressors <= FC_LIKELIHOOD_REGRESSORS && period > 0, NULL);

  self = g_new0 (FcLikelihood, 1);
  self->n = n;
  self->total = n + ahead;
  self->columns = 1 + n_regressors;
  self->period = period;
  self->data = g_new0 (double, self->columns * self->total);
  for (gsize i = 0; i < n; i++)
    square = MAX (square, fabs (series[i]));
  self->scale = square > 0 ? square : 1;
  for (gsize i = 0; i < n; i++)
    self->data[i] = series[i] / self->scale;
  for (guint c = 1; c < self->columns; c++)
    memcpy (self->data + c * self->total, regressors + (c - 1) * n, n * sizeof (double));
  self->gamma = g_new (double, self->total + 1);
  self->slope = g_new (double, n);
  self->rows = g_new (double, self->total *(self->total + 1) / 2);
  self->innovations = g_new (double, self->columns *n);
  self->variances = g_new (double, n);
  self->residual = g_new (double, self->total);
  self->solved = g_new (double, n);
  self->filter = g_new (double, n);
  self->near_room = MAX (self->total + SEASONS * period, FC_ARMA_MAX + 1);
  self->seasonal_room = SEASONS + 1;
  self->near = g_new (double, self->near_room);
  self->near_gradient = g_new (double, PARAMETERS * self->near_room);
  self->near_slope = g_new (double, self->near_room);
  self->seasonal = g_new (double, self->seasonal_room);
  self->seasonal_gradient = g_new (double, PARAMETERS * self->seasonal_room);
  self->seasonal_slope = g_new (double, self->seasonal_room);
  return self;
}

void
fc_likelihood_free (FcLikelihood *self)
{
  if (self == NULL)
    return;
  g_free (self->data);
  g_free (self->gamma);
  g_free (self->slope);
  g_free (self->rows);
  g_free (self->innovations);
  g_free (self->variances);
  g_free (self->residual);
  g_free (self->solved);
  g_free (self->filter);
  g_free (self->near);
  g_free (self->near_gradient);
  g_free (self->near_slope);
  g_free (self->seasonal);
  g_free (self->seasonal_gradient);
  g_free (self->seasonal_slope);
  g_free (self);
}

/* The lags h below @n for which h − @shift is within the lags of the near part: *from … *to − 1. */
static void
reach (FcLikelihood *self, gssize shift, gsize n, gsize *from, gsize *to)
{
  gssize lags = (gssize)self->near_lags;

  *from = (gsize)MAX (0, shift - lags + 1);
  *to = (gsize)CLAMP (shift + lags, 0, (gssize)n);
}

/* γ(h) = Σ_j γ_s(|j|) γ_n(|h − period·j|) */
static void
convolve (FcLikelihood *self, gsize n)
{
  gssize seasons = (gssize)self->seasonal_lags;

  memset (self->gamma, 0, n * sizeof (double));
  for (gssize j = 1 - seasons; j < seasons; j++)
    {
      gssize shift = j * (gssize)self->period;
      double weight = self->seasonal[ABS (j)];
      gsize from, to;

      reach (self, shift, n, &from, &to);
      for (gsize h = from; h < to && weight != 0; h++)
        self->gamma[h] += weight * self->near[ABS ((gssize)h - shift)];
    }
}

/* The derivatives by the parts' autocovariances, from those by the product's. */
static void
convolve_back (FcLikelihood *self)
{
  gssize seasons = (gssize)self->seasonal_lags;

  memset (self->near_slope, 0, self->near_lags * sizeof (double));
  memset (self->seasonal_slope, 0, self->seasonal_lags * sizeof (double));
  for (gssize j = 1 - seasons; j < seasons; j++)
    {
      gssize shift = j * (gssize)self->period;
      double weight = self->seasonal[ABS (j)];
      gsize from, to;

      reach (self, shift, self->n, &from, &to);
      for (gsize h = from; h < to; h++)
        {
          gsize lag = (gsize)ABS ((gssize)h - shift);

          self->near_slope[lag] += weight * self->slope[h];
          self->seasonal_slope[ABS (j)] += self->near[lag] * self->slope[h];
        }
    }
}

static gboolean
autocovariances (FcLikelihood *self, const FcArma *near, const FcArma *seasonal, gsize n, gboolean slopes)
{
  gsize seasons = seasonal->p > 0 ? SEASONS : seasonal->q;

  self->near_stride = CLAMP (self->total + seasons * self->period, FC_ARMA_MAX + 1, self->near_room);
  self->seasonal_stride = MAX (seasons, FC_ARMA_MAX) + 1;
  self->near_lags = fc_arma_autocovariances (near, self->near_stride, self->near, slopes ? self->near_gradient : NULL);
  self->seasonal_lags = fc_arma_autocovariances (seasonal, self->seasonal_stride, self->seasonal,
                                                 slopes ? self->seasonal_gradient : NULL);
  if (self->near_lags == 0 || self->seasonal_lags == 0)
    return FALSE;
  if (seasonal->p + seasonal->q == 0)
    self->seasonal_lags = 1;
  convolve (self, n);
  return self->gamma[0] < VARIANCE_MAX;
}

/* The row of the predictor of time @t from the one before; the error's variance before and after is *@variance. */
static gboolean
levinson (FcLikelihood *self, gsize t, double *variance)
{
  const double *before = row_of (self, t > 1 ? t - 1 : 1);
  double *row = row_of (self, t);
  double partial = (self->gamma[t] - dot (before, self->gamma + 1, t - 1)) / *variance;

  row[0] = partial;
  for (gsize i = 1; i < t; i++)
    row[i] = before[i - 1] - partial * before[t - 1 - i];
  *variance *= 1 - partial * partial;
  return *variance > 0;
}

/* Notes when the predictors no longer change at time @t, *@quiet counting the times that they did not. A seasonal part
 * would wake them again. */
static void
settle (FcLikelihood *self, gsize t, guint *quiet)
{
  const double *row = row_of (self, t);

  *quiet = fabs (row[0]) < SETTLED ? *quiet + 1 : 0;
  if (self->seasonal_lags > 1 || *quiet < SETTLED_LAGS)
    return;
  self->settled = t;
  self->skip = 0;
  while (self->skip < t && fabs (row[self->skip]) < SETTLED)
    self->skip++;
}

static gboolean
innovate (FcLikelihood *self, guint used, double *ret_logdet)
{
  double variance = self->gamma[0];
  double logdet = 0;
  double chunk = 1; /* a product of variances, so that logarithms are few */
  guint quiet = 0;

  self->settled = self->total;
  for (gsize t = 0; t < self->n; t++)
    {
      gsize first = 0;
      const double *row;

      if (!(variance > 0) || (t > 0 && t <= self->settled && !levinson (self, t, &variance)))
        return FALSE;
      if (t > 0 && t < self->settled)
        settle (self, t, &quiet);
      self->variances[t] = variance;
      chunk *= variance;
      if (!(chunk < 1e100 && chunk > 1e-100) || t + 1 == self->n)
        {
          logdet += log (chunk);
          chunk = 1;
        }
      row = t > 0 ? predictor (self, t, &first) : NULL;
      for (guint c = 0; c <= used; c++)
        {
          const double *column = self->data + c * self->total;

          self->innovations[c * self->n + t] = column[t] - (t > 0 ? dot (row, column + first, t - first) : 0);
        }
    }
  *ret_logdet = logdet;
  return isfinite (logdet);
}

static double
weighted (FcLikelihood *self, guint a, guint b)
{
  const double *first = self->innovations + a * self->n;
  const double *second = self->innovations + b * self->n;
  double sum = 0;

  for (gsize t = 0; t < self->n; t++)
    sum += first[t] * second[t] / self->variances[t];
  return sum;
}

/* Generalised least squares by Cholesky's decomposition of the normal equations. */
static gboolean
regress (FcLikelihood *self, guint used, double *beta)
{
  double factor[FC_LIKELIHOOD_REGRESSORS][FC_LIKELIHOOD_REGRESSORS];

  for (guint i = 0; i < used; i++)
    {
      beta[i] = weighted (self, 0, 1 + i);
      for (guint j = 0; j <= i; j++)
        {
          double sum = weighted (self, 1 + i, 1 + j);
          double whole = sum;

          for (guint k = 0; k < j; k++)
            sum -= factor[i][k] * factor[j][k];
          if (i == j && !(sum > 1e-12 * whole))
            return FALSE;
          factor[i][j] = i == j ? sqrt (sum) : sum / factor[j][j];
        }
      for (guint k = 0; k < i; k++)
        beta[i] -= factor[i][k] * beta[k];
      beta[i] /= factor[i][i];
    }
  for (guint i = used; i-- > 0;)
    {
      for (guint k = i + 1; k < used; k++)
        beta[i] -= factor[k][i] * beta[k];
      beta[i] /= factor[i][i];
    }
  return TRUE;
}

/* The innovations of the series less those of the regressors take the series' place; returns their mean square. */
static double
concentrate (FcLikelihood *self, guint used, const double *beta)
{
  for (guint c = 0; c < used; c++)
    for (gsize t = 0; t < self->n; t++)
      self->innovations[t] -= beta[c] * self->innovations[(1 + c) * self->n + t];
  return weighted (self, 0, 0) / (double)self->n;
}

/* Inverse covariances times residuals: back through the triangle. */
static void
solve (FcLikelihood *self)
{
  memset (self->solved, 0, self->n * sizeof (double));
  for (gsize t = self->n; t-- > 0;)
    {
      double value = self->innovations[t] / self->variances[t];
      gsize first = 0;
      const double *row = t > 0 ? predictor (self, t, &first) : NULL;

      self->solved[t] += value;
      for (gsize i = first; i < t; i++)
        self->solved[i] -= value * row[i - first];
    }
}

/* Derivatives of the log-likelihood by the autocovariances: half of u'(dR)u / σ² − tr (R⁻¹ dR), u being R⁻¹ times the
 * residuals. */
static void
differentiate (FcLikelihood *self, double sigma2)
{
  gsize n = self->n;
  gsize lags = MIN (n, self->near_lags + (self->seasonal_lags - 1) * self->period); /* the others are nought */
  gsize first;
  const double *last = predictor (self, n - 1, &first);
  gsize length = n - first;        /* of the filter */
  double *tilted = self->residual; /* free for now */

  solve (self);
  self->filter[0] = 1;
  for (gsize j = 1; j < length; j++)
    self->filter[j] = -last[length - 1 - j];
  for (gsize j = 0; j < length; j++)
    tilted[j] = ((double)n - 2 * (double)j) * self->filter[j];
  for (gsize h = 0; h < lags; h++)
    {
      double along = dot (self->solved, self->solved + h, n - h);
      double trace = h < length ? dot (tilted, self->filter + h, length - h) -
                                      (double)h * dot (self->filter, self->filter + h, length - h)
                                : 0;

      self->slope[h] = (along / sigma2 - trace / self->variances[n - 1]) * (h > 0 ? 1 : 0.5);
    }
  memset (self->slope + lags, 0, (n - lags) * sizeof (double));
}

static void
chain (const double *slope, gsize lags, const double *derivatives, gsize room, guint n, double *gradient)
{
  for (guint i = 0; i < n; i++)
    gradient[i] = dot (slope, derivatives + i * room, lags);
}

gboolean
fc_likelihood_evaluate (FcLikelihood *self,
                        const FcArma *near,
                        const FcArma *seasonal,
                        guint used,
                        FcLikelihoodResult *ret_result,
                        double *gradient)
{
  FcLikelihoodResult result = { 0 };
  double n = (double)self->n;
  double logdet;
  double variance;

  g_return_val_if_fail (self != NULL && used < self->columns, FALSE);

  if (!autocovariances (self, near, seasonal, self->n, gradient != NULL) || !innovate (self, used, &logdet) ||
      !regress (self, used, result.beta))
    return FALSE;
  variance = concentrate (self, used, result.beta);
  variance = MAX (variance, LITTLE);
  result.loglik = -0.5 * (n * (log (2 * G_PI * variance) + 1) + logdet) - n * log (self->scale);
  result.sigma2 = variance * self->scale * self->scale;
  if (!isfinite (result.loglik))
    return FALSE;
  for (guint i = 0; i < used; i++)
    result.beta[i] *= self->scale;
  if (gradient != NULL)
    {
      differentiate (self, variance);
      convolve_back (self);
      chain (self->near_slope, self->near_lags, self->near_gradient, self->near_stride, near->p + near->q, gradient);
      chain (self->seasonal_slope, self->seasonal_lags, self->seasonal_gradient, self->seasonal_stride,
             seasonal->p + seasonal->q, gradient + near->p + near->q);
    }
  *ret_result = result;
  return TRUE;
}

gboolean
fc_likelihood_predict (FcLikelihood *self,
                       const FcArma *near,
                       const FcArma *seasonal,
                       guint used,
                       const FcLikelihoodResult *result,
                       double *mean)
{
  double variance;

  g_return_val_if_fail (self != NULL && used < self->columns, FALSE);

  if (!autocovariances (self, near, seasonal, self->total, FALSE))
    return FALSE;
  self->settled = self->total;
  variance = self->gamma[0];
  for (gsize t = 0; t < self->total; t++)
    {
      gsize first = 0;

      /* Where the digits run out, the last good predictor goes on. */
      if (t > 0 && t < self->settled && !levinson (self, t, &variance))
        {
          self->settled = t - 1;
          self->skip = 0;
        }
      if (t < self->n)
        {
          self->residual[t] = self->data[t];
          for (guint c = 0; c < used; c++)
            self->residual[t] -= result->beta[c] / self->scale * self->data[(1 + c) * self->total + t];
        }
      else
        {
          const double *row = predictor (self, t, &first);

          self->residual[t] = dot (row, self->residual + first, t - first);
          mean[t - self->n] = self->residual[t] * self->scale;
        }
    }
  return TRUE;
}
