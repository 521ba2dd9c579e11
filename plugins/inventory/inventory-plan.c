/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-plan.h"

/* What holds for all of the stores from first to first + n. */
typedef struct {
  gint64 *units;
  const gint64 *minimums;
  guint first;
  guint n;
} Stores;

gboolean
inventory_quantities (gint64 forecast_total, const InventoryRates *rates, InventoryQuantities *ret_quantities)
{
  gint64 quantity;
  gint64 initial;

  g_return_val_if_fail (rates != NULL && ret_quantities != NULL, FALSE);

  if (forecast_total <= 0 || forecast_total > INVENTORY_UNITS_MAX || rates->safety_stock > INVENTORY_ONE ||
      rates->initial_share > INVENTORY_ONE)
    return FALSE;
  quantity = (forecast_total * (INVENTORY_ONE + rates->safety_stock) + INVENTORY_ONE - 1) / INVENTORY_ONE;
  initial = (2 * quantity * rates->initial_share + INVENTORY_ONE) / (2 * INVENTORY_ONE);
  *ret_quantities = (InventoryQuantities){ quantity, initial, quantity - initial };
  return TRUE;
}

guint
inventory_initial_share_for (gint64 quantity, gint64 needed)
{
  gint64 points;

  g_return_val_if_fail (quantity > 0 && quantity <= 10 * INVENTORY_UNITS_MAX, INVENTORY_ONE + 1);
  g_return_val_if_fail (needed >= 0, INVENTORY_ONE + 1);

  if (needed > quantity)
    return INVENTORY_ONE + 1;
  /* The least p with floor ((2 quantity p + ONE) / (2 ONE)) >= needed. */
  points = ((2 * needed - 1) * INVENTORY_ONE + 2 * quantity - 1) / (2 * quantity);
  return needed == 0 ? 0 : (guint)points;
}

/* Takes from the stores that are above their minimum, in proportion to how much, what the others lack; at most what
 * there is to take. Returns how much was moved. */
static gint64
balance (const Stores *stores)
{
  g_autofree gint64 *above = g_new0 (gint64, MAX (stores->n, 1));
  g_autofree gint64 *below = g_new0 (gint64, MAX (stores->n, 1));
  g_autofree gint64 *parts = g_new0 (gint64, MAX (stores->n, 1));
  gint64 *units = stores->units + stores->first;
  gint64 spare = 0;
  gint64 lacking = 0;
  gint64 moved;

  for (guint i = 0; i < stores->n; i++)
    {
      gint64 over = units[i] - stores->minimums[stores->first + i];

      above[i] = MAX (over, 0);
      below[i] = MAX (-over, 0);
      spare += above[i];
      lacking += below[i];
    }
  moved = MIN (spare, lacking);
  if (moved == 0)
    return 0;

  inventory_apportion (moved, above, stores->n, parts);
  for (guint i = 0; i < stores->n; i++)
    units[i] -= parts[i];
  inventory_apportion (moved, below, stores->n, parts);
  for (guint i = 0; i < stores->n; i++)
    units[i] += parts[i];
  return moved;
}

static void
sum_clusters (const InventoryNetwork *network, InventoryAllocation *self)
{
  for (guint i = 0; i < network->clusters->len; i++)
    self->clusters[i] = 0;
  for (guint i = 0; i < network->stores->len; i++)
    self->clusters[inventory_network_store (network, i)->cluster] += self->units[i];
}

InventoryAllocation *
inventory_allocate (const InventoryNetwork *network, gint64 initial, const gint64 *minimums)
{
  InventoryAllocation *self;
  guint n;

  g_return_val_if_fail (network != NULL && minimums != NULL, NULL);
  g_return_val_if_fail (initial >= 0 && initial <= 10 * INVENTORY_UNITS_MAX, NULL);

  n = inventory_network_n_stores (network);
  self = g_new0 (InventoryAllocation, 1);
  self->units = g_new0 (gint64, n);
  self->clusters = g_new0 (gint64, network->clusters->len);
  inventory_network_split (network, initial, self->units, self->clusters);
  for (guint i = 0; i < n; i++)
    self->minimum += minimums[i];
  if (self->minimum > initial)
    {
      self->verdict = INVENTORY_TOO_SMALL;
      return self;
    }

  for (guint i = 0; i < network->clusters->len; i++)
    {
      const InventoryCluster *cluster = inventory_network_cluster (network, i);

      self->moved += balance (&(Stores){ self->units, minimums, cluster->first, cluster->n_stores });
    }
  self->moved += balance (&(Stores){ self->units, minimums, 0, n });
  self->verdict = self->moved > 0 ? INVENTORY_BALANCED : INVENTORY_ALLOCATED;
  sum_clusters (network, self);
  return self;
}

void
inventory_allocation_free (InventoryAllocation *self)
{
  if (self == NULL)
    return;
  g_free (self->units);
  g_free (self->clusters);
  g_free (self);
}
