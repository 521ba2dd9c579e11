/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-envelope.h"
#include "rh-rule.h"

#include <royal/error.h>

G_BEGIN_DECLS

/* Rules: pure, no I/O. Schema: docs/schema/policy.schema.json; recipes: docs/policy-cookbook.md. */
typedef struct _RhPolicy RhPolicy;

/* (transfer full): NULL with %ROYAL_ERROR_INVALID, naming @what and the JSON pointer. */
RhPolicy *rh_policy_new (JsonNode *document, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
RhPolicy *rh_policy_ref (RhPolicy *self);
void rh_policy_free (RhPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhPolicy, rh_policy_free)

/* Never fails: an error inside a rule makes that rule match with `deny`. A condition on a fact that is missing is
 * not met, unless the rule denies or asks: then it is met (fail closed). A rule that notifies and cannot tell for want
 * of a fact lets nothing pass by itself; where another rule does, it notifies. */
RhVerdict *rh_policy_decide (RhPolicy *self, const RhPolicySubject *subject) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_policy_decide_items:
 * @subjects: one for each item, each with the facts of the whole beside its own
 *
 * Returns: (transfer full): one verdict for all of them: never less strict than that of any, with the limits of each
 * added up.
 */
RhVerdict *rh_policy_decide_items (RhPolicy *self, const RhPolicySubject *subjects, guint n) G_GNUC_WARN_UNUSED_RESULT;

/* The same without explanation and without envelopes. */
RhVerdict *rh_policy_judge (RhPolicy *self, const RhPolicySubject *subjects, guint n) G_GNUC_WARN_UNUSED_RESULT;

/* The decision alone, at a fraction of the cost. */
RhDecision rh_policy_decision (RhPolicy *self, const RhPolicySubject *subject) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_policy_explain:
 *
 * Returns: (transfer full): { "decision", "rules": [{ "name", "decision", "truth", "facts" }],
 *   "near": [{ "name", "decision", "misses": [text] }], "flips": [{ "to", "changes": [{ "path", "from", "to" }], "text"
 * }], "flip": the flips as one sentence }. Neither rules nor flips depend on the order of the rules.
 */
JsonNode *rh_policy_explain (RhPolicy *self, const RhPolicySubject *subject) G_GNUC_WARN_UNUSED_RESULT;

/* The lower-case hexadecimal SHA-256 of the canonical document. */
const char *rh_policy_version (RhPolicy *self);
/* (transfer none) */
JsonNode *rh_policy_document (RhPolicy *self);
/* (transfer full): [{ "name", "kind", "text" }]: each entry as an English sentence. */
JsonArray *rh_policy_sentences (RhPolicy *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
