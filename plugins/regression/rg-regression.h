/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A regression on one variable beside controls: the controls are made orthonormal, taken out of both sides, and the slope is
 * that of what is left (Frisch & Waugh 1933, Lovell 1963). Columns are of @n numbers. */

/* The inner product. */
double rg_product (const double *a, const double *b, guint n);

/**
 * rg_orthonormalize:
 * @controls: (inout): @k columns, made orthonormal one after the other
 *
 * Modified Gram-Schmidt, twice for accuracy. A column that those before it make up becomes zero.
 *
 * Returns: how many are left
 */
guint rg_orthonormalize (double *const *controls, guint k, guint n);

/* Takes from @column what it has in common with the @k orthonormal controls. */
void rg_take_out (double *const *controls, guint k, double *column, guint n);

/**
 * rg_newey_west:
 * @x: without the controls
 * @y: without the controls
 *
 * The sum of the squares of @x times the rest of @y, with those of rows that follow each other up to the usual lag,
 * 4 (n / 100)^(2/9), weighed as Newey & West (1987) do: rows that follow each other err alike. Divided by the square of
 * rg_product (x, x) it is the slope's variance, without a count of the parameters.
 */
double rg_newey_west (const double *x, const double *y, double slope, guint n);

G_END_DECLS
