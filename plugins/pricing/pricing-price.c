/* SPDX-License-Identifier: Apache-2.0 */
#include "pricing-price.h"

#include <math.h>
#include <string.h>

#define WHOLE 100 /* cents of a unit */
#define QUANTILE 1.959964

const char *
pricing_bound_name (PricingBound bound)
{
  static const char *const names[] = {
    [PRICING_FREE] = "nothing",
    [PRICING_FLOOR] = "cost and least margin",
    [PRICING_CEILING] = "the ceiling",
    [PRICING_STEP] = "the largest step",
    [PRICING_PARITY] = "the distance from the competitor's price",
  };

  g_return_val_if_fail ((guint)bound < G_N_ELEMENTS (names), names[PRICING_FREE]);
  return names[bound];
}

gboolean
pricing_cents (const char *text, gint64 *ret_cents)
{
  gsize whole = text != NULL ? strspn (text, "0123456789") : 0;
  gsize decimals = whole > 0 && text[whole] == '.' ? strspn (text + whole + 1, "0123456789") : 0;
  gint64 cents;

  g_return_val_if_fail (ret_cents != NULL, FALSE);

  if (whole < 1 || whole > 9 || decimals > 2 || (text[whole] == '.' && decimals == 0) ||
      text[whole + (text[whole] == '.' ? 1 + decimals : 0)] != '\0')
    return FALSE;
  cents = g_ascii_strtoll (text, NULL, 10) * WHOLE;
  if (decimals > 0)
    cents += g_ascii_strtoll (text + whole + 1, NULL, 10) * (decimals == 1 ? 10 : 1);
  *ret_cents = cents;
  return TRUE;
}

char *
pricing_amount (gint64 cents)
{
  g_return_val_if_fail (cents >= 0, NULL);

  return g_strdup_printf ("%" G_GINT64_FORMAT ".%02d", cents / WHOLE, (int)(cents % WHOLE));
}

static gint64
divide_up (gint64 a, gint64 b)
{
  return a / b + (a % b > 0);
}

gint64
pricing_floor (gint64 cost, guint min_margin)
{
  g_return_val_if_fail (cost >= 0 && cost <= PRICING_CENTS_MAX && min_margin < PRICING_ONE, G_MAXINT64);

  return MAX (divide_up (cost * PRICING_ONE, PRICING_ONE - min_margin), 1);
}

static void
raise_low (PricingMove *move, gint64 low, PricingBound by)
{
  if (low <= move->low)
    return;
  move->low = low;
  move->low_by = by;
}

static void
lower_high (PricingMove *move, gint64 high, PricingBound by)
{
  if (high >= move->high)
    return;
  move->high = high;
  move->high_by = by;
}

static void
set_bounds (const PricingItem *item, const PricingRules *rules, PricingMove *move)
{
  move->floor = pricing_floor (item->cost, rules->min_margin);
  move->low = move->floor;
  move->low_by = PRICING_FLOOR;
  move->high = PRICING_CENTS_MAX;
  move->high_by = PRICING_CEILING;
  if (item->ceiling > 0)
    lower_high (move, item->ceiling, PRICING_CEILING);
  raise_low (move, divide_up (item->price * (PRICING_ONE - rules->max_step), PRICING_ONE), PRICING_STEP);
  lower_high (move, item->price * (PRICING_ONE + rules->max_step) / PRICING_ONE, PRICING_STEP);
  if (item->competitor > 0 && rules->parity > 0)
    {
      guint below = MIN (rules->parity, PRICING_ONE);

      raise_low (move, divide_up (item->competitor * (PRICING_ONE - below), PRICING_ONE), PRICING_PARITY);
      lower_high (move, item->competitor * (PRICING_ONE + (gint64)rules->parity) / PRICING_ONE, PRICING_PARITY);
    }
}

/* The profit of a period at @price, in cents, when its units answer with @elasticity. */
static double
profit (const PricingItem *item, double elasticity, gint64 price)
{
  return item->units * pow ((double)price / (double)item->price, elasticity) * (double)(price - item->cost);
}

/* Where it earns most without any bound; the dearest price when it earns the more the dearer it is. */
static double
optimum (const PricingItem *item)
{
  return item->elasticity < -1 ? (double)item->cost * item->elasticity / (1 + item->elasticity)
                               : (double)PRICING_CENTS_MAX;
}

/* The nearest price with an ending at or below @price; -1 when there is none. */
static gint64
charm_below (const PricingRules *rules, gint64 price)
{
  gint64 best = -1;

  for (guint i = 0; i < rules->n_endings; i++)
    {
      gint64 ending = rules->endings[i] % WHOLE;
      gint64 candidate = price / WHOLE * WHOLE + ending;

      if (candidate > price)
        candidate -= WHOLE;
      best = MAX (best, candidate);
    }
  return best;
}

static gint64
charm_above (const PricingRules *rules, gint64 price)
{
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < rules->n_endings; i++)
    {
      gint64 candidate = price / WHOLE * WHOLE + rules->endings[i] % WHOLE;

      if (candidate < price)
        candidate += WHOLE;
      best = MIN (best, candidate);
    }
  return best;
}

/* Of two prices, those within the bounds, the one that earns more; the lower one when they earn the same. */
static gboolean
take_better (const PricingItem *item, gint64 below, gint64 above, PricingMove *move)
{
  gboolean has_below = below >= move->low && below <= move->high;
  gboolean has_above = above >= move->low && above <= move->high;

  if (!has_below && !has_above)
    return FALSE;
  if (has_below && has_above)
    move->price = profit (item, item->elasticity, above) > profit (item, item->elasticity, below) ? above : below;
  else
    move->price = has_below ? below : above;
  return TRUE;
}

