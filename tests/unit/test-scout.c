/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <scout-score.h>
#include <scout-titles.h>
#include <string.h>

static const ScoutRules rules = { { 0.3, 0.15, 0.15, 0.15, 0.15, 0.1 }, 0.2, 8000, 50 };

static void
test_titles (void)
{
  static const char *const titles[] = {
    "Summer Dress, V-neck (red)",
    "RED summer dress V neck",
    "Été: Robe d'Été",
    "robe d ete ete",
    "",
    "!!",
    "Blue hat",
    "Summer dress v-neck red NEW",
    "\xff\xfe",
    "帽子",
    "帽子",
  };
  guint groups[G_N_ELEMENTS (titles)];
  static const guint expected[] = { 0, 0, 2, 2, 4, 5, 6, 0, 8, 9, 9 };

  scout_titles_group (titles, G_N_ELEMENTS (titles), 8000, groups);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    g_assert_cmpuint (groups[i], ==, expected[i]);
  scout_titles_group (NULL, 0, 8000, NULL);
}

/* Words a to l, without signs, so that sets are told apart by bits. */
static char *
title_of (guint bits)
{
  GString *title = g_string_new (NULL);

  for (guint i = 0; i < 12; i++)
    if (bits & (1u << i))
      g_string_append_printf (title, "w%u ", i);
  return g_string_free (title, FALSE);
}

static guint
count_bits (guint bits)
{
  return (guint)__builtin_popcount (bits);
}

/* What the filter lets through is all that comparing every pair finds. */
static void
check_titles (GRand *rand, guint similarity)
{
  enum { N = 60 };
  g_auto (GStrv) titles = g_new0 (char *, N + 1);
  guint bits[N], groups[N], expected[N];
  gboolean changed = TRUE;

  for (guint i = 0; i < N; i++)
    {
      bits[i] = (guint)g_rand_int_range (rand, 0, 4096);
      titles[i] = title_of (bits[i]);
      expected[i] = i;
    }
  while (changed)
    {
      changed = FALSE;
      for (guint i = 0; i < N; i++)
        for (guint k = 0; k < N; k++)
          if (bits[i] != 0 && expected[i] < expected[k] &&
              count_bits (bits[i] & bits[k]) * 10000 >= similarity * count_bits (bits[i] | bits[k]))
            {
              expected[k] = expected[i];
              changed = TRUE;
            }
    }
  scout_titles_group ((const char *const *)titles, N, similarity, groups);
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (groups[i], ==, expected[i]);
}

static void
test_titles_all_pairs (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint i = 0; i < 300; i++)
    check_titles (rand, (guint)g_rand_int_range (rand, 5000, 10001));
}

static void
test_trend (void)
{
  ScoutSignal signals[40];
  ScoutTrend trend;

  for (guint i = 0; i < 40; i++)
    signals[i] = (ScoutSignal){ 18000 + 7 * (gint64)((i * 17) % 40), expm1 (2 + 0.05 * ((i * 17) % 40)) };
  trend = scout_trend (signals, 40);
  g_assert_cmpuint (trend.weeks, ==, 40);
  g_assert_cmpfloat_with_epsilon (trend.slope, 0.05, 1e-9);
  g_assert_cmpfloat_with_epsilon (trend.acceleration, 0, 1e-9);
  for (guint i = 0; i < 8; i++)
    signals[i].value *= i % 2 ? 1000 : 0; /* a fifth of them is nonsense */
  trend = scout_trend (signals, 40);
  g_assert_cmpfloat_with_epsilon (trend.slope, 0.05, 0.02);

  for (guint i = 0; i < 40; i++)
    signals[i] = (ScoutSignal){ 18000 + 7 * (gint64)i, expm1 (i < 20 ? 3 : 3 + 0.1 * (i - 20)) };
  trend = scout_trend (signals, 40);
  g_assert_cmpfloat_with_epsilon (trend.acceleration, 0.1, 0.01);

  signals[0].value = NAN;
  signals[1].value = -1;
  g_assert_cmpuint (scout_trend (signals, 9).weeks, ==, 0);
  g_assert_cmpuint (scout_trend (NULL, 0).weeks, ==, 0);
  for (guint i = 0; i < 40; i++)
    signals[i].week = 18000;
  g_assert_cmpfloat (scout_trend (signals, 40).slope, ==, 0);
}

static const ScoutProduct lamp = { "lamp", "Desk lamp", "a", 5000, 1500, 500, 10, 4.5, 150, 900, { 0.02, 0, 30 } };

