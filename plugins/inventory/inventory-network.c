/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-network.h"

#include <math.h>
#include <string.h>

/* A total times a weight needs more than 64 bits. */
__extension__ typedef __int128 Wide;

typedef struct {
  Wide remainder;
  guint place;
} Rest;

static void
cluster_clear (gpointer data)
{
  InventoryCluster *cluster = data;

  g_clear_pointer (&cluster->name, g_free);
}

static void
store_clear (gpointer data)
{
  InventoryStore *store = data;

  g_clear_pointer (&store->code, g_free);
}

InventoryNetwork *
inventory_network_new (void)
{
  InventoryNetwork *self = g_new0 (InventoryNetwork, 1);

  self->clusters = g_array_new (FALSE, TRUE, sizeof (InventoryCluster));
  g_array_set_clear_func (self->clusters, cluster_clear);
  self->stores = g_array_new (FALSE, TRUE, sizeof (InventoryStore));
  g_array_set_clear_func (self->stores, store_clear);
  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
inventory_network_free (InventoryNetwork *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->clusters);
  g_array_unref (self->stores);
  g_hash_table_unref (self->places);
  g_free (self);
}

gboolean
inventory_share (double value, gint64 *ret_share)
{
  g_return_val_if_fail (ret_share != NULL, FALSE);

  if (!isfinite (value) || value < 0 || value > 1)
    return FALSE;
  *ret_share = (gint64)llround (value * (double)INVENTORY_WHOLE);
  return TRUE;
}

void
inventory_network_add_cluster (InventoryNetwork *self, const char *name, gint64 share)
{
  InventoryCluster cluster;

  g_return_if_fail (self != NULL && name != NULL);
  g_return_if_fail (share >= 0 && share <= INVENTORY_WHOLE);

  cluster = (InventoryCluster){ g_strdup (name), share, self->stores->len, 0 };
  g_array_append_val (self->clusters, cluster);
}

gboolean
inventory_network_add_store (InventoryNetwork *self, const char *code, gint64 factor)
{
  InventoryStore store;

  g_return_val_if_fail (self != NULL && code != NULL, FALSE);
  g_return_val_if_fail (self->clusters->len > 0 && factor >= 0 && factor <= INVENTORY_WHOLE, FALSE);

  if (g_hash_table_contains (self->places, code))
    return FALSE;
  g_hash_table_insert (self->places, g_strdup (code), GUINT_TO_POINTER (self->stores->len));
  store = (InventoryStore){ g_strdup (code), factor, self->clusters->len - 1 };
  g_array_append_val (self->stores, store);
  g_array_index (self->clusters, InventoryCluster, store.cluster).n_stores++;
  return TRUE;
}

static char *
off (const char *what, const char *name, gint64 sum)
{
  return g_strdup_printf ("%s%s%s sum to %" G_GINT64_FORMAT ".%04" G_GINT64_FORMAT ", expected 1", what,
                          name != NULL ? " " : "", name != NULL ? name : "", sum / INVENTORY_WHOLE,
                          sum % INVENTORY_WHOLE / (INVENTORY_WHOLE / 10000));
}

static gboolean
is_one (gint64 sum)
{
  return sum >= INVENTORY_WHOLE - INVENTORY_SHARES_OFF && sum <= INVENTORY_WHOLE + INVENTORY_SHARES_OFF;
}

char *
inventory_network_check (const InventoryNetwork *self)
{
  gint64 shares = 0;

  g_return_val_if_fail (self != NULL, NULL);

  if (self->stores->len == 0)
    return g_strdup ("there are no stores");
  for (guint i = 0; i < self->clusters->len; i++)
    {
      const InventoryCluster *cluster = inventory_network_cluster (self, i);
      gint64 factors = 0;

      shares += cluster->share;
      for (guint j = 0; j < cluster->n_stores; j++)
        factors += inventory_network_store (self, cluster->first + j)->factor;
      if (cluster->share > 0 && !is_one (factors))
        return off ("the factors of the stores of cluster", cluster->name, factors);
    }
  return is_one (shares) ? NULL : off ("the shares of the clusters", NULL, shares);
}

gint
inventory_network_find (const InventoryNetwork *self, const char *code, gsize length)
{
  g_autofree char *key = g_strndup (code, length);
  gpointer place;

  g_return_val_if_fail (self != NULL, -1);

  return g_hash_table_lookup_extended (self->places, key, NULL, &place) ? (gint)GPOINTER_TO_UINT (place) : -1;
}

guint
inventory_network_n_stores (const InventoryNetwork *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->stores->len;
}

const InventoryStore *
inventory_network_store (const InventoryNetwork *self, guint i)
{
  g_return_val_if_fail (self != NULL && i < self->stores->len, NULL);

  return &g_array_index (self->stores, InventoryStore, i);
}

const InventoryCluster *
inventory_network_cluster (const InventoryNetwork *self, guint i)
{
  g_return_val_if_fail (self != NULL && i < self->clusters->len, NULL);

  return &g_array_index (self->clusters, InventoryCluster, i);
}

/* The largest first; of equal ones the first. */
static gint
compare_rests (gconstpointer a, gconstpointer b)
{
  const Rest *x = a;
  const Rest *y = b;

  if (x->remainder != y->remainder)
    return x->remainder > y->remainder ? -1 : 1;
  return x->place < y->place ? -1 : 1;
}

void
inventory_apportion (gint64 total, const gint64 *weights, guint n, gint64 *ret_parts)
{
  g_autofree Rest *rests = g_new (Rest, MAX (n, 1));
  gint64 left = total;
  Wide sum = 0;

  g_return_if_fail (total >= 0 && total <= 10 * INVENTORY_UNITS_MAX);
  g_return_if_fail (n == 0 || (weights != NULL && ret_parts != NULL));

  for (guint i = 0; i < n; i++)
    {
      g_return_if_fail (weights[i] >= 0);
      sum += weights[i];
      ret_parts[i] = 0;
    }
  g_return_if_fail (total == 0 || sum > 0);
  if (total == 0)
    return;

  for (guint i = 0; i < n; i++)
    {
      Wide quota = (Wide)total * weights[i];

      ret_parts[i] = (gint64)(quota / sum);
      rests[i] = (Rest){ quota % sum, i };
      left -= ret_parts[i];
    }
  qsort (rests, n, sizeof (Rest), compare_rests);
  for (guint i = 0; i < left; i++)
    ret_parts[rests[i].place]++;
}

void
inventory_network_split (const InventoryNetwork *self, gint64 total, gint64 *ret_units, gint64 *ret_clusters)
{
  g_autofree gint64 *weights = NULL;
  g_autofree gint64 *parts = NULL;

  g_return_if_fail (self != NULL && ret_units != NULL);
  g_return_if_fail (total >= 0 && total <= 10 * INVENTORY_UNITS_MAX);

  weights = g_new0 (gint64, MAX (self->clusters->len, self->stores->len));
  parts = g_new0 (gint64, self->clusters->len);
  for (guint i = 0; i < self->clusters->len; i++)
    weights[i] = inventory_network_cluster (self, i)->share;
  inventory_apportion (total, weights, self->clusters->len, parts);
  for (guint i = 0; i < self->stores->len; i++)
    weights[i] = inventory_network_store (self, i)->factor;
  for (guint i = 0; i < self->clusters->len; i++)
    {
      const InventoryCluster *cluster = inventory_network_cluster (self, i);

      inventory_apportion (parts[i], weights + cluster->first, cluster->n_stores, ret_units + cluster->first);
    }
  if (ret_clusters != NULL)
    memcpy (ret_clusters, parts, self->clusters->len * sizeof (gint64));
}
