/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FC_UNITS_MAX G_GINT64_CONSTANT (1000000000000)

/**
 * fc_apportion:
 * @weights: @n shares of any sum; one that is negative or not finite counts as 0
 * @total: units, 0 … FC_UNITS_MAX
 * @ret_units: (array length=n): units, not negative, whose sum is exactly @total
 *
 * Splits @total by the largest remainder (Hamilton's method): every part is its exact share rounded down, and what is
 * left goes to the largest remainders, of equal ones to the first. Without any weight the parts are equal.
 *
 * Returns: FALSE when @n is 0 or @total is out of range
 */
gboolean fc_apportion (const double *weights, gsize n, gint64 total, gint64 *ret_units);

G_END_DECLS
