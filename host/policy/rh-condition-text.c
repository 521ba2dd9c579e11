/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-condition-private.h"

#include "rh-value.h"

/* What each comparison says, and what its opposite says. */
static const char *const phrases[RH_N_OPERATORS][2] = {
  [RH_OPERATOR_GT] = { "above", "at most" },
  [RH_OPERATOR_GTE] = { "at least", "below" },
  [RH_OPERATOR_LT] = { "below", "at least" },
  [RH_OPERATOR_LTE] = { "at most", "above" },
  [RH_OPERATOR_EQ] = { "", "not " },
  [RH_OPERATOR_NE] = { "not ", "" },
  [RH_OPERATOR_IN] = { "one of", "none of" },
  [RH_OPERATOR_BETWEEN] = { "between", "not between" },
  [RH_OPERATOR_EXISTS] = { "known", "missing" },
};

static void
append_list (JsonArray *list, const char *last, GString *text)
{
  guint n = json_array_get_length (list);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *value = rh_value_text (json_array_get_element (list, i));

      g_string_append_printf (text, "%s%s", i == 0 ? "" : (i + 1 == n ? last : ", "), value);
    }
}

void
rh_leaf_describe (const RhLeaf *self, gboolean negated, GString *text)
{
  const char *phrase = phrases[self->comparison][negated];
  g_autofree char *value = NULL;

  switch (self->comparison)
    {
    case RH_OPERATOR_EXISTS:
      g_string_append (text, phrases[self->comparison][json_node_get_boolean (self->operand) ? negated : !negated]);
      return;
    case RH_OPERATOR_IN:
    case RH_OPERATOR_BETWEEN:
      g_string_append_printf (text, "%s ", phrase);
      append_list (json_node_get_array (self->operand), self->comparison == RH_OPERATOR_IN ? " or " : " and ", text);
      return;
    case RH_OPERATOR_EQ:
    case RH_OPERATOR_NE:
      value = rh_value_text (self->operand);
      g_string_append_printf (text, "%s%s", phrase, value);
      return;
    default:
      value = rh_value_text (self->operand);
      g_string_append_printf (text, "%s %s", phrase, value);
    }
}

/* @negated: De Morgan: the groups change places. */
static void
sentence (RhCondition *self, gboolean negated, gboolean inner, GString *text)
{
  gboolean either;

  if (self->kind == RH_CONDITION_LEAF)
    {
      g_string_append_printf (text, "%s%s is ", self->leaf.source == RH_SOURCE_CLAIMS ? "the claimed " : "",
                              self->leaf.name);
      rh_leaf_describe (&self->leaf, negated, text);
      return;
    }
  if (self->kind == RH_CONDITION_NOT || self->parts->len == 1)
    {
      sentence (self->parts->pdata[0], negated != (self->kind == RH_CONDITION_NOT), inner, text);
      return;
    }
  either = (self->kind == RH_CONDITION_ANY) != negated;
  if (inner && either)
    g_string_append (text, "(");
  for (guint i = 0; i < self->parts->len; i++)
    {
      if (i > 0)
        g_string_append (text, either ? " or " : " and ");
      sentence (self->parts->pdata[i], negated, TRUE, text);
    }
  if (inner && either)
    g_string_append (text, ")");
}

void
rh_condition_sentence (RhCondition *self, GString *text)
{
  g_return_if_fail (self != NULL && text != NULL);

  sentence (self, FALSE, FALSE, text);
}
