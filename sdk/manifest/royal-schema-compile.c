/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-schema-private.h"

#include "royal-suggest.h"

#include <math.h>
#include <royal/error.h>
#include <string.h>

/* A schema may come from a hostile plugin: what it may cost is bounded here and in royal-schema.c. */
#define NODES_MAX 10000
#define HEIGHT_MAX 64
#define PATTERN_MAX 1024
#define POINTER_MAX 1024
#define PATTERN_LIMITS "(*LIMIT_MATCH=100000)(*LIMIT_DEPTH=2000)"

typedef struct {
  SchemaNode *node;
  JsonNode *json;
  char *pointer;
} Pending;

typedef struct {
  RoyalSchema *schema;
  const char *what;
  const char *at;
  GQueue pending; /* found, not yet compiled: a queue, as a chain of $ref may be long */
} Compiler;

typedef struct {
  SchemaNode *node;
  JsonNode *value;
  const char *pointer; /* of the value */
  gsize offset;
} Keyword;

typedef gboolean (*KeywordFunc) (Compiler *self, const Keyword *keyword, GError **error);

const SchemaTypeName schema_type_names[] = {
  { "null", SCHEMA_NULL, "null" },
  { "boolean", SCHEMA_BOOLEAN, "true or false" },
  { "integer", SCHEMA_INTEGER, "an integer" },
  { "number", SCHEMA_NUMBER, "a number" },
  { "string", SCHEMA_STRING, "a string" },
  { "array", SCHEMA_ARRAY, "an array" },
  { "object", SCHEMA_OBJECT, "an object" },
  { NULL, 0, NULL },
};

static gboolean refuse (Compiler *self, const char *pointer, GError **error, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

static gboolean
refuse (Compiler *self, const char *pointer, GError **error, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  if (self->at[0] == '\0' && pointer[0] == '\0')
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s", self->what, text);
  else
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s%s: %s", self->what, self->at, pointer, text);
  return FALSE;
}

static gboolean
refuse_value (Compiler *self, const Keyword *keyword, const char *expected, GError **error)
{
  g_autofree char *found = schema_describe (keyword->value);

  return refuse (self, keyword->pointer, error, "expected %s, found %s", expected, found);
}

/* The node for the schema at @pointer; compiled later, once. */
static SchemaNode *
want (Compiler *self, JsonNode *json, const char *pointer)
{
  SchemaNode *node = g_hash_table_lookup (self->schema->by_pointer, pointer);
  if (node != NULL)
    return node;

  Pending *pending = g_new0 (Pending, 1);
  node = g_new0 (SchemaNode, 1);
  g_hash_table_insert (self->schema->by_pointer, g_strdup (pointer), node);
  pending->node = node;
  pending->json = json;
  pending->pointer = g_strdup (pointer);
  g_queue_push_tail (&self->pending, pending);
  return node;
}

static void
pending_free (gpointer data)
{
  Pending *pending = data;

  g_free (pending->pointer);
  g_free (pending);
}

#define FIELD(keyword, type) ((type *)G_STRUCT_MEMBER_P ((keyword)->node, (keyword)->offset))

static gboolean
ignore_keyword (Compiler *self, const Keyword *keyword, GError **error)
{
  return TRUE;
}

static gboolean
is_number (JsonNode *node)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;
}

static gboolean
is_string (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
}

static gboolean
parse_number (Compiler *self, const Keyword *keyword, GError **error)
{
  SchemaBound *bound = FIELD (keyword, SchemaBound);

  if (!is_number (keyword->value))
    return refuse_value (self, keyword, "a number", error);
  bound->set = TRUE;
  bound->value = json_node_get_double (keyword->value);
  if (bound == &keyword->node->multiple_of && !(bound->value > 0))
    return refuse_value (self, keyword, "a number more than 0", error);
  return TRUE;
}

static gboolean
parse_count (Compiler *self, const Keyword *keyword, GError **error)
{
  SchemaBound *bound = FIELD (keyword, SchemaBound);

  if (!is_number (keyword->value))
    return refuse_value (self, keyword, "a whole number from 0", error);
  bound->set = TRUE;
  bound->value = json_node_get_double (keyword->value);
  if (bound->value < 0 || bound->value != floor (bound->value))
    return refuse_value (self, keyword, "a whole number from 0", error);
  return TRUE;
}

static gboolean
parse_flag (Compiler *self, const Keyword *keyword, GError **error)
{
  if (!JSON_NODE_HOLDS_VALUE (keyword->value) || json_node_get_value_type (keyword->value) != G_TYPE_BOOLEAN)
    return refuse_value (self, keyword, "true or false", error);
  *FIELD (keyword, gboolean) = json_node_get_boolean (keyword->value);
  return TRUE;
}

