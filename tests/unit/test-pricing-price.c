/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pricing-price.h>

#define TRIALS 20000

static const guint nines[] = { 49, 99 };

static void
test_amounts (void)
{
  static const char *const wrong[] = { "", "-1", "1.", ".5", "1.234", "1,50", "1e3", " 1", "1 ", "9999999999", NULL };
  gint64 cents = 7;

  for (guint i = 0; wrong[i] != NULL; i++)
    g_assert_false (pricing_cents (wrong[i], &cents));
  g_assert_false (pricing_cents (NULL, &cents));
  g_assert_cmpint (cents, ==, 7);
  for (gint64 i = 0; i < 2500; i++)
    {
      g_autofree char *text = pricing_amount (i);

      g_assert_true (pricing_cents (text, &cents));
      g_assert_cmpint (cents, ==, i);
    }
  g_assert_true (pricing_cents ("12.5", &cents) && cents == 1250);
  g_assert_true (pricing_cents ("12", &cents) && cents == 1200);
}

/* By hand: at e = −3 and a cost of 8 the best price is 12. */
static void
test_examples (void)
{
  PricingItem item = { 1300, 800, 0, 0, 10, -3, 0 };
  PricingRules rules = { 2000, 1000, 0, NULL, 0, 0, 0 };
  PricingMove move;

  g_assert_null (pricing_choose (&item, &rules, &move));
  g_assert_cmpint (move.price, ==, 1200);
  g_assert_cmpint (move.floor, ==, 1000);
  g_assert_cmpint (move.low, ==, 1170);
  g_assert_cmpint (move.high, ==, 1430);
  g_assert_cmpint (move.bound, ==, PRICING_FREE);
  g_assert_cmpfloat_with_epsilon (move.gain, 10 * (pow (12.0 / 13, -3) * 400 - 500), 1e-9);
  g_assert_cmpfloat (move.certainty, ==, 1);

  /* 11.99 and 12.49 are near: the nearer one earns more. */
  rules.endings = nines;
  rules.n_endings = 2;
  g_assert_null (pricing_choose (&item, &rules, &move));
  g_assert_cmpint (move.price, ==, 1199);
  g_assert_true (move.charm);

  item.elasticity = -0.5; /* the dearer the better: the step holds it */
  g_assert_null (pricing_choose (&item, &rules, &move));
  g_assert_cmpint (move.price, ==, 1399);
  g_assert_cmpint (move.bound, ==, PRICING_STEP);

  item.ceiling = 1350;
  g_assert_null (pricing_choose (&item, &rules, &move));
  g_assert_cmpint (move.price, ==, 1349);
  g_assert_cmpint (move.bound, ==, PRICING_CEILING);

  item.competitor = 1310;
  rules.parity = 200;
  rules.n_endings = 0;
  g_assert_null (pricing_choose (&item, &rules, &move));
  g_assert_cmpint (move.price, ==, 1336); /* 13.362 */
  g_assert_cmpint (move.bound, ==, PRICING_PARITY);
}

static void
assert_held (const PricingItem *item, const PricingRules *rules, const char *expected)
{
  PricingMove move = { .price = -1 };
  g_autofree char *why = pricing_choose (item, rules, &move);

  g_assert_cmpstr (why, ==, expected);
  g_assert_cmpint (move.price, ==, -1);
}

static void
test_held (void)
{
  PricingRules rules = { 2000, 1000, 0, NULL, 0, 100, 0.8 };

  assert_held (&(PricingItem){ 1200, 800, 0, 0, 10, -3, 0.1 }, &rules, "today's price is the best one that is allowed");
  assert_held (&(PricingItem){ 900, 800, 0, 0, 10, -3, 0.1 }, &rules,
               "no price is allowed: cost and least margin asks for at least 10.00, the largest step for at most 9.90");
  assert_held (&(PricingItem){ 1300, 800, 900, 0, 10, -3, 0.1 }, &rules,
               "no price is allowed: the largest step asks for at least 11.70, the ceiling for at most 9.00");
  assert_held (&(PricingItem){ 1210, 800, 0, 0, 10, -3, 0.1 }, &rules,
               "a gain of 0.01 in a period is below the least of 1.21");
  assert_held (&(PricingItem){ 1500, 800, 0, 0, 10, -3, 3 }, &rules,
               "it would earn more with a probability of 59 %, it takes 80 %");
  assert_held (&(PricingItem){ 1300, 800, 0, 0, 10, 0.2, 0.1 }, &rules,
               "an elasticity of 0.20 says that a higher price sells more, which is not believed");
  assert_held (&(PricingItem){ 1300, 800, 0, 0, 10, NAN, 0.1 }, &rules,
               "how its sales answer to the price is not known");
  assert_held (&(PricingItem){ 1300, -1, 0, 0, 10, -2, 0.1 }, &rules, "the cost is not known");
  assert_held (&(PricingItem){ 0, 800, 0, 0, 10, -2, 0.1 }, &rules, "today's price is not known");
}

