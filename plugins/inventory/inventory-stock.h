/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What becomes of the stock while the season is on: replenishment, re-allocation, the guard. */

/**
 * InventoryReplenishment:
 * @units: (array) by store: units to ship
 * @need: sum of what the stores need
 * @shipped: sum of @units, at most the holdback
 * @shortage: what is needed and not there: @need − @shipped
 */
typedef struct {
  gint64 *units;
  gint64 need;
  gint64 shipped;
  gint64 shortage;
} InventoryReplenishment;

/**
 * inventory_replenish:
 * @forecast: (array length=n): by store: what it is expected to sell next week
 * @stock: (array length=n): by store: what it has
 * @holdback: units at the distribution centre
 *
 * A store needs max (0, forecast − stock). When the needs exceed the holdback, it is apportioned by need (largest
 * remainders): no store then gets more than it needs.
 *
 * Returns: (transfer full): how much each store is sent.
 */
InventoryReplenishment *
inventory_replenish (const gint64 *forecast, const gint64 *stock, guint n, gint64 holdback) G_GNUC_WARN_UNUSED_RESULT;
void inventory_replenishment_free (InventoryReplenishment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InventoryReplenishment, inventory_replenishment_free)

/**
 * InventoryReallocation:
 * @needed: what the rest of the season is expected to sell, by the new forecast
 * @holdback: units at the distribution centre
 * @in_stores: units in the stores
 * @shortage: what is lacking when the stores' stock counts
 * @shortage_unmoved: what is lacking when it cannot be moved: only the holdback counts
 */
typedef struct {
  gint64 needed;
  gint64 holdback;
  gint64 in_stores;
  gint64 shortage;
  gint64 shortage_unmoved;
} InventoryReallocation;

/**
 * inventory_reallocate:
 * @new_total: the new forecast of the whole season
 * @sold: units sold so far
 *
 * needed = max (0, new total − sold); shortage = max (0, needed − available).
 *
 * Returns: FALSE when a figure is negative or above INVENTORY_UNITS_MAX (10 times that for stock).
 */
gboolean inventory_reallocate (gint64 new_total,
                               gint64 sold,
                               gint64 holdback,
                               gint64 in_stores,
                               InventoryReallocation *ret_reallocation);

/* A stock that is not known. */
#define INVENTORY_UNKNOWN (-1)

/* What three sides say of the stock of one thing in one place. Each may be INVENTORY_UNKNOWN. */
typedef struct {
  gint64 ledger;   /* our own books */
  gint64 shop;     /* what the shop offers */
  gint64 supplier; /* what the supplier, or the warehouse, counts */
} InventoryCount;

typedef struct {
  guint drift;   /* in basis points: a difference above it is an alert */
  gint64 buffer; /* units that are never offered */
  gint64 low;    /* stock at or below it is low */
} InventoryGuard;

typedef enum {
  INVENTORY_ALERT_DRIFT = 1 << 0,  /* what is counted differs too much */
  INVENTORY_ALERT_OVERSELL = 1 << 1, /* the shop offers more than there is */
  INVENTORY_ALERT_LOW = 1 << 2,
  INVENTORY_ALERT_STOCKOUT = 1 << 3,  /* less is there than the next week is expected to take */
  INVENTORY_ALERT_OVERSTOCK = 1 << 4, /* more is there than the rest of the season is expected to take */
} InventoryAlert;

/**
 * InventoryFinding:
 * @alerts: of InventoryAlert
 * @spread: the largest count less the smallest
 * @drift: that as a part of the largest, in basis points, rounded down, for display
 * @sellable: what the shop may offer: the smallest of ledger and supplier less the buffer; INVENTORY_UNKNOWN when neither
 *   is known
 */
typedef struct {
  guint alerts;
  gint64 spread;
  guint drift;
  gint64 sellable;
} InventoryFinding;

/* Compares the counts that are known. Exact: a drift of just the threshold is no alert. FALSE when a count is below
 * INVENTORY_UNKNOWN or above 10 × INVENTORY_UNITS_MAX. */
gboolean inventory_guard (const InventoryCount *count, const InventoryGuard *guard, InventoryFinding *ret_finding);

/**
 * inventory_there:
 *
 * What is there by those who count it: the smaller of ledger and supplier; a shop only says what it offers.
 *
 * Returns: units, or INVENTORY_UNKNOWN when neither is known.
 */
gint64 inventory_there (const InventoryCount *count);

/**
 * inventory_outlook:
 * @there: units that are there, or INVENTORY_UNKNOWN
 * @next: what the next week is expected to take, or INVENTORY_UNKNOWN
 * @left: what all weeks that are left are expected to take, or INVENTORY_UNKNOWN
 * @over: how much more than @left is too much, in basis points of @left
 *
 * Exact, in whole numbers: stock that is just enough for the next week is no risk, and stock of just the threshold not too
 * much. With nothing expected any more, whatever is there is too much.
 *
 * Returns: INVENTORY_ALERT_STOCKOUT, INVENTORY_ALERT_OVERSTOCK, both or 0; 0 for figures that are out of range.
 */
guint inventory_outlook (gint64 there, gint64 next, gint64 left, guint over);

G_END_DECLS
