/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a condition says of facts and claims. Unknown: it depends on something that is missing, so it is neither
 * met nor not met; negation keeps it unknown. Error: something has a type that the condition cannot compare. */
typedef enum {
  RH_TRUTH_NO,
  RH_TRUTH_UNKNOWN,
  RH_TRUTH_YES,
  RH_TRUTH_ERROR,
} RhTruth;

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

/* TRUE when claims alone, whatever they say, could make it hold. */
gboolean rh_condition_claims_suffice (RhCondition *self);

/* Adds what the condition looked at to @text: "facts.x is 25, claims.y is missing". */
void rh_condition_describe (RhCondition *self, JsonObject *facts, JsonObject *claims, GString *text);

G_END_DECLS
