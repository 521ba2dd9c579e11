/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-condition.h"

#include "royal-json.h"

#include <math.h>
#include <royal/error.h>
#include <string.h>

typedef enum { ALL, ANY, NOT, FACT, CLAIM } Kind;

typedef enum { GT, GTE, LT, LTE, EQ, NE, IN, BETWEEN, EXISTS, N_OPERATORS } Operator;

static const char *const operator_names[N_OPERATORS] = {
  [GT] = "gt", [GTE] = "gte", [LT] = "lt",           [LTE] = "lte",       [EQ] = "eq",
  [NE] = "ne", [IN] = "in",   [BETWEEN] = "between", [EXISTS] = "exists",
};

typedef enum { NONE, NUMBER, STRING, BOOLEAN } Type;

static const char *const type_names[] = { "something else", "a number", "a string", "a boolean" };

/* A node of the tree: a group of parts, or one comparison of one fact or claim. */
struct _RhCondition {
  Kind kind;
  GPtrArray *parts; /* of ALL, ANY; one for NOT */
  char *path;       /* of FACT, CLAIM: facts.x, claims.x */
  const char *name; /* the x in it */
  Operator comparison;
  JsonNode *operand;
};

void
rh_condition_free (RhCondition *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->parts, g_ptr_array_unref);
  g_clear_pointer (&self->operand, json_node_unref);
  g_free (self->path);
  g_free (self);
}

static RhCondition *
group_new (Kind kind)
{
  RhCondition *self = g_new0 (RhCondition, 1);

  self->kind = kind;
  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_condition_free);
  return self;
}

static Type
type_of (JsonNode *node)
{
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return NONE;
  switch (json_node_get_value_type (node))
    {
    case G_TYPE_INT64:
      return NUMBER;
    case G_TYPE_DOUBLE:
      return isfinite (json_node_get_double (node)) ? NUMBER : NONE;
    case G_TYPE_STRING:
      return STRING;
    case G_TYPE_BOOLEAN:
      return BOOLEAN;
    default:
      return NONE;
    }
}

/* What a comparison takes. */
static gboolean
operand_fits (Operator comparison, JsonNode *operand)
{
  Type type = type_of (operand);
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (operand) ? json_node_get_array (operand) : NULL;
  guint n = list != NULL ? json_array_get_length (list) : 0;

  switch (comparison)
    {
    case GT:
    case GTE:
    case LT:
    case LTE:
      return type == NUMBER;
    case EQ:
    case NE:
      return type != NONE;
    case EXISTS:
      return type == BOOLEAN;
    case IN:
      for (guint i = 0; i < n; i++)
        if (type_of (json_array_get_element (list, i)) == NONE ||
            type_of (json_array_get_element (list, i)) != type_of (json_array_get_element (list, 0)))
          return FALSE;
      return n > 0;
    case BETWEEN:
      return n == 2 && type_of (json_array_get_element (list, 0)) == NUMBER &&
             type_of (json_array_get_element (list, 1)) == NUMBER;
    default:
      return FALSE;
    }
}

static int
operator_from_name (const char *name)
{
  for (guint i = 0; i < N_OPERATORS; i++)
    if (strcmp (operator_names[i], name) == 0)
      return (int)i;
  return -1;
}

/* { "gt": 5, "lte": 20 } on one fact or claim: a group of comparisons. */
static RhCondition *
comparisons_new (JsonNode *document, const char *path, const char *what, const char *pointer, GError **error)
{
  g_autoptr (RhCondition) self = group_new (ALL);
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
      int comparison = operator_from_name (name);
      RhCondition *part;

      if (comparison < 0 || !operand_fits ((Operator)comparison, operand))
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s/%s: expected %s", what, pointer, name,
                       comparison < 0 ? "one of gt, gte, lt, lte, eq, ne, in, between, exists"
                                      : "an operand that the comparison can take");
          return NULL;
        }
      part = g_new0 (RhCondition, 1);
      part->kind = g_str_has_prefix (path, "facts.") ? FACT : CLAIM;
      part->path = g_strdup (path);
      part->name = strchr (part->path, '.') + 1;
      part->comparison = (Operator)comparison;
      part->operand = json_node_ref (operand);
      g_ptr_array_add (self->parts, part);
    }
  return g_steal_pointer (&self);
}

static RhCondition *
list_new (Kind kind, JsonNode *document, const char *what, const char *pointer, GError **error)
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
    return list_new (ALL, document, what, pointer, error);
  if (strcmp (name, "any") == 0)
    return list_new (ANY, document, what, pointer, error);
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
  self = group_new (NOT);
  g_ptr_array_add (self->parts, part);
  return g_steal_pointer (&self);
}

