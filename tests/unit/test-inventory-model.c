/* SPDX-License-Identifier: Apache-2.0 */
#include <inventory-plan.h>
#include <inventory-stock.h>
#include <math.h>

#define RANDOM_CASES 2000

static gint64
sum (const gint64 *units, guint n)
{
  gint64 total = 0;

  for (guint i = 0; i < n; i++)
    total += units[i];
  return total;
}

static void
assert_units (const gint64 *found, const gint64 *expected, guint n)
{
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (found[i], ==, expected[i]);
}

/* 40 %, 35 %, 25 %; 2, 3 and 1 stores. */
static InventoryNetwork *
small_network (void)
{
  InventoryNetwork *network = inventory_network_new ();

  inventory_network_add_cluster (network, "fashion_forward", 400000000);
  g_assert_true (inventory_network_add_store (network, "S1", 600000000));
  g_assert_true (inventory_network_add_store (network, "S2", 400000000));
  inventory_network_add_cluster (network, "mainstream", 350000000);
  g_assert_true (inventory_network_add_store (network, "S3", 333333333));
  g_assert_true (inventory_network_add_store (network, "S4", 333333333));
  g_assert_true (inventory_network_add_store (network, "S5", 333333334));
  inventory_network_add_cluster (network, "value_conscious", 250000000);
  g_assert_true (inventory_network_add_store (network, "S6", 1000000000));
  return network;
}

/* Cuts one into @n parts of chance, some of them 0. */
static void
random_shares (GRand *rand, gint64 *shares, guint n)
{
  g_autofree gint64 *weights = g_new (gint64, n);

  for (guint i = 0; i < n; i++)
    weights[i] = g_rand_int_range (rand, 0, 10) == 0 ? 0 : g_rand_int_range (rand, 0, 1000000);
  weights[g_rand_int_range (rand, 0, (gint)n)] = 1000000;
  inventory_apportion (INVENTORY_WHOLE, weights, n, shares);
}

static InventoryNetwork *
random_network (GRand *rand)
{
  InventoryNetwork *network = inventory_network_new ();
  guint n_clusters = (guint)g_rand_int_range (rand, 1, 6);
  gint64 shares[6];

  random_shares (rand, shares, n_clusters);
  for (guint i = 0; i < n_clusters; i++)
    {
      guint n_stores = (guint)g_rand_int_range (rand, 1, 30);
      gint64 factors[30];

      inventory_network_add_cluster (network, "cluster", shares[i]);
      random_shares (rand, factors, n_stores);
      for (guint j = 0; j < n_stores; j++)
        {
          g_autofree char *code = g_strdup_printf ("S%u-%u", i, j);

          g_assert_true (inventory_network_add_store (network, code, factors[j]));
        }
    }
  g_assert_null (inventory_network_check (network));
  return network;
}

static void
test_apportion (void)
{
  static const gint64 thirds[] = { 1, 1, 1 };
  static const gint64 votes[] = { 47000, 16000, 15900, 12000, 6000, 3100 };
  static const gint64 seats[] = { 5, 2, 1, 1, 1, 0 };
  static const gint64 none[] = { 0, 7, 0 };
  gint64 parts[6];

  /* Equal remainders: the first get what is left. */
  inventory_apportion (11, thirds, 3, parts);
  assert_units (parts, (const gint64[]){ 4, 4, 3 }, 3);
  inventory_apportion (10, votes, 6, parts);
  assert_units (parts, seats, 6);
  inventory_apportion (5, none, 3, parts);
  assert_units (parts, (const gint64[]){ 0, 5, 0 }, 3);
  inventory_apportion (0, none, 1, parts);
  g_assert_cmpint (parts[0], ==, 0);
  inventory_apportion (0, NULL, 0, NULL);
}

/* Exact sums, each part its quota rounded down or up, larger weights never less. */
static void
test_apportion_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint k = 0; k < RANDOM_CASES; k++)
    {
      guint n = (guint)g_rand_int_range (rand, 1, 60);
      gint64 total = g_rand_int_range (rand, 0, k % 2 == 0 ? 100 : G_MAXINT32);
      gint64 weights[60];
      gint64 parts[60];
      long double all;

      random_shares (rand, weights, n);
      inventory_apportion (total, weights, n, parts);
      g_assert_cmpint (sum (parts, n), ==, total);
      all = (long double)sum (weights, n);
      for (guint i = 0; i < n; i++)
        {
          g_assert_cmpint (parts[i], >=, 0);
          g_assert_true (fabsl ((long double)total * weights[i] / all - parts[i]) < 1);
          for (guint j = 0; j < i; j++)
            g_assert_false (weights[i] > weights[j] && parts[i] < parts[j]);
        }
    }
}