static gboolean
parse_value (Compiler *self, const Keyword *keyword, GError **error)
{
  *FIELD (keyword, JsonNode *) = keyword->value;
  return TRUE;
}

static SchemaTypes
type_from_node (JsonNode *node)
{
  if (is_string (node))
    for (const SchemaTypeName *t = schema_type_names; t->name != NULL; t++)
      if (g_str_equal (t->name, json_node_get_string (node)))
        return t->type;
  return 0;
}

static gboolean
parse_type (Compiler *self, const Keyword *keyword, GError **error)
{
  static const char expected[] = "the name of a type, or an array of such names";

  if (!JSON_NODE_HOLDS_ARRAY (keyword->value))
    {
      keyword->node->types = type_from_node (keyword->value);
      return keyword->node->types != 0 || refuse_value (self, keyword, expected, error);
    }
  JsonArray *array = json_node_get_array (keyword->value);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      SchemaTypes type = type_from_node (json_array_get_element (array, i));
      if (type == 0)
        return refuse_value (self, keyword, expected, error);
      keyword->node->types |= type;
    }
  return keyword->node->types != 0 || refuse_value (self, keyword, expected, error);
}

static gboolean
parse_enum (Compiler *self, const Keyword *keyword, GError **error)
{
  if (!JSON_NODE_HOLDS_ARRAY (keyword->value) || json_array_get_length (json_node_get_array (keyword->value)) == 0)
    return refuse_value (self, keyword, "an array of at least one value", error);
  keyword->node->one_of_values = json_node_get_array (keyword->value);
  return TRUE;
}

static gboolean
parse_schema (Compiler *self, const Keyword *keyword, GError **error)
{
  *FIELD (keyword, SchemaNode *) = want (self, keyword->value, keyword->pointer);
  return TRUE;
}

static gboolean
parse_schemas (Compiler *self, const Keyword *keyword, GError **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (keyword->value) ? json_node_get_array (keyword->value) : NULL;
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();

  if (array == NULL || json_array_get_length (array) == 0)
    return refuse_value (self, keyword, "an array of at least one schema", error);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      g_autofree char *pointer = g_strdup_printf ("%s/%u", keyword->pointer, i);
      g_ptr_array_add (nodes, want (self, json_array_get_element (array, i), pointer));
    }
  *FIELD (keyword, GPtrArray *) = g_steal_pointer (&nodes);
  return TRUE;
}

static gboolean
parse_properties (Compiler *self, const Keyword *keyword, GError **error)
{
  if (!JSON_NODE_HOLDS_OBJECT (keyword->value))
    return refuse_value (self, keyword, "an object of schemas", error);

  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  JsonObject *object = json_node_get_object (keyword->value);
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  keyword->node->properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      g_autofree char *pointer = schema_pointer_join (keyword->pointer, name);
      g_hash_table_insert (keyword->node->properties, g_strdup (name), want (self, value, pointer));
      g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_add (names, NULL);
  keyword->node->names = (char **)g_ptr_array_free (g_steal_pointer (&names), FALSE);
  return TRUE;
}

static gboolean
parse_required (Compiler *self, const Keyword *keyword, GError **error)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  if (!JSON_NODE_HOLDS_ARRAY (keyword->value))
    return refuse_value (self, keyword, "an array of names", error);
  JsonArray *array = json_node_get_array (keyword->value);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *name = json_array_get_element (array, i);
      if (!is_string (name))
        return refuse_value (self, keyword, "an array of names", error);
      g_strv_builder_add (names, json_node_get_string (name));
    }
  keyword->node->required = g_strv_builder_end (names);
  return TRUE;
}

static gboolean
compile_pattern (Compiler *self, const char *pointer, const char *source, SchemaPattern *pattern, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (strlen (source) > PATTERN_MAX || strstr (source, "(*") != NULL)
    return refuse (self, pointer, error, "expected a pattern of at most %d bytes without (*, found a different one",
                   PATTERN_MAX);
  g_autofree char *limited = g_strconcat (PATTERN_LIMITS, source, NULL);
  pattern->regex = g_regex_new (limited, G_REGEX_DOLLAR_ENDONLY, 0, &local);
  if (pattern->regex == NULL)
    return refuse (self, pointer, error, "expected a regular expression, found %s", source);
  pattern->source = g_strdup (source);
  return TRUE;
}

