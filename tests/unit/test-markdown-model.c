/* SPDX-License-Identifier: Apache-2.0 */
#include <markdown-model.h>

typedef struct {
  gint64 sold;
  gint64 total;
  MarkdownRates rates;
  MarkdownPlan plan;
} Example;

#define RATES                                                                                                          \
  {                                                                                                                    \
    6000, 20000, 4000                                                                                                  \
  }

static const Example examples[] = {
  { 4640, 8000, RATES, { MARKDOWN_PROPOSE, 5800, 200, 500, 750, FALSE } },    /* 58 % → 4 % → 5 % */
  { 4000, 8000, RATES, { MARKDOWN_PROPOSE, 5000, 1000, 2000, 3000, FALSE } }, /* 50 % → 20 %, lift 30 % */
  { 3200, 8000, RATES, { MARKDOWN_PROPOSE, 4000, 2000, 4000, 6000, FALSE } }, /* 40 % → 40 % */
  { 1600, 8000, RATES, { MARKDOWN_PROPOSE, 2000, 4000, 4000, 6000, TRUE } },  /* 20 % → 80 % → 40 % */
  { 0, 8000, RATES, { MARKDOWN_PROPOSE, 0, 6000, 4000, 6000, TRUE } },        /* nothing sold */
  { 4800, 8000, RATES, { MARKDOWN_NO_GAP, 6000, 0, 0, 0, FALSE } },           /* on target */
  { 9000, 8000, RATES, { MARKDOWN_NO_GAP, 11250, 0, 0, 0, FALSE } },          /* above the forecast */
  { 4799, 8000, RATES, { MARKDOWN_TOO_SMALL, 5999, 1, 0, 0, FALSE } },        /* a hundredth below */
  { 4701, 8000, RATES, { MARKDOWN_TOO_SMALL, 5876, 124, 0, 0, FALSE } },      /* 2.475 % → 0 */
  { 4700, 8000, RATES, { MARKDOWN_PROPOSE, 5875, 125, 500, 750, FALSE } },    /* 2.5 %, a half goes up */
  { 4000, 8000, { 6000, 18000, 4000 }, { MARKDOWN_PROPOSE, 5000, 1000, 2000, 3000, FALSE } }, /* 18 % → 20 % */
  { 4000, 8000, { 5750, 20000, 4000 }, { MARKDOWN_PROPOSE, 5000, 750, 1500, 2250, FALSE } },  /* exactly 15 % */
  { 23, 40, { 6000, 10000, 4000 }, { MARKDOWN_PROPOSE, 5750, 250, 500, 750, FALSE } },  /* 57.5 % → 2.5 % → 5 % */
  { 1, 3, { 6000, 10000, 4000 }, { MARKDOWN_PROPOSE, 3333, 2667, 2500, 3750, FALSE } }, /* 26.67 % → 25 % */
  { 1600, 8000, { 6000, 20000, 3300 }, { MARKDOWN_PROPOSE, 2000, 4000, 3000, 4500, TRUE } }, /* never above the cap */
  { 999999999, 1000000000, { 10000, 100000, 4000 }, { MARKDOWN_TOO_SMALL, 10000, 0, 0, 0, FALSE } },
  { 0, 1000000000, { 10000, 100000, 4000 }, { MARKDOWN_PROPOSE, 0, 10000, 4000, 6000, TRUE } },
};

static void
test_examples (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      const MarkdownPlan *expected = &examples[i].plan;
      MarkdownPlan plan;

      g_test_message ("example %u", i);
      g_assert_true (markdown_plan (examples[i].sold, examples[i].total, &examples[i].rates, &plan));
      g_assert_cmpint (plan.verdict, ==, expected->verdict);
      g_assert_cmpuint (plan.sell_through, ==, expected->sell_through);
      g_assert_cmpuint (plan.gap, ==, expected->gap);
      g_assert_cmpuint (plan.markdown, ==, expected->markdown);
      g_assert_cmpuint (plan.lift, ==, expected->lift);
      g_assert_cmpint (plan.capped, ==, expected->capped);
    }
}

static void
test_out_of_range (void)
{
  static const MarkdownRates rates = RATES;
  MarkdownPlan plan;

  g_assert_false (markdown_plan (-1, 8000, &rates, &plan));
  g_assert_false (markdown_plan (0, 0, &rates, &plan));
  g_assert_false (markdown_plan (0, -5, &rates, &plan));
  g_assert_false (markdown_plan (G_MAXINT64, 8000, &rates, &plan));
  g_assert_false (markdown_plan (0, G_MAXINT64, &rates, &plan));
}

