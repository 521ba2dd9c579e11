/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Matrices here are symmetric and hold their upper triangle in rows of @stride; the factor U (A = U'U) takes its place. */

/**
 * fc_cholesky_factor:
 * @a: (inout): n × n
 * @first: how many variables to eliminate, at most n
 *
 * Eliminates the first variables. Their rows become the factor's; what is left below them is the Schur complement of
 * the others. With @first = @n that is the Cholesky factorisation.
 *
 * Returns: FALSE when a pivot is not positive; @a is then of no use
 */
gboolean fc_cholesky_factor (double *a, gsize stride, gsize n, gsize first) G_GNUC_WARN_UNUSED_RESULT;

/* The same elimination of a right-hand side: of @b, the first become U'^-1 b, the others the complement's. */
void fc_cholesky_reduce (const double *u, gsize stride, gsize n, gsize first, double *b);

/* Given the others' values in @b, solves for the first, which fc_cholesky_reduce() had made. */
void fc_cholesky_restore (const double *u, gsize stride, gsize n, gsize first, double *b);

G_END_DECLS
