/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-schema-private.h"

#include "royal-json.h"
#include "royal-suggest.h"

#include <math.h>
#include <royal/error.h>
#include <string.h>
#include <time.h>

/* A hostile schema can make one document be looked at again and again: an end is put to it. */
#define STEPS_MAX 2000000u
#define FILL_COST_MAX 200000u
/* Patterns have a bound each; this is for all of a document, in time of this thread's, so that a busy machine refuses
 * nothing. */
#define PATTERNS_US_MAX (500 * 1000)

/* The first violation. @expected is NULL when @text says it all. */
typedef struct {
  char *pointer;
  char *expected;
  char *found;
  char *text;
} Violation;

typedef struct {
  guint steps;
  gint64 patterns_us;
  Violation violation;
} Walk;

static gboolean walk_node (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer);

static void
violation_clear (Violation *self)
{
  g_clear_pointer (&self->pointer, g_free);
  g_clear_pointer (&self->expected, g_free);
  g_clear_pointer (&self->found, g_free);
  g_clear_pointer (&self->text, g_free);
}

/* Takes @expected. Always FALSE, to be returned. */
static gboolean
fail_take (Walk *self, const char *pointer, char *expected, JsonNode *found)
{
  violation_clear (&self->violation);
  self->violation.pointer = g_strdup (pointer);
  self->violation.expected = expected;
  self->violation.found = schema_describe (found);
  return FALSE;
}

static gboolean
fail_text (Walk *self, const char *pointer, char *text)
{
  violation_clear (&self->violation);
  self->violation.pointer = g_strdup (pointer);
  self->violation.text = text;
  return FALSE;
}

static SchemaTypes
types_of (JsonNode *value)
{
  if (JSON_NODE_HOLDS_OBJECT (value))
    return SCHEMA_OBJECT;
  if (JSON_NODE_HOLDS_ARRAY (value))
    return SCHEMA_ARRAY;
  if (JSON_NODE_HOLDS_NULL (value))
    return SCHEMA_NULL;
  switch (json_node_get_value_type (value))
    {
    case G_TYPE_BOOLEAN:
      return SCHEMA_BOOLEAN;
    case G_TYPE_INT64:
      return SCHEMA_INTEGER | SCHEMA_NUMBER;
      case G_TYPE_DOUBLE: {
        double number = json_node_get_double (value);
        return number == floor (number) ? SCHEMA_INTEGER | SCHEMA_NUMBER : SCHEMA_NUMBER;
      }
    default:
      return SCHEMA_STRING;
    }
}

/* "a, b or c" */
static char *
join_or (GPtrArray *words)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < words->len; i++)
    g_string_append_printf (text, "%s%s",
                            i == 0               ? ""
                            : i + 1 < words->len ? ", "
                                                 : " or ",
                            (const char *)g_ptr_array_index (words, i));
  return g_string_free (text, FALSE);
}

static gboolean
check_type (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  if (node->types == 0 || (node->types & types_of (value)) != 0)
    return TRUE;

  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  for (const SchemaTypeName *t = schema_type_names; t->name != NULL; t++)
    if ((node->types & t->type) != 0)
      g_ptr_array_add (words, (gpointer)t->text);
  return fail_take (self, pointer, join_or (words), value);
}

static gboolean
fail_enum (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  guint length = json_array_get_length (node->one_of_values);
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < length && i < 20; i++)
    g_ptr_array_add (words, schema_describe (json_array_get_element (node->one_of_values, i)));
  if (length > 20)
    g_ptr_array_add (words, g_strdup_printf ("%u others", length - 20));
  g_autofree char *list = join_or (words);
  return fail_take (self, pointer, g_strdup_printf ("%s%s", length > 1 ? "one of " : "", list), value);
}

static gboolean
check_values (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  if (node->constant != NULL && !schema_values_equal (node->constant, value))
    return fail_take (self, pointer, schema_describe (node->constant), value);
  if (node->one_of_values == NULL)
    return TRUE;
  for (guint i = 0; i < json_array_get_length (node->one_of_values); i++)
    if (schema_values_equal (json_array_get_element (node->one_of_values, i), value))
      return TRUE;
  return fail_enum (self, node, value, pointer);
}

