/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy.h"

G_BEGIN_DECLS

/* Recorded proposals under another policy: fed in the order of time, as they come, without their number mattering.
 * Limits add up over what is replayed. */
typedef struct _RhBacktest RhBacktest;

/* Takes a reference. */
RhBacktest *rh_backtest_new (RhPolicy *policy) G_GNUC_WARN_UNUSED_RESULT;
void rh_backtest_free (RhBacktest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhBacktest, rh_backtest_free)

/**
 * rh_backtest_add:
 * @record: as of a sample (rh-sample.h), with "id", "at_s", "state", "decision" and "reason" as they were
 *
 * Returns: (transfer full) (nullable): { "proposal", "at", "agent", "action", "target", "from", "to", "was", "reason",
 * "rules" } when the decision differs.
 */
JsonNode *rh_backtest_add (RhBacktest *self, JsonObject *record) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): { "proposals", "differ", "changes": [{ "from", "to", "n" }], "policy_version" } */
JsonNode *rh_backtest_summary (RhBacktest *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