static gboolean
parse_pattern (Compiler *self, const Keyword *keyword, GError **error)
{
  if (!is_string (keyword->value))
    return refuse_value (self, keyword, "a regular expression", error);
  keyword->node->pattern = g_new0 (SchemaPattern, 1);
  return compile_pattern (self, keyword->pointer, json_node_get_string (keyword->value), keyword->node->pattern, error);
}

static gboolean
parse_title (Compiler *self, const Keyword *keyword, GError **error)
{
  if (!is_string (keyword->value))
    return refuse_value (self, keyword, "a string", error);
  keyword->node->title = json_node_get_string (keyword->value);
  return TRUE;
}

static void
pattern_property_free (gpointer data)
{
  SchemaPatternProperty *property = data;

  g_free (property->pattern.source);
  g_clear_pointer (&property->pattern.regex, g_regex_unref);
  g_free (property);
}

static gboolean
parse_pattern_properties (Compiler *self, const Keyword *keyword, GError **error)
{
  if (!JSON_NODE_HOLDS_OBJECT (keyword->value))
    return refuse_value (self, keyword, "an object of schemas", error);

  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  keyword->node->patterns = g_ptr_array_new_with_free_func (pattern_property_free);
  json_object_iter_init_ordered (&iter, json_node_get_object (keyword->value));
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      g_autofree char *pointer = schema_pointer_join (keyword->pointer, name);
      SchemaPatternProperty *property = g_new0 (SchemaPatternProperty, 1);

      g_ptr_array_add (keyword->node->patterns, property);
      property->schema = want (self, value, pointer);
      if (!compile_pattern (self, pointer, name, &property->pattern, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
parse_format (Compiler *self, const Keyword *keyword, GError **error)
{
  static const struct {
    const char *name;
    SchemaFormat format;
  } formats[] = {
    { "date", SCHEMA_FORMAT_DATE },
    { "date-time", SCHEMA_FORMAT_DATE_TIME },
    { "uuid", SCHEMA_FORMAT_UUID },
  };

  if (is_string (keyword->value))
    for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
      if (g_str_equal (formats[i].name, json_node_get_string (keyword->value)))
        {
          keyword->node->format = formats[i].format;
          return TRUE;
        }
  return refuse_value (self, keyword, "\"date\", \"date-time\" or \"uuid\"", error);
}

/* Definitions are compiled even when nothing refers to them, so that a mistake in one is found. */
static gboolean
parse_definitions (Compiler *self, const Keyword *keyword, GError **error)
{
  if (!JSON_NODE_HOLDS_OBJECT (keyword->value))
    return refuse_value (self, keyword, "an object of schemas", error);

  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, json_node_get_object (keyword->value));
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      g_autofree char *pointer = schema_pointer_join (keyword->pointer, name);
      want (self, value, pointer);
    }
  return TRUE;
}

/* The value at one token of a JSON pointer below @node. */
static JsonNode *
step (JsonNode *node, const char *token)
{
  guint64 index;

  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_object_get_member (json_node_get_object (node), token);
  if (JSON_NODE_HOLDS_ARRAY (node) && g_ascii_string_to_unsigned (token, 10, 0, G_MAXUINT, &index, NULL) &&
      index < json_array_get_length (json_node_get_array (node)))
    return json_array_get_element (json_node_get_array (node), (guint)index);
  return NULL;
}

static gboolean
parse_reference (Compiler *self, const Keyword *keyword, GError **error)
{
  const char *text = is_string (keyword->value) ? json_node_get_string (keyword->value) : "";
  g_autofree char *pointer = text[0] == '#' ? g_uri_unescape_string (text + 1, NULL) : NULL;
  g_autofree char *canonical = g_strdup ("");

  if (pointer == NULL || (pointer[0] != '\0' && pointer[0] != '/'))
    return refuse_value (self, keyword, "a reference into this document, such as \"#/$defs/name\"", error);

  g_auto (GStrv) tokens = g_strsplit (pointer, "/", -1);
  JsonNode *target = self->schema->document;
  for (guint i = 1; target != NULL && tokens[0] != NULL && tokens[i] != NULL; i++)
    {
      g_autoptr (GString) token = g_string_new (tokens[i]);
      g_string_replace (token, "~1", "/", 0);
      g_string_replace (token, "~0", "~", 0);
      target = step (target, token->str);
      char *joined = schema_pointer_join (canonical, token->str);
      g_free (canonical);
      canonical = joined;
    }
  if (target == NULL)
    return refuse_value (self, keyword, "a reference to something that exists", error);
  keyword->node->reference = want (self, target, canonical);
  return TRUE;
}

static gboolean
parse_class (Compiler *self, const Keyword *keyword, GError **error)
{
  const char *text = is_string (keyword->value) ? json_node_get_string (keyword->value) : "";

  keyword->node->class = g_str_equal (text, "personal") ? ROYAL_CLASS_PERSONAL
                         : g_str_equal (text, "secret") ? ROYAL_CLASS_SECRET
                                                        : ROYAL_CLASS_NONE;
  self->schema->classed = TRUE;
  return keyword->node->class != ROYAL_CLASS_NONE || refuse_value (self, keyword, "\"personal\" or \"secret\"", error);
}

#define OFFSET(field) G_STRUCT_OFFSET (SchemaNode, field)

static const struct {
  const char *name;
  KeywordFunc func;
  gsize offset;
} keywords[] = {
  { "$comment", ignore_keyword, 0 },
  { "$defs", parse_definitions, 0 },
  { "$id", ignore_keyword, 0 },
  { "$ref", parse_reference, 0 },
  { "$schema", ignore_keyword, 0 },
  { "additionalProperties", parse_schema, OFFSET (additional) },
  { "allOf", parse_schemas, OFFSET (all_of) },
  { "anyOf", parse_schemas, OFFSET (any_of) },
  { "const", parse_value, OFFSET (constant) },
  { "default", parse_value, OFFSET (fallback) },
  { "deprecated", ignore_keyword, 0 },
  { "description", ignore_keyword, 0 },
  { "enum", parse_enum, 0 },
  { "examples", ignore_keyword, 0 },
  { "exclusiveMaximum", parse_number, OFFSET (exclusive_maximum) },
  { "exclusiveMinimum", parse_number, OFFSET (exclusive_minimum) },
  { "format", parse_format, 0 },
  { "items", parse_schema, OFFSET (items) },
  { "maxItems", parse_count, OFFSET (max_items) },
  { "maxLength", parse_count, OFFSET (max_length) },
  { "maxProperties", parse_count, OFFSET (max_properties) },
  { "maximum", parse_number, OFFSET (maximum) },
  { "minItems", parse_count, OFFSET (min_items) },
  { "minLength", parse_count, OFFSET (min_length) },
  { "minProperties", parse_count, OFFSET (min_properties) },
  { "minimum", parse_number, OFFSET (minimum) },
  { "multipleOf", parse_number, OFFSET (multiple_of) },
  { "not", parse_schema, OFFSET (negated) },
  { "oneOf", parse_schemas, OFFSET (one_of) },
  { "pattern", parse_pattern, 0 },
  { "patternProperties", parse_pattern_properties, 0 },
  { "properties", parse_properties, 0 },
  { "propertyNames", parse_schema, OFFSET (property_names) },
  { "required", parse_required, 0 },
  { "title", parse_title, 0 },
  { "type", parse_type, 0 },
  { "uniqueItems", parse_flag, OFFSET (unique) },
  { "x-royal-class", parse_class, 0 },
  { "x-royal-subject", parse_flag, OFFSET (subject) },
};

static gboolean
refuse_keyword (Compiler *self, const char *pointer, const char *name, GError **error)
{
  const char *names[G_N_ELEMENTS (keywords) + 1] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (keywords); i++)
    names[i] = keywords[i].name;
  const char *near = royal_suggest (name, names);
  return refuse (self, pointer, error, "unknown schema keyword `%s`%s%s%s", name, near ? "; did you mean `" : "",
                 near ? near : "", near ? "`?" : "");
}