static gboolean
check_number (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  double number = json_node_get_double (value);
  const struct {
    const SchemaBound *bound;
    gboolean holds;
    const char *text;
  } checks[] = {
    { &node->minimum, number >= node->minimum.value, "at least" },
    { &node->maximum, number <= node->maximum.value, "at most" },
    { &node->exclusive_minimum, number > node->exclusive_minimum.value, "more than" },
    { &node->exclusive_maximum, number < node->exclusive_maximum.value, "less than" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
    if (checks[i].bound->set && !checks[i].holds)
      return fail_take (self, pointer, g_strdup_printf ("%s %.15g", checks[i].text, checks[i].bound->value), value);
  if (node->multiple_of.set)
    {
      double quotient = number / node->multiple_of.value;
      /* 0.3 / 0.1 is not whole in binary; the tolerance is a few units of the last place. */
      if (!isfinite (quotient) || fabs (quotient - round (quotient)) > 1e-12 * fmax (1, fabs (quotient)))
        return fail_take (self, pointer, g_strdup_printf ("a multiple of %.15g", node->multiple_of.value), value);
    }
  return TRUE;
}

/* Shared by lengths, items and members. */
static gboolean
check_count (Walk *self,
             const SchemaBound *least,
             const SchemaBound *most,
             gsize count,
             const char *one,
             const char *many,
             const char *pointer)
{
  const SchemaBound *broken = least->set && (double)count < least->value ? least
                              : most->set && (double)count > most->value ? most
                                                                         : NULL;
  if (broken == NULL)
    return TRUE;
  violation_clear (&self->violation);
  self->violation.pointer = g_strdup (pointer);
  self->violation.expected = g_strdup_printf ("at %s %.0f %s", broken == least ? "least" : "most", broken->value,
                                              broken->value == 1 ? one : many);
  self->violation.found = g_strdup_printf ("%" G_GSIZE_FORMAT, count);
  return FALSE;
}

static gint64
thread_us (void)
{
  struct timespec now = { 0 };

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gboolean
pattern_matches (Walk *self, const SchemaPattern *pattern, const char *text)
{
  g_autoptr (GError) error = NULL;
  gint64 start = thread_us ();
  /* An error is the end of PCRE's patience: no match. */
  gboolean matches = g_regex_match_full (pattern->regex, text, -1, 0, 0, NULL, &error);

  self->patterns_us += thread_us () - start;
  if (self->patterns_us > PATTERNS_US_MAX)
    self->steps = STEPS_MAX + 1;
  return matches;
}

static gboolean
check_format (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  const char *text = json_node_get_string (value);
  gboolean ok = TRUE;
  const char *expected = NULL;

  switch (node->format)
    {
    case SCHEMA_FORMAT_NONE:
      break;
    case SCHEMA_FORMAT_DATE:
      ok = schema_is_date (text);
      expected = "a date such as 2026-01-31";
      break;
    case SCHEMA_FORMAT_DATE_TIME:
      ok = schema_is_date_time (text);
      expected = "a date and time such as 2026-01-31T10:00:00Z";
      break;
    case SCHEMA_FORMAT_UUID:
      ok = strlen (text) == 36 && g_uuid_string_is_valid (text);
      expected = "a UUID";
      break;
    }
  return ok || fail_take (self, pointer, g_strdup (expected), value);
}

static gboolean
check_string (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  const char *text = json_node_get_string (value);

  if ((node->min_length.set || node->max_length.set) &&
      !check_count (self, &node->min_length, &node->max_length, (gsize)g_utf8_strlen (text, -1), "character",
                    "characters", pointer))
    return FALSE;
  if (node->pattern != NULL && !pattern_matches (self, node->pattern, text))
    return fail_take (self, pointer,
                      node->title != NULL ? g_strdup (node->title)
                                          : g_strdup_printf ("text that matches %s", node->pattern->source),
                      value);
  return check_format (self, node, value, pointer);
}

static gboolean
check_unique (Walk *self, JsonArray *array, const char *pointer)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *item = json_array_get_element (array, i);

      /* By digest: texts can be made to collide in the table's unseeded hash, which would cost a walk for each. */
      if (!g_hash_table_add (seen, royal_json_digest (item)))
        {
          g_autofree char *at = g_strdup_printf ("%s/%u", pointer, i);
          g_autofree char *found = schema_describe (item);
          return fail_text (self, at, g_strdup_printf ("expected items that differ, found %s again", found));
        }
    }
  return TRUE;
}

static gboolean
check_array (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  JsonArray *array = json_node_get_array (value);
  guint length = json_array_get_length (array);

  if (!check_count (self, &node->min_items, &node->max_items, length, "item", "items", pointer))
    return FALSE;
  for (guint i = 0; node->items != NULL && i < length; i++)
    {
      g_autofree char *at = g_strdup_printf ("%s/%u", pointer, i);
      if (!walk_node (self, node->items, json_array_get_element (array, i), at))
        return FALSE;
    }
  return !node->unique || check_unique (self, array, pointer);
}

static gboolean
fail_unknown (Walk *self, SchemaNode *node, const char *name, const char *pointer)
{
  const char *const none[] = { NULL };
  const char *near = royal_suggest (name, node->names != NULL ? (const char *const *)node->names : none);
  g_autoptr (JsonNode) shown = json_node_new (JSON_NODE_VALUE);

  /* Cut and escaped like any other text that was found. */
  json_node_set_string (shown, name);
  g_autofree char *quoted = schema_describe (shown);
  quoted[strlen (quoted) - 1] = '\0';
  return fail_text (self, pointer,
                    g_strdup_printf ("unknown member `%s`%s%s%s", quoted + 1, near ? "; did you mean `" : "",
                                     near ? near : "", near ? "`?" : ""));
}

static gboolean
check_member_name (Walk *self, SchemaNode *node, const char *name, const char *pointer)
{
  if (node->property_names == NULL)
    return TRUE;

  g_autoptr (JsonNode) text = json_node_new (JSON_NODE_VALUE);
  json_node_set_string (text, name);
  if (walk_node (self, node->property_names, text, pointer))
    return TRUE;
  if (self->violation.expected != NULL)
    {
      char *expected = g_strdup_printf ("a member name that is %s", self->violation.expected);
      g_free (self->violation.expected);
      self->violation.expected = expected;
    }
  return FALSE;
}

static gboolean
check_member (Walk *self, SchemaNode *node, const char *name, JsonNode *value, const char *pointer)
{
  SchemaNode *own = node->properties != NULL ? g_hash_table_lookup (node->properties, name) : NULL;
  gboolean known = own != NULL;
  g_autofree char *at = schema_pointer_join (pointer, name);

  if (!check_member_name (self, node, name, pointer))
    return FALSE;
  if (own != NULL && !walk_node (self, own, value, at))
    return FALSE;
  for (guint i = 0; node->patterns != NULL && i < node->patterns->len && self->steps <= STEPS_MAX; i++)
    {
      SchemaPatternProperty *property = g_ptr_array_index (node->patterns, i);
      if (!pattern_matches (self, &property->pattern, name))
        continue;
      known = TRUE;
      if (!walk_node (self, property->schema, value, at))
        return FALSE;
    }
  if (known || node->additional == NULL)
    return TRUE;
  if (node->additional->never)
    return fail_unknown (self, node, name, pointer);
  return walk_node (self, node->additional, value, at);
}

static gboolean
check_object (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  JsonObject *object = json_node_get_object (value);
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (!check_count (self, &node->min_properties, &node->max_properties, json_object_get_size (object), "member",
                    "members", pointer))
    return FALSE;
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member))
    if (!check_member (self, node, name, member, pointer))
      return FALSE;
  for (guint i = 0; node->required != NULL && node->required[i] != NULL; i++)
    if (!json_object_has_member (object, node->required[i]))
      return fail_text (self, pointer, g_strdup_printf ("expected a member `%s`, found none", node->required[i]));
  return TRUE;
}

