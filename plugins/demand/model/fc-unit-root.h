/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * fc_kpss:
 *
 * The statistic of Kwiatkowski, Phillips, Schmidt and Shin (1992) for stationarity about a level, with
 * ⌊3 √n / 13⌋ lags: above 0.463 a unit root is likely at 5 %. 0 for a constant series.
 */
double fc_kpss (const double *y, gsize n);

/* How often to difference @y, 0 … @most, until fc_kpss() is content. */
guint fc_differences (const double *y, gsize n, guint most);

/**
 * fc_reverts:
 *
 * Whether the series comes back to a level, rather than wander: the correlation of its steps with the ones before, each cut
 * at three times the usual size, is below −0.2. It is −0.5 of noise about a level and 0 of a random walk. Where there are one and a
 * half seasons of @period, it is that of the differences to the season before.
 */
gboolean fc_reverts (const double *y, gsize n, guint period);

/**
 * fc_seasonal_strength:
 *
 * 1 − var (remainder) / var (seasonal + remainder), 0 … 1, of a decomposition by loess with a seasonal window of 11
 * (Cleveland et al. 1990; Wang, Smith & Hyndman 2006): above 0.64 a seasonal difference is due. 0 when @n is not more
 * than two seasons.
 */
double fc_seasonal_strength (const double *y, gsize n, guint period);

G_END_DECLS