static void
test_shares (void)
{
  gint64 share = 7;

  g_assert_true (inventory_share (0.35, &share));
  g_assert_cmpint (share, ==, 350000000);
  g_assert_true (inventory_share (1, &share));
  g_assert_cmpint (share, ==, INVENTORY_WHOLE);
  g_assert_true (inventory_share (0, &share));
  g_assert_cmpint (share, ==, 0);
  g_assert_false (inventory_share (-0.01, &share));
  g_assert_false (inventory_share (1.01, &share));
  g_assert_false (inventory_share (NAN, &share));
  g_assert_false (inventory_share (INFINITY, &share));
}

static void
test_check (void)
{
  g_autoptr (InventoryNetwork) network = inventory_network_new ();
  g_autofree char *empty = inventory_network_check (network);
  g_autofree char *shares = NULL;
  g_autofree char *factors = NULL;

  g_assert_cmpstr (empty, ==, "there are no stores");
  inventory_network_add_cluster (network, "a", 600000000);
  g_assert_true (inventory_network_add_store (network, "S1", 1000000000));
  g_assert_false (inventory_network_add_store (network, "S1", 0));
  shares = inventory_network_check (network);
  g_assert_cmpstr (shares, ==, "the shares of the clusters sum to 0.6000, expected 1");
  inventory_network_add_cluster (network, "b", 400000000);
  g_assert_true (inventory_network_add_store (network, "S2", 900000000));
  factors = inventory_network_check (network);
  g_assert_cmpstr (factors, ==, "the factors of the stores of cluster b sum to 0.9000, expected 1");
  g_assert_true (inventory_network_add_store (network, "S3", 99990000));
  g_assert_null (inventory_network_check (network));
  /* A cluster that gets nothing needs no stores. */
  inventory_network_add_cluster (network, "c", 0);
  g_assert_null (inventory_network_check (network));

  g_assert_cmpint (inventory_network_find (network, "S2,", 2), ==, 1);
  g_assert_cmpint (inventory_network_find (network, "S4", 2), ==, -1);
}

static void
test_quantities (void)
{
  static const struct {
    gint64 total;
    InventoryRates rates;
    InventoryQuantities expected;
  } examples[] = {
    { 8000, { 2000, 5500 }, { 9600, 5280, 4320 } },
    { 8000, { 1500, 5500 }, { 9200, 5060, 4140 } },
    { 8000, { 2500, 5500 }, { 10000, 5500, 4500 } },
    { 8000, { 0, 10000 }, { 8000, 8000, 0 } },
    { 8001, { 2000, 5500 }, { 9602, 5281, 4321 } }, /* 9,601.2 is made 9,602; 5,281.1 shipped 5,281 */
    { 1, { 1, 5000 }, { 2, 1, 1 } },                /* 1.0001 */
    { 1, { 0, 5000 }, { 1, 1, 0 } },                /* a half goes up */
    { 1, { 0, 4999 }, { 1, 0, 1 } },
    { INVENTORY_UNITS_MAX, { 10000, 10000 }, { 2 * INVENTORY_UNITS_MAX, 2 * INVENTORY_UNITS_MAX, 0 } },
  };
  InventoryQuantities found;

  for (guint i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_test_message ("example %u", i);
      g_assert_true (inventory_quantities (examples[i].total, &examples[i].rates, &found));
      g_assert_cmpint (found.quantity, ==, examples[i].expected.quantity);
      g_assert_cmpint (found.initial, ==, examples[i].expected.initial);
      g_assert_cmpint (found.holdback, ==, examples[i].expected.holdback);
    }
  g_assert_false (inventory_quantities (0, &examples[0].rates, &found));
  g_assert_false (inventory_quantities (-1, &examples[0].rates, &found));
  g_assert_false (inventory_quantities (INVENTORY_UNITS_MAX + 1, &examples[0].rates, &found));
  g_assert_false (inventory_quantities (8000, &(InventoryRates){ 10001, 5500 }, &found));
  g_assert_false (inventory_quantities (8000, &(InventoryRates){ 2000, 10001 }, &found));
}