/* Profit rises up to the optimum and falls behind it, so the best price with an ending is one of its two neighbours. */
static void
set_price (const PricingItem *item, const PricingRules *rules, PricingMove *move)
{
  double wanted = optimum (item);
  double near = CLAMP (wanted, (double)move->low, (double)move->high);
  gint64 below = (gint64)floor (near);

  move->charm = take_better (item, charm_below (rules, below), charm_above (rules, below + 1), move);
  if (!move->charm)
    take_better (item, below, MIN (below + 1, move->high), move);
  move->bound = wanted < (double)move->low ? move->low_by : wanted > (double)move->high ? move->high_by : PRICING_FREE;
}

/* How probable it is that the true elasticity, normal about its estimate, lets the new price earn more:
 * (p / p0)^e (p − c) > p0 − c. */
static double
certainty (const PricingItem *item, gint64 price)
{
  double moves = log ((double)price / (double)item->price);
  double even;
  double z;

  if (item->price <= item->cost)
    return price > item->cost || price > item->price ? 1 : 0;
  if (price <= item->cost)
    return 0;
  even = log ((double)(item->price - item->cost) / (double)(price - item->cost)) / moves;
  if (!(item->elasticity_sd > 0))
    return (moves > 0) == (item->elasticity > even) ? 1 : 0;
  z = (item->elasticity - even) / item->elasticity_sd;
  return 0.5 * erfc ((moves > 0 ? -z : z) / G_SQRT2);
}

static void
set_gain (const PricingItem *item, PricingMove *move)
{
  double now = profit (item, item->elasticity, item->price);
  double flat = profit (item, item->elasticity + QUANTILE * item->elasticity_sd, move->price) - now;
  double steep = profit (item, item->elasticity - QUANTILE * item->elasticity_sd, move->price) - now;

  move->gain = profit (item, item->elasticity, move->price) - now;
  move->gain_low = MIN (flat, steep);
  move->gain_high = MAX (flat, steep);
  move->certainty = certainty (item, move->price);
}

static char *
refuse (const PricingItem *item, const PricingRules *rules)
{
  if (item->price <= 0 || item->price > PRICING_CENTS_MAX)
    return g_strdup ("today's price is not known");
  if (item->cost < 0 || item->cost > PRICING_CENTS_MAX)
    return g_strdup ("the cost is not known");
  if (item->ceiling < 0 || item->competitor < 0 || item->competitor > PRICING_CENTS_MAX)
    return g_strdup ("its ceiling or the competitor's price is not an amount");
  if (!isfinite (item->units) || item->units < 0 || !isfinite (item->elasticity) || !(item->elasticity_sd >= 0) ||
      !isfinite (item->elasticity_sd))
    return g_strdup ("how its sales answer to the price is not known");
  if (item->elasticity >= 0)
    return g_strdup_printf ("an elasticity of %.2f says that a higher price sells more, which is not believed",
                            item->elasticity);
  if (rules->min_margin >= PRICING_ONE || rules->max_step > PRICING_ONE || rules->parity > 100 * PRICING_ONE)
    return g_strdup ("the rules are out of range");
  return NULL;
}

static char *
too_little (const PricingItem *item, const PricingRules *rules, const PricingMove *move)
{
  double least = item->units * (double)item->price * rules->min_gain / PRICING_ONE;

  if (move->raised)
    return NULL;
  if (!(item->units > 0))
    return g_strdup ("it did not sell of late, so nothing tells what another price would earn");
  if (!(move->gain > 0) || move->gain < least)
    return g_strdup_printf ("a gain of %.2f in a period is below the least of %.2f", move->gain / WHOLE, least / WHOLE);
  if (move->certainty < rules->min_certainty)
    return g_strdup_printf ("it would earn more with a probability of %.0f %%, it takes %.0f %%", 100 * move->certainty,
                            100 * rules->min_certainty);
  return NULL;
}

char *
pricing_choose (const PricingItem *item, const PricingRules *rules, PricingMove *ret_move)
{
  PricingMove move = { 0 };
  char *why;

  g_return_val_if_fail (item != NULL && rules != NULL && ret_move != NULL, NULL);

  why = refuse (item, rules);
  if (why != NULL)
    return why;
  set_bounds (item, rules, &move);
  if (move.low > move.high)
    {
      g_autofree char *low = pricing_amount (move.low);
      g_autofree char *high = pricing_amount (move.high);

      return g_strdup_printf ("no price is allowed: %s asks for at least %s, %s for at most %s",
                              pricing_bound_name (move.low_by), low, pricing_bound_name (move.high_by), high);
    }
  set_price (item, rules, &move);
  if (move.price == item->price)
    return g_strdup ("today's price is the best one that is allowed");
  move.raised = item->price < move.floor;
  set_gain (item, &move);
  why = too_little (item, rules, &move);
  if (why == NULL)
    *ret_move = move;
  return why;
}

gint64
pricing_start (gint64 list, gint64 cost, const PricingRules *rules)
{
  gint64 charm = charm_below (rules, list);

  g_return_val_if_fail (list > 0 && list <= PRICING_CENTS_MAX, list);

  return charm > 0 && charm >= pricing_floor (cost, rules->min_margin) ? charm : list;
}
