/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy.h"

G_BEGIN_DECLS

/**
 * rh_limits_exceeded:
 * @grant: (nullable): the operator's grant: { "action", "limits": { NAME: { "min", "max" } } }
 * @parameters, @facts: where NAME is looked up; both must hold where both have it
 *
 * Returns: (transfer full) (nullable): the limit that does not hold, as a sentence; NULL when all hold. A limit on
 * something that is not there, or that is no number, does not hold.
 */
char *rh_limits_exceeded (JsonObject *grant, JsonObject *parameters, JsonObject *facts) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_limits_once:
 * @grant: (nullable): with "once" and, by the host, the "serial" of the grant
 *
 * Adds what uses a one-shot grant up to what @verdict reserves.
 */
void rh_limits_once (JsonObject *grant, const char *agent, RhVerdict *verdict);

G_END_DECLS
