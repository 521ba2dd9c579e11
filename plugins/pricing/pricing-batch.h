/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pricing-price.h"

G_BEGIN_DECLS

/* The moves that are worth most, and what they come to together. */

/* One product of a batch. */
typedef struct {
  guint item; /* its place among the items */
  PricingMove move;
} PricingChange;

/**
 * PricingFacts:
 * @items: how many prices change
 * @raised: how many of them because they were below their floor
 * @change_pct_max: the largest change, up or down, in percent of today's price
 * @margin_after_min: the least margin that is left, in percent of the new price
 * @revenue: of a period at today's prices, of what changes, in cents
 * @gain: expected change of a period's profit, in cents
 * @certainty: the mean probability that a change earns more
 */
typedef struct {
  guint items;
  guint raised;
  double change_pct_max;
  double margin_after_min;
  double revenue;
  double gain;
  double certainty;
} PricingFacts;

/**
 * pricing_batch:
 * @items: (array length=n)
 * @max: most changes, above 0
 * @ret_changes: (out) (transfer full) (array length=ret_n): those below their floor first, then by expected gain, then by
 *   their place
 * @ret_held: (nullable) (element-type utf8): takes the reason of each item that is left as it is, NULL for the others, in
 *   the order of @items; its elements are freed by it
 *
 * What does not fit within @max is left as it is, for the next time.
 */
void pricing_batch (const PricingItem  *items,
                    guint               n,
                    const PricingRules *rules,
                    guint               max,
                    PricingChange     **ret_changes,
                    guint              *ret_n,
                    GPtrArray          *ret_held);

PricingFacts pricing_facts (const PricingItem *items, const PricingChange *changes, guint n);

G_END_DECLS
