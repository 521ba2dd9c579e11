/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy.h"

G_BEGIN_DECLS

/**
 * rh_limits_exceeded:
 * @grant: (nullable): the operator's grant: { "action", "limits": { NAME: { "min", "max" } } }
 * @parameters, @facts: where NAME is looked up; both must hold where both have it
 *
 * Returns: (transfer full) (nullable): the limit that does not hold, as a sentence; NULL when all hold. A limit on something that
 *   is not there, or that is no number, does not hold.
 */
char *rh_limits_exceeded (JsonObject *grant, JsonObject *parameters, JsonObject *facts) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
