/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FC_SIMPLEX_DIMENSIONS 4

typedef double (*FcSimplexFunc) (const double *x, gpointer user_data);

/**
 * FcSimplex:
 * @func: what is to be small; called only within the bounds
 * @n: dimensions, 1 … FC_SIMPLEX_DIMENSIONS
 * @low, @high: bounds, finite, of each dimension
 */
typedef struct {
  FcSimplexFunc func;
  gpointer user_data;
  gsize n;
  const double *low;
  const double *high;
} FcSimplex;

/* Searches from @x for a lower value (Nelder & Mead 1965, steps of a tenth of the bounds, points outside of them moved
 * onto them), at most @max_calls calls; @x becomes the best point. Returns its value. */
double fc_simplex_minimise (const FcSimplex *self, double *x, guint max_calls);

G_END_DECLS