static gboolean
compile_keyword (Compiler *self,
                 SchemaNode *node,
                 const char *pointer,
                 const char *name,
                 JsonNode *value,
                 GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keywords); i++)
    if (g_str_equal (keywords[i].name, name))
      {
        g_autofree char *at = schema_pointer_join (pointer, name);
        const Keyword keyword = { node, value, at, keywords[i].offset };

        return keywords[i].func (self, &keyword, error);
      }
  return refuse_keyword (self, pointer, name, error);
}

static gboolean
compile_node (Compiler *self, SchemaNode *node, JsonNode *json, const char *pointer, GError **error)
{
  const Keyword whole = { node, json, pointer, 0 };
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (strlen (pointer) > POINTER_MAX)
    return refuse (self, "", error, "expected schemas whose pointers have at most %d bytes", POINTER_MAX);
  if (JSON_NODE_HOLDS_VALUE (json) && json_node_get_value_type (json) == G_TYPE_BOOLEAN)
    {
      node->never = !json_node_get_boolean (json);
      return TRUE;
    }
  if (!JSON_NODE_HOLDS_OBJECT (json))
    return refuse_value (self, &whole, "a schema (an object, true or false)", error);
  json_object_iter_init_ordered (&iter, json_node_get_object (json));
  while (json_object_iter_next_ordered (&iter, &name, &value))
    if (!compile_keyword (self, node, pointer, name, value, error))
      return FALSE;
  return TRUE;
}

