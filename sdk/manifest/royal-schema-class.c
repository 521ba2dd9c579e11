/* SPDX-License-Identifier: Apache-2.0 */

/* What of a document a schema says is personal. Every branch counts, also those that do not hold: what might be
 * personal is. */

#include "royal-json.h"
#include "royal-schema-private.h"

#define STEPS_MAX 1000000

typedef struct {
  RoyalClassFunc func;
  gpointer data;
  char *subject;
  guint steps;
} Visit;

static void visit_inside (Visit *self, SchemaNode *node, JsonNode *value, const char *pointer);

/* The strictest class that @node or what it refers to puts its value into. */
static RoyalClass
class_of (Visit *self, const SchemaNode *node)
{
  GPtrArray *const branches[] = { node->all_of, node->any_of, node->one_of };
  RoyalClass class = node->class;

  if (self->steps > STEPS_MAX || ++self->steps > STEPS_MAX)
    return class;
  if (node->reference != NULL)
    class = MAX (class, class_of (self, node->reference));
  for (guint i = 0; i < G_N_ELEMENTS (branches); i++)
    for (guint n = 0; branches[i] != NULL && n < branches[i]->len; n++)
      class = MAX (class, class_of (self, branches[i]->pdata[n]));
  return class;
}

static gboolean
is_subject (const SchemaNode *node)
{
  while (node != NULL && !node->subject)
    node = node->reference;
  return node != NULL;
}

/* (transfer full) (nullable): what is to stand in @value's place. */
static JsonNode *
visit_value (Visit *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  RoyalClass class = class_of (self, node);
  JsonNode *instead = NULL;

  if (self->subject == NULL && is_subject (node) && JSON_NODE_HOLDS_VALUE (value) &&
      json_node_get_value_type (value) == G_TYPE_STRING)
    self->subject = g_strdup (json_node_get_string (value));
  if (class != ROYAL_CLASS_NONE && self->func != NULL)
    instead = self->func (value, pointer, class, self->data);
  if (class == ROYAL_CLASS_NONE || self->func == NULL)
    visit_inside (self, node, value, pointer);
  return instead;
}

static void
visit_member (Visit *self, SchemaNode *node, JsonObject *object, const char *name, const char *pointer)
{
  SchemaNode *own = node->properties != NULL ? g_hash_table_lookup (node->properties, name) : NULL;
  g_autofree char *at = schema_pointer_join (pointer, name);
  g_autoptr (GPtrArray) schemas = g_ptr_array_new ();

  if (own != NULL)
    g_ptr_array_add (schemas, own);
  for (guint i = 0; node->patterns != NULL && i < node->patterns->len; i++)
    {
      SchemaPatternProperty *property = node->patterns->pdata[i];

      if (g_regex_match (property->pattern.regex, name, 0, NULL))
        g_ptr_array_add (schemas, property->schema);
    }
  if (schemas->len == 0 && node->additional != NULL)
    g_ptr_array_add (schemas, node->additional);
  for (guint i = 0; i < schemas->len; i++)
    {
      JsonNode *instead = visit_value (self, schemas->pdata[i], json_object_get_member (object, name), at);

      if (instead != NULL)
        json_object_set_member (object, name, instead);
    }
}

static void
visit_array (Visit *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  JsonArray *array = json_node_get_array (value);
  g_autoptr (JsonArray) changed = json_array_new ();
  g_autofree char *at = schema_pointer_join (pointer, "*");
  gboolean any = FALSE;

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      JsonNode *instead = visit_value (self, node->items, element, at);

      any |= instead != NULL;
      json_array_add_element (changed, instead != NULL ? instead : json_node_ref (element));
    }
  if (any)
    json_node_set_array (value, changed);
}

/* What is in @value, by all that @node says of it. */
static void
visit_inside (Visit *self, SchemaNode *node, JsonNode *value, const char *pointer)
{
  GPtrArray *const branches[] = { node->all_of, node->any_of, node->one_of };

  if (self->steps > STEPS_MAX || ++self->steps > STEPS_MAX)
    return;
  if (JSON_NODE_HOLDS_OBJECT (value))
    {
      g_autoptr (GList) names = json_object_get_members (json_node_get_object (value));

      for (GList *l = names; l != NULL; l = l->next)
        visit_member (self, node, json_node_get_object (value), l->data, pointer);
    }
  else if (JSON_NODE_HOLDS_ARRAY (value) && node->items != NULL)
    visit_array (self, node, value, pointer);
  if (node->reference != NULL)
    visit_inside (self, node->reference, value, pointer);
  for (guint i = 0; i < G_N_ELEMENTS (branches); i++)
    for (guint n = 0; branches[i] != NULL && n < branches[i]->len; n++)
      visit_inside (self, branches[i]->pdata[n], value, pointer);
}

gboolean
royal_schema_has_classes (RoyalSchema *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->classed;
}

gboolean
royal_schema_visit_classes (RoyalSchema *self, JsonNode *document, RoyalClassFunc func, gpointer data)
{
  Visit visit = { .func = func, .data = data };

  g_return_val_if_fail (self != NULL && document != NULL && func != NULL, FALSE);

  visit_inside (&visit, self->root, document, "");
  g_free (visit.subject);
  return visit.steps <= STEPS_MAX;
}

char *
royal_schema_subject (RoyalSchema *self, JsonNode *document)
{
  Visit visit = { 0 };

  g_return_val_if_fail (self != NULL && document != NULL, NULL);

  visit_inside (&visit, self->root, document, "");
  return visit.subject;
}
