/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-kmeans.h"

G_BEGIN_DECLS

#define FC_FACTORS_CLUSTERS 3
#define FC_FACTORS_FEATURES 7
#define FC_FACTORS_SEED 42

/**
 * FcStore:
 * @size: square feet
 * @income: median, of the surroundings
 * @location: A 3, B 2, C 1
 * @fashion: PREMIUM 3, MAINSTREAM 2, VALUE 1
 * @sales: average weekly units over 12 months
 * @format: MALL 4, STANDALONE 3, SHOPPING_CENTER 2, OUTLET 1
 * @region: NORTHEAST 1, SOUTHEAST 2, MIDWEST 3, WEST 4
 *
 * What stores are told apart by, all finite and not negative.
 */
typedef struct {
  double size;
  double income;
  double location;
  double fashion;
  double sales;
  double format;
  double region;
} FcStore;

/**
 * FcFactors:
 * @kmeans: clusters in the order of their names: 0 is the one of the highest mean fashion tier, of equal ones the one
 *   that sells most
 * @share: of each cluster, of all sales; they sum to 1
 * @factor: of each store within its cluster; those of a cluster sum to 1
 */
typedef struct {
  FcKmeans *kmeans;
  double share[FC_FACTORS_CLUSTERS];
  double *factor;
} FcFactors;

/**
 * fc_factors_new:
 * @n: at least 1
 *
 * Clusters the stores by all seven features, and splits a cluster's units to its stores:
 *
 *   factor = 0.7 sales / Σ sales + 0.3 (size / Σ size + income / Σ income) / 2
 *
 * with the sums over the cluster; shares of a sum that is 0 are equal.
 *
 * Returns: (transfer full)
 */
FcFactors *fc_factors_new (const FcStore *stores, gsize n, guint32 seed) G_GNUC_WARN_UNUSED_RESULT;
void fc_factors_free (FcFactors *self);

/* "fashion_forward", "mainstream", "value_conscious". */
const char *fc_factors_cluster_name (guint cluster);

/* The code of an attribute's text, as `tier`, `A` → 3; 0 when there is no such attribute or text. */
double fc_factors_code (const char *attribute, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcFactors, fc_factors_free)

G_END_DECLS
