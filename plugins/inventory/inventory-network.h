/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Who gets which part of a season's units: clusters by their share, and the stores of each by their factor. Units are whole
 * numbers, shares are whole parts of INVENTORY_WHOLE, and every product is computed in 128 bits, so that nothing is lost
 * on the way. */
#define INVENTORY_WHOLE G_GINT64_CONSTANT (1000000000)
#define INVENTORY_UNITS_MAX G_GINT64_CONSTANT (1000000000)

/* How far the shares of the clusters, or the factors of a cluster's stores, may be from a sum of 1: what rounding each of
 * them leaves. */
#define INVENTORY_SHARES_OFF (INVENTORY_WHOLE / 200)

/* Shares in basis points (10,000 = 100 %). */
#define INVENTORY_ONE 10000u

typedef struct {
  char *name;
  gint64 share;
  guint first; /* its stores, one after the other */
  guint n_stores;
} InventoryCluster;

typedef struct {
  char *code;
  gint64 factor; /* of its cluster */
  guint cluster;
} InventoryStore;

typedef struct {
  GArray *clusters; /* InventoryCluster */
  GArray *stores;   /* InventoryStore */
  GHashTable *places;
} InventoryNetwork;

InventoryNetwork *inventory_network_new (void) G_GNUC_WARN_UNUSED_RESULT;
void inventory_network_free (InventoryNetwork *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InventoryNetwork, inventory_network_free)

/**
 * inventory_share:
 * @value: a share as it was given, from 0 to 1
 *
 * Returns: FALSE when it is not finite or out of range; else @ret_share is it to the nearest part of INVENTORY_WHOLE.
 */
gboolean inventory_share (double value, gint64 *ret_share);

/* Adds a cluster; what is added next are its stores. */
void inventory_network_add_cluster (InventoryNetwork *self, const char *name, gint64 share);

/* Adds a store to the last cluster. FALSE when a store of that code is there already. */
gboolean inventory_network_add_store (InventoryNetwork *self, const char *code, gint64 factor);

/**
 * inventory_network_check:
 *
 * Whether units can be split: the clusters' shares sum to 1, and so do the factors of the stores of each cluster that has a
 * share, both within INVENTORY_SHARES_OFF.
 *
 * Returns: (transfer full) (nullable): what is wrong, NULL when nothing is.
 */
char *inventory_network_check (const InventoryNetwork *self) G_GNUC_WARN_UNUSED_RESULT;

/* The place of the store in `stores`, -1 when there is none. @code need not end with a NUL. */
gint inventory_network_find (const InventoryNetwork *self, const char *code, gsize length);

guint inventory_network_n_stores (const InventoryNetwork *self);
const InventoryStore *inventory_network_store (const InventoryNetwork *self, guint i);
const InventoryCluster *inventory_network_cluster (const InventoryNetwork *self, guint i);

/**
 * inventory_apportion:
 * @total: from 0 to 10 × INVENTORY_UNITS_MAX
 * @weights: (array length=n): none negative, in sum above 0 unless @total is 0
 * @ret_parts: (array length=n): whole numbers with the sum @total
 *
 * The method of largest remainders (Hamilton): each part is @total × weight / sum rounded down, and what is left goes to the
 * largest remainders, one unit each; of equal ones to the first. So each part is its quota rounded down or up, and a larger
 * weight never gets less than a smaller one.
 */
void inventory_apportion (gint64 total, const gint64 *weights, guint n, gint64 *ret_parts);

/**
 * inventory_network_split:
 * @ret_units: (array) by store
 * @ret_clusters: (array) (optional): by cluster
 *
 * Splits @total over the clusters by their shares, and each cluster's part over its stores by their factors: exact at each
 * level. The network must have passed inventory_network_check().
 */
void inventory_network_split (const InventoryNetwork *self, gint64 total, gint64 *ret_units, gint64 *ret_clusters);

G_END_DECLS
