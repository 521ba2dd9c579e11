/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * FcLasso:
 * @n: variables
 * @h: n × n with rows of @stride, symmetric and positive definite; its upper triangle is read
 * @b: n
 * @penalty: λ, at least 0
 *
 * The problem: minimise over z  ½ z'Hz − b'z + λ Σ|z_j|.
 */
typedef struct {
  gsize n;
  gsize stride;
  const double *h;
  const double *b;
  double penalty;
} FcLasso;

/* How many doubles of work fc_lasso_minimize() needs. */
gsize fc_lasso_work (gsize n);

/**
 * fc_lasso_minimize:
 * @z: (inout): n, where to start; the closer, the faster
 * @work: fc_lasso_work() doubles
 *
 * Coordinate descent finds which variables are not zero, then they are solved for exactly with their signs held, and
 * the set changed by one where a sign or a zero does not hold: the feature-sign search of Lee, Battle, Raina & Ng,
 * "Efficient sparse coding algorithms", NIPS 2006.
 *
 * Returns: FALSE when @h is not positive definite or the search did not end; @z is then no worse than it was
 */
gboolean fc_lasso_minimize (const FcLasso *self, double *z, double *work) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