/* More forecast or more safety stock never makes less; initial and holdback are all there is. */
static void
test_quantities_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (guint k = 0; k < RANDOM_CASES; k++)
    {
      gint64 total = g_rand_int_range (rand, 1, k % 2 == 0 ? 100 : 100000000);
      InventoryRates rates = { (guint)g_rand_int_range (rand, 0, 10000), (guint)g_rand_int_range (rand, 0, 10001) };
      InventoryQuantities a;
      InventoryQuantities b;

      g_assert_true (inventory_quantities (total, &rates, &a));
      g_assert_cmpint (a.initial + a.holdback, ==, a.quantity);
      g_assert_cmpint (MIN (a.initial, a.holdback), >=, 0);
      g_assert_cmpint (a.quantity, >=, total);
      g_assert_true (inventory_quantities (total + 1, &rates, &b));
      g_assert_cmpint (b.quantity, >, a.quantity);
      g_assert_cmpint (b.initial, >=, a.initial);
      rates.safety_stock++;
      g_assert_true (inventory_quantities (total, &rates, &b));
      g_assert_cmpint (b.quantity, >=, a.quantity);
    }
}

static void
test_initial_share (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  g_assert_cmpuint (inventory_initial_share_for (9600, 6000), ==, 6250);
  g_assert_cmpuint (inventory_initial_share_for (9600, 9600), ==, 10000);
  g_assert_cmpuint (inventory_initial_share_for (9600, 9601), >, INVENTORY_ONE);
  g_assert_cmpuint (inventory_initial_share_for (9600, 0), ==, 0);
  /* However much stores are said to need. */
  g_assert_cmpuint (inventory_initial_share_for (9600, 20 * INVENTORY_UNITS_MAX), >, INVENTORY_ONE);
  g_assert_cmpuint (inventory_initial_share_for (9600, G_MAXINT64), >, INVENTORY_ONE);

  /* It is the least one that does. */
  for (guint k = 0; k < RANDOM_CASES; k++)
    {
      gint64 total = g_rand_int_range (rand, 1, 20000);
      gint64 needed = g_rand_int_range (rand, 1, (gint)total + 1);
      guint share = inventory_initial_share_for (total, needed);
      InventoryQuantities found;

      g_assert_true (inventory_quantities (total, &(InventoryRates){ 0, share }, &found));
      g_assert_cmpint (found.initial, >=, needed);
      g_assert_true (inventory_quantities (total, &(InventoryRates){ 0, share - 1 }, &found));
      g_assert_cmpint (found.initial, <, needed);
    }
}

static void
test_allocate (void)
{
  static const gint64 no_minimum[6] = { 0 };
  static const gint64 within[] = { 0, 900, 0, 0, 0, 0 };
  static const gint64 across[] = { 0, 0, 0, 0, 0, 1520 };
  static const gint64 exact[] = { 0, 0, 0, 0, 5280, 0 };
  static const gint64 too_much[] = { 0, 0, 0, 0, 5281, 0 };
  g_autoptr (InventoryNetwork) network = small_network ();
  g_autoptr (InventoryAllocation) plain = inventory_allocate (network, 5280, no_minimum);
  g_autoptr (InventoryAllocation) inside = inventory_allocate (network, 5280, within);
  g_autoptr (InventoryAllocation) outside = inventory_allocate (network, 5280, across);
  g_autoptr (InventoryAllocation) all = inventory_allocate (network, 5280, exact);
  g_autoptr (InventoryAllocation) refused = inventory_allocate (network, 5280, too_much);

  g_assert_cmpint (plain->verdict, ==, INVENTORY_ALLOCATED);
  assert_units (plain->clusters, (const gint64[]){ 2112, 1848, 1320 }, 3);
  assert_units (plain->units, (const gint64[]){ 1267, 845, 616, 616, 616, 1320 }, 6);

  /* S2 lacks 55, which S1 of its cluster gives. */
  g_assert_cmpint (inside->verdict, ==, INVENTORY_BALANCED);
  g_assert_cmpint (inside->moved, ==, 55);
  assert_units (inside->units, (const gint64[]){ 1212, 900, 616, 616, 616, 1320 }, 6);
  assert_units (inside->clusters, (const gint64[]){ 2112, 1848, 1320 }, 3);

  /* S6 is alone in its cluster and lacks 200, which the others give in proportion: 1267, 845, 616, 616, 616 of 3960. */
  g_assert_cmpint (outside->moved, ==, 200);
  assert_units (outside->units, (const gint64[]){ 1203, 802, 585, 585, 585, 1520 }, 6);
  assert_units (outside->clusters, (const gint64[]){ 2005, 1755, 1520 }, 3);

  g_assert_cmpint (all->verdict, ==, INVENTORY_BALANCED);
  assert_units (all->units, exact, 6);

  g_assert_cmpint (refused->verdict, ==, INVENTORY_TOO_SMALL);
  g_assert_cmpint (refused->minimum, ==, 5281);
  assert_units (refused->units, plain->units, 6);
}

