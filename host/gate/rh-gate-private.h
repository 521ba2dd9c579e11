/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-again.h"
#include "rh-case.h"

G_BEGIN_DECLS

/* What the parts of the gate that are in files of their own need of it. */

RhStore *rh_gate_store (RhGate *self);
RhCourt *rh_gate_court (RhGate *self);

/* A person, or the host by itself, has changed @proposal, which is as proposal_json() in SQL: tell of it, and execute it where it
 * was approved. */
void rh_gate_tell (RhGate *self, JsonNode *proposal);

/**
 * rh_gate_grant_of:
 * @proposal: as proposal_json() in SQL
 * @ret_grant: (out) (transfer full) (nullable): the operator's grant as it is now; NULL when none limits it: a person's proposal,
 *   or a gate that knows no agents
 *
 * Returns: FALSE with %ROYAL_ERROR_NOT_GRANTED when the agent may not do it any more.
 */
gboolean rh_gate_grant_of (RhGate *self, JsonObject *proposal, JsonObject **ret_grant, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* (nullable): NULL once the gate has stopped. */
RhAgain *rh_gate_again (RhGate *self);

/* (nullable): the agents, where they are known. */
RhRegistry *rh_gate_registry (RhGate *self);

G_END_DECLS