/* A price below its floor is raised, whatever is gained. */
static void
test_raised (void)
{
  PricingItem item = { 950, 800, 0, 0, 0, -3, 1 };
  PricingRules rules = { 2000, 1000, 0, NULL, 0, 100, 0.99 };
  PricingMove move;

  g_assert_null (pricing_choose (&item, &rules, &move));
  g_assert_true (move.raised);
  g_assert_cmpint (move.price, >=, 1000);
}

typedef struct {
  PricingItem item;
  PricingRules rules;
  guint endings[3];
} Trial;

static void
make_trial (GRand *rand, Trial *trial)
{
  *trial = (Trial){
    { g_rand_int_range (rand, 1, 4000), g_rand_int_range (rand, 0, 4000), 0, 0, g_rand_double_range (rand, 0, 50),
      -g_rand_double_range (rand, 0.05, 6), g_rand_double_range (rand, 0, 1) },
    { (guint)g_rand_int_range (rand, 0, 9000), (guint)g_rand_int_range (rand, 0, 10001), 0, NULL, 0, 0, 0 },
    { (guint)g_rand_int_range (rand, 0, 100), (guint)g_rand_int_range (rand, 0, 100), 99 },
  };
  if (g_rand_boolean (rand))
    trial->item.ceiling = g_rand_int_range (rand, 1, 8000);
  if (g_rand_boolean (rand))
    {
      trial->item.competitor = g_rand_int_range (rand, 1, 6000);
      trial->rules.parity = (guint)g_rand_int_range (rand, 0, 15000);
    }
  trial->rules.n_endings = (guint)g_rand_int_range (rand, 0, 4);
  trial->rules.endings = trial->endings;
}

/* The rules, each as its own inequality in whole numbers. */
static gboolean
is_allowed (const Trial *trial, gint64 price)
{
  const PricingItem *item = &trial->item;
  const PricingRules *rules = &trial->rules;

  if (price < 1 || (price - item->cost) * 10000 < price * rules->min_margin)
    return FALSE;
  if (ABS (price - item->price) * 10000 > item->price * rules->max_step)
    return FALSE;
  if (item->ceiling > 0 && price > item->ceiling)
    return FALSE;
  return item->competitor == 0 || rules->parity == 0 ||
         ABS (price - item->competitor) * 10000 <= item->competitor * rules->parity;
}

static gboolean
has_ending (const Trial *trial, gint64 price)
{
  for (guint i = 0; i < trial->rules.n_endings; i++)
    if (price % 100 == trial->endings[i])
      return TRUE;
  return FALSE;
}

static double
earns (const PricingItem *item, gint64 price)
{
  return item->units * pow ((double)price / (double)item->price, item->elasticity) * (double)(price - item->cost);
}

/* The best price by looking at every one; 0 when none is allowed. */
static double
look_at_all (const Trial *trial, gboolean *ret_any, gboolean *ret_charm)
{
  double best = -INFINITY, best_charm = -INFINITY;

  for (gint64 price = 1; price <= 2 * trial->item.price; price++)
    if (is_allowed (trial, price))
      {
        best = MAX (best, earns (&trial->item, price));
        if (has_ending (trial, price))
          best_charm = MAX (best_charm, earns (&trial->item, price));
      }
  *ret_any = best > -INFINITY;
  *ret_charm = best_charm > -INFINITY;
  return *ret_charm ? best_charm : best;
}

