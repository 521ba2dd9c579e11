/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pricing-elasticity.h>

#define PERIODS 60u

/* What sales are made of. */
typedef struct {
  guint products;
  double mean;   /* of the elasticities */
  double spread; /* about it */
  double noise;  /* of the log units */
} World;

static double
normal (GRand *rand)
{
  double sum = -6;

  for (guint i = 0; i < 12; i++)
    sum += g_rand_double (rand);
  return sum;
}

/* All sell more in the same weeks, and are cheaper then: who does not look at the market blames the price. */
static PricingSale *
make_sales (const World *world, guint32 seed, double *truth)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  PricingSale *sales = g_new (PricingSale, world->products * PERIODS);
  double market[PERIODS];

  for (guint i = 0; i < PERIODS; i++)
    market[i] = 0.5 * normal (rand);
  for (guint p = 0; p < world->products; p++)
    {
      truth[p] = world->mean + world->spread * normal (rand);
      for (guint i = 0; i < PERIODS; i++)
        {
          double price = 0.1 * normal (rand) - 0.05 * market[i];

          sales[p * PERIODS + i] =
              (PricingSale){ p, 18000 + 7 * (gint64)i,
                             exp (3 + 0.01 * i + market[i] + truth[p] * price + world->noise * normal (rand)),
                             exp (1 + price) };
        }
    }
  return sales;
}

static double
error_of (const double *truth, const PricingElasticity *found, guint n, gboolean own)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += pow ((own ? found[i].own : found[i].value) - truth[i], 2);
  return sqrt (sum / n);
}

/* Drawn to the mean they are nearer to the truth than each by itself, and their intervals hold it as often as they say.
 */
static void
test_pool (void)
{
  World world = { 200, -2, 0.5, 0.6 };
  double truth[200];
  PricingElasticity found[200];
  PricingPool pool;
  g_autofree PricingSale *sales = make_sales (&world, 11, truth);
  double alone, drawn;
  guint held = 0;

  pricing_elasticities (sales, 200 * PERIODS, 200, found, &pool);
  alone = error_of (truth, found, 200, TRUE);
  drawn = error_of (truth, found, 200, FALSE);
  for (guint i = 0; i < 200; i++)
    held += found[i].low <= truth[i] && truth[i] <= found[i].high;
  g_test_message ("mean %.3f, spread %.3f, error alone %.3f, drawn %.3f, %u of 200 intervals hold", pool.mean,
                  pool.spread, alone, drawn, held);
  g_assert_cmpuint (pool.products, ==, 200);
  g_assert_cmpfloat_with_epsilon (pool.mean, -2, 0.2);
  g_assert_cmpfloat_with_epsilon (pool.spread, 0.5, 0.2);
  g_assert_cmpfloat (drawn, <, 0.75 * alone);
  g_assert_cmpuint (held, >=, 180);
}

/* Without noise each is what it was made of: the market's weeks are all but told from the price. */
static void
test_exact (void)
{
  World world = { 40, -2, 0.5, 0 };
  double truth[40];
  PricingElasticity found[40];
  g_autofree PricingSale *sales = make_sales (&world, 5, truth);

  pricing_elasticities (sales, 40 * PERIODS, 40, found, NULL);
  g_assert_cmpfloat (error_of (truth, found, 40, FALSE), <, 0.1);
}

static void
test_shuffled (void)
{
  World world = { 30, -2, 0.5, 0.5 };
  double truth[30];
  PricingElasticity before[30], after[30];
  guint n = 30 * PERIODS;
  g_autofree PricingSale *sales = make_sales (&world, 5, truth);
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);

  pricing_elasticities (sales, n, 30, before, NULL);
  for (guint i = n - 1; i > 0; i--)
    {
      guint other = (guint)g_rand_int_range (rand, 0, (gint32)i + 1);
      PricingSale sale = sales[i];

      sales[i] = sales[other];
      sales[other] = sale;
    }
  pricing_elasticities (sales, n, 30, after, NULL);
  for (guint i = 0; i < 30; i++)
    {
      g_assert_cmpfloat (before[i].value, ==, after[i].value);
      g_assert_cmpfloat (before[i].sd, ==, after[i].sd);
      g_assert_cmpfloat (before[i].own_sd, ==, after[i].own_sd);
    }
}

/* What says nothing by itself gets the mean, and is unsure; where there are few, nothing is drawn. */
static void
test_nothing_known (void)
{
  World world = { 10, -2, 0.3, 0.3 };
  double truth[10];
  PricingElasticity found[12];
  PricingPool pool;
  g_autofree PricingSale *sales = make_sales (&world, 9, truth);
  guint n = 10 * PERIODS;

  for (guint i = 0; i < PERIODS; i++)
    sales[i].price = 5; /* the first one never moves */
  for (guint i = PERIODS; i < PERIODS + PERIODS - PRICING_PERIODS_MIN + 1; i++)
    sales[i].units = i % 2 ? 0 : NAN; /* the second one hardly sells */
  pricing_elasticities (sales, n, 12, found, &pool);
  g_assert_cmpuint (pool.products, ==, 8);
  for (guint i = 0; i < 12; i++)
    if (i < 2 || i >= 10)
      {
        g_assert_true (isnan (found[i].own));
        g_assert_cmpfloat (found[i].value, ==, pool.mean);
        g_assert_cmpfloat (found[i].sd, >=, pool.spread);
      }
    else
      g_assert_cmpfloat (found[i].sd, <, found[i].own_sd);

  pricing_elasticities (sales, n, 5, found, &pool); /* 3 of them */
  g_assert_true (isnan (pool.mean));
  g_assert_true (isnan (found[0].value) && isnan (found[1].value));
  g_assert_cmpfloat (found[2].value, ==, found[2].own);

  pricing_elasticities (NULL, 0, 3, found, &pool);
  g_assert_true (isnan (found[0].value));
  g_assert_cmpuint (pool.products, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/pricing-elasticity/pool", test_pool);
  g_test_add_func ("/pricing-elasticity/exact", test_exact);
  g_test_add_func ("/pricing-elasticity/shuffled", test_shuffled);
  g_test_add_func ("/pricing-elasticity/nothing-known", test_nothing_known);

  return g_test_run ();
}
