/* SPDX-License-Identifier: Apache-2.0 */
/* How a season's units are split: to weeks, to clusters, to stores. */
#include <fc-apportion.h>
#include <fc-ensemble.h>
#include <fc-factors.h>

#include <math.h>

static void
test_total (void)
{
  g_assert_cmpint (fc_ensemble_total (8200, 7800), ==, 8000);
  g_assert_cmpint (fc_ensemble_total (7800, 8200), ==, 8000);
  g_assert_cmpint (fc_ensemble_total (8201, 7800), ==, 8000);
  g_assert_cmpint (fc_ensemble_total (0, 0), ==, 0);
}

static void
test_apportion (void)
{
  static const double thirds[] = { 1, 1, 1 }, odd[] = { 0.4, NAN, -3, 0.35, INFINITY, 0.25 }, none[] = { 0, 0, 0, 0 };
  gint64 units[6], sum = 0;

  g_assert_true (fc_apportion (thirds, 3, 8000, units));
  g_assert_cmpint (units[0], ==, 2667);
  g_assert_cmpint (units[1], ==, 2667);
  g_assert_cmpint (units[2], ==, 2666);
  g_assert_true (fc_apportion (odd, 6, 10, units));
  g_assert_cmpint (units[0], ==, 4);
  g_assert_cmpint (units[1] + units[2] + units[4], ==, 0);
  g_assert_cmpint (units[3], ==, 4); /* 3.5 and 2.5 leave one: to the first */
  g_assert_cmpint (units[5], ==, 2);
  g_assert_true (fc_apportion (none, 4, 10, units));
  for (guint i = 0; i < 4; i++)
    sum += units[i];
  g_assert_cmpint (sum, ==, 10);
  g_assert_false (fc_apportion (thirds, 0, 1, units));
  g_assert_false (fc_apportion (thirds, 3, -1, units));
  g_assert_false (fc_apportion (thirds, 3, FC_UNITS_MAX + 1, units));
}

static void
test_apportion_sums (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint round = 0; round < 20000; round++)
    {
      double weights[24];
      gint64 units[24], total = round % 3 == 0 ? FC_UNITS_MAX - round : g_rand_int_range (rand, 0, 20000), sum = 0;
      gsize n = (gsize)g_rand_int_range (rand, 1, 25);
      double all = 0;

      for (gsize i = 0; i < n; i++)
        all += weights[i] = pow (g_rand_double (rand), 8);
      g_assert_true (fc_apportion (weights, n, total, units));
      for (gsize i = 0; i < n; i++)
        {
          double exact = weights[i] / all * (double)total;

          g_assert_cmpint (units[i], >=, 0);
          g_assert_cmpfloat (fabs ((double)units[i] - exact), <, 1.001);
          sum += units[i];
        }
      g_assert_cmpint (sum, ==, total);
    }
}

/* Three kinds of stores, far apart, @each of a kind in turn. */
static FcStore
make_store (guint i)
{
  static const FcStore kinds[] = {
    { 3000, 45000, 1, 1, 80, 1, 2 },
    { 9000, 120000, 3, 3, 400, 4, 1 },
    { 6000, 70000, 2, 2, 200, 2, 3 },
  };
  FcStore store = kinds[i % 3];

  store.size += 13 * (i % 7);
  store.sales += i % 5;
  return store;
}

static void
test_clusters (void)
{
  static const guint expected[] = { 2, 0, 1 };
  FcStore stores[50];
  g_autoptr (FcFactors) factors = NULL, again = NULL;
  double shares = 0, sums[3] = { 0, 0, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (stores); i++)
    stores[i] = make_store (i);
  factors = fc_factors_new (stores, G_N_ELEMENTS (stores), FC_FACTORS_SEED);
  again = fc_factors_new (stores, G_N_ELEMENTS (stores), FC_FACTORS_SEED);
  g_assert_cmpuint (factors->kmeans->k, ==, 3);
  g_assert_cmpfloat (factors->kmeans->silhouette, >, 0.8);
  g_assert_cmpfloat (factors->kmeans->inertia, >, 0);
  g_assert_cmpfloat (factors->kmeans->inertia, ==, again->kmeans->inertia);
  for (guint i = 0; i < G_N_ELEMENTS (stores); i++)
    {
      g_assert_cmpuint (factors->kmeans->cluster[i], ==, expected[i % 3]);
      g_assert_cmpuint (factors->kmeans->cluster[i], ==, again->kmeans->cluster[i]);
      sums[factors->kmeans->cluster[i]] += factors->factor[i];
    }
  for (guint c = 0; c < 3; c++)
    {
      shares += factors->share[c];
      g_assert_cmpfloat (fabs (sums[c] - 1), <, 1e-12);
    }
  g_assert_cmpfloat (fabs (shares - 1), <, 1e-12);
  g_assert_cmpfloat (factors->share[0], >, factors->share[1]);
  g_assert_cmpstr (fc_factors_cluster_name (0), ==, "fashion_forward");
  g_assert_cmpstr (fc_factors_cluster_name (1), ==, "mainstream");
  g_assert_cmpstr (fc_factors_cluster_name (2), ==, "value_conscious");
}