static guint
depth_of (const char *pointer)
{
  guint depth = 0;

  for (; *pointer != '\0'; pointer++)
    depth += *pointer == '/';
  return depth;
}

/* No branch holds: tells about the one that got furthest; when none got anywhere, what each of them wants. */
static gboolean
check_any (Walk *self, GPtrArray *branches, JsonNode *value, const char *pointer)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  Violation deepest = { NULL };
  guint depth = 0;

  for (guint i = 0; i < branches->len; i++)
    {
      if (walk_node (self, g_ptr_array_index (branches, i), value, pointer))
        {
          violation_clear (&deepest);
          return TRUE;
        }
      if (self->violation.expected != NULL && g_str_equal (self->violation.pointer, pointer))
        g_ptr_array_add (words, g_strdup (self->violation.expected));
      guint here = depth_of (self->violation.pointer) + 1;
      if (here > depth || (here == depth && self->violation.text != NULL && deepest.text == NULL))
        {
          violation_clear (&deepest);
          deepest = self->violation;
          self->violation = (Violation){ NULL };
          depth = here;
        }
    }
  gboolean joined = words->len == branches->len;
  if (!joined)
    {
      violation_clear (&self->violation);
      self->violation = deepest;
      return FALSE;
    }
  violation_clear (&deepest);
  return fail_take (self, pointer, join_or (words), value);
}

