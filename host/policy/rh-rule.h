/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-asks.h"
#include "rh-budget.h"
#include "rh-globs.h"
#include "rh-window.h"

G_BEGIN_DECLS

/**
 * RhPolicySubject:
 * @facts, @claims, @parameters: (nullable): what the host observed, what the agent says, what would be done
 * @at_s: when it is decided, seconds since the epoch; 0 = not known, when every window is in force
 * @envelopes: (nullable) (element-type RhEnvelope): what a person has granted beyond the policy
 * @always_asks: of the action: it is never decided below approve, by no rule and by no envelope
 *
 * What a rule matches on.
 */
typedef struct {
  const char *workspace;
  const char *cluster;
  const char *agent;
  const char *action;
  JsonObject *facts;
  JsonObject *claims;
  const char *target;
  JsonObject *parameters;
  gint64 at_s;
  GPtrArray *envelopes;
  gboolean always_asks;
} RhPolicySubject;

typedef enum {
  RH_MATCH_WORKSPACE,
  RH_MATCH_CLUSTER,
  RH_MATCH_AGENT,
  RH_MATCH_ACTION,
  RH_MATCH_TARGET,
  RH_N_MATCHES,
} RhMatch;

/* The document's lists. All but the first only restrict: they let nothing pass that no rule lets pass. */
typedef enum { RH_RULE, RH_RULE_LIMIT, RH_RULE_QUIET_HOURS, RH_RULE_FREEZE, RH_N_RULE_KINDS } RhRuleKind;

/* One entry of a policy: immutable. */
typedef struct {
  RhRuleKind kind;
  char *name;
  RhGlobs *match[RH_N_MATCHES]; /* NULL matches everything */
  RhCondition *when;            /* NULL always holds */
  RhRisk risk;
  RhDecision decision;
  RhAsks asks;
  GPtrArray *windows; /* (nullable) RhWindow */
  GPtrArray *budgets; /* (nullable) RhBudget */
} RhRule;

/**
 * RhHit:
 * @truth: of the condition
 * @decides: what it asks for now
 * @grants: it is a rule that was met: the decision is not for want of one
 * @silent: it asks for nothing now; its limits are reserved
 * @floor: what its windows and limits alone ask for
 * @window, @budget: (nullable): which of them made it stricter than it is
 *
 * What became of a rule that matched.
 */
typedef struct {
  const RhRule *rule;
  RhTruth truth;
  RhDecision decides;
  RhRisk risk;
  gboolean grants;
  gboolean silent;
  RhDecision floor;
  const RhWindow *window;
  const RhBudget *budget;
  gboolean budget_unknown;
} RhHit;

/* "rules", "limits", "quiet_hours", "freezes": the document's members. */
const char *rh_rule_kind_member (RhRuleKind kind);
const char *rh_match_name (RhMatch match);

/* @document has the shape of the schema; @pointer: where it stands. NULL with %ROYAL_ERROR_INVALID. */
RhRule *rh_rule_new (RhRuleKind kind, JsonObject *document, const char *what, const char *pointer, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void rh_rule_free (RhRule *self);

/* How many of the rule's globs do not match. */
guint rh_rule_misses (const RhRule *self, const RhPolicySubject *subject);
gboolean rh_rule_matches (const RhRule *self, const RhPolicySubject *subject);

/**
 * rh_rule_try:
 * @self: a rule that matches
 * @ret_fault: (out) (optional) (transfer full): why it could not be evaluated, which denies
 *
 * Something missing: a rule that asks or denies is met; one that only tells people cannot let anything pass, but where
 * another one does, people are told; one that lets pass is not met. Windows and limits restrict even then.
 *
 * Returns: whether it has a say, or has limits to reserve.
 */
gboolean
rh_rule_try (const RhRule *self, const RhView *view, RhHit *ret_hit, char **ret_fault) G_GNUC_WARN_UNUSED_RESULT;

/* A view over what the subject holds. */
RhView rh_view_of (const RhPolicySubject *subject);

/* (transfer full): the rule as an English sentence. */
char *rh_rule_sentence (const RhRule *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
