/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * forecast_peer_members:
 * @all: (element-type BenchSeries)
 * @sample: how many of @all, 0 for none
 * @seed: which; the same seed takes the same series
 *
 * Fits R's auto.arima and prophet (the scripts of tests/peers) and our models to a random sample of those of @all that
 * have no missing week and tells how they compare. What R found is kept below forecast-r in the build directory, with
 * its CPU seconds, for as long as the sample, the scripts and R's versions are the same. Without R it says why on the
 * standard error.
 *
 * Returns: (transfer full): arima_ratio_r, arima_aicc_ok_pct, arima_loglik_ok_pct, prophet_ratio_r and
 * prophet_obj_ok_pct as members of JSON, each after a comma; null where there is no R
 */
char *forecast_peer_members (GPtrArray *all, gsize sample, guint seed) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
