/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * RoyalProposal:
 *
 * A request to perform one action: what (action, target, parameters), and the agent's own words and
 * claims about it. Claims are shown to people as claims; facts are the host's business.
 */
typedef struct _RoyalProposal RoyalProposal;

typedef enum {
  ROYAL_PRIORITY_LOW,
  ROYAL_PRIORITY_NORMAL,
  ROYAL_PRIORITY_HIGH,
  ROYAL_PRIORITY_CRITICAL,
} RoyalPriority;

/**
 * royal_proposal_new:
 * @action: the action's name, such as `markdown.apply`
 *
 * Returns: (transfer full): a new proposal; free with royal_proposal_free().
 */
RoyalProposal *royal_proposal_new (const char *action) G_GNUC_WARN_UNUSED_RESULT;
void royal_proposal_free (RoyalProposal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalProposal, royal_proposal_free)

/* What the proposal touches: an identifier in the action's own terms, such as a forecast's id. */
void royal_proposal_set_target (RoyalProposal *self, const char *target);

/* Parameters of the action, checked against the action's JSON Schema by the host. Setting a name again
 * replaces its value. royal_proposal_set_node() takes ownership of @value. */
void royal_proposal_set_number (RoyalProposal *self, const char *name, double value);
void royal_proposal_set_int (RoyalProposal *self, const char *name, gint64 value);
void royal_proposal_set_string (RoyalProposal *self, const char *name, const char *value);
void royal_proposal_set_boolean (RoyalProposal *self, const char *name, gboolean value);
void royal_proposal_set_node (RoyalProposal *self, const char *name, JsonNode *value);

/**
 * royal_proposal_add_item:
 * @target: what this item touches
 * @parameters: (transfer full): the action's parameters for it, an object
 *
 * Makes the proposal a batch: the same action on up to 1000 targets, decided and approved as one, by each item's facts and by
 * their totals. An approver can leave items out; each has an effect of its own. A batch has no target and no parameters
 * besides its items'.
 *
 * Since: 0.2.0
 */
void royal_proposal_add_item (RoyalProposal *self, const char *target, JsonNode *parameters);

/**
 * royal_proposal_set_revert:
 * @seconds: how long the effect lasts, in seconds from its execution
 *
 * Gives the effect an end: it is then undone, which the approval covers. Only for actions that can be undone.
 *
 * Since: 0.2.0
 */
void royal_proposal_set_revert (RoyalProposal *self, guint seconds);

/* The agent's words, shown to the approver as the agent's words. */
void royal_proposal_set_title (RoyalProposal *self, const char *title);
void royal_proposal_set_description (RoyalProposal *self, const char *description);
void royal_proposal_set_reasoning (RoyalProposal *self, const char *reasoning);
void royal_proposal_add_source (RoyalProposal *self, const char *source);
void royal_proposal_add_risk (RoyalProposal *self, const char *risk);

/**
 * royal_proposal_add_alternative:
 * @impact: estimated impact in the workspace's currency, signed
 *
 * Adds what else could be done.
 */
void royal_proposal_add_alternative (RoyalProposal *self,
                                     const char    *description,
                                     const char    *pros,
                                     const char    *cons,
                                     double         impact);

/* Claims. Confidence is 0 to 1; a claim's name is free (`revenue`, `cost`, `roi`, `lift`). */
void royal_proposal_set_confidence (RoyalProposal *self, double confidence);
void royal_proposal_add_claim (RoyalProposal *self, const char *name, double value);

void royal_proposal_set_priority (RoyalProposal *self, RoyalPriority priority);

/**
 * royal_proposal_set_deadline:
 * @seconds: how long the proposal may wait for an answer, in seconds from its submission
 */
void royal_proposal_set_deadline (RoyalProposal *self, guint seconds);

/**
 * royal_proposal_to_json:
 *
 * Returns: (transfer full): the proposal as the wire carries it:
 *   { action, target, parameters, items, title, description, reasoning, sources, risks, alternatives, claims,
 *     priority, deadline_s, revert_after_s }, members that were not set left out. The confidence is a claim of that
 *   name. It shares its members with the proposal: change neither while you keep both.
 */
JsonNode *royal_proposal_to_json (const RoyalProposal *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
