/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-proposal.h"

G_BEGIN_DECLS

/**
 * RhRecord:
 * @proposal: which is assessed and decided
 * @row: the JSON object that proposal_submit() in SQL takes of it, with its digest; see rh_proposal_digest()
 * @told: what the audit holds of it, as canonical JSON without its end: proposal_submit() in SQL adds `started`,
 * `target` and `undoes`
 *
 * A proposal as it goes into the database. Each of its members is written once, for all that is made of them.
 */
typedef struct {
  RhProposal *proposal;
  char *row;
  char *told;
} RhRecord;

/**
 * rh_record_new:
 * @now_us: the time, by the database's clock
 *
 * Returns: (transfer full): the record of @proposal; NULL with %ROYAL_ERROR_INVALID when what was observed cannot be
 *   written.
 */
RhRecord *rh_record_new (RhProposal *proposal, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_record_free (RhRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhRecord, rh_record_free)

/**
 * rh_record_outcome:
 *
 * Returns: (transfer full): { "proposal", "state", "decision", "risk", "rules", "reason" } of one that the database has
 *   taken as it was handed in, as @uid, and which is in @state now.
 */
JsonNode *rh_record_outcome (const RhRecord *self, const char *uid, const char *state) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