/* Clusters of the same fashion are named by what they sell, the most first; the more fashionable comes first whatever
 * it sells. */
static void
test_order (void)
{
  static const FcStore stores[] = {
    { 1000, 10, 1, 2, 10, 1, 1 },  { 1001, 10, 1, 2, 12, 1, 1 },  { 9000, 90, 3, 2, 900, 4, 4 },
    { 9003, 90, 3, 2, 902, 4, 4 }, { 5000, 50, 2, 3, 100, 2, 2 }, { 5001, 50, 2, 3, 101, 2, 2 },
  };
  static const guint expected[] = { 2, 2, 1, 1, 0, 0 };
  g_autoptr (FcFactors) factors = fc_factors_new (stores, G_N_ELEMENTS (stores), FC_FACTORS_SEED);

  g_assert_cmpuint (factors->kmeans->k, ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (stores); i++)
    g_assert_cmpuint (factors->kmeans->cluster[i], ==, expected[i]);
}

/* 0.7 of the share of sales, 0.3 of the mean of the shares of size and income. */
static void
test_factor (void)
{
  static const FcStore same[] = { { 100, 50, 1, 1, 30, 1, 1 }, { 100, 50, 1, 1, 30, 1, 1 } };
  /* One store apart, the others close together in pairs. */
  static const FcStore stores[] = {
    { 1000, 10, 1, 1, 10, 1, 1 },  { 1001, 10, 1, 1, 30, 1, 1 },  { 9000, 90, 3, 3, 900, 4, 4 },
    { 9003, 90, 3, 3, 902, 4, 4 }, { 5000, 50, 2, 2, 400, 2, 2 },
  };
  g_autoptr (FcFactors) equal = fc_factors_new (same, 2, 1), factors = fc_factors_new (stores, 5, 1);

  g_assert_cmpuint (equal->kmeans->k, ==, 1);
  g_assert_cmpfloat (equal->kmeans->silhouette, ==, 0);
  g_assert_cmpfloat (equal->factor[0], ==, 0.5);
  g_assert_cmpfloat (fabs (factors->factor[0] - (0.7 * 10 / 40 + 0.3 * (1000.0 / 2001 + 0.5) / 2)), <, 1e-12);
  g_assert_cmpfloat (factors->factor[4], ==, 1);
  g_assert_cmpfloat (fabs (factors->share[2] - 40.0 / 2242), <, 1e-12);
}

static void
test_degenerate (void)
{
  FcStore nothing[5] = { { 0, 0, 0, 0, 0, 0, 0 } };
  g_autoptr (FcFactors) none = fc_factors_new (nothing, 5, 1), one = fc_factors_new (nothing, 1, 1);

  g_assert_cmpfloat (fabs (none->factor[4] - 0.2), <, 1e-12);
  g_assert_cmpfloat (none->share[0], ==, 1);
  g_assert_cmpfloat (fabs (one->factor[0] - 1), <, 1e-12);
  g_assert_cmpfloat (fc_factors_code ("tier", "A"), ==, 3);
  g_assert_cmpfloat (fc_factors_code ("region", "WEST"), ==, 4);
  g_assert_cmpfloat (fc_factors_code ("format", "OUTLET"), ==, 1);
  g_assert_cmpfloat (fc_factors_code ("fashion_tier", "PREMIUM"), ==, 3);
  g_assert_cmpfloat (fc_factors_code ("region", "A"), ==, 0);
  g_assert_cmpfloat (fc_factors_code (NULL, NULL), ==, 0);
}

/* More starts find the better of two cuts; a square of four far points in two has an inertia that can be counted. */
static void
test_kmeans (void)
{
  static const double square[] = { 0, 0, 0, 1, 10, 0, 10, 1 };
  g_autoptr (FcKmeans) two = fc_kmeans_new (square, 4, 2, 2, 3), nine = fc_kmeans_new (square, 4, 2, 9, 3);

  g_assert_cmpuint (two->k, ==, 2);
  g_assert_cmpfloat (fabs (two->inertia - 4), <, 1e-12); /* standardised: each axis has ±1 */
  g_assert_cmpuint (nine->k, ==, 4);
  g_assert_cmpfloat (nine->inertia, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stores/total", test_total);
  g_test_add_func ("/stores/apportion", test_apportion);
  g_test_add_func ("/stores/apportion-sums", test_apportion_sums);
  g_test_add_func ("/stores/clusters", test_clusters);
  g_test_add_func ("/stores/order", test_order);
  g_test_add_func ("/stores/factor", test_factor);
  g_test_add_func ("/stores/degenerate", test_degenerate);
  g_test_add_func ("/stores/kmeans", test_kmeans);
  return g_test_run ();
}
