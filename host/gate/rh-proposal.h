/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-gate.h"
#include "rh-item.h"

G_BEGIN_DECLS

/**
 * RhProposal:
 * @via: (nullable): from where a person submitted it
 * @words, @claims: the agent's, apart from what the host states
 * @deadline_s: as the agent asked, 0 = it did not
 * @undoes: (nullable): the proposal that this one undoes
 * @supersedes: (nullable): the proposal that this one stands for from now on
 * @modified: (nullable): whose answer it is: { actor, via, role, digest, note, change }
 * @refuse_denied: what policy denies is refused, not recorded: what it would supersede stays
 * @covered: (nullable): why it needs no approval of its own: the one of another proposal says so
 * @approved_policy: (nullable): the version of the policy under which what the items' @approved says was approved
 * @grant: (nullable): the operator's grant
 * @seen: (nullable): the state that it was made of
 * @revert_after_s, @reverts_at_us: when its effect ends; both 0 = it does not
 * @recorded: it was made from one that is in the database, in which what is personal is sealed
 * @batch: whether there are items, or a single target
 * @items: (element-type RhItem): at least one; @target and @parameters are those of a single one, or what stands for
 * all
 * @assessment, @verdict, @policy_version: of the whole; NULL until they are known
 *
 * A proposal on its way into the database. Counted with g_rc_box; it is one owner's until it is recorded.
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
  char *via;
  char *undoes;
  char *supersedes;
  JsonObject *modified;
  gboolean refuse_denied;
  char *covered;
  char *approved_policy;
  char *action;
  char *target;
  JsonObject *parameters;
  JsonObject *words;
  JsonObject *claims;
  JsonObject *grant;
  JsonNode *seen;
  guint64 deadline_s;
  guint64 revert_after_s;
  gint64 reverts_at_us;
  gboolean recorded;
  gboolean batch;
  GPtrArray *items;
  RhAssessment *assessment;
  RhVerdict *verdict;
  char *policy_version;
} RhProposal;

RhProposal *rh_proposal_ref (RhProposal *self);
void rh_proposal_unref (RhProposal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhProposal, rh_proposal_unref)

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
 * @original: as proposal_json() in SQL, with the `items` of proposal_whole()
 *
 * Returns: (transfer full): what undoes @original, of a batch those items that were executed; NULL with
 * %ROYAL_ERROR_CONFLICT when there is nothing to undo.
 */
RhProposal *rh_proposal_new_inverse (JsonObject *original, const RhActor *actor, const char *reason, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_proposal_new_revision:
 * @original: as proposal_whole() in SQL
 * @actor: (nullable): who changes it; NULL = the host itself, because the world moved
 * @change: (nullable): { "parameters" } or { "items": [{ "item", "parameters" }] } to take instead; what it does not
 * name stays
 * @grant: (nullable): the operator's grant now
 *
 * Returns: (transfer full): a proposal that supersedes @original; NULL with %ROYAL_ERROR_INVALID, naming the JSON
 * pointer.
 */
RhProposal *rh_proposal_new_revision (JsonObject *original,
                                      gint64 workspace,
                                      const RhActor *actor,
                                      JsonObject *change,
                                      JsonObject *grant,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_proposal_digest:
 * @row: a proposal as rh_record_new() writes it or proposal_json() in SQL makes it
 *
 * Returns: (transfer full): the digest that an approval binds to: the lower-case hexadecimal SHA-256 over the canonical
 * JSON of { action, target, parameters, before, facts, policy_version, agent: { id, version, sha256 }, expires_at,
 * kind, undoes }, of a batch also { items: { n, root } }, and of an effect that ends also { ends: { after_s } or { at }
 * }. See docs/approvals.md.
 */
char *rh_proposal_digest (JsonObject *row) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
