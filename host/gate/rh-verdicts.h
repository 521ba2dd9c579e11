/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-item.h"
#include "rh-policy.h"

G_BEGIN_DECLS

/**
 * rh_verdicts_join:
 * @verdicts: (element-type RhVerdict): on @items, in order; at least one
 * @items: (element-type RhItem): of a batch
 *
 * Returns: (transfer full): the verdict on the whole: the most restrictive decision and what any of them asks of
 * people, the highest risk, all the rules, the shortest deadline, the reason of the first item that decided so, and
 * what all of them reserve together.
 */
RhVerdict *rh_verdicts_join (GPtrArray *verdicts, GPtrArray *items) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_asks_join:
 * @a, @b: (nullable): as proposals.asks in migrations/ says
 *
 * Returns: (transfer full) (nullable): what satisfies both: roles that both take (only an admin, when there is none),
 * the greater quorum, four eyes when either asks for them, silence as approval only when both take it so, escalation
 * only as both have it, everybody told.
 */
JsonNode *rh_asks_join (JsonNode *a, JsonNode *b) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
