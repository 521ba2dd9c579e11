/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"

G_BEGIN_DECLS

/**
 * rh_tolerance_holds:
 * @share: how far a number may have moved, as a share of what it was: RhAction.tolerance
 * @was, @is: (nullable): two states of the world as a connector observed them
 *
 * Returns: whether @is differs from @was in numbers alone, each within @share. With a @share of 0 nothing may differ.
 */
gboolean rh_tolerance_holds (double share, JsonNode *was, JsonNode *is) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
