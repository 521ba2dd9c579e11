/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-clock.h"
#include "rh-intake.h"
#include "rh-proposal.h"
#include "rh-vault.h"

G_BEGIN_DECLS

/**
 * RhStanding:
 * @policy: (nullable): the one in force; NULL denies
 * @envelopes: (element-type RhEnvelope): those in force
 *
 * What decides in a workspace.
 */
typedef struct {
  RhPolicy *policy;
  GPtrArray *envelopes;
} RhStanding;

/**
 * RhCourt:
 * @policy: what decides in a workspace for which nothing stands; NULL denies
 * @standings: workspace -> RhStanding
 * @vault: (nullable): what seals personal data; NULL refuses it
 *
 * What a case needs of the gate. All (transfer none): the gate's, which outlives its cases.
 */
typedef struct {
  RhConnectors *connectors;
  RhPolicy *policy;
  GHashTable *standings;
  RhIntake *intake;
  RhClock *clock;
  RhVault *vault;
} RhCourt;

/**
 * rh_case_run_async:
 * @proposal: (transfer full): checked by itself
 *
 * Brings one proposal before the gate: its action's schema and connector check it, the connector observes the world (of
 * a batch item by item, some at a time), the grant's limits and the policy decide, and the outcome is recorded.
 */
void rh_case_run_async (RhCourt *court,
                        RhProposal *proposal,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data);
/* Returns: (transfer full): { "proposal", "state", "decision", "risk", "rules", "reason" } */
JsonNode *rh_case_run_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
