/* SPDX-License-Identifier: Apache-2.0 */
#include "ceo-watch.h"
#include "ceo-weigh.h"

#include <math.h>
#include <string.h>

/* What is decided on a product: known answers, and what holds of all. */

#define N_RANDOM 50000

static const CeoRules rules = { .weights = { 0.4, 0.25, 0.25, 0.1 },
                                .min_margin = 0.3,
                                .approve_at = 0.5,
                                .reject_below = 0.25,
                                .first_order = 20,
                                .max_stake = 1000 };
/* What is approved, in which each case changes one thing. */
static const CeoCase good = { .price = 50,
                              .cost = 20,
                              .demand = 0.8,
                              .sold = 500,
                              .supplier = 0.9,
                              .verdict = CEO_SUPPLIER_PASS,
                              .goal_margin = 0.4,
                              .goal_revenue = 500000 };

static void
assert_decided (const CeoCase *product, CeoDecision decision, const char *reason)
{
  CeoWeighed weighed = ceo_weigh (product, &rules);
  g_autoptr (GPtrArray) reasons = ceo_reasons (product, &weighed, &rules);

  g_assert_cmpint (weighed.decision, ==, decision);
  g_assert_cmpstr (reasons->len > 0 ? reasons->pdata[0] : NULL, ==, reason);
}

static void
test_score (void)
{
  CeoWeighed weighed = ceo_weigh (&good, &rules);

  /* 0.6 is half way from the target, 0.4, to twice that; 25,000 of 500,000 is the twentieth part. */
  g_assert_cmpfloat_with_epsilon (weighed.margin, 0.6, 1e-12);
  g_assert_cmpfloat_with_epsilon (weighed.parts[CEO_MARGIN], 0.75, 1e-12);
  g_assert_cmpfloat_with_epsilon (weighed.parts[CEO_REVENUE], 1 - exp (-1), 1e-12);
  g_assert_cmpfloat_with_epsilon (weighed.score, 0.4 * 0.75 + 0.25 * 0.8 + 0.25 * 0.9 + 0.1 * (1 - exp (-1)), 1e-12);
  g_assert_cmpfloat_with_epsilon (weighed.confidence, 1, 1e-12);
  g_assert_cmpfloat_with_epsilon (weighed.stake, 400, 1e-12);
}

static void
test_decisions (void)
{
  CeoCase product = good;

  assert_decided (&good, CEO_APPROVE, NULL);
  product.cost = 30; /* on the goal */
  assert_decided (&product, CEO_APPROVE, NULL);
  product.cost = 30.01;
  assert_decided (&product, CEO_REJECT, "Its margin, 40.0 %, is below the goal, 40.0 %.");
  product = good;
  product.verdict = CEO_SUPPLIER_FAIL;
  assert_decided (&product, CEO_REJECT, "Its supplier failed the vetting.");
  product.verdict = CEO_SUPPLIER_ASK;
  assert_decided (&product, CEO_ASK, "Its supplier is not proven.");
  product = good;
  product.goal_margin = NAN;
  assert_decided (&product, CEO_ASK, "Nobody has set a goal for the margin.");
  product.cost = 36;
  assert_decided (&product, CEO_REJECT, "Its margin, 28.0 %, is below the least, 30.0 %.");
  product = good;
  product.demand = NAN;
  assert_decided (&product, CEO_ASK, "Its demand is not known.");
  product = good;
  product.price = 200;
  product.cost = 51;
  assert_decided (&product, CEO_ASK, "A first order of 20 costs 1020.00, more than 1000.00.");
  product = good;
  product.demand = 0;
  product.supplier = 0.3;
  assert_decided (&product, CEO_ASK, "Its score, 0.44, is below 0.50, from which a person is not asked.");
  product.cost = 30;
  product.supplier = 0;
  product.sold = 0;
  assert_decided (&product, CEO_REJECT, "Its score, 0.20, is below 0.25.");
}

static double
maybe (GRand *rand, double value)
{
  return g_rand_int_range (rand, 0, 5) == 0 ? NAN : value;
}

/* What is below the target, of a failed supplier, or of an unknown demand, is never approved; a cheaper product is
 * judged no worse; no score leaves 0 to 1; and each decision but an approval has a reason. */