/* Exact sums at each level, minimums hold whenever they can, nothing is negative, nobody who was above falls below. */
static void
test_allocate_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  guint verdicts[3] = { 0 };

  for (guint k = 0; k < RANDOM_CASES; k++)
    {
      g_autoptr (InventoryNetwork) network = random_network (rand);
      guint n = inventory_network_n_stores (network);
      gint64 initial = g_rand_int_range (rand, 0, k % 3 == 0 ? 50 : 1000000);
      g_autofree gint64 *minimums = g_new0 (gint64, n);
      g_autoptr (InventoryAllocation) found = NULL;
      gint64 clusters[6] = { 0 };

      for (guint i = 0; i < n; i++)
        minimums[i] = g_rand_int_range (rand, 0, (gint)(initial / n) * (k % 2 == 0 ? 2 : 1) + 2);
      found = inventory_allocate (network, initial, minimums);
      verdicts[found->verdict]++;
      g_assert_cmpint (found->minimum, ==, sum (minimums, n));
      g_assert_cmpint (found->verdict == INVENTORY_TOO_SMALL, ==, found->minimum > initial);
      g_assert_cmpint (sum (found->units, n), ==, initial);
      for (guint i = 0; i < n; i++)
        {
          g_assert_cmpint (found->units[i], >=, found->verdict == INVENTORY_TOO_SMALL ? 0 : minimums[i]);
          clusters[inventory_network_store (network, i)->cluster] += found->units[i];
        }
      assert_units (found->clusters, clusters, network->clusters->len);
    }
  for (guint i = 0; i < G_N_ELEMENTS (verdicts); i++)
    g_assert_cmpuint (verdicts[i], >, RANDOM_CASES / 100);
}

static void
test_replenish (void)
{
  static const gint64 forecast[] = { 100, 80, 50, 30 };
  static const gint64 stock[] = { 40, 80, 60, 0 };
  g_autoptr (InventoryReplenishment) enough = inventory_replenish (forecast, stock, 4, 4320);
  g_autoptr (InventoryReplenishment) scarce = inventory_replenish (forecast, stock, 4, 31);
  g_autoptr (InventoryReplenishment) nothing = inventory_replenish (forecast, stock, 4, 0);

  g_assert_cmpint (enough->need, ==, 90);
  g_assert_cmpint (enough->shipped, ==, 90);
  g_assert_cmpint (enough->shortage, ==, 0);
  assert_units (enough->units, (const gint64[]){ 60, 0, 0, 30 }, 4);
  g_assert_cmpint (scarce->shortage, ==, 59);
  assert_units (scarce->units, (const gint64[]){ 21, 0, 0, 10 }, 4); /* 20.67 and 10.33 */
  g_assert_cmpint (nothing->shortage, ==, 90);
  g_assert_cmpint (sum (nothing->units, 4), ==, 0);
}

