/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy.h"

G_BEGIN_DECLS

struct _RhPolicy {
  GPtrArray *rules; /* RhRule, of all kinds, in the document's order */
  JsonNode *document;
  char *version;
};

/* The rules that match a subject. */
typedef struct {
  const RhRule **rules;
  guint n;
  RhDecision least; /* of the action */
} RhMatched;

/* @ret_rules has room for all of the policy's. */
RhMatched rh_policy_match (const RhPolicy *self, const RhPolicySubject *subject, const RhRule **rules);

/* What the rules decide over @view, and nothing else: this allocates nothing. */
RhDecision rh_matched_decide (const RhMatched *self, const RhView *view);

G_END_DECLS
