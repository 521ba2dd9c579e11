/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy.h"

G_BEGIN_DECLS

/* What people answered, and how it went, set against the thresholds of a policy. */
typedef struct _RhSuggest RhSuggest;

/* Takes a reference. */
RhSuggest *rh_suggest_new (RhPolicy *policy) G_GNUC_WARN_UNUSED_RESULT;
void rh_suggest_free (RhSuggest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSuggest, rh_suggest_free)

/* @record: as for rh_backtest_add(), with "rules", "decided_by", "waited_s", "receipt", and "superseded_by": the
 * parameters of the revision that took its place. */
void rh_suggest_add (RhSuggest *self, JsonObject *record);

/**
 * rh_suggest_finish:
 *
 * A threshold is moved out where people have approved nearly everything just beyond it, and in where much of what
 * passed just within it went wrong; each was tried over what was recorded: nothing that went wrong would pass, nothing
 * else changes.
 *
 * Returns: (transfer full): { "version": of the policy that it is about, "proposals", "rules": [{ "rule", "agent", "n", "asked", "approved", "rejected",
 * "expired", "modified", "approval_rate", "median_wait_s", "modification_distance", "executed", "failed", "undone",
 * "claimed", "realised" }], "suggestions": [{ "kind": "loosen" | "tighten", "path", "rules", "from", "to", "n", "text"
 * }], "policy": with all of them, or null }
 */
JsonNode *rh_suggest_finish (RhSuggest *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
