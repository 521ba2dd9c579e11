/* SPDX-License-Identifier: Apache-2.0 */

/* The scout on a real catalog, where it is at hand. */

#include "real-data.h"

#include <math.h>
#include <scout-score.h>
#include <stdlib.h>
#include <string.h>

#define CATALOG "catalog/wish_2020.csv.gz"
#define BEST 10u

static const ScoutRules rules = { { 0.3, 0.15, 0.15, 0.15, 0.15, 0.1 }, 0.3, 8000, 50 };

static char *
keep (GPtrArray *texts, const char *text)
{
  g_ptr_array_add (texts, g_strdup (text));
  return texts->pdata[texts->len - 1];
}

/* A listing as somebody would sell it: bought at its price, sold at the retail price that it names. */
static GArray *
read_catalog (GPtrArray *texts)
{
  static const RoyalCsvColumn columns[] = {
    { "product_id", TRUE },   { "title_orig", TRUE }, { "merchant_id", TRUE },
    { "retail_price", TRUE }, { "price", TRUE },      { "rating", TRUE },
    { "rating_count", TRUE }, { "units_sold", TRUE }, { "shipping_option_price", TRUE },
  };
  g_autoptr (GBytes) text = real_data (CATALOG);
  g_autoptr (RoyalCsv) csv = NULL;
  g_autoptr (GError) error = NULL;
  GArray *products;

  if (text == NULL)
    return NULL;
  products = g_array_new (FALSE, FALSE, sizeof (ScoutProduct));
  csv = real_csv (text, CATALOG, columns, G_N_ELEMENTS (columns));
  while (royal_csv_next (csv, &error))
    {
      ScoutProduct product = {
        keep (texts, royal_csv_cell (csv, 0)),
        keep (texts, royal_csv_cell (csv, 1)),
        keep (texts, royal_csv_cell (csv, 2)),
        llround (100 * g_ascii_strtod (royal_csv_cell (csv, 3), NULL)),
        llround (100 * g_ascii_strtod (royal_csv_cell (csv, 4), NULL)),
        llround (100 * g_ascii_strtod (royal_csv_cell (csv, 8), NULL)),
        NAN,
        g_ascii_strtod (royal_csv_cell (csv, 5), NULL),
        (guint)g_ascii_strtoull (royal_csv_cell (csv, 6), NULL, 10),
        g_ascii_strtod (royal_csv_cell (csv, 7), NULL),
        { 0 },
      };

      g_array_append_val (products, product);
    }
  g_assert_no_error (error);
  return products;
}

static void
shuffle (GArray *products, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  for (guint i = products->len - 1; i > 0; i--)
    {
      guint other = (guint)g_rand_int_range (rand, 0, (gint32)i + 1);
      ScoutProduct product = g_array_index (products, ScoutProduct, i);

      g_array_index (products, ScoutProduct, i) = g_array_index (products, ScoutProduct, other);
      g_array_index (products, ScoutProduct, other) = product;
    }
}

static const ScoutProduct *
product_of (const GArray *products, const ScoutReport *report, guint place)
{
  return &g_array_index (products, ScoutProduct, report->finds[place].product);
}

/* Ten different products, each with its reasons, each better than all that follow. */
static void
check_best (const GArray *products, const ScoutReport *report)
{
  for (guint i = 0; i < BEST; i++)
    {
      const ScoutProduct *product = product_of (products, report, i);
      const ScoutFind *find = &report->finds[i];
      g_autofree char *words = scout_explain (product, find, &rules);
      double sum = 0;

      g_test_message ("%u %.50s. %s", i + 1, product->title, words);
      for (guint k = 0; k < SCOUT_N_PARTS; k++)
        {
          g_assert_nonnull (strstr (words, scout_part_name ((ScoutPart)k)));
          sum += rules.weights[k] * find->parts[k];
        }
      g_assert_cmpfloat_with_epsilon (find->score, sum, 1e-12);
      g_assert_cmpfloat (find->margin, >=, rules.min_margin);
      g_assert_cmpfloat (find->score, >=, report->finds[i + 1].score);
      for (guint k = 0; k < i; k++)
        g_assert_cmpstr (product->title, !=, product_of (products, report, k)->title);
    }
}

static void
test_best (void)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) products = read_catalog (texts);
  g_autoptr (ScoutReport) report = NULL;
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) titles = g_hash_table_new (g_str_hash, g_str_equal);

  if (products == NULL)
    return;
  report = scout_rank ((const ScoutProduct *)(gconstpointer)products->data, products->len, &rules);
  for (guint i = 0; i < products->len; i++)
    {
      g_hash_table_add (ids, (gpointer)g_array_index (products, ScoutProduct, i).id);
      g_hash_table_add (titles, (gpointer)g_array_index (products, ScoutProduct, i).title);
    }
  g_test_message ("%u listings, %u ids, %u titles: %u products, %u duplicates, %u left out", products->len,
                  g_hash_table_size (ids), g_hash_table_size (titles), report->groups, report->duplicates,
                  report->left_out);
  g_assert_cmpuint (report->groups + report->duplicates, ==, products->len);
  g_assert_cmpuint (report->groups, <, g_hash_table_size (ids)); /* beyond those that share an id */
  g_assert_cmpuint (report->groups, <, g_hash_table_size (titles));
  g_assert_cmpuint (report->groups, >, products->len / 2); /* all summer clothes are not one */
  check_best (products, report);
}

static void
test_shuffled (void)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) products = read_catalog (texts);
  g_autoptr (GArray) shuffled = NULL;
  g_autoptr (ScoutReport) before = NULL;

  if (products == NULL)
    return;
  before = scout_rank ((const ScoutProduct *)(gconstpointer)products->data, products->len, &rules);
  shuffled = g_array_copy (products);
  for (guint32 seed = 1; seed <= 5; seed++)
    {
      g_autoptr (ScoutReport) after = NULL;

      shuffle (shuffled, seed);
      after = scout_rank ((const ScoutProduct *)(gconstpointer)shuffled->data, shuffled->len, &rules);
      g_assert_cmpuint (after->n, ==, before->n);
      g_assert_cmpuint (after->groups, ==, before->groups);
      for (guint i = 0; i < before->n; i++)
        {
          g_assert_cmpstr (product_of (shuffled, after, i)->id, ==, product_of (products, before, i)->id);
          g_assert_cmpfloat (after->finds[i].score, ==, before->finds[i].score);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/scout-real/best", test_best);
  g_test_add_func ("/scout-real/shuffled", test_shuffled);

  return g_test_run ();
}