/* Never more than is needed or there; more holdback never ships less. */
static void
test_replenish_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);

  for (guint k = 0; k < RANDOM_CASES; k++)
    {
      guint n = (guint)g_rand_int_range (rand, 1, 40);
      gint64 holdback = g_rand_int_range (rand, 0, 4000);
      gint64 forecast[40];
      gint64 stock[40];
      g_autoptr (InventoryReplenishment) a = NULL;
      g_autoptr (InventoryReplenishment) b = NULL;

      for (guint i = 0; i < n; i++)
        {
          forecast[i] = g_rand_int_range (rand, 0, 300);
          stock[i] = g_rand_int_range (rand, 0, 300);
        }
      a = inventory_replenish (forecast, stock, n, holdback);
      b = inventory_replenish (forecast, stock, n, holdback + 1);
      g_assert_cmpint (sum (a->units, n), ==, a->shipped);
      g_assert_cmpint (a->shipped, <=, holdback);
      g_assert_cmpint (a->shipped + a->shortage, ==, a->need);
      g_assert_cmpint (b->shipped, >=, a->shipped);
      g_assert_cmpint (b->shortage, <=, a->shortage);
      for (guint i = 0; i < n; i++)
        {
          g_assert_cmpint (a->units[i], >=, 0);
          g_assert_cmpint (a->units[i], <=, MAX (forecast[i] - stock[i], 0));
        }
    }
}

static void
test_reallocate (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);
  InventoryReallocation found;
  InventoryReallocation more;

  /* 9,600 made, 5,280 shipped, 3,200 sold, new total 10,000. */
  g_assert_true (inventory_reallocate (10000, 3200, 9600 - 5280, 5280 - 3200, &found));
  g_assert_cmpint (found.needed, ==, 6800);
  g_assert_cmpint (found.in_stores, ==, 2080);
  g_assert_cmpint (found.shortage, ==, 400);
  g_assert_cmpint (found.shortage_unmoved, ==, 2480);

  g_assert_true (inventory_reallocate (8000, 3200, 4320, 2080, &found));
  g_assert_cmpint (found.shortage, ==, 0);
  g_assert_cmpint (found.shortage_unmoved, ==, 480);
  g_assert_true (inventory_reallocate (3000, 3200, 0, 0, &found));
  g_assert_cmpint (found.needed, ==, 0);
  g_assert_cmpint (found.shortage_unmoved, ==, 0);
  g_assert_false (inventory_reallocate (-1, 0, 0, 0, &found));
  g_assert_false (inventory_reallocate (0, -1, 0, 0, &found));
  g_assert_false (inventory_reallocate (0, 0, -1, 0, &found));
  g_assert_false (inventory_reallocate (0, 0, 0, -1, &found));
  g_assert_false (inventory_reallocate (INVENTORY_UNITS_MAX + 1, 0, 0, 0, &found));

  for (guint k = 0; k < RANDOM_CASES; k++)
    {
      gint64 total = g_rand_int_range (rand, 0, 20000);
      gint64 sold = g_rand_int_range (rand, 0, 10000);
      gint64 holdback = g_rand_int_range (rand, 0, 10000);
      gint64 in_stores = g_rand_int_range (rand, 0, 10000);

      g_assert_true (inventory_reallocate (total, sold, holdback, in_stores, &found));
      g_assert_true (inventory_reallocate (total + 1, sold, holdback, in_stores, &more));
      g_assert_cmpint (found.shortage, >=, 0);
      g_assert_cmpint (found.shortage, <=, found.shortage_unmoved);
      g_assert_cmpint (more.shortage, >=, found.shortage);
      g_assert_cmpint (more.shortage_unmoved, >=, found.shortage_unmoved);
    }
}

