/* SPDX-License-Identifier: Apache-2.0 */
#include "markdown-elasticity.h"

#include <math.h>
#include <rg-regression.h>

#define YEAR 365.25
#define HARMONICS 3u
#define N_CONTROLS (2 + 2 * HARMONICS) /* level, trend, sine and cosine of each harmonic */
#define MOVES_MIN 0.01                 /* of the log price, beside its season and trend: about 1 % */
#define STEEPEST 10.0                  /* nothing that is sold answers to its price like that */
#define QUANTILE 1.985                 /* of Student's t at 97.5 % for some 95 degrees of freedom */

/* The category's weeks that count, one after the other. */
typedef struct {
  guint n;
  double *day;
  double *price; /* log, then without the controls */
  double *units;
  double *controls[N_CONTROLS];
} Weeks;

static void
weeks_clear (Weeks *weeks)
{
  g_clear_pointer (&weeks->day, g_free);
  g_clear_pointer (&weeks->price, g_free);
  g_clear_pointer (&weeks->units, g_free);
  for (guint i = 0; i < N_CONTROLS; i++)
    g_clear_pointer (&weeks->controls[i], g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Weeks, weeks_clear)

static gboolean
counts (const MarkdownSale *sale)
{
  return isfinite (sale->price) && sale->price > 0 && isfinite (sale->units) && sale->units >= 0;
}

static int
compare_weeks (const void *a, const void *b)
{
  const MarkdownSale *x = *(const MarkdownSale *const *)a;
  const MarkdownSale *y = *(const MarkdownSale *const *)b;

  if (x->week != y->week)
    return x->week < y->week ? -1 : 1;
  return (x->store > y->store) - (x->store < y->store);
}

/* By store: its units, and the mean of its log price. */
static void
weigh_stores (const MarkdownSale *const *rows, guint n, guint n_stores, double *weight, double *mean)
{
  g_autofree guint *seen = g_new0 (guint, n_stores);

  for (guint i = 0; i < n; i++)
    {
      weight[rows[i]->store] += rows[i]->units;
      mean[rows[i]->store] += log (rows[i]->price);
      seen[rows[i]->store]++;
    }
  for (guint i = 0; i < n_stores; i++)
    mean[i] /= MAX (seen[i], 1);
}

/* Sums the rows up by week. A week without sales has no logarithm, and is left out. */
static void
sum_weeks (const MarkdownSale *const *rows, guint n, const double *weight, const double *mean, Weeks *weeks)
{
  weeks->day = g_new (double, n + 1);
  weeks->price = g_new (double, n + 1);
  weeks->units = g_new (double, n + 1);
  for (guint i = 0, next; i < n; i = next)
    {
      double units = 0;
      double price = 0;
      double there = 0;

      for (next = i; next < n && rows[next]->week == rows[i]->week; next++)
        {
          guint store = rows[next]->store;

          units += rows[next]->units;
          price += weight[store] * (log (rows[next]->price) - mean[store]);
          there += weight[store];
        }
      if (units <= 0)
        continue;
      weeks->day[weeks->n] = (double)rows[i]->week;
      weeks->price[weeks->n] = price / there;
      weeks->units[weeks->n++] = log (units / there);
    }
}

/* Makes the controls, and leaves of price and units what they do not make up. */
static void
take_out_controls (Weeks *weeks)
{
  for (guint k = 0; k < N_CONTROLS; k++)
    {
      double *column = weeks->controls[k] = g_new (double, weeks->n);
      guint harmonic = k / 2;

      for (guint i = 0; i < weeks->n; i++)
        {
          double t = (weeks->day[i] - weeks->day[0]) / YEAR;
          double angle = 2 * G_PI * harmonic * t;

          column[i] = k == 0 ? 1 : k == 1 ? t : k % 2 == 0 ? sin (angle) : cos (angle);
        }
    }
  rg_orthonormalize (weeks->controls, N_CONTROLS, weeks->n);
  rg_take_out (weeks->controls, N_CONTROLS, weeks->price, weeks->n);
  rg_take_out (weeks->controls, N_CONTROLS, weeks->units, weeks->n);
}

/* The standard error of the slope, by Newey and West. */
static double
standard_error (const Weeks *weeks, double slope, double spread)
{
  double sum = rg_newey_west (weeks->price, weeks->units, slope, weeks->n);

  return sqrt (MAX (sum, 0) * weeks->n / (weeks->n - N_CONTROLS - 1)) / spread;
}

char *
markdown_elasticity (const MarkdownSale *sales, gsize n, guint n_stores, MarkdownElasticity *ret_elasticity)
{
  g_autofree const MarkdownSale **rows = g_new (const MarkdownSale *, n + 1);
  g_autofree double *weight = g_new0 (double, n_stores + 1);
  g_autofree double *mean = g_new0 (double, n_stores + 1);
  g_auto (Weeks) weeks = { 0 };
  MarkdownElasticity found;
  guint n_rows = 0;
  double spread;
  double error;

  g_return_val_if_fail (n == 0 || sales != NULL, NULL);
  g_return_val_if_fail (ret_elasticity != NULL, NULL);

  for (gsize i = 0; i < n; i++)
    if (counts (&sales[i]) && sales[i].store < n_stores)
      rows[n_rows++] = &sales[i];
  qsort (rows, n_rows, sizeof *rows, compare_weeks);
  weigh_stores (rows, n_rows, n_stores, weight, mean);
  sum_weeks (rows, n_rows, weight, mean, &weeks);
  if (weeks.n < MARKDOWN_WEEKS_MIN)
    return g_strdup_printf ("it takes %u weeks with sales and a price, found %u", MARKDOWN_WEEKS_MIN, weeks.n);

  take_out_controls (&weeks);
  spread = rg_product (weeks.price, weeks.price, weeks.n);
  if (sqrt (spread / weeks.n) < MOVES_MIN)
    return g_strdup_printf ("beside its season and trend the price moves by %.1f %%, it takes 1 %%",
                            100 * sqrt (spread / weeks.n));
  found.value = rg_product (weeks.price, weeks.units, weeks.n) / spread;
  error = standard_error (&weeks, found.value, spread);
  found.low = found.value - QUANTILE * error;
  found.high = found.value + QUANTILE * error;
  found.weeks = weeks.n;
  if (!(found.high < 0) || found.value < -STEEPEST)
    return g_strdup_printf ("an estimate of %.2f (95 %%: %.2f to %.2f) %s", found.value, found.low, found.high,
                            found.value < -STEEPEST ? "is steeper than any demand" : "does not differ from none");
  *ret_elasticity = found;
  return NULL;
}

guint
markdown_measured_lift (double elasticity, guint markdown)
{
  g_return_val_if_fail (elasticity < 0 && markdown < 10000, 0);

  return (guint)MIN (round (10000 * (pow (1 - markdown / 10000.0, elasticity) - 1)), 10000000.0);
}

guint
markdown_measured_markdown (double elasticity, double lift)
{
  g_return_val_if_fail (elasticity < 0 && lift >= 0, 0);

  return (guint)round (10000 * (1 - pow (1 + lift, 1 / elasticity)));
}