/* Whatever the item and the rules: no rule is broken, the floor least of all, and no allowed price earns more. */
static void
test_properties (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20261128);
  guint moved = 0, raised = 0, none = 0;

  for (guint i = 0; i < TRIALS; i++)
    {
      Trial trial;
      PricingMove move;
      gboolean any, charm;
      double best;
      g_autofree char *why = NULL;

      make_trial (rand, &trial);
      best = look_at_all (&trial, &any, &charm);
      why = pricing_choose (&trial.item, &trial.rules, &move);
      none += !any;
      if (!any)
        g_assert_true (g_str_has_prefix (why, "no price is allowed"));
      if (why != NULL)
        continue;
      moved++;
      raised += move.raised;
      g_assert_true (is_allowed (&trial, move.price));
      g_assert_cmpint (move.price, >=, move.floor);
      g_assert_cmpint (move.price, !=, trial.item.price);
      g_assert_cmpint (move.charm, ==, charm);
      g_assert_cmpint (has_ending (&trial, move.price) || !move.charm, ==, TRUE);
      g_assert_cmpfloat_with_epsilon (earns (&trial.item, move.price), best, 1e-9 * (1 + fabs (best)));
      g_assert_true (move.raised || move.gain > 0);
      g_assert_true (move.gain_low <= move.gain + 1e-9 && move.gain <= move.gain_high + 1e-9);
      g_assert_true (move.certainty >= 0 && move.certainty <= 1);
    }
  g_test_message ("%u moved, %u of them raised to their floor; %u left without an allowed price", moved, raised, none);
  g_assert_cmpuint (moved, >, TRIALS / 20);
  g_assert_cmpuint (raised, >, 100);
}

/* The probability, against drawing the elasticity. */
static void
test_certainty (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  guint seen = 0;

  while (seen < 40)
    {
      Trial trial;
      PricingMove move;
      guint better = 0;
      g_autofree char *why = NULL;

      make_trial (rand, &trial);
      why = pricing_choose (&trial.item, &trial.rules, &move);
      if (why != NULL)
        continue;
      seen++;
      for (guint i = 0; i < 10000; i++)
        {
          PricingItem item = trial.item;
          double normal = -6;

          for (guint k = 0; k < 12; k++)
            normal += g_rand_double (rand);
          item.elasticity += item.elasticity_sd * normal;
          better += earns (&item, move.price) > earns (&item, item.price);
        }
      g_assert_cmpfloat_with_epsilon (move.certainty, better / 10000.0, 0.025);
    }
}

/* The largest amounts neither overflow nor break a bound. */
static void
test_large (void)
{
  PricingItem item = {
    PRICING_CENTS_MAX / 2 + 7, PRICING_CENTS_MAX / 2, PRICING_CENTS_MAX, PRICING_CENTS_MAX, 1e6, -1.5, 0.1
  };
  PricingRules rules = { 4999, 10000, 10000, nines, 2, 0, 0 };
  PricingMove move;

  g_assert_null (pricing_choose (&item, &rules, &move));
  g_assert_cmpint (move.price, >=, pricing_floor (item.cost, rules.min_margin));
  g_assert_cmpint (move.price, <=, PRICING_CENTS_MAX);
}

/* A first price is at most the list price, and lower only for an ending above the floor. */
static void
test_start (void)
{
  static const guint endings[] = { 49, 99 };
  const PricingRules rules = { .min_margin = 2500, .endings = endings, .n_endings = 2 };
  const PricingRules plain = { .min_margin = 2500 };
  GRand *rand = g_rand_new_with_seed (3);

  g_assert_cmpint (pricing_start (4990, 1900, &rules), ==, 4949);
  g_assert_cmpint (pricing_start (4999, 1900, &rules), ==, 4999);
  g_assert_cmpint (pricing_start (5000, 1900, &rules), ==, 4999);
  g_assert_cmpint (pricing_start (5000, 3750, &rules), ==, 5000); /* 49.99 would be below the floor, 50.00 */
  g_assert_cmpint (pricing_start (2000, 1900, &rules), ==, 2000);
  g_assert_cmpint (pricing_start (30, 1, &rules), ==, 30); /* none ends below it */
  g_assert_cmpint (pricing_start (4990, 1900, &plain), ==, 4990);
  for (guint i = 0; i < 100000; i++)
    {
      gint64 list = g_rand_int_range (rand, 1, 1000000);
      gint64 cost = g_rand_int_range (rand, 0, 1000000);
      gint64 price = pricing_start (list, cost, &rules);

      g_assert_cmpint (price, <=, list);
      g_assert_cmpint (price, >, list - 51);
      if (price < list)
        g_assert_cmpint (price, >=, pricing_floor (cost, rules.min_margin));
    }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/pricing-price/amounts", test_amounts);
  g_test_add_func ("/pricing-price/examples", test_examples);
  g_test_add_func ("/pricing-price/held", test_held);
  g_test_add_func ("/pricing-price/raised", test_raised);
  g_test_add_func ("/pricing-price/properties", test_properties);
  g_test_add_func ("/pricing-price/certainty", test_certainty);
  g_test_add_func ("/pricing-price/large", test_large);
  g_test_add_func ("/pricing-price/start", test_start);

  return g_test_run ();
}