static void
test_guard (void)
{
  static const InventoryGuard guard = { 500, 2, 10 };
  static const struct {
    InventoryCount count;
    InventoryFinding expected;
  } examples[] = {
    { { 100, 98, 100 }, { 0, 2, 200, 98 } },
    { { 100, 95, 100 }, { 0, 5, 500, 98 } }, /* just the threshold */
    { { 100, 94, 100 }, { INVENTORY_ALERT_DRIFT, 6, 600, 98 } },
    { { 100, 99, 100 }, { INVENTORY_ALERT_OVERSELL, 1, 100, 98 } }, /* the buffer is not offered */
    { { 100, 98, 60 }, { INVENTORY_ALERT_DRIFT | INVENTORY_ALERT_OVERSELL, 40, 4000, 58 } },
    { { 10, 8, INVENTORY_UNKNOWN }, { INVENTORY_ALERT_DRIFT | INVENTORY_ALERT_LOW, 2, 2000, 8 } },
    { { 1, 0, 1 }, { INVENTORY_ALERT_DRIFT | INVENTORY_ALERT_LOW, 1, 10000, 0 } },
    { { 0, 0, 0 }, { INVENTORY_ALERT_LOW, 0, 0, 0 } },
    { { INVENTORY_UNKNOWN, 50, 60 }, { INVENTORY_ALERT_DRIFT, 10, 1666, 58 } },
    { { INVENTORY_UNKNOWN, 50, INVENTORY_UNKNOWN }, { 0, 0, 0, INVENTORY_UNKNOWN } },
    { { INVENTORY_UNKNOWN, INVENTORY_UNKNOWN, INVENTORY_UNKNOWN }, { 0, 0, 0, INVENTORY_UNKNOWN } },
  };
  InventoryFinding found;

  for (guint i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_test_message ("example %u", i);
      g_assert_true (inventory_guard (&examples[i].count, &guard, &found));
      g_assert_cmpuint (found.alerts, ==, examples[i].expected.alerts);
      g_assert_cmpint (found.spread, ==, examples[i].expected.spread);
      g_assert_cmpuint (found.drift, ==, examples[i].expected.drift);
      g_assert_cmpint (found.sellable, ==, examples[i].expected.sellable);
    }
  g_assert_false (inventory_guard (&(InventoryCount){ -2, 0, 0 }, &guard, &found));
  g_assert_false (inventory_guard (&(InventoryCount){ 0, G_MAXINT64, 0 }, &guard, &found));
}

static void
test_outlook (void)
{
  static const struct {
    gint64 there, next, left;
    guint over, expected;
  } examples[] = {
    { 20, 20, 100, 2000, 0 }, /* just enough */
    { 19, 20, 100, 2000, INVENTORY_ALERT_STOCKOUT },
    { 120, 20, 100, 2000, 0 }, /* just the threshold */
    { 121, 20, 100, 2000, INVENTORY_ALERT_OVERSTOCK },
    { 101, 20, 100, 0, INVENTORY_ALERT_OVERSTOCK },
    { 1, 0, 0, 10000, INVENTORY_ALERT_OVERSTOCK }, /* the season is over */
    { 0, 0, 0, 2000, 0 },
    { 0, 1, 1, 2000, INVENTORY_ALERT_STOCKOUT },
    { INVENTORY_UNKNOWN, 20, 10, 2000, 0 },
    { 5, INVENTORY_UNKNOWN, INVENTORY_UNKNOWN, 2000, 0 },
    { 5, INVENTORY_UNKNOWN, 1, 2000, INVENTORY_ALERT_OVERSTOCK },
    { 5, 6, INVENTORY_UNKNOWN, 2000, INVENTORY_ALERT_STOCKOUT },
    { 0, G_MAXINT64, G_MAXINT64, 2000, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_test_message ("example %u", i);
      g_assert_cmpuint (inventory_outlook (examples[i].there, examples[i].next, examples[i].left, examples[i].over), ==,
                        examples[i].expected);
    }
  /* What two sides count: the smaller one is there. */
  g_assert_cmpint (inventory_there (&(InventoryCount){ 10, 99, 8 }), ==, 8);
  g_assert_cmpint (inventory_there (&(InventoryCount){ INVENTORY_UNKNOWN, 99, INVENTORY_UNKNOWN }), ==,
                   INVENTORY_UNKNOWN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/inventory-model/apportion", test_apportion);
  g_test_add_func ("/inventory-model/apportion-random", test_apportion_random);
  g_test_add_func ("/inventory-model/shares", test_shares);
  g_test_add_func ("/inventory-model/check", test_check);
  g_test_add_func ("/inventory-model/quantities", test_quantities);
  g_test_add_func ("/inventory-model/quantities-random", test_quantities_random);
  g_test_add_func ("/inventory-model/initial-share", test_initial_share);
  g_test_add_func ("/inventory-model/allocate", test_allocate);
  g_test_add_func ("/inventory-model/allocate-random", test_allocate_random);
  g_test_add_func ("/inventory-model/replenish", test_replenish);
  g_test_add_func ("/inventory-model/replenish-random", test_replenish_random);
  g_test_add_func ("/inventory-model/reallocate", test_reallocate);
  g_test_add_func ("/inventory-model/guard", test_guard);
  g_test_add_func ("/inventory-model/outlook", test_outlook);

  return g_test_run ();
}
