/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef enum { RH_RISK_LOW, RH_RISK_MEDIUM, RH_RISK_HIGH } RhRisk;
/* In order of restriction. */
typedef enum { RH_DECISION_AUTO, RH_DECISION_NOTIFY, RH_DECISION_APPROVE, RH_DECISION_DENY } RhDecision;

#define RH_N_DECISIONS 4

const char *rh_risk_name (RhRisk risk);
const char *rh_decision_name (RhDecision decision);
/* What a rule does that decides so: "lets it pass", "asks a person". */
const char *rh_decision_phrase (RhDecision decision);
/* The most restrictive one where @name is none. */
RhRisk rh_risk_from_name (const char *name);
RhDecision rh_decision_from_name (const char *name);

/**
 * RhVerdict:
 * @decision: the most restrictive of all rules that matched; deny when none did
 * @rules: NULL-terminated names of all rules that matched
 * @reason: a sentence for people: which rule asked, with the facts it saw
 * @deadline_s: seconds until an unanswered proposal expires, 0 = the default
 * @asks: (nullable): who must answer: { "roles": […], "quorum", "four_eyes", "at_deadline": "expire"|"approve",
 *   "escalate": [{ "after_s", "roles"?, "notify"? }], "notify": […] }; those of all rules that ask or may yet ask for a
 * limit of theirs, combined to the strictest. NULL: nobody in particular, and nobody is told
 * @limits: (nullable): what must be reserved: [{ "name", "key", "amount", "max", "window_s", "since"?, "decision",
 * "risk" }]. A window of the calendar begins at `since` (UTC), and is `window_s` long now
 * @explanation: (nullable): why, and what would have changed it; of what lets pass only when it is asked for
 *   (rh_policy_explain())
 * @floor: what windows and limits alone demand; no envelope goes below it
 * @envelope: (nullable): the id of the envelope that let it pass
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
  RhDecision floor;
  char *envelope;
} RhVerdict;

void rh_verdict_free (RhVerdict *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhVerdict, rh_verdict_free)

G_END_DECLS