static gboolean check_height (SchemaNode *node, guint depth);

static gboolean
check_heights (SchemaNode *node, GPtrArray *children, guint depth)
{
  for (guint i = 0; children != NULL && i < children->len; i++)
    {
      SchemaNode *child = g_ptr_array_index (children, i);
      if (!check_height (child, depth))
        return FALSE;
      node->height = MAX (node->height, child->height + 1);
    }
  return TRUE;
}

/* Applicators that look at the same value again ($ref, allOf, …) must come to an end. */
static gboolean
check_height (SchemaNode *node, guint depth)
{
  if (node->walking || depth > HEIGHT_MAX)
    return FALSE;
  if (node->height > 0)
    return TRUE;

  g_autoptr (GPtrArray) single = g_ptr_array_new ();
  if (node->reference != NULL)
    g_ptr_array_add (single, node->reference);
  if (node->negated != NULL)
    g_ptr_array_add (single, node->negated);
  node->walking = TRUE;
  node->height = 1;
  gboolean ok = check_heights (node, single, depth + 1) && check_heights (node, node->all_of, depth + 1) &&
                check_heights (node, node->any_of, depth + 1) && check_heights (node, node->one_of, depth + 1);
  node->walking = FALSE;
  return ok && node->height <= HEIGHT_MAX;
}

static gboolean
compile (Compiler *self, GError **error)
{
  self->schema->root = want (self, self->schema->document, "");
  for (;;)
    {
      Pending *pending = g_queue_pop_head (&self->pending);
      if (pending == NULL)
        break;
      gboolean ok = g_hash_table_size (self->schema->by_pointer) <= NODES_MAX
                        ? compile_node (self, pending->node, pending->json, pending->pointer, error)
                        : refuse (self, "", error, "expected at most %d schemas in one document", NODES_MAX);
      pending_free (pending);
      if (!ok)
        return FALSE;
    }

  GHashTableIter iter;
  gpointer pointer, node;
  g_hash_table_iter_init (&iter, self->schema->by_pointer);
  while (g_hash_table_iter_next (&iter, &pointer, &node))
    if (!check_height (node, 0))
      return refuse (self, pointer, error, "expected references that come to an end, found a circle or more than %d",
                     HEIGHT_MAX);
  return TRUE;
}

RoyalSchema *
royal_schema_new_at (JsonNode *schema, const char *what, const char *at, GError **error)
{
  g_return_val_if_fail (schema != NULL, NULL);
  g_return_val_if_fail (what != NULL, NULL);
  g_return_val_if_fail (at != NULL, NULL);

  g_autoptr (RoyalSchema) self = g_new0 (RoyalSchema, 1);
  Compiler compiler = { .schema = self, .what = what, .at = at, .pending = G_QUEUE_INIT };

  self->document = json_node_copy (schema);
  self->by_pointer = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)(void *)schema_node_free);
  gboolean ok = compile (&compiler, error);
  g_queue_clear_full (&compiler.pending, pending_free);
  return ok ? g_steal_pointer (&self) : NULL;
}

RoyalSchema *
royal_schema_new (JsonNode *schema, const char *what, GError **error)
{
  return royal_schema_new_at (schema, what, "", error);
}

void
schema_node_free (SchemaNode *self)
{
  g_clear_pointer (&self->all_of, g_ptr_array_unref);
  g_clear_pointer (&self->any_of, g_ptr_array_unref);
  g_clear_pointer (&self->one_of, g_ptr_array_unref);
  g_clear_pointer (&self->names, g_strfreev);
  g_clear_pointer (&self->properties, g_hash_table_unref);
  g_clear_pointer (&self->required, g_strfreev);
  g_clear_pointer (&self->patterns, g_ptr_array_unref);
  if (self->pattern != NULL)
    {
      g_free (self->pattern->source);
      g_clear_pointer (&self->pattern->regex, g_regex_unref);
      g_free (self->pattern);
    }
  g_free (self);
}

void
royal_schema_free (RoyalSchema *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->by_pointer, g_hash_table_unref);
  g_clear_pointer (&self->document, json_node_unref);
  g_free (self);
}