/* Each part by hand. */
static void
test_parts (void)
{
  ScoutProduct products[] = { lamp, lamp, lamp, { "mug", "Mug", "b", 1000, 700, -1, NAN, 3.5, 10, 100, { 0 } } };
  g_autoptr (ScoutReport) report = NULL;
  const ScoutFind *find;
  double mean = (4.5 * 3 + 3.5) / 4;

  products[1].id = "lamp-2";
  products[1].supplier = "b";
  products[1].cost = 2000;
  products[2].id = "lamp-3";
  products[2].title = "LAMP, desk";
  products[2].cost = 4900; /* no margin: it is a rival, but no offer */
  report = scout_rank (products, G_N_ELEMENTS (products), &rules);
  g_assert_cmpuint (report->groups, ==, 2);
  g_assert_cmpuint (report->duplicates, ==, 2);
  g_assert_cmpuint (report->left_out, ==, 1);
  g_assert_cmpuint (report->n, ==, 2);

  find = &report->finds[0];
  g_assert_cmpuint (find->product, ==, 0);
  g_assert_cmpuint (find->listings, ==, 3);
  g_assert_cmpuint (find->suppliers, ==, 2);
  g_assert_cmpfloat_with_epsilon (find->margin, 0.6, 1e-12);
  g_assert_cmpfloat_with_epsilon (find->parts[SCOUT_MARGIN], 1, 1e-12);
  g_assert_cmpfloat_with_epsilon (find->parts[SCOUT_COMPETITION], 0.75, 1e-12);
  g_assert_cmpfloat_with_epsilon (find->parts[SCOUT_DEMAND], (1 + 4) / 2.0 / 4, 1e-12);
  g_assert_cmpfloat_with_epsilon (find->parts[SCOUT_TREND], (1 + tanh (0.4)) / 2, 1e-12);
  g_assert_cmpfloat_with_epsilon (find->rating, (50 * mean + 150 * 4.5) / 200, 1e-12);
  g_assert_cmpfloat_with_epsilon (find->parts[SCOUT_QUALITY], (find->rating - 3) / 2, 1e-12);
  g_assert_cmpfloat_with_epsilon (find->parts[SCOUT_SHIPPING], (0.9 + 20 / 27.0) / 2, 1e-12);
  g_assert_cmpfloat_with_epsilon (find->score,
                                  0.3 * 1 + 0.15 * 0.75 + 0.15 * 0.625 + 0.15 * (1 + tanh (0.4)) / 2 +
                                      0.15 * (find->rating - 3) / 2 + 0.1 * (0.9 + 20 / 27.0) / 2,
                                  1e-12);

  find = &report->finds[1];
  g_assert_false (find->known[SCOUT_TREND] || find->known[SCOUT_SHIPPING]);
  g_assert_cmpfloat (find->parts[SCOUT_TREND], ==, 0.5);
}

static void
test_explained (void)
{
  g_autoptr (ScoutReport) report = scout_rank (&lamp, 1, &rules);
  g_autofree char *words = scout_explain (&lamp, &report->finds[0], &rules);

  g_assert_cmpstr (
      words, ==,
      "Score 0.82: 60 % of the price is left above cost and shipping (margin 1.00); nobody else offers it "
      "(competition 1.00); it is rated 4.50 in 150 reviews, 4.50 with the catalog's mean (quality 0.75); its "
      "demand changes by +2.0 % a week, over 30 weeks (trend 0.69); it takes 10 days to come (shipping 0.82); "
      "it sells more than 50 % of the catalog (demand 0.50).");
}

/* Nothing known, nothing rated, nothing there. */
static void
test_poor (void)
{
  ScoutProduct poor = { "x", "", "", 100, 0, -1, NAN, NAN, 0, NAN, { 0 } };
  g_autoptr (ScoutReport) none = scout_rank (NULL, 0, &rules);
  g_autoptr (ScoutReport) one = scout_rank (&poor, 1, &rules);
  g_autofree char *words = scout_explain (&poor, &one->finds[0], &rules);

  g_assert_cmpuint (none->n, ==, 0);
  g_assert_cmpuint (one->n, ==, 1);
  g_assert_true (isfinite (one->finds[0].score));
  g_assert_nonnull (strstr (words, "its quality is not known"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/scout/titles", test_titles);
  g_test_add_func ("/scout/titles-all-pairs", test_titles_all_pairs);
  g_test_add_func ("/scout/trend", test_trend);
  g_test_add_func ("/scout/parts", test_parts);
  g_test_add_func ("/scout/explained", test_explained);
  g_test_add_func ("/scout/poor", test_poor);

  return g_test_run ();
}
