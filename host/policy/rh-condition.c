/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-condition-private.h"

#include "rh-value.h"
#include "royal-json.h"

#include <string.h>

static const char *const operator_names[RH_N_OPERATORS] = {
  [RH_OPERATOR_GT] = "gt",   [RH_OPERATOR_GTE] = "gte",         [RH_OPERATOR_LT] = "lt",
  [RH_OPERATOR_LTE] = "lte", [RH_OPERATOR_EQ] = "eq",           [RH_OPERATOR_NE] = "ne",
  [RH_OPERATOR_IN] = "in",   [RH_OPERATOR_BETWEEN] = "between", [RH_OPERATOR_EXISTS] = "exists",
};

const char *
rh_truth_name (RhTruth truth)
{
  static const char *const names[] = { "no", "unknown", "yes", "error" };

  g_return_val_if_fail ((guint)truth < G_N_ELEMENTS (names), "error");

  return names[truth];
}

const char *
rh_operator_name (RhOperator comparison)
{
  return operator_names[comparison];
}

int
rh_operator_from_name (const char *name)
{
  for (guint i = 0; i < RH_N_OPERATORS; i++)
    if (strcmp (operator_names[i], name) == 0)
      return (int)i;
  return -1;
}

void
rh_condition_free (RhCondition *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->parts, g_ptr_array_unref);
  g_clear_pointer (&self->leaf.operand, json_node_unref);
  g_free (self->path);
  g_free (self);
}

/* --- Testing ------------------------------------------------------------------------------------------------------ */

static JsonNode *
first_operand (const RhLeaf *self)
{
  if (JSON_NODE_HOLDS_ARRAY (self->operand))
    return json_array_get_element (json_node_get_array (self->operand), 0);
  return self->operand;
}

/* @value has the operand's type. */
static gboolean
holds (const RhLeaf *self, JsonNode *value)
{
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (self->operand) ? json_node_get_array (self->operand) : NULL;

  switch (self->comparison)
    {
    case RH_OPERATOR_GT:
      return rh_value_compare (value, self->operand) > 0;
    case RH_OPERATOR_GTE:
      return rh_value_compare (value, self->operand) >= 0;
    case RH_OPERATOR_LT:
      return rh_value_compare (value, self->operand) < 0;
    case RH_OPERATOR_LTE:
      return rh_value_compare (value, self->operand) <= 0;
    case RH_OPERATOR_EQ:
      return rh_value_equal (value, self->operand);
    case RH_OPERATOR_NE:
      return !rh_value_equal (value, self->operand);
    case RH_OPERATOR_BETWEEN:
      return rh_value_compare (value, json_array_get_element (list, 0)) >= 0 &&
             rh_value_compare (value, json_array_get_element (list, 1)) <= 0;
    case RH_OPERATOR_IN:
      for (guint i = 0; i < json_array_get_length (list); i++)
        if (rh_value_equal (value, json_array_get_element (list, i)))
          return TRUE;
      return FALSE;
    default:
      g_assert_not_reached ();
    }
}

RhTruth
rh_leaf_test (const RhLeaf *self, const RhView *view, gboolean cautious, char **ret_error)
{
  JsonNode *value = rh_view_get (view, self->source, self->name);
  RhValueType wanted;

  if (self->comparison == RH_OPERATOR_EXISTS)
    {
      if (value == NULL && cautious)
        return RH_TRUTH_UNKNOWN;
      return (value != NULL) == json_node_get_boolean (self->operand) ? RH_TRUTH_YES : RH_TRUTH_NO;
    }
  if (value == NULL)
    return RH_TRUTH_UNKNOWN;
  wanted = rh_value_type (first_operand (self));
  if (rh_value_type (value) != wanted)
    {
      if (ret_error != NULL && *ret_error == NULL)
        *ret_error = g_strdup_printf ("%s.%s: expected %s, found %s", rh_source_name (self->source), self->name,
                                      rh_value_type_name (wanted), rh_value_type_name (rh_value_type (value)));
      return RH_TRUTH_ERROR;
    }
  return holds (self, value) ? RH_TRUTH_YES : RH_TRUTH_NO;
}

