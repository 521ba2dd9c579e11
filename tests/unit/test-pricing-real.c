/* SPDX-License-Identifier: Apache-2.0 */

/* Pricing on the real transactions of a shop, where they are at hand. */

#include "real-data.h"

#include <math.h>
#include <pricing-batch.h>
#include <pricing-elasticity.h>
#include <stdlib.h>
#include <string.h>

#define SHOP "online_retail/transactions.csv.gz"
#define GROCER "breakfast/transaction.csv.gz"
#define WEEK 7
#define RECENT 8

/* What was sold: rows for the estimate, and what the last weeks sold of each product and at which price. */
typedef struct {
  GPtrArray *names;
  GArray *sales; /* PricingSale */
  gint64 last;
  double *recent; /* units in the last RECENT weeks */
  gint64 *price;  /* in cents, of the product's last week */
} History;

static void
history_clear (History *history)
{
  g_clear_pointer (&history->names, g_ptr_array_unref);
  g_clear_pointer (&history->sales, g_array_unref);
  g_clear_pointer (&history->recent, g_free);
  g_clear_pointer (&history->price, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (History, history_clear)

/* One line of an order. */
typedef struct {
  guint product;
  gint64 week;
  double units;
  double price;
} Line;

static int
compare_lines (const void *a, const void *b)
{
  const Line *x = a;
  const Line *y = b;

  if (x->product != y->product)
    return x->product < y->product ? -1 : 1;
  if (x->week != y->week)
    return x->week < y->week ? -1 : 1;
  return (x->price > y->price) - (x->price < y->price);
}

/* A week's units, at the median price of its lines: one wholesale order does not make the week a cheap one. */
static void
add_weeks (History *history, Line *lines, guint n)
{
  qsort (lines, n, sizeof *lines, compare_lines);
  for (guint start = 0, end; start < n; start = end)
    {
      PricingSale sale = { lines[start].product, lines[start].week, 0, 0 };

      for (end = start; end < n && lines[end].product == sale.product && lines[end].week == sale.period; end++)
        sale.units += lines[end].units;
      sale.price = lines[start + (end - start) / 2].price;
      g_array_append_val (history->sales, sale);
      history->last = MAX (history->last, sale.period);
    }
}

static void
set_recent (History *history)
{
  history->recent = g_new0 (double, history->names->len);
  history->price = g_new0 (gint64, history->names->len);
  for (guint i = 0; i < history->sales->len; i++)
    {
      const PricingSale *sale = &g_array_index (history->sales, PricingSale, i);

      history->price[sale->product] = llround (sale->price * 100);
      if (sale->period > history->last - RECENT * WEEK)
        history->recent[sale->product] += sale->units;
    }
}

typedef struct {
  const char *file;
  RoyalCsvColumn columns[5]; /* product, day, units, price, and the order, whose cancellations begin with C */
  guint n_columns;
} Source;

static gboolean
read_history (const Source *source, History *history)
{
  g_autoptr (GBytes) text = real_data (source->file);
  g_autoptr (GHashTable) numbers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GArray) lines = g_array_new (FALSE, FALSE, sizeof (Line));
  g_autoptr (RoyalCsv) csv = NULL;
  g_autoptr (GError) error = NULL;

  if (text == NULL)
    return FALSE;
  history->names = g_ptr_array_new_with_free_func (g_free);
  history->sales = g_array_new (FALSE, FALSE, sizeof (PricingSale));
  csv = real_csv (text, source->file, source->columns, source->n_columns);
  while (royal_csv_next (csv, &error))
    {
      double units = g_ascii_strtod (royal_csv_cell (csv, 2), NULL);
      double price = g_ascii_strtod (royal_csv_cell (csv, 3), NULL);
      gint64 day = real_day (royal_csv_cell (csv, 1));

      if (units > 0 && price > 0 && (source->n_columns < 5 || *royal_csv_cell (csv, 4) != 'C'))
        {
          Line line = { real_number (numbers, history->names, royal_csv_cell (csv, 0)), day - day % WEEK, units,
                        price };

          g_array_append_val (lines, line);
        }
    }
  g_assert_no_error (error);
  add_weeks (history, (Line *)(gpointer)lines->data, lines->len);
  set_recent (history);
  return TRUE;
}

static const Source shop = { SHOP,
                             { { "StockCode", TRUE },
                               { "InvoiceDate", TRUE },
                               { "Quantity", TRUE },
                               { "UnitPrice", TRUE },
                               { "InvoiceNo", TRUE } },
                             5 };
static const Source grocer = { GROCER,
                               { { "upc_id", TRUE }, { "week_end_date", TRUE }, { "units", TRUE }, { "price", TRUE } },
                               4 };

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;

  return (x > y) - (x < y);
}

