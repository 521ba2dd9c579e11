/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-condition-private.h"

#include "rh-value.h"

#include <royal/error.h>
#include <string.h>

static RhCondition *
group_new (RhConditionKind kind)
{
  RhCondition *self = g_new0 (RhCondition, 1);

  self->kind = kind;
  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_condition_free);
  return self;
}

/* What a comparison takes. */
static gboolean
operand_fits (RhOperator comparison, JsonNode *operand)
{
  RhValueType type = rh_value_type (operand);
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (operand) ? json_node_get_array (operand) : NULL;
  guint n = list != NULL ? json_array_get_length (list) : 0;

  switch (comparison)
    {
    case RH_OPERATOR_GT:
    case RH_OPERATOR_GTE:
    case RH_OPERATOR_LT:
    case RH_OPERATOR_LTE:
      return type == RH_VALUE_NUMBER;
    case RH_OPERATOR_EQ:
    case RH_OPERATOR_NE:
      return type != RH_VALUE_OTHER;
    case RH_OPERATOR_EXISTS:
      return type == RH_VALUE_BOOLEAN;
    case RH_OPERATOR_IN:
      for (guint i = 0; i < n; i++)
        if (rh_value_type (json_array_get_element (list, i)) == RH_VALUE_OTHER ||
            rh_value_type (json_array_get_element (list, i)) != rh_value_type (json_array_get_element (list, 0)))
          return FALSE;
      return n > 0;
    case RH_OPERATOR_BETWEEN:
      return n == 2 && rh_value_type (json_array_get_element (list, 0)) == RH_VALUE_NUMBER &&
             rh_value_type (json_array_get_element (list, 1)) == RH_VALUE_NUMBER;
    default:
      return FALSE;
    }
}

/* { "gt": 5, "lte": 20 } on one fact or claim: a group of comparisons. */
static RhCondition *
comparisons_new (JsonNode *document, const char *path, const char *what, const char *pointer, GError **error)
{
  g_autoptr (RhCondition) self = group_new (RH_CONDITION_ALL);
  JsonObjectIter iter;
  const char *name;
  JsonNode *operand;

  if (!JSON_NODE_HOLDS_OBJECT (document) || json_object_get_size (json_node_get_object (document)) == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: %s: expected an object of comparisons, such as { \"gt\": 5 }", what, pointer);
      return NULL;
    }
  json_object_iter_init_ordered (&iter, json_node_get_object (document));
  while (json_object_iter_next_ordered (&iter, &name, &operand))
    {
      int comparison = rh_operator_from_name (name);
      RhCondition *part;

      if (comparison < 0 || !operand_fits ((RhOperator)comparison, operand))
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s/%s: expected %s", what, pointer, name,
                       comparison < 0 ? "one of gt, gte, lt, lte, eq, ne, in, between, exists"
                                      : "an operand that the comparison can take");
          return NULL;
        }
      part = g_new0 (RhCondition, 1);
      part->kind = RH_CONDITION_LEAF;
      part->path = g_strdup (path);
      part->leaf.comparison = (RhOperator)comparison;
      part->leaf.operand = json_node_ref (operand);
      if (!rh_source_parse (part->path, &part->leaf.source, &part->leaf.name))
        g_assert_not_reached ();
      g_ptr_array_add (self->parts, part);
    }
  return g_steal_pointer (&self);
}

static RhCondition *
list_new (RhConditionKind kind, JsonNode *document, const char *what, const char *pointer, GError **error)
{
  g_autoptr (RhCondition) self = group_new (kind);
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (document) ? json_node_get_array (document) : NULL;

  if (list == NULL || json_array_get_length (list) == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s: expected a list of conditions", what, pointer);
      return NULL;
    }
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      g_autofree char *place = g_strdup_printf ("%s/%u", pointer, i);
      RhCondition *part = rh_condition_new (json_array_get_element (list, i), what, place, error);

      if (part == NULL)
        return NULL;
      g_ptr_array_add (self->parts, part);
    }
  return g_steal_pointer (&self);
}

static RhCondition *
member_new (const char *name, JsonNode *document, const char *what, const char *pointer, GError **error)
{
  g_autoptr (RhCondition) self = NULL;
  RhCondition *part;

  if (strcmp (name, "all") == 0)
    return list_new (RH_CONDITION_ALL, document, what, pointer, error);
  if (strcmp (name, "any") == 0)
    return list_new (RH_CONDITION_ANY, document, what, pointer, error);
  if ((g_str_has_prefix (name, "facts.") && name[6] != '\0') || (g_str_has_prefix (name, "claims.") && name[7] != '\0'))
    return comparisons_new (document, name, what, pointer, error);
  if (strcmp (name, "not") != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s: expected all, any, not, facts.NAME or claims.NAME",
                   what, pointer);
      return NULL;
    }
  part = rh_condition_new (document, what, pointer, error);
  if (part == NULL)
    return NULL;
  self = group_new (RH_CONDITION_NOT);
  g_ptr_array_add (self->parts, part);
  return g_steal_pointer (&self);
}

RhCondition *
rh_condition_new (JsonNode *document, const char *what, const char *pointer, GError **error)
{
  g_autoptr (RhCondition) self = group_new (RH_CONDITION_ALL);
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  g_return_val_if_fail (document != NULL && what != NULL && pointer != NULL, NULL);

  if (!JSON_NODE_HOLDS_OBJECT (document) || json_object_get_size (json_node_get_object (document)) == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s: expected a condition with at least one member",
                   what, pointer);
      return NULL;
    }
  json_object_iter_init_ordered (&iter, json_node_get_object (document));
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      g_autofree char *place = g_strdup_printf ("%s/%s", pointer, name);
      RhCondition *part = member_new (name, member, what, place, error);

      if (part == NULL)
        return NULL;
      g_ptr_array_add (self->parts, part);
    }
  return g_steal_pointer (&self);
}