static gboolean
check_one (Walk *self, GPtrArray *branches, JsonNode *value, const char *pointer)
{
  guint holding = 0;

  if (!check_any (self, branches, value, pointer))
    return FALSE;
  for (guint i = 0; i < branches->len && holding < 2; i++)
    holding += walk_node (self, g_ptr_array_index (branches, i), value, pointer);
  violation_clear (&self->violation);
  if (holding == 1)
    return TRUE;
  return fail_take (self, pointer, g_strdup ("a value for exactly one of the schemas under oneOf"), value);
}

static gboolean
check_combined (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  if (node->reference != NULL && !walk_node (self, node->reference, value, pointer))
    return FALSE;
  for (guint i = 0; node->all_of != NULL && i < node->all_of->len; i++)
    if (!walk_node (self, g_ptr_array_index (node->all_of, i), value, pointer))
      return FALSE;
  if (node->any_of != NULL && !check_any (self, node->any_of, value, pointer))
    return FALSE;
  if (node->one_of != NULL && !check_one (self, node->one_of, value, pointer))
    return FALSE;
  if (node->negated == NULL)
    return TRUE;
  if (walk_node (self, node->negated, value, pointer))
    return fail_take (self, pointer, g_strdup ("a value that the schema under `not` rules out"), value);
  violation_clear (&self->violation);
  return TRUE;
}

static gboolean
walk_node (Walk *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  /* Beyond the end it stays there. */
  if (self->steps > STEPS_MAX || ++self->steps > STEPS_MAX)
    return fail_text (self, pointer, g_strdup ("checking it takes too long; the schema branches too much"));
  if (node->never)
    return fail_take (self, pointer, g_strdup ("nothing here"), value);
  if (!check_type (self, node, value, pointer) || !check_values (self, node, value, pointer))
    return FALSE;

  SchemaTypes types = types_of (value);
  gboolean ok = (types & SCHEMA_NUMBER) != 0   ? check_number (self, node, value, pointer)
                : (types & SCHEMA_STRING) != 0 ? check_string (self, node, value, pointer)
                : (types & SCHEMA_ARRAY) != 0  ? check_array (self, node, value, pointer)
                : (types & SCHEMA_OBJECT) != 0 ? check_object (self, node, value, pointer)
                                               : TRUE;
  return ok && check_combined (self, node, value, pointer);
}