static void
assert_plausible (const Source *source, guint least_products)
{
  g_auto (History) history = { 0 };
  g_autofree PricingElasticity *found = NULL;
  g_autofree double *values = NULL;
  PricingPool pool;
  guint n = 0, negative = 0, sure = 0;

  if (!read_history (source, &history))
    return;
  found = g_new (PricingElasticity, history.names->len);
  values = g_new (double, history.names->len);
  pricing_elasticities ((const PricingSale *)(gconstpointer)history.sales->data, history.sales->len, history.names->len,
                        found, &pool);
  for (guint i = 0; i < history.names->len; i++)
    if (!isnan (found[i].own))
      {
        g_assert_cmpfloat (found[i].low, <, found[i].value);
        g_assert_cmpfloat (found[i].value, <, found[i].high);
        g_assert_cmpfloat (found[i].sd, <, found[i].own_sd);
        negative += found[i].value < 0;
        sure += found[i].high < 0;
        values[n++] = found[i].value;
      }
  qsort (values, n, sizeof *values, compare_doubles);
  g_assert_cmpuint (n, >=, least_products);
  g_test_message (
      "%u products of %u: mean %.2f, spread %.2f; 5 %% %.2f, median %.2f, 95 %% %.2f; %u below zero, %u surely", n,
      history.names->len, pool.mean, pool.spread, values[n / 20], values[n / 2], values[n - 1 - n / 20], negative,
      sure);
  /* Meta-analyses of published elasticities have a mean near -2.6 (Bijmolt, van Heerde and Pieters, 2005), and hardly
   * any above zero or below -8. */
  g_assert_cmpfloat (pool.mean, <, -1);
  g_assert_cmpfloat (pool.mean, >, -5);
  g_assert_cmpfloat (values[n / 20], >, -8);
  g_assert_cmpfloat (negative, >=, 0.95 * n);
  g_assert_cmpfloat (sure, >=, 0.5 * n);
}

static void
test_shop (void)
{
  assert_plausible (&shop, 1000);
}

static void
test_grocer (void)
{
  assert_plausible (&grocer, 40);
}

/* The transactions have no costs: a unit is taken to cost 55 % of its price in the last week that it sold. */
static PricingItem *
make_items (const History *history, const PricingElasticity *found)
{
  PricingItem *items = g_new0 (PricingItem, history->names->len);

  for (guint i = 0; i < history->names->len; i++)
    items[i] = (PricingItem){
      history->price[i], history->price[i] * 55 / 100, 0, 0, history->recent[i] / RECENT, found[i].value, found[i].sd,
    };
  return items;
}

/* The facts, from the prices alone, in whole numbers where they are whole. */
static void
check_facts (const PricingItem *items, const PricingChange *changes, guint n, const PricingRules *rules)
{
  PricingFacts facts = pricing_facts (items, changes, n);
  double change = 0, margin = 100, revenue = 0, gain = 0;
  guint raised = 0;

  for (guint i = 0; i < n; i++)
    {
      const PricingItem *item = &items[changes[i].item];
      gint64 price = changes[i].move.price;
      double factor = exp (item->elasticity * (log ((double)price) - log ((double)item->price)));

      g_assert_cmpint ((price - item->cost) * PRICING_ONE, >=, price * rules->min_margin);
      g_assert_cmpint (ABS (price - item->price) * PRICING_ONE, <=, item->price * rules->max_step);
      raised += (item->price - item->cost) * PRICING_ONE < item->price * rules->min_margin;
      change = MAX (change, (double)(ABS (price - item->price) * 100) / (double)item->price);
      margin = MIN (margin, (double)((price - item->cost) * 100) / (double)price);
      revenue += item->units * (double)item->price;
      gain += item->units * (factor * (double)(price - item->cost) - (double)(item->price - item->cost));
    }
  g_assert_cmpuint (facts.items, ==, n);
  g_assert_cmpuint (facts.raised, ==, raised);
  g_assert_cmpfloat_with_epsilon (facts.change_pct_max, change, 1e-9);
  g_assert_cmpfloat_with_epsilon (facts.margin_after_min, margin, 1e-9);
  g_assert_cmpfloat_with_epsilon (facts.revenue, revenue, 1e-6 * revenue);
  g_assert_cmpfloat_with_epsilon (facts.gain, gain, 1e-6 * fabs (gain));
  g_test_message (
      "%u changes: at most %.1f %%, margin at least %.1f %%, revenue %.0f, gain %.0f a week, certainty %.2f", n, change,
      margin, revenue / 100, gain / 100, facts.certainty);
}

/* Of the shop's products a batch of 400: every rule kept, the dearest gains first, its facts what its prices say. */
static void
test_batch (void)
{
  static const guint endings[] = { 45, 49, 95, 99 };
  g_auto (History) history = { 0 };
  g_autofree PricingElasticity *found = NULL;
  g_autofree PricingItem *items = NULL;
  g_autofree PricingChange *changes = NULL;
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func (g_free);
  PricingRules rules = { 2500, 1000, 0, endings, G_N_ELEMENTS (endings), 100, 0.8 };
  guint n, n_held = 0;

  if (!read_history (&shop, &history))
    return;
  found = g_new (PricingElasticity, history.names->len);
  pricing_elasticities ((const PricingSale *)(gconstpointer)history.sales->data, history.sales->len, history.names->len,
                        found, NULL);
  items = make_items (&history, found);
  pricing_batch (items, history.names->len, &rules, 400, &changes, &n, held);
  g_assert_cmpuint (n, >, 100);
  g_assert_cmpuint (n, <=, 400);
  g_assert_cmpuint (held->len, ==, history.names->len);
  for (guint i = 0; i < held->len; i++)
    n_held += held->pdata[i] != NULL;
  g_assert_cmpuint (n_held + n, ==, history.names->len);
  for (guint i = 1; i < n; i++)
    g_assert_true (changes[i - 1].move.raised || changes[i - 1].move.gain >= changes[i].move.gain);
  for (guint i = 0; i < n; i++)
    {
      g_assert_null (held->pdata[changes[i].item]);
      g_assert_cmpfloat (changes[i].move.certainty, >=, 0.8);
    }
  check_facts (items, changes, n, &rules);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/pricing-real/shop", test_shop);
  g_test_add_func ("/pricing-real/grocer", test_grocer);
  g_test_add_func ("/pricing-real/batch", test_batch);

  return g_test_run ();
}
