/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-view.h"

G_BEGIN_DECLS

/* What a condition says of facts and claims. Unknown: it depends on something that is missing, so it is neither
 * met nor not met; negation keeps it unknown. Error: something has a type that the condition cannot compare. */
typedef enum {
  RH_TRUTH_NO,
  RH_TRUTH_UNKNOWN,
  RH_TRUTH_YES,
  RH_TRUTH_ERROR,
} RhTruth;

/* "yes" */
const char *rh_truth_name (RhTruth truth);

/**
 * RhCondition:
 *
 * { "facts.x": { "gt": 5, "lte": 20 }, "any": [ … ], "not": { … } }: a condition holds when each of its members
 * holds. Pure and immutable.
 */
typedef struct _RhCondition RhCondition;

/**
 * rh_condition_new:
 * @document: (transfer none): the condition, of the shape that docs/schema/policy.schema.json describes
 * @what, @pointer: where it stands, for messages
 *
 * Returns: (transfer full): the condition; NULL with %ROYAL_ERROR_INVALID.
 */
RhCondition *
rh_condition_new (JsonNode *document, const char *what, const char *pointer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_condition_free (RhCondition *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhCondition, rh_condition_free)

/**
 * rh_condition_test:
 * @cautious: something that is missing is unknown even to `exists`: a permissive rule must not be met by absence
 * @ret_error: (out) (optional) (transfer full): for RH_TRUTH_ERROR, what could not be compared
 *
 * Every part is looked at, so the answer does not depend on the order of the parts.
 */
RhTruth rh_condition_test (RhCondition *self,
                           JsonObject *facts,
                           JsonObject *claims,
                           gboolean cautious,
                           char **ret_error) G_GNUC_WARN_UNUSED_RESULT;
/* The same over a view. */
RhTruth rh_condition_test_view (RhCondition *self, const RhView *view, gboolean cautious, char **ret_error)
    G_GNUC_WARN_UNUSED_RESULT;

/* TRUE when claims alone, whatever they say, could make it hold. */
gboolean rh_condition_claims_suffice (RhCondition *self);

/* Adds what the condition looked at to @text: "facts.x is 25, claims.y is missing". */
void rh_condition_describe (RhCondition *self, JsonObject *facts, JsonObject *claims, GString *text);

/* --- its comparisons ---------------------------------------------------------------------------------------------- */

typedef enum {
  RH_OPERATOR_GT,
  RH_OPERATOR_GTE,
  RH_OPERATOR_LT,
  RH_OPERATOR_LTE,
  RH_OPERATOR_EQ,
  RH_OPERATOR_NE,
  RH_OPERATOR_IN,
  RH_OPERATOR_BETWEEN,
  RH_OPERATOR_EXISTS,
  RH_N_OPERATORS,
} RhOperator;

typedef struct {
  RhSource source;
  const char *name;
  RhOperator comparison;
  JsonNode *operand;
} RhLeaf;

/* @negated: it stands under an odd number of negations. */
typedef void (*RhLeafFunc) (const RhLeaf *leaf, gboolean negated, gpointer data);
void rh_condition_each (RhCondition *self, RhLeafFunc func, gpointer data);

RhTruth
rh_leaf_test (const RhLeaf *self, const RhView *view, gboolean cautious, char **ret_error) G_GNUC_WARN_UNUSED_RESULT;
/* Appends "at least 20"; @negated: what it must be for the comparison not to hold. */
void rh_leaf_describe (const RhLeaf *self, gboolean negated, GString *text);
/* Appends the whole condition as people say it: "change_pct is at least 20 or margin is below 0". */
void rh_condition_sentence (RhCondition *self, GString *text);

G_END_DECLS
