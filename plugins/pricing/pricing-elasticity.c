/* SPDX-License-Identifier: Apache-2.0 */
#include "pricing-elasticity.h"

#include <math.h>
#include <rg-regression.h>
#include <stdlib.h>
#include <string.h>

#define N_CONTROLS 3u  /* level, trend, market */
#define MOVES_MIN 0.02 /* of the log price, beside the controls: about 2 % */
#define QUANTILE 1.959964
#define ROUNDS 60 /* of bisection */

/* One product's periods, and one row of each: columns of n. */
typedef struct {
  guint n;
  double *price; /* log, then without the controls */
  double *units;
  double *controls[N_CONTROLS];
} Periods;

static void
periods_init (Periods *periods, guint n)
{
  periods->n = n;
  periods->price = g_new (double, n);
  periods->units = g_new (double, n);
  for (guint i = 0; i < N_CONTROLS; i++)
    periods->controls[i] = g_new (double, n);
}

static void
periods_clear (Periods *periods)
{
  g_clear_pointer (&periods->price, g_free);
  g_clear_pointer (&periods->units, g_free);
  for (guint i = 0; i < N_CONTROLS; i++)
    g_clear_pointer (&periods->controls[i], g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Periods, periods_clear)

/* A row that counts, and how far its log units are from its product's mean. */
typedef struct {
  const PricingSale *sale;
  double above;
} Row;

/* What all products did in a period. */
typedef struct {
  gint64 period;
  double above;
  guint n;
} Market;

static gboolean
counts (const PricingSale *sale)
{
  return isfinite (sale->price) && sale->price > 0 && isfinite (sale->units) && sale->units > 0;
}

static int
compare_numbers (double x, double y)
{
  return (x > y) - (x < y);
}

/* By product, then period, then all that is left, so that sums do not depend on the order of the input. */
static int
compare_rows (const void *a, const void *b)
{
  const PricingSale *x = ((const Row *)a)->sale;
  const PricingSale *y = ((const Row *)b)->sale;

  if (x->product != y->product)
    return x->product < y->product ? -1 : 1;
  if (x->period != y->period)
    return x->period < y->period ? -1 : 1;
  if (compare_numbers (x->units, y->units) != 0)
    return compare_numbers (x->units, y->units);
  return compare_numbers (x->price, y->price);
}

static int
compare_markets (const void *a, const void *b)
{
  const Market *x = a;
  const Market *y = b;

  return (x->period > y->period) - (x->period < y->period);
}

/* Also by what is summed, so that the sum does not depend on the sort. */
static int
compare_summands (const void *a, const void *b)
{
  int by_period = compare_markets (a, b);

  return by_period != 0 ? by_period : compare_numbers (((const Market *)a)->above, ((const Market *)b)->above);
}

static guint
product_end (const Row *rows, guint n, guint start)
{
  guint end = start;

  while (end < n && rows[end].sale->product == rows[start].sale->product)
    end++;
  return end;
}

static void
set_above (Row *rows, guint n)
{
  for (guint start = 0, end; start < n; start = end)
    {
      double mean = 0;

      end = product_end (rows, n, start);
      for (guint i = start; i < end; i++)
        mean += log (rows[i].sale->units) / (end - start);
      for (guint i = start; i < end; i++)
        rows[i].above = log (rows[i].sale->units) - mean;
    }
}

/* One for each period, in order. */
static Market *
make_markets (const Row *rows, guint n, guint *ret_n)
{
  g_autofree Market *all = g_new (Market, n + 1);
  guint n_markets = 0;

  for (guint i = 0; i < n; i++)
    all[i] = (Market){ rows[i].sale->period, rows[i].above, 1 };
  qsort (all, n, sizeof *all, compare_summands);
  for (guint i = 0; i < n; i++)
    if (n_markets > 0 && all[n_markets - 1].period == all[i].period)
      {
        all[n_markets - 1].above += all[i].above;
        all[n_markets - 1].n++;
      }
    else
      all[n_markets++] = all[i];
  *ret_n = n_markets;
  return g_steal_pointer (&all);
}

/* The period's mean over all others. */
static double
market_without (const Market *markets, guint n, const Row *row)
{
  Market key = { row->sale->period, 0, 0 };
  const Market *market = bsearch (&key, markets, n, sizeof *markets, compare_markets);

  return market != NULL && market->n > 1 ? (market->above - row->above) / (market->n - 1) : 0;
}

/* Leaves of price and units what the controls do not make up. Returns how many controls there are of their own. */
static guint
take_out_controls (Periods *periods)
{
  guint left = rg_orthonormalize (periods->controls, N_CONTROLS, periods->n);

  rg_take_out (periods->controls, N_CONTROLS, periods->price, periods->n);
  rg_take_out (periods->controls, N_CONTROLS, periods->units, periods->n);
  return left;
}

/* The larger of the usual standard error and Newey and West's, as the deviation of Student's t with @freedom degrees.
 */
static double
standard_error (const Periods *periods, double slope, double spread, double freedom)
{
  double squares = 0;
  double sum;

  for (guint i = 0; i < periods->n; i++)
    {
      double rest = periods->units[i] - slope * periods->price[i];

      squares += rest * rest;
    }
  sum = rg_newey_west (periods->price, periods->units, slope, periods->n);
  sum = MAX (sum * periods->n / freedom, squares / freedom * spread);
  return sqrt (sum * freedom / (freedom - 2)) / spread;
}

/* What the product's own rows say. */
static void
estimate (const Row *rows, guint n, const Market *markets, guint n_markets, PricingElasticity *found)
{
  g_auto (Periods) periods = { 0 };
  double spread;
  guint controls;

  found->periods = n;
  if (n < PRICING_PERIODS_MIN)
    return;
  periods_init (&periods, n);
  for (guint i = 0; i < n; i++)
    {
      periods.price[i] = log (rows[i].sale->price);
      periods.units[i] = log (rows[i].sale->units);
      periods.controls[0][i] = 1;
      periods.controls[1][i] = (double)(rows[i].sale->period - rows[0].sale->period);
      periods.controls[2][i] = market_without (markets, n_markets, &rows[i]);
    }
  controls = take_out_controls (&periods);
  spread = rg_product (periods.price, periods.price, n);
  if (sqrt (spread / n) < MOVES_MIN)
    return;
  found->own = rg_product (periods.price, periods.units, n) / spread;
  found->own_sd = standard_error (&periods, found->own, spread, (double)n - controls - 1);
}

/* The mean at a spread of sqrt (@variance), and how much more than that the estimates differ (0 at the right one). */
static double
pool_at (const PricingElasticity *all, guint n, double variance, PricingPool *pool)
{
  double weights = 0;
  double sum = 0;
  double differ = 0;

  for (guint i = 0; i < n; i++)
    if (!isnan (all[i].own))
      {
        double weight = 1 / (all[i].own_sd * all[i].own_sd + variance);

        weights += weight;
        sum += weight * all[i].own;
      }
  pool->mean = sum / weights;
  pool->mean_sd = sqrt (1 / weights);
  pool->spread = sqrt (variance);
  for (guint i = 0; i < n; i++)
    if (!isnan (all[i].own))
      differ += (all[i].own - pool->mean) * (all[i].own - pool->mean) / (all[i].own_sd * all[i].own_sd + variance);
  return differ - (pool->products - 1);
}

static void
make_pool (PricingElasticity *all, guint n, PricingPool *pool)
{
  double low = 0;
  double high = 1;

  *pool = (PricingPool){ NAN, NAN, NAN, 0 };
  for (guint i = 0; i < n; i++)
    if (!isnan (all[i].own))
      {
        all[i].own_sd = MAX (all[i].own_sd, 1e-6); /* a fit without an error would weigh everything */
        pool->products++;
      }
  if (pool->products < PRICING_POOL_MIN)
    return;
  if (pool_at (all, n, 0, pool) <= 0)
    return; /* they differ by no more than they err */
  while (pool_at (all, n, high, pool) > 0 && high < 1e12)
    high *= 2;
  for (guint i = 0; i < ROUNDS; i++)
    {
      double middle = (low + high) / 2;

      if (pool_at (all, n, middle, pool) > 0)
        low = middle;
      else
        high = middle;
    }
}

/* Draws one to the mean of all. */
static void
draw (PricingElasticity *one, const PricingPool *pool)
{
  double variance = pool->spread * pool->spread;
  double error = one->own_sd * one->own_sd;

  if (isnan (pool->mean))
    {
      one->value = one->own;
      one->sd = one->own_sd;
    }
  else if (isnan (one->own))
    {
      one->value = pool->mean;
      one->sd = hypot (pool->spread, pool->mean_sd);
    }
  else
    {
      double drawn = error / (error + variance);

      one->value = (1 - drawn) * one->own + drawn * pool->mean;
      one->sd = sqrt (drawn * variance + drawn * drawn * pool->mean_sd * pool->mean_sd);
    }
  one->low = one->value - QUANTILE * one->sd;
  one->high = one->value + QUANTILE * one->sd;
}

void
pricing_elasticities (const PricingSale *sales,
                      gsize n,
                      guint n_products,
                      PricingElasticity *ret_elasticities,
                      PricingPool *ret_pool)
{
  g_autofree Row *rows = g_new (Row, n + 1);
  g_autofree Market *markets = NULL;
  PricingPool pool;
  guint n_rows = 0;
  guint n_markets;

  g_return_if_fail (n == 0 || sales != NULL);
  g_return_if_fail (n_products == 0 || ret_elasticities != NULL);

  for (gsize i = 0; i < n; i++)
    if (counts (&sales[i]) && sales[i].product < n_products)
      rows[n_rows++] = (Row){ &sales[i], 0 };
  qsort (rows, n_rows, sizeof *rows, compare_rows);
  set_above (rows, n_rows);
  markets = make_markets (rows, n_rows, &n_markets);

  for (guint i = 0; i < n_products; i++)
    ret_elasticities[i] = (PricingElasticity){ NAN, NAN, NAN, NAN, NAN, NAN, 0 };
  for (guint start = 0, end; start < n_rows; start = end)
    {
      end = product_end (rows, n_rows, start);
      estimate (rows + start, end - start, markets, n_markets, &ret_elasticities[rows[start].sale->product]);
    }
  make_pool (ret_elasticities, n_products, &pool);
  for (guint i = 0; i < n_products; i++)
    draw (&ret_elasticities[i], &pool);
  if (ret_pool != NULL)
    *ret_pool = pool;
}
