/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which price earns most within what the operator allows. Money is in whole cents, shares are in basis points, so that no
 * bound is broken by a rounding. */

#define PRICING_ONE 10000u             /* 100 %, in basis points */
#define PRICING_CENTS_MAX 100000000000 /* 10^9 in units of the currency */

/**
 * PricingItem:
 * @price: today's, in cents, above 0
 * @cost: of a unit, in cents
 * @ceiling: the highest price allowed, in cents (a list price); 0 when there is none
 * @competitor: what others ask, in cents; 0 when it is not known
 * @units: that a period sells at today's price
 * @elasticity: percent of units for a percent of price, below 0
 * @elasticity_sd: how unsure that is
 */
typedef struct {
  gint64 price;
  gint64 cost;
  gint64 ceiling;
  gint64 competitor;
  double units;
  double elasticity;
  double elasticity_sd;
} PricingItem;

/**
 * PricingRules:
 * @min_margin: least share of the price that is left above the cost, below PRICING_ONE
 * @max_step: most that a price may move, as a share of today's, at most PRICING_ONE
 * @parity: how far from the competitor's price it may be, as a share of that; 0: any
 * @endings: (array length=n_endings): the last two digits of a good price, such as 99; without any, every cent will do
 * @min_gain: least gain of a period, as a share of today's revenue
 * @min_certainty: least probability that the price earns more than today's, 0 to 1
 */
typedef struct {
  guint min_margin;
  guint max_step;
  guint parity;
  const guint *endings;
  guint n_endings;
  guint min_gain;
  double min_certainty;
} PricingRules;

/* What a price is bounded by; the name says it to people. */
typedef enum { PRICING_FREE, PRICING_FLOOR, PRICING_CEILING, PRICING_STEP, PRICING_PARITY } PricingBound;
const char *pricing_bound_name (PricingBound bound);

/**
 * PricingMove:
 * @price: the new one, in cents
 * @floor: the least price: cost and least margin
 * @low: the lowest price that all rules allow
 * @high: the highest
 * @low_by: which rule sets @low
 * @high_by: which rule sets @high
 * @bound: what keeps it from earning more; PRICING_FREE when nothing does
 * @charm: whether it has one of the endings
 * @raised: whether it was below the floor
 * @gain: expected change of a period's profit, in cents
 * @gain_low: the same at the worse end of the elasticity's 95 % interval
 * @gain_high: at its better end
 * @certainty: the probability that it earns more than today's, as far as the elasticity is unsure
 */
typedef struct {
  gint64 price;
  gint64 floor;
  gint64 low;
  gint64 high;
  PricingBound low_by;
  PricingBound high_by;
  PricingBound bound;
  gboolean charm;
  gboolean raised;
  double gain;
  double gain_low;
  double gain_high;
  double certainty;
} PricingMove;

/**
 * pricing_choose:
 *
 * The price with the greatest expected profit among those that keep all rules, at a constant elasticity: without bounds
 * cost × e / (1 + e) for e < −1, else the dearest. It is never below the floor; rules that leave no price leave today's.
 * A price below its floor is raised whether it gains or not.
 *
 * Returns: (transfer full) (nullable): why the price is left as it is; NULL when @ret_move is set.
 */
char *pricing_choose (const PricingItem *item, const PricingRules *rules, PricingMove *ret_move);

/* The first price of a product that was not sold yet, in cents: the nearest one at or below its list price that has one
 * of the endings and is not below the floor, else the list price itself. */
gint64 pricing_start (gint64 list, gint64 cost, const PricingRules *rules);

/* The least price, in cents, of which @min_margin is left above @cost. */
gint64 pricing_floor (gint64 cost, guint min_margin);

/* Reads an amount such as `89.90` as cents. FALSE when @text is not one, or is above PRICING_CENTS_MAX. */
gboolean pricing_cents (const char *text, gint64 *ret_cents);

/* Returns: (transfer full): cents as an amount, `89.90`. */
char *pricing_amount (gint64 cents);

G_END_DECLS
