/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-gate.h"

G_BEGIN_DECLS

/**
 * RhProposal:
 * @words, @claims: the agent's, apart from what the host states
 * @deadline_s: as the agent asked, 0 = it did not
 * @undoes: (nullable): the proposal that this one undoes; @receipt (nullable) is that one's
 * @grant: (nullable): the operator's grant
 * @assessment, @verdict, @policy_version: NULL until they are known
 *
 * A proposal on its way into the database.
 */
typedef struct {
  gint64 workspace;
  char *workspace_name;
  char *agent;
  char *agent_version;
  char *agent_sha256;
  char *cluster;
  char *run;
  char *key;
  char *job;
  JsonObject *context;
  char *created_by;
  char *undoes;
  char *action;
  char *target;
  JsonObject *parameters;
  JsonObject *words;
  JsonObject *claims;
  JsonObject *receipt;
  JsonObject *grant;
  guint64 deadline_s;
  RhAssessment *assessment;
  RhVerdict *verdict;
  char *policy_version;
} RhProposal;

void rh_proposal_free (RhProposal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhProposal, rh_proposal_free)

/**
 * rh_proposal_new:
 *
 * Checks what the agent said, member by member; a member that the schema does not name is refused.
 *
 * Returns: (transfer full): the proposal; NULL with %ROYAL_ERROR_INVALID, naming the JSON pointer.
 */
RhProposal *rh_proposal_new (const RhSubmission *submission, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_proposal_new_inverse:
 * @original: as proposal_json() in SQL
 *
 * Returns: (transfer full): what undoes @original; NULL with %ROYAL_ERROR_CONFLICT when it is not an executed change.
 */
RhProposal *rh_proposal_new_inverse (JsonObject     *original,
                                     const RhActor  *actor,
                                     const char     *reason,
                                     GError        **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_proposal_row:
 *
 * Returns: (transfer full): what proposal_submit() in SQL takes of an assessed and decided proposal, with its digest.
 */
JsonNode *rh_proposal_row (RhProposal *self) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_proposal_digest:
 * @row: a proposal as rh_proposal_row() or proposal_json() in SQL makes it
 *
 * Returns: (transfer full): the digest that an approval binds to: the lower-case hexadecimal SHA-256 over the canonical JSON of
 *   { action, target, parameters, before, facts, policy_version, agent: { id, version, sha256 }, expires_at, kind, undoes }.
 */
char *rh_proposal_digest (JsonObject *row) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
