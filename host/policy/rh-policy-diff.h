/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy.h"

G_BEGIN_DECLS

/**
 * rh_policy_diff:
 *
 * What is different from @from in @to, entry by entry, whatever their order and their descriptions.
 *
 * Returns: (transfer full): [{ "name", "kind", "change": "added" | "removed" | "changed", "from"?, "to"? }] with
 * sentences, by name; empty when both decide alike for the same reasons.
 */
JsonArray *rh_policy_diff (RhPolicy *from, RhPolicy *to) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