RhCondition *
rh_condition_new (JsonNode *document, const char *what, const char *pointer, GError **error)
{
  g_autoptr (RhCondition) self = group_new (ALL);
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

/* -1, 0, 1. Whole numbers are compared as such: they differ where doubles would not. */
static int
compare_numbers (JsonNode *a, JsonNode *b)
{
  if (json_node_get_value_type (a) == G_TYPE_INT64 && json_node_get_value_type (b) == G_TYPE_INT64)
    {
      gint64 x = json_node_get_int (a), y = json_node_get_int (b);

      return (x > y) - (x < y);
    }
  else
    {
      double x = json_node_get_double (a), y = json_node_get_double (b);

      return (x > y) - (x < y);
    }
}

static gboolean
equal_values (JsonNode *a, JsonNode *b, Type type)
{
  switch (type)
    {
    case NUMBER:
      return compare_numbers (a, b) == 0;
    case STRING:
      return strcmp (json_node_get_string (a), json_node_get_string (b)) == 0;
    case BOOLEAN:
      return json_node_get_boolean (a) == json_node_get_boolean (b);
    default:
      return FALSE;
    }
}

static JsonNode *
first_operand (const RhCondition *self)
{
  if (JSON_NODE_HOLDS_ARRAY (self->operand))
    return json_array_get_element (json_node_get_array (self->operand), 0);
  return self->operand;
}

/* @value has the operand's type. */
static gboolean
holds (const RhCondition *self, JsonNode *value, Type type)
{
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (self->operand) ? json_node_get_array (self->operand) : NULL;

  switch (self->comparison)
    {
    case GT:
      return compare_numbers (value, self->operand) > 0;
    case GTE:
      return compare_numbers (value, self->operand) >= 0;
    case LT:
      return compare_numbers (value, self->operand) < 0;
    case LTE:
      return compare_numbers (value, self->operand) <= 0;
    case EQ:
      return equal_values (value, self->operand, type);
    case NE:
      return !equal_values (value, self->operand, type);
    case BETWEEN:
      return compare_numbers (value, json_array_get_element (list, 0)) >= 0 &&
             compare_numbers (value, json_array_get_element (list, 1)) <= 0;
    case IN:
      for (guint i = 0; i < json_array_get_length (list); i++)
        if (equal_values (value, json_array_get_element (list, i), type))
          return TRUE;
      return FALSE;
    default:
      g_assert_not_reached ();
    }
}

static JsonNode *
value_of (const RhCondition *self, JsonObject *facts, JsonObject *claims)
{
  JsonObject *object = self->kind == FACT ? facts : claims;
  JsonNode *node = object != NULL ? json_object_get_member (object, self->name) : NULL;

  return node != NULL && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

static RhTruth
test_comparison (RhCondition *self, JsonObject *facts, JsonObject *claims, gboolean cautious, char **ret_error)
{
  JsonNode *value = value_of (self, facts, claims);
  Type type = type_of (value);
  Type wanted;

  if (self->comparison == EXISTS)
    {
      if (value == NULL && cautious)
        return RH_TRUTH_UNKNOWN;
      return (value != NULL) == json_node_get_boolean (self->operand) ? RH_TRUTH_YES : RH_TRUTH_NO;
    }
  if (value == NULL)
    return RH_TRUTH_UNKNOWN;
  wanted = type_of (first_operand (self));
  if (type != wanted)
    {
      if (ret_error != NULL && *ret_error == NULL)
        *ret_error = g_strdup_printf ("%s: expected %s, found %s", self->path, type_names[wanted], type_names[type]);
      return RH_TRUTH_ERROR;
    }
  return holds (self, value, type) ? RH_TRUTH_YES : RH_TRUTH_NO;
}

/* Kleene's three values; an error anywhere is an error of the whole. */
RhTruth
rh_condition_test (RhCondition *self, JsonObject *facts, JsonObject *claims, gboolean cautious, char **ret_error)
{
  RhTruth truth;
  gboolean failed = FALSE;

  g_return_val_if_fail (self != NULL, RH_TRUTH_ERROR);

  if (self->kind == FACT || self->kind == CLAIM)
    return test_comparison (self, facts, claims, cautious, ret_error);

  truth = self->kind == ANY ? RH_TRUTH_NO : RH_TRUTH_YES;
  for (guint i = 0; i < self->parts->len; i++)
    {
      RhTruth part = rh_condition_test (self->parts->pdata[i], facts, claims, cautious, ret_error);

      if (part == RH_TRUTH_ERROR)
        failed = TRUE;
      truth = self->kind == ANY ? MAX (truth, part) : MIN (truth, part);
    }
  if (failed)
    return RH_TRUTH_ERROR;
  return self->kind == NOT ? RH_TRUTH_YES - truth : truth;
}

/* Whether @self (negated: not @self) cannot hold without a fact: De Morgan swaps the groups under a negation. */
static gboolean
needs_fact (RhCondition *self, gboolean negated)
{
  gboolean every;

  if (self->kind == FACT || self->kind == CLAIM)
    return self->kind == FACT;
  if (self->kind == NOT)
    return needs_fact (self->parts->pdata[0], !negated);

  every = (self->kind == ANY) != negated;
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

static void
describe (RhCondition *self, JsonObject *facts, JsonObject *claims, GHashTable *told, GString *text)
{
  JsonNode *value;
  g_autofree char *shown = NULL;

  if (self->kind != FACT && self->kind != CLAIM)
    {
      for (guint i = 0; i < self->parts->len; i++)
        describe (self->parts->pdata[i], facts, claims, told, text);
      return;
    }
  if (!g_hash_table_add (told, self->path))
    return;
  value = value_of (self, facts, claims);
  shown = value != NULL ? royal_json_to_string (value) : NULL;
  g_string_append_printf (text, "%s%s is %s", g_hash_table_size (told) > 1 ? ", " : "", self->path,
                          shown != NULL ? shown : "missing");
}

void
rh_condition_describe (RhCondition *self, JsonObject *facts, JsonObject *claims, GString *text)
{
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);

  g_return_if_fail (self != NULL && text != NULL);

  describe (self, facts, claims, told, text);
}
