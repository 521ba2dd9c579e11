/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Orders doubles from the lowest, for qsort(); none of them may be NAN. */
int fc_median_compare (gconstpointer a, gconstpointer b);

/* The median of @values, @n above 0, which it sorts. */
double fc_median (double *values, gsize n);

G_END_DECLS