static void
test_all (void)
{
  GRand *rand = g_rand_new_with_seed (11);

  for (guint i = 0; i < N_RANDOM; i++)
    {
      CeoCase product = { .price = g_rand_double_range (rand, 1, 300),
                          .demand = maybe (rand, g_rand_double (rand)),
                          .sold = maybe (rand, g_rand_double_range (rand, 0, 1000)),
                          .supplier = maybe (rand, g_rand_double (rand)),
                          .verdict = (CeoVerdict)g_rand_int_range (rand, 0, 3),
                          .goal_margin = maybe (rand, g_rand_double_range (rand, 0.01, 0.99)),
                          .goal_revenue = maybe (rand, g_rand_double_range (rand, 1, 1e6)) };
      CeoWeighed weighed, better;
      g_autoptr (GPtrArray) reasons = NULL;

      product.cost = product.price * g_rand_double_range (rand, 0.01, 1.2);
      weighed = ceo_weigh (&product, &rules);
      reasons = ceo_reasons (&product, &weighed, &rules);
      g_assert_cmpfloat (weighed.score, >=, 0);
      g_assert_cmpfloat (weighed.score, <=, 1);
      g_assert_true ((reasons->len == 0) == (weighed.decision == CEO_APPROVE));
      if (weighed.margin < weighed.target || product.verdict == CEO_SUPPLIER_FAIL)
        g_assert_cmpint (weighed.decision, ==, CEO_REJECT);
      if (isnan (product.demand) || isnan (product.goal_margin) || product.verdict != CEO_SUPPLIER_PASS)
        g_assert_cmpint (weighed.decision, !=, CEO_APPROVE);
      product.cost /= 2;
      better = ceo_weigh (&product, &rules);
      g_assert_cmpfloat (better.score, >=, weighed.score);
      g_assert_cmpint (better.decision, <=, weighed.decision);
    }
  g_rand_free (rand);
}

/* What each signal is on its bound, and just beyond. */
static void
test_alerts (void)
{
  static const CeoBounds bounds = { 0.3, 0.5, 5, 0.2 };
  static const struct {
    CeoSignals signals;
    double goal;
    guint n;
  } cases[] = {
    { { .n_weeks = 0 }, NAN, 0 },
    { { .revenue = { 1000, 1000, 1000, 1 }, .n_weeks = 4 }, NAN, 0 }, /* too few for what is usual */
    { { .revenue = { 1, 1000, 1000, 1000, 700 }, .n_weeks = 5 }, NAN, 0 },
    { { .revenue = { 1, 1000, 1000, 1000, 699 }, .n_weeks = 5 }, NAN, 1 },
    { { .revenue = { 0, 0, 0, 0, 0 }, .n_weeks = 5 }, NAN, 0 },
    { { .days = 7, .ended = 4, .failed = 4 }, NAN, 0 },
    { { .days = 7, .ended = 6, .failed = 3 }, NAN, 0 },
    { { .days = 7, .ended = 6, .failed = 4 }, NAN, 1 },
    { { .visits = 1000, .orders = 1 }, NAN, 0 },
    { { .visits = 1000, .orders = 24 }, 0.03, 0 },
    { { .visits = 1000, .orders = 23 }, 0.03, 1 },
    { { .visits = 99, .orders = 0 }, 0.03, 0 },
    { { .revenue = { 9, 9, 9, 9, 0 }, .n_weeks = 5, .ended = 5, .failed = 5, .visits = 100 }, 0.03, 3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) alerts = ceo_alerts (&cases[i].signals, cases[i].goal, &bounds);

      g_assert_cmpuint (alerts->len, ==, cases[i].n);
    }
}

/* While one stands a person is asked; what is rejected stays so. */
static void
test_alert (void)
{
  CeoCase product = good;

  product.alert = "It burns.";
  assert_decided (&product, CEO_ASK, "An alert stands: It burns.");
  product.cost = 45;
  assert_decided (&product, CEO_REJECT, "Its margin, 10.0 %, is below the goal, 40.0 %.");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ceo/score", test_score);
  g_test_add_func ("/ceo/decisions", test_decisions);
  g_test_add_func ("/ceo/alerts", test_alerts);
  g_test_add_func ("/ceo/alert", test_alert);
  g_test_add_func ("/ceo/all", test_all);
  return g_test_run ();
}
