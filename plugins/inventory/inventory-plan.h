/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "inventory-network.h"

G_BEGIN_DECLS

/* How much is made for a season, and where it lies when the season begins. */

/* What the operator, or the person who answers, decides. In basis points. */
typedef struct {
  guint safety_stock;  /* made beyond the forecast */
  guint initial_share; /* of what is made: shipped to the stores before the season */
} InventoryRates;

/**
 * InventoryQuantities:
 * @quantity: to be made
 * @initial: of that, shipped to the stores at the beginning
 * @holdback: of that, kept at the distribution centre; @initial + @holdback = @quantity
 */
typedef struct {
  gint64 quantity;
  gint64 initial;
  gint64 holdback;
} InventoryQuantities;

/**
 * inventory_quantities:
 * @forecast_total: units that the season is expected to sell
 *
 * quantity = forecast × (1 + safety stock), where a part of a unit is made a whole one: safety stock is never less than
 * what was asked for. initial = quantity × initial share, to the nearest unit, a half up.
 *
 * Returns: FALSE when a figure is out of range: a forecast that is not from 1 to INVENTORY_UNITS_MAX, a rate above 100 %.
 */
gboolean
inventory_quantities (gint64 forecast_total, const InventoryRates *rates, InventoryQuantities *ret_quantities);

/* The least initial share, in basis points, with which the initial units reach @needed; above INVENTORY_ONE when no share
 * does. */
guint inventory_initial_share_for (gint64 quantity, gint64 needed);

typedef enum {
  INVENTORY_ALLOCATED, /* by share and factor alone */
  INVENTORY_BALANCED,  /* stores above their minimum gave to stores below it */
  INVENTORY_TOO_SMALL, /* the minimums exceed what there is to allocate */
} InventoryVerdict;

/**
 * InventoryAllocation:
 * @units: (array) by store, of the network that it was made for; their sum is what was allocated
 * @clusters: (array) by cluster: the sums of @units
 * @minimum: sum of the minimums
 * @moved: units that were moved to reach them
 */
typedef struct {
  InventoryVerdict verdict;
  gint64 *units;
  gint64 *clusters;
  gint64 minimum;
  gint64 moved;
} InventoryAllocation;

/**
 * inventory_allocate:
 * @initial: units to allocate, at most 10 × INVENTORY_UNITS_MAX
 * @minimums: (array) by store: what each needs for the first weeks
 *
 * Splits @initial over the stores (inventory_network_split()). What stores lack to their minimum is taken from stores that are
 * above theirs, in proportion to how much: within the cluster first, so that its share stays what it is, and from the other
 * clusters for what is then still lacking.
 *
 * Returns: (transfer full): an allocation; with INVENTORY_TOO_SMALL it is what the split alone gives.
 */
InventoryAllocation *
inventory_allocate (const InventoryNetwork *network, gint64 initial, const gint64 *minimums) G_GNUC_WARN_UNUSED_RESULT;
void inventory_allocation_free (InventoryAllocation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InventoryAllocation, inventory_allocation_free)

G_END_DECLS