static void
test_points (void)
{
  guint points = 0;

  /* Every share of four decimals comes back as it was written. */
  for (guint i = 0; i <= 10000; i++)
    {
      char digits[16];

      g_snprintf (digits, sizeof digits, "%u.%04u", i / 10000, i % 10000);
      g_assert_true (markdown_points (g_ascii_strtod (digits, NULL), 10000, &points));
      g_assert_cmpuint (points, ==, i);
    }
  g_assert_false (markdown_points (0.12345, 10000, &points));
  g_assert_false (markdown_points (-0.1, 10000, &points));
  g_assert_false (markdown_points (1.0001, 10000, &points));
  g_assert_false (markdown_points (G_MAXDOUBLE, 10000, &points));
  g_assert_false (markdown_points (G_MAXDOUBLE * 10, 10000, &points));
}

static void
test_cents (void)
{
  static const char *const bad[] = { "", "x", ".5", "5.", "1.234", "-1", "1,50", "1 ", "1e3", "1234567890", NULL };
  gint64 cents = 0;

  g_assert_true (markdown_cents ("89.90", &cents));
  g_assert_cmpint (cents, ==, 8990);
  g_assert_true (markdown_cents ("7", &cents));
  g_assert_cmpint (cents, ==, 700);
  g_assert_true (markdown_cents ("0.5", &cents));
  g_assert_cmpint (cents, ==, 50);
  g_assert_true (markdown_cents ("0.05", &cents));
  g_assert_cmpint (cents, ==, 5);
  for (guint i = 0; bad[i] != NULL; i++)
    g_assert_false (markdown_cents (bad[i], &cents));
  g_assert_false (markdown_cents (NULL, &cents));
}

static void
test_outlook (void)
{
  static const MarkdownSeason season = { 4000, 4210, 3790, 4000, 8990 };
  static const MarkdownSeason nothing = { 0, 0, 8000, 8000, 8990 };
  MarkdownOutlook held = markdown_outlook (&season, 0);
  MarkdownOutlook down = markdown_outlook (&season, 2000);

  g_assert_cmpint (held.units, ==, 3600); /* 3,790 × 4,000 / 4,210 */
  g_assert_cmpint (held.left, ==, 400);
  g_assert_cmpint (held.revenue, ==, 32364000);
  g_assert_cmpint (down.units, ==, 4000); /* 4,681 would sell, 4,000 are there */
  g_assert_cmpint (down.left, ==, 0);
  g_assert_cmpint (down.revenue, ==, 28768000);
  g_assert_cmpint (markdown_outlook (&nothing, 2000).units, ==, 0);
}

static void
test_round (void)
{
  g_assert_cmpuint (markdown_round (249, 4000), ==, 0);
  g_assert_cmpuint (markdown_round (250, 4000), ==, 500);
  g_assert_cmpuint (markdown_round (1833, 4000), ==, 2000);
  g_assert_cmpuint (markdown_round (9000, 3300), ==, 3000);
}

static void
test_variance (void)
{
  static const struct {
    gint64 sold;
    gint64 forecast;
    guint variance;
    gboolean above;
  } variances[] = {
    { 3200, 2550, 2549, TRUE },  /* 25.5 % */
    { 3060, 2550, 2000, FALSE }, /* exactly 20 % is not above it */
    { 3061, 2550, 2004, TRUE },  { 2040, 2550, 2000, FALSE }, { 2039, 2550, 2004, TRUE },
    { 2550, 2550, 0, FALSE },    { 0, 1, 10000, TRUE },       { 1000000000, 1, 4294967295u, TRUE },
  };
  guint variance;
  gboolean above;

  for (guint i = 0; i < G_N_ELEMENTS (variances); i++)
    {
      g_test_message ("variance %u", i);
      g_assert_true (markdown_variance (variances[i].sold, variances[i].forecast, 2000, &variance, &above));
      g_assert_cmpuint (variance, ==, variances[i].variance);
      g_assert_cmpint (above, ==, variances[i].above);
    }
  g_assert_false (markdown_variance (-1, 2550, 2000, &variance, &above));
  g_assert_false (markdown_variance (0, 0, 2000, &variance, &above));
  g_assert_false (markdown_variance (G_MAXINT64, 1, 2000, &variance, &above));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/markdown-model/examples", test_examples);
  g_test_add_func ("/markdown-model/out-of-range", test_out_of_range);
  g_test_add_func ("/markdown-model/points", test_points);
  g_test_add_func ("/markdown-model/cents", test_cents);
  g_test_add_func ("/markdown-model/outlook", test_outlook);
  g_test_add_func ("/markdown-model/round", test_round);
  g_test_add_func ("/markdown-model/variance", test_variance);

  return g_test_run ();
}
