/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ceo-watch.h"
#include "ceo-weigh.h"

#include <royal/agent.h>

G_BEGIN_DECLS

/* What a decision is measured by. */

/* Returns: (transfer full): the workspace's goals by their names, or NULL with @error set. */
JsonObject *ceo_goals (RoyalRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A goal; NAN when nobody has set it. */
double ceo_goal (JsonObject *goals, const char *name);

/**
 * ceo_demand:
 * @product: its id in the catalog
 *
 * How much of a product is sold elsewhere, by `catalog.feed`: of its listings the one that sells most, and the share of
 * the other products that sell less, those that sell the same by half. Both NAN where the catalog does not say.
 */
gboolean ceo_demand (RoyalRun *run, const char *product, double *ret_sold, double *ret_demand, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* How it goes, by `ceo.signals`. */
gboolean ceo_signals (RoyalRun *run, CeoSignals *ret_signals, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
