/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-deseason.h"

#include <math.h>
#include <string.h>

#define COLUMNS (2 + 2 * FC_DESEASON_PAIRS)

static const double rhos[] = { 0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1 };
static const gsize orders[] = { 0, 1, 2, 3, 4, 6, 8, 10, 13 };

/* The normal equations' factor L, and L⁻¹ of the right side. */
typedef struct {
  double l[COLUMNS][COLUMNS];
  double w[COLUMNS];
  double yy;
  gsize first; /* 1 where the constant is differenced away */
} Factor;

static void
fill_row (double *row, gsize week, gsize n)
{
  double angle = 2 * G_PI * (double)week / FC_DESEASON_PERIOD;

  row[0] = 1;
  row[1] = (double)week / (double)n;
  for (gsize k = 1; k <= FC_DESEASON_PAIRS; k++)
    {
      row[2 * k] = sin (angle * (double)k);
      row[2 * k + 1] = cos (angle * (double)k);
    }
}

static void
add_row (Factor *factor, const double *row, double y)
{
  for (gsize i = factor->first; i < COLUMNS; i++)
    {
      for (gsize j = factor->first; j <= i; j++)
        factor->l[i][j] += row[i] * row[j];
      factor->w[i] += row[i] * y;
    }
  factor->yy += y * y;
}

static void
decompose (Factor *factor)
{
  for (gsize i = factor->first; i < COLUMNS; i++)
    {
      double diagonal = factor->l[i][i];

      for (gsize j = factor->first; j <= i; j++)
        {
          double sum = factor->l[i][j];

          for (gsize k = factor->first; k < j; k++)
            sum -= factor->l[i][k] * factor->l[j][k];
          factor->l[i][j] = j < i ? sum / factor->l[j][j] : sqrt (MAX (sum, 1e-10 * diagonal + 1e-300));
        }
      for (gsize k = factor->first; k < i; k++)
        factor->w[i] -= factor->l[i][k] * factor->w[k];
      factor->w[i] /= factor->l[i][i];
    }
}

static void
regress (const double *rows, const double *x, gsize n, double rho, Factor *factor)
{
  double row[COLUMNS];

  memset (factor, 0, sizeof *factor);
  factor->first = rho == 1 ? 1 : 0;
  for (gsize i = 1; i < n; i++)
    {
      for (gsize k = 0; k < COLUMNS; k++)
        row[k] = rows[i * COLUMNS + k] - rho * rows[(i - 1) * COLUMNS + k];
      add_row (factor, row, x[i] - rho * x[i - 1]);
    }
  decompose (factor);
}

static void
solve (const Factor *factor, gsize columns, double *ret_coefficients)
{
  double b[COLUMNS] = { 0 };

  for (gsize i = columns; i-- > factor->first;)
    {
      b[i] = factor->w[i];
      for (gsize k = i + 1; k < columns; k++)
        b[i] -= factor->l[k][i] * b[k];
      b[i] /= factor->l[i][i];
    }
  memcpy (ret_coefficients, b + 2, (columns - 2) * sizeof *b);
}

/* The coefficients of all models so far, each weighted by how likely it is beside the likeliest. */
typedef struct {
  double lowest; /* AICc */
  double weight;
  double coefficients[2 * FC_DESEASON_PAIRS];
} Average;

static void
average_add (Average *average, const double *coefficients, double share, double aicc)
{
  double before = aicc < average->lowest ? exp ((aicc - average->lowest) / 2) : 1;
  double weight = aicc < average->lowest ? 1 : exp ((average->lowest - aicc) / 2);

  for (gsize i = 0; i < 2 * FC_DESEASON_PAIRS; i++)
    average->coefficients[i] = before * average->coefficients[i] + weight * share * coefficients[i];
  average->weight = before * average->weight + weight;
  average->lowest = MIN (average->lowest, aicc);
}

/* How much of @columns' coefficients to believe: 1 − 1 / F, of the F that tests whether they are all zero. */
static double
shrink (double rss0, double rss, gsize columns, double freedom)
{
  double explained = (rss0 - rss) / (double)MAX (columns, 1), noise = rss / freedom;

  return explained > 0 ? MAX (0, 1 - noise / explained) : 0;
}

/* Adds the models of every number of pairs for one ρ. */
static void
add_orders (const Factor *factor, gsize n, double rho, Average *average, FcDeseason *season)
{
  double rss = factor->yy, rss0 = 0, weeks = (double)(n - 1), floor = 1e-12 * factor->yy + 1e-300;
  gsize used = factor->first;

  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      gsize columns = 2 + 2 * orders[i];
      double parameters = (double)(columns - factor->first + 1), aicc;
      double coefficients[2 * FC_DESEASON_PAIRS] = { 0 };

      if (weeks - parameters - 1 < 2 * parameters)
        return;
      for (; used < columns; used++)
        rss -= factor->w[used] * factor->w[used];
      rss0 = i == 0 ? rss : rss0;
      aicc = weeks * log (MAX (rss, floor) / weeks) + 2 * parameters * weeks / (weeks - parameters - 1);
      if (aicc < average->lowest)
        {
          season->pairs = orders[i];
          season->rho = rho;
        }
      solve (factor, columns, coefficients);
      average_add (average, coefficients, shrink (rss0, rss, 2 * orders[i], weeks - parameters), aicc);
    }
}

static void
take_average (const Average *average, FcDeseason *ret_season)
{
  for (gsize i = 0; i < 2 * FC_DESEASON_PAIRS && average->weight > 0; i++)
    ret_season->coefficients[i] = average->coefficients[i] / average->weight;
}

void
fc_deseason_fit (const FcSeries *series, FcDeseason *ret_season)
{
  g_autofree double *rows = NULL, *x = NULL;
  Average average = { G_MAXDOUBLE, 0, { 0 } };
  gsize n = series->n;

  memset (ret_season, 0, sizeof *ret_season);
  if (n < FC_DESEASON_WEEKS_MIN)
    return;
  ret_season->log = TRUE;
  for (gsize i = 0; i < n; i++)
    ret_season->log = ret_season->log && series->y[i] > 0;
  rows = g_new (double, n *COLUMNS);
  x = g_new (double, n);
  for (gsize i = 0; i < n; i++)
    {
      fill_row (rows + i * COLUMNS, i, n);
      x[i] = ret_season->log ? log (series->y[i]) : series->y[i];
    }
  for (gsize i = 0; i < G_N_ELEMENTS (rhos); i++)
    {
      Factor factor;

      regress (rows, x, n, rhos[i], &factor);
      add_orders (&factor, n, rhos[i], &average, ret_season);
    }
  take_average (&average, ret_season);
}

double
fc_deseason_at (const FcDeseason *self, gsize week)
{
  double angle = 2 * G_PI * (double)week / FC_DESEASON_PERIOD, sum = 0;
  double sine = sin (angle), cosine = cos (angle), s = sine, c = cosine;

  /* The waves of one week follow each other by a rotation. */
  for (gsize k = 0; k < FC_DESEASON_PAIRS; k++)
    {
      double next = s * cosine + c * sine;

      sum += self->coefficients[2 * k] * s + self->coefficients[2 * k + 1] * c;
      c = c * cosine - s * sine;
      s = next;
    }
  return self->log ? exp (CLAMP (sum, -20, 20)) : sum;
}

double *
fc_deseason_remove (const FcDeseason *self, const FcSeries *series)
{
  double *y = g_new (double, series->n);

  for (gsize i = 0; i < series->n; i++)
    {
      double at = fc_deseason_at (self, i);

      y[i] = self->log ? series->y[i] / at : series->y[i] - at;
    }
  return y;
}
