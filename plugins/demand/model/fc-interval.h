/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of @n numbers in order, the (n + 1) @level-th smallest, at most the last. */
double fc_interval_quantile (const double *sorted, gsize n, double level);

/**
 * fc_interval_width:
 * @ratios: @n absolute errors of hindcasts over the standard deviation that was forecast; the order is lost
 * @level: of the interval, in (0, 1)
 * @width: what is known from other series, in standard deviations
 *
 * The half width of an interval that holds, scaled conformal prediction (Lei et al. 2018): the (n + 1) @level-th
 * smallest ratio. The weeks of one origin err together and a series has few origins, so @width counts as
 * FC_INTERVAL_PRIOR ratios beside the own ones.
 *
 * Returns: in standard deviations
 */
double fc_interval_width (double *ratios, gsize n, double level, double width);

#define FC_INTERVAL_PRIOR 100

G_END_DECLS