/* Kleene's three values; an error anywhere is an error of the whole. */
RhTruth
rh_condition_test_view (RhCondition *self, const RhView *view, gboolean cautious, char **ret_error)
{
  RhTruth truth;
  gboolean failed = FALSE;

  g_return_val_if_fail (self != NULL && view != NULL, RH_TRUTH_ERROR);

  if (self->kind == RH_CONDITION_LEAF)
    return rh_leaf_test (&self->leaf, view, cautious, ret_error);

  truth = self->kind == RH_CONDITION_ANY ? RH_TRUTH_NO : RH_TRUTH_YES;
  for (guint i = 0; i < self->parts->len; i++)
    {
      RhTruth part = rh_condition_test_view (self->parts->pdata[i], view, cautious, ret_error);

      if (part == RH_TRUTH_ERROR)
        failed = TRUE;
      truth = self->kind == RH_CONDITION_ANY ? MAX (truth, part) : MIN (truth, part);
    }
  if (failed)
    return RH_TRUTH_ERROR;
  return self->kind == RH_CONDITION_NOT ? RH_TRUTH_YES - truth : truth;
}

RhTruth
rh_condition_test (RhCondition *self, JsonObject *facts, JsonObject *claims, gboolean cautious, char **ret_error)
{
  const RhView view = { .objects = { [RH_SOURCE_FACTS] = facts, [RH_SOURCE_CLAIMS] = claims } };

  return rh_condition_test_view (self, &view, cautious, ret_error);
}

/* Whether @self (negated: not @self) cannot hold without a fact: De Morgan swaps the groups under a negation. */
static gboolean
needs_fact (RhCondition *self, gboolean negated)
{
  gboolean every;

  if (self->kind == RH_CONDITION_LEAF)
    return self->leaf.source == RH_SOURCE_FACTS;
  if (self->kind == RH_CONDITION_NOT)
    return needs_fact (self->parts->pdata[0], !negated);

  every = (self->kind == RH_CONDITION_ANY) != negated;
  for (guint i = 0; i < self->parts->len; i++)
    if (needs_fact (self->parts->pdata[i], negated) != every)
      return !every;
  return every;
}

gboolean
rh_condition_claims_suffice (RhCondition *self)
{
  g_return_val_if_fail (self != NULL, TRUE);

  return !needs_fact (self, FALSE);
}

/* --- Its comparisons ---------------------------------------------------------------------------------------------- */

static void
each (RhCondition *self, gboolean negated, RhLeafFunc func, gpointer data)
{
  if (self->kind == RH_CONDITION_LEAF)
    {
      func (&self->leaf, negated, data);
      return;
    }
  for (guint i = 0; i < self->parts->len; i++)
    each (self->parts->pdata[i], negated != (self->kind == RH_CONDITION_NOT), func, data);
}

void
rh_condition_each (RhCondition *self, RhLeafFunc func, gpointer data)
{
  g_return_if_fail (self != NULL && func != NULL);

  each (self, FALSE, func, data);
}

typedef struct {
  RhView view;
  GHashTable *told;
  GString *text;
} Description;

static void
describe_leaf (const RhLeaf *leaf, gboolean negated, gpointer data)
{
  Description *self = data;
  g_autofree char *path = g_strdup_printf ("%s.%s", rh_source_name (leaf->source), leaf->name);
  JsonNode *value = rh_view_get (&self->view, leaf->source, leaf->name);
  g_autofree char *shown = value != NULL ? royal_json_to_string (value) : NULL;

  if (g_hash_table_contains (self->told, path))
    return;
  g_string_append_printf (self->text, "%s%s is %s", g_hash_table_size (self->told) > 0 ? ", " : "", path,
                          shown != NULL ? shown : "missing");
  g_hash_table_add (self->told, g_steal_pointer (&path));
}

void
rh_condition_describe (RhCondition *self, JsonObject *facts, JsonObject *claims, GString *text)
{
  g_autoptr (GHashTable) told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Description description = { .view = { .objects = { [RH_SOURCE_FACTS] = facts, [RH_SOURCE_CLAIMS] = claims } },
                              .told = told,
                              .text = text };

  g_return_if_fail (self != NULL && text != NULL);

  each (self, FALSE, describe_leaf, &description);
}