gboolean
royal_schema_validate_at (RoyalSchema *self, JsonNode *document, const char *what, const char *at, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (document != NULL, FALSE);
  g_return_val_if_fail (what != NULL, FALSE);
  g_return_val_if_fail (at != NULL, FALSE);

  Walk walk = { 0 };
  gboolean ok = walk_node (&walk, self->root, document, at);
  /* `not` and `anyOf` must not turn "too long" into "holds". */
  if (ok && walk.steps > STEPS_MAX)
    ok = fail_text (&walk, at, g_strdup ("checking it takes too long; the schema branches too much"));
  if (!ok)
    {
      const Violation *v = &walk.violation;
      g_autofree char *text =
          v->text != NULL ? g_strdup (v->text) : g_strdup_printf ("expected %s, found %s", v->expected, v->found);
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s%s%s", what, v->pointer,
                   v->pointer[0] != '\0' ? ": " : "", text);
    }
  violation_clear (&walk.violation);
  return ok;
}

gboolean
royal_schema_validate (RoyalSchema *self, JsonNode *document, const char *what, GError **error)
{
  return royal_schema_validate_at (self, document, what, "", error);
}

static void fill_node (SchemaNode *node, JsonNode *value, guint depth, guint *cost);

/* A measure of what a copy of @node takes. */
static guint
cost_of (JsonNode *node)
{
  guint cost = 1;

  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObjectIter iter;
      const char *name;
      JsonNode *value;

      json_object_iter_init (&iter, json_node_get_object (node));
      while (json_object_iter_next (&iter, &name, &value))
        cost += cost_of (value) + (guint)strlen (name) / 16;
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
      cost += cost_of (json_array_get_element (json_node_get_array (node), i));
  else if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    cost += (guint)strlen (json_node_get_string (node)) / 16;
  return cost;
}

static void
fill_property (SchemaNode *node, JsonObject *object, const char *name, guint depth, guint *cost)
{
  SchemaNode *property = g_hash_table_lookup (node->properties, name);
  JsonNode *fallback = NULL;

  g_assert (property != NULL);
  for (SchemaNode *n = property; n != NULL && fallback == NULL; n = n->reference)
    fallback = n->fallback;
  if (!json_object_has_member (object, name) && fallback != NULL)
    {
      *cost += cost_of (fallback);
      if (*cost > FILL_COST_MAX)
        return;
      json_object_set_member (object, name, schema_deep_copy (fallback));
    }
  if (json_object_has_member (object, name))
    fill_node (property, json_object_get_member (object, name), depth + 1, cost);
}

static void
fill_object (SchemaNode *node, JsonObject *object, guint depth, guint *cost)
{
  for (guint i = 0; node->names != NULL && node->names[i] != NULL; i++)
    fill_property (node, object, node->names[i], depth, cost);
  if (node->additional == NULL)
    return;

  g_autoptr (GList) members = json_object_get_members (object);
  for (GList *l = members; l != NULL; l = l->next)
    if (node->properties == NULL || !g_hash_table_contains (node->properties, l->data))
      fill_node (node->additional, json_object_get_member (object, l->data), depth + 1, cost);
}

static void
fill_array (SchemaNode *node, JsonArray *array, guint depth, guint *cost)
{
  for (guint i = 0; node->items != NULL && i < json_array_get_length (array); i++)
    fill_node (node->items, json_array_get_element (array, i), depth + 1, cost);
}

static void
fill_node (SchemaNode *node, JsonNode *value, guint depth, guint *cost)
{
  if (depth > ROYAL_JSON_DEPTH_MAX || ++*cost > FILL_COST_MAX)
    return;
  if (JSON_NODE_HOLDS_OBJECT (value))
    fill_object (node, json_node_get_object (value), depth, cost);
  if (JSON_NODE_HOLDS_ARRAY (value))
    fill_array (node, json_node_get_array (value), depth, cost);
  if (node->reference != NULL)
    fill_node (node->reference, value, depth, cost);
  for (guint i = 0; node->all_of != NULL && i < node->all_of->len; i++)
    fill_node (g_ptr_array_index (node->all_of, i), value, depth, cost);
}

void
royal_schema_fill_defaults (RoyalSchema *self, JsonNode *document)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (document != NULL);

  guint cost = 0;

  fill_node (self->root, document, 0, &cost);
}
