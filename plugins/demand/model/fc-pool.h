/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * fc_pool_denoise:
 * @x: @rows series of @columns weeks each, all finite; overwritten
 * @rank: of what is kept, at least 1
 *
 * Takes out of each series what it does not share with the others: the matrix becomes its truncated singular value
 * decomposition of @rank (Eckart & Young 1936), by power iteration. Scale the series to one size first.
 */
void fc_pool_denoise (double *x, gsize rows, gsize columns, gsize rank);

/* Scales @n series' forecasts of @h weeks, one after the other, so that each week's sum is @total's. A week in which all
 * are zero is shared out by @share. */
void fc_pool_scale (double *forecasts, gsize n, gsize h, const double *total, const double *share);

G_END_DECLS
