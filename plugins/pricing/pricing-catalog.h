/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pricing-batch.h"
#include "pricing-elasticity.h"

#include <royal/agent.h>

G_BEGIN_DECLS

/* What is read for a review: the variants with their prices, how each sold, what others ask. */
typedef struct {
  guint n;
  GPtrArray *variants;             /* identifiers, in the order of the read */
  GPtrArray *titles;               /* beside them; "" where there is none */
  PricingItem *items;              /* beside them; a price of 0 or a cost of -1 where it is not known */
  PricingElasticity *elasticities; /* beside them */
  PricingPool pool;
  gint64 last; /* first day of the last week with sales, as days since 1970-01-01 */
} PricingCatalog;

/**
 * pricing_catalog_read:
 * @recent: the last weeks, whose mean is what a week sells, above 0
 *
 * Reads `shopify.variants`, `shopify.sales` and, where it is granted and there is one, `market.prices`; README.md gives
 * their columns.
 *
 * Returns: (transfer full): the catalog, its elasticities estimated, or NULL with @error set: %ROYAL_ERROR_INVALID when a
 *   table is not what was expected, and what royal_run_read() says.
 */
PricingCatalog *pricing_catalog_read (RoyalRun *run, guint recent, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pricing_catalog_free (PricingCatalog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PricingCatalog, pricing_catalog_free)

G_END_DECLS
