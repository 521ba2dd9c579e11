/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FC_KMEANS_STARTS 10
#define FC_KMEANS_ROUNDS 300

/**
 * FcKmeans:
 * @k: clusters, of which none is empty
 * @n: points
 * @cluster: of each point, 0 … @k − 1
 * @inertia: sum of squared distances to the clusters' centres, on standardised features
 * @silhouette: mean over the points (Rousseeuw 1987), −1 … 1; 0 with one cluster
 */
typedef struct {
  gsize k;
  gsize n;
  guint *cluster;
  double inertia;
  double silhouette;
} FcKmeans;

/**
 * fc_kmeans_new:
 * @features: @n rows of @d finite numbers
 * @n: points, at least 1
 * @k: clusters that are wanted; fewer are made when fewer points differ
 * @seed: the same one gives the same clusters
 *
 * Lloyd's algorithm on features standardised to mean 0 and variance 1 (one that never varies counts for nothing), from
 * FC_KMEANS_STARTS starts by k-means++ (Arthur & Vassilvitskii 2007), at most FC_KMEANS_ROUNDS rounds each; the start
 * of the lowest inertia wins.
 *
 * Returns: (transfer full)
 */
FcKmeans *fc_kmeans_new (const double *features, gsize n, gsize d, gsize k, guint32 seed) G_GNUC_WARN_UNUSED_RESULT;
void fc_kmeans_free (FcKmeans *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcKmeans, fc_kmeans_free)

G_END_DECLS
