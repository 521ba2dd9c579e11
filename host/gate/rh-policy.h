/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>
#include <royal/error.h>

G_BEGIN_DECLS

/* Rules: pure, no I/O. Schema: docs/schema/policy.schema.json. */
typedef struct _RhPolicy RhPolicy;

typedef enum { RH_RISK_LOW, RH_RISK_MEDIUM, RH_RISK_HIGH } RhRisk;
/* In order of restriction. */
typedef enum { RH_DECISION_AUTO, RH_DECISION_NOTIFY, RH_DECISION_APPROVE, RH_DECISION_DENY } RhDecision;

const char *rh_risk_name (RhRisk risk);
const char *rh_decision_name (RhDecision decision);

/* What a rule matches on; facts and claims apart. */
typedef struct {
  const char *workspace;
  const char *cluster;
  const char *agent;
  const char *action;
  JsonObject *facts;
  JsonObject *claims;
} RhPolicySubject;

/**
 * RhVerdict:
 * @decision: the most restrictive of all rules that matched; deny when none did
 * @rules: NULL-terminated names of all rules that matched
 * @reason: a sentence for people: which rule asked, with the facts it saw
 * @deadline_s: seconds until an unanswered proposal expires, 0 = the default
 * @asks: (nullable): an object: what an approval takes, as proposals.asks in migrations/ says
 * @limits: (nullable): an array: what is reserved, as proposals.limits
 * @explanation: (nullable): an object: how the decision came about, and what would flip it
 */
typedef struct {
  RhDecision decision;
  RhRisk risk;
  char **rules;
  char *reason;
  guint deadline_s;
  JsonNode *asks;
  JsonNode *limits;
  JsonNode *explanation;
} RhVerdict;

void rh_verdict_free (RhVerdict *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhVerdict, rh_verdict_free)

/* (transfer full): NULL with %ROYAL_ERROR_INVALID, naming @what and the JSON pointer. */
RhPolicy *rh_policy_new (JsonNode *document, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_policy_free (RhPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhPolicy, rh_policy_free)

/* Never fails: an error inside a rule makes that rule match with `deny`. A condition on a fact that is missing is
 * not met, unless the rule denies or asks: then it is met (fail closed). A rule that notifies and cannot tell for want of a
 * fact lets nothing pass by itself; where another rule does, it notifies. */
RhVerdict *rh_policy_decide (RhPolicy *self, const RhPolicySubject *subject) G_GNUC_WARN_UNUSED_RESULT;

/* The lower-case hexadecimal SHA-256 of the canonical document. */
const char *rh_policy_version (RhPolicy *self);

G_END_DECLS
