/* SPDX-License-Identifier: Apache-2.0 */
#include "vetting-score.h"

#include <math.h>
#include <string.h>

/* The scorecard of suppliers: known answers, and what holds of all. */

#define N_RANDOM 20000

static const VettingRules rules = { .weights = { 0.3, 0.25, 0.2, 0.15, 0.1 },
                                    .prior = 20,
                                    .max_failed = 0.1,
                                    .max_late = 0.3,
                                    .min_rating = 3,
                                    .min_orders = 20,
                                    .pass_at = 0.6,
                                    .fail_below = 0.3 };
static const VettingRecord unknown = { NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
static const VettingPrior usual = { .late = 0.1, .failed = 0.02, .rating = 4, .answered = 0.9 };

static void
assert_near (double a, double b)
{
  g_assert_cmpfloat_with_epsilon (a, b, 1e-12);
}

static void
test_prior (void)
{
  const VettingRecord records[] = { { 90, 9, 0, NAN, 5, 10, NAN, NAN }, { 10, 1, NAN, NAN, 3, 30, 4, 1 }, unknown };
  VettingPrior none = vetting_prior (&unknown, 1);
  VettingPrior some = vetting_prior (records, 3);

  assert_near (none.late, usual.late);
  assert_near (none.failed, usual.failed);
  assert_near (none.rating, usual.rating);
  assert_near (none.answered, usual.answered);
  assert_near (some.late, 0.1);
  assert_near (some.failed, 0);
  assert_near (some.rating, 3.5);
  assert_near (some.answered, 0.25);
}

/* By hand: (4 + 20 × 0.1) / 120 late, (0 + 20 × 0.02) / 120 failed, (4.5 × 60 + 20 × 4) / 80 rated, (30 + 18) / 60
 * answered. */
static void
test_score (void)
{
  const VettingRecord record = { 100, 4, 0, 16.5, 4.5, 60, 40, 30 };
  VettingCard card = vetting_score (&record, &usual, &rules);
  double reliability = 1 - 0.4 / 120 / 0.1;
  double punctuality = 1 - 6.0 / 120 / 0.3;
  double quality = (350.0 / 80 - 3) / 2;
  double communication = (48.0 / 60 - 0.5) / 0.5;

  assert_near (card.parts[VETTING_RELIABILITY], reliability);
  assert_near (card.parts[VETTING_PUNCTUALITY], punctuality);
  assert_near (card.parts[VETTING_QUALITY], quality);
  assert_near (card.parts[VETTING_COMMUNICATION], communication);
  assert_near (card.parts[VETTING_SHIPPING], 0.5);
  assert_near (card.score, 0.3 * reliability + 0.25 * punctuality + 0.2 * quality + 0.15 * communication + 0.1 * 0.5);
  g_assert_cmpint (card.verdict, ==, VETTING_PASS);
}

static void
test_verdicts (void)
{
  static const struct {
    VettingRecord record;
    VettingVerdict verdict;
    const char *risk;
  } cases[] = {
    { { 500, 10, 1, 5, 4.8, 100, 10, 10 }, VETTING_PASS, NULL },
    { { 3, 0, 0, 3, 5, 100, 10, 10 }, VETTING_ASK, "It is a new supplier: 3 orders, fewer than 20." },
    { { 500, 10, NAN, 5, 4.8, 100, 10, 10 }, VETTING_ASK, "Its reliability is not known." },
    { { 500, NAN, 1, 5, 4.8, 100, 10, 10 }, VETTING_ASK, "Its punctuality is not known." },
    { { 500, 10, 100, 5, 4.8, 100, 10, 10 },
      VETTING_FAIL,
      "Too many orders fail: 100 of 500 orders failed, 19.3 % with the prior." },
    { { 500, 250, 0, 5, 4.8, 100, 10, 10 },
      VETTING_FAIL,
      "Too many orders are late: 250 of 500 orders were late, 48.5 % with the prior." },
    { { 500, 0, 0, 5, 1.5, 100, 10, 10 },
      VETTING_FAIL,
      "It is rated too low: it is rated 1.50 in 100 reviews, 1.92 with the prior." },
    /* One order that failed is no reason to fail a supplier. */
    { { 1, 1, 1, 5, 4.8, 100, 10, 10 }, VETTING_ASK, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VettingCard card = vetting_score (&cases[i].record, &usual, &rules);
      g_autoptr (GPtrArray) risks = vetting_risks (&cases[i].record, &card, &rules);

      g_assert_cmpint (card.verdict, ==, cases[i].verdict);
      if (cases[i].risk != NULL)
        g_assert_cmpstr (risks->pdata[0], ==, cases[i].risk);
      if (cases[i].verdict == VETTING_PASS)
        g_assert_cmpuint (risks->len, ==, 0);
      else
        g_assert_cmpuint (risks->len, >, 0);
    }
}

static VettingRecord
random_record (GRand *rand)
{
  VettingRecord r = { .orders = g_rand_int_range (rand, 0, 1000), .messages = g_rand_int_range (rand, 0, 100) };

  r.late = floor (r.orders * g_rand_double (rand));
  r.failed = floor (r.orders * g_rand_double (rand) * 0.2);
  r.shipping_days = g_rand_double_range (rand, 0, 60);
  r.rating = g_rand_double_range (rand, 1, 5);
  r.reviews = g_rand_int_range (rand, 0, 500);
  r.answered = floor (r.messages * g_rand_double (rand));
  return r;
}

/* A supplier of whom something is better is never judged worse, and no score leaves 0 to 1. */
static void
test_monotone (void)
{
  GRand *rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < N_RANDOM; i++)
    {
      VettingRecord worse = random_record (rand);
      VettingRecord better = worse;
      VettingCard a, b;

      better.late = floor (better.late / 2);
      better.failed = MAX (better.failed - 1, 0);
      better.rating = MIN (better.rating + 0.5, 5);
      better.answered = MIN (better.answered + 1, better.messages);
      better.shipping_days /= 2;
      a = vetting_score (&worse, &usual, &rules);
      b = vetting_score (&better, &usual, &rules);
      g_assert_cmpfloat (b.score, >=, a.score);
      g_assert_cmpint (b.verdict, <=, a.verdict);
      g_assert_cmpfloat (a.score, >=, 0);
      g_assert_cmpfloat (b.score, <=, 1);
    }
  g_rand_free (rand);
}

/* The more is observed, the more it counts: the value goes from the prior to what was seen. */
static void
test_shrinkage (void)
{
  double before = 1;

  for (guint n = 1; n <= 1u << 20; n *= 2)
    {
      VettingRecord record = unknown;
      VettingCard card;
      double distance;

      record.orders = n;
      record.late = n;
      card = vetting_score (&record, &usual, &rules);
      distance = 1 - card.values[VETTING_PUNCTUALITY];
      g_assert_cmpfloat (distance, <, before);
      assert_near (distance, 0.9 * 20 / (n + 20));
      before = distance;
    }
}

static void
test_words (void)
{
  const VettingRecord record = { 100, 4, 0, NAN, 4.5, 60, 40, 30 };
  VettingCard card = vetting_score (&record, &usual, &rules);
  g_autofree char *words = vetting_explain (&record, &card, &rules);

  g_assert_cmpstr (
      words, ==,
      "Score 0.78: 0 of 100 orders failed, 0.3 % with the prior (reliability 0.97); 4 of 100 orders were late, 5.0 % "
      "with the prior (punctuality 0.83); it is rated 4.50 in 60 reviews, 4.38 with the prior (quality 0.69); 30 of "
      "40 messages were answered, 80.0 % with the prior (communication 0.60); its shipping is not known (shipping "
      "0.50).");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vetting/prior", test_prior);
  g_test_add_func ("/vetting/score", test_score);
  g_test_add_func ("/vetting/verdicts", test_verdicts);
  g_test_add_func ("/vetting/monotone", test_monotone);
  g_test_add_func ("/vetting/shrinkage", test_shrinkage);
  g_test_add_func ("/vetting/words", test_words);
  return g_test_run ();
}
