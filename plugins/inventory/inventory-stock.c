/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-stock.h"

#include "inventory-network.h"

#define STOCK_MAX (10 * INVENTORY_UNITS_MAX)

InventoryReplenishment *
inventory_replenish (const gint64 *forecast, const gint64 *stock, guint n, gint64 holdback)
{
  g_autofree gint64 *needs = g_new0 (gint64, MAX (n, 1));
  InventoryReplenishment *self;

  g_return_val_if_fail (n == 0 || (forecast != NULL && stock != NULL), NULL);
  g_return_val_if_fail (holdback >= 0 && holdback <= STOCK_MAX, NULL);

  self = g_new0 (InventoryReplenishment, 1);
  self->units = g_new0 (gint64, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    {
      needs[i] = MAX (forecast[i] - stock[i], 0);
      self->need += needs[i];
    }
  self->shipped = MIN (self->need, holdback);
  self->shortage = self->need - self->shipped;
  inventory_apportion (self->shipped, needs, n, self->units);
  return self;
}

void
inventory_replenishment_free (InventoryReplenishment *self)
{
  if (self == NULL)
    return;
  g_free (self->units);
  g_free (self);
}

gboolean
inventory_reallocate (gint64 new_total,
                      gint64 sold,
                      gint64 holdback,
                      gint64 in_stores,
                      InventoryReallocation *ret_reallocation)
{
  gint64 needed;

  g_return_val_if_fail (ret_reallocation != NULL, FALSE);

  if (new_total < 0 || new_total > INVENTORY_UNITS_MAX || sold < 0 || sold > INVENTORY_UNITS_MAX || holdback < 0 ||
      holdback > STOCK_MAX || in_stores < 0 || in_stores > STOCK_MAX)
    return FALSE;
  needed = MAX (new_total - sold, 0);
  *ret_reallocation = (InventoryReallocation){
    needed, holdback, in_stores, MAX (needed - holdback - in_stores, 0), MAX (needed - holdback, 0),
  };
  return TRUE;
}

/* The smallest and the largest of the counts that are known. */
static void
bounds (const InventoryCount *count, gint64 *ret_least, gint64 *ret_most)
{
  const gint64 counts[] = { count->ledger, count->shop, count->supplier };

  *ret_least = INVENTORY_UNKNOWN;
  *ret_most = INVENTORY_UNKNOWN;
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    if (counts[i] != INVENTORY_UNKNOWN)
      {
        *ret_least = *ret_least == INVENTORY_UNKNOWN ? counts[i] : MIN (*ret_least, counts[i]);
        *ret_most = MAX (*ret_most, counts[i]);
      }
}

gint64
inventory_there (const InventoryCount *count)
{
  g_return_val_if_fail (count != NULL, INVENTORY_UNKNOWN);

  if (count->ledger == INVENTORY_UNKNOWN)
    return count->supplier;
  return count->supplier == INVENTORY_UNKNOWN ? count->ledger : MIN (count->ledger, count->supplier);
}

gboolean
inventory_guard (const InventoryCount *count, const InventoryGuard *guard, InventoryFinding *ret_finding)
{
  InventoryFinding finding = { 0, 0, 0, INVENTORY_UNKNOWN };
  gint64 least;
  gint64 most;
  gint64 real;

  g_return_val_if_fail (count != NULL && guard != NULL && ret_finding != NULL, FALSE);
  g_return_val_if_fail (guard->drift <= INVENTORY_ONE && guard->buffer >= 0 && guard->low >= 0, FALSE);

  bounds (count, &least, &most);
  if (MIN (MIN (count->ledger, count->shop), count->supplier) < INVENTORY_UNKNOWN || most > STOCK_MAX)
    return FALSE;
  real = inventory_there (count);
  if (most > 0)
    {
      finding.spread = most - least;
      finding.drift = (guint)(finding.spread * INVENTORY_ONE / most);
      if (finding.spread * INVENTORY_ONE > guard->drift * most)
        finding.alerts |= INVENTORY_ALERT_DRIFT;
    }
  if (real != INVENTORY_UNKNOWN)
    {
      finding.sellable = MAX (real - guard->buffer, 0);
      if (count->shop > finding.sellable)
        finding.alerts |= INVENTORY_ALERT_OVERSELL;
      if (real <= guard->low)
        finding.alerts |= INVENTORY_ALERT_LOW;
    }
  *ret_finding = finding;
  return TRUE;
}

guint
inventory_outlook (gint64 there, gint64 next, gint64 left, guint over)
{
  guint alerts = 0;

  g_return_val_if_fail (over <= INVENTORY_ONE, 0);

  if (there < 0 || MAX (there, MAX (next, left)) > STOCK_MAX)
    return 0;
  if (next >= 0 && there < next)
    alerts |= INVENTORY_ALERT_STOCKOUT;
  if (left >= 0 && there * INVENTORY_ONE > left * (INVENTORY_ONE + over))
    alerts |= INVENTORY_ALERT_OVERSTOCK;
  return alerts;
}
