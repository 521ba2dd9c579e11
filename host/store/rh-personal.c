/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-personal.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define SUBJECT_MAX 200
#define SHORT 4 /* characters: a value of less is not looked for in other texts */
#define KEY_ID_LENGTH 32

/* A value that is personal, as text. */
typedef struct {
  char *text;
  char *subject;
  RoyalClass class;
} Value;

typedef struct {
  RoyalSchema *schema; /* (nullable) */
  JsonNode *document;
  char *scope;
  char *subject; /* (nullable): none is named: each field is its own */
} Part;

struct _RhPersonal {
  char *scope;
  char *subject;        /* (nullable): the last that was named */
  GPtrArray *parts;     /* Part */
  GPtrArray *values;    /* Value, the longest first, so that a part of another does not spoil it */
  GHashTable *subjects; /* utf8 */
  guint n;              /* fields in a class */
};

static void
value_free (gpointer data)
{
  Value *self = data;

  g_free (self->text);
  g_free (self->subject);
  g_free (self);
}

static void
part_free (gpointer data)
{
  Part *self = data;

  json_node_unref (self->document);
  g_free (self->scope);
  g_free (self->subject);
  g_free (self);
}

RhPersonal *
rh_personal_new (const char *scope)
{
  RhPersonal *self;

  g_return_val_if_fail (scope != NULL, NULL);

  self = g_new0 (RhPersonal, 1);
  self->scope = g_strdup (scope);
  self->parts = g_ptr_array_new_with_free_func (part_free);
  self->values = g_ptr_array_new_with_free_func (value_free);
  self->subjects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
rh_personal_free (RhPersonal *self)
{
  if (self == NULL)
    return;
  g_free (self->scope);
  g_free (self->subject);
  g_ptr_array_unref (self->parts);
  g_ptr_array_unref (self->values);
  g_hash_table_unref (self->subjects);
  g_free (self);
}

gboolean
rh_personal_is_empty (const RhPersonal *self)
{
  return self == NULL || self->n == 0;
}

void
rh_personal_next (RhPersonal *self, const char *scope)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->subject, g_free);
  if (scope == NULL)
    return;
  g_free (self->scope);
  self->scope = g_strdup (scope);
}

void
rh_personal_forget_documents (RhPersonal *self)
{
  g_return_if_fail (self != NULL);

  g_ptr_array_set_size (self->parts, 0);
}

GHashTable *
rh_personal_subjects (const RhPersonal *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->subjects;
}

/* --- What is personal --------------------------------------------------------------------------------------------- */

static gboolean
is_string (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
}

/* The longest first. */
static int
compare_values (gconstpointer a, gconstpointer b)
{
  gsize x = strlen ((*(Value *const *)a)->text), y = strlen ((*(Value *const *)b)->text);

  return (x < y) - (x > y);
}

static void
take_value (RhPersonal *self, JsonNode *node, const char *subject, RoyalClass class)
{
  gboolean number =
      JSON_NODE_HOLDS_VALUE (node) && !is_string (node) && json_node_get_value_type (node) != G_TYPE_BOOLEAN;
  g_autofree char *text = number ? royal_json_to_string (node) : g_strdup (json_node_get_string (node));
  Value *value;

  if (text == NULL || g_utf8_strlen (text, -1) < SHORT)
    return;
  for (guint i = 0; i < self->values->len; i++)
    if (strcmp (((Value *)self->values->pdata[i])->text, text) == 0)
      return;
  value = g_new0 (Value, 1);
  value->text = g_steal_pointer (&text);
  value->subject = g_strdup (subject);
  value->class = class;
  g_ptr_array_add (self->values, value);
}

/* All scalars that a field in a class holds. */
static void
take_values (RhPersonal *self, JsonNode *node, const char *subject, RoyalClass class)
{
  if (rh_personal_is_token (node))
    return;
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      g_autoptr (GList) members = json_object_get_values (json_node_get_object (node));

      for (GList *l = members; l != NULL; l = l->next)
        take_values (self, l->data, subject, class);
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
      take_values (self, json_array_get_element (json_node_get_array (node), i), subject, class);
  else if (JSON_NODE_HOLDS_VALUE (node))
    take_value (self, node, subject, class);
}

/* (transfer full): of whom the field at @pointer is: of the subject, else the field is on its own. */
static char *
subject_at (const char *scope, const char *subject, const char *pointer)
{
  return subject != NULL ? g_strdup (subject) : g_strdup_printf ("field:%.90s%.200s", scope, pointer);
}

typedef struct {
  RhPersonal *self;
  const char *subject;
} Taking;

static JsonNode *
take_field (JsonNode *value, const char *pointer, RoyalClass class, gpointer data)
{
  const Taking *taking = data;
  char *subject;

  if (JSON_NODE_HOLDS_NULL (value))
    return NULL;
  subject = subject_at (taking->self->scope, taking->subject, pointer);
  take_values (taking->self, value, subject, class);
  taking->self->n++;
  g_hash_table_add (taking->self->subjects, subject);
  return NULL;
}

/* (transfer full) (nullable): sets @error when there is one that cannot be used. */
static char *
find_subject (RoyalSchema *schema, JsonNode *document, GError **error)
{
  g_autofree char *subject = schema != NULL ? royal_schema_subject (schema, document) : NULL;

  if (subject == NULL || *subject == '\0')
    return NULL;
  if (g_utf8_strlen (subject, -1) <= SUBJECT_MAX && !g_str_has_prefix (subject, "field:"))
    return g_steal_pointer (&subject);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               "whom the data is about (x-royal-subject): expected at most %d characters that do not begin with field:",
               SUBJECT_MAX);
  return NULL;
}

static gboolean
take (RhPersonal *self, RoyalSchema *schema, JsonNode *document, gboolean keep, GError **error)
{
  GError *fault = NULL;
  g_autofree char *subject = find_subject (schema, document, &fault);
  Taking taking = { self, NULL };
  Part *part;

  if (subject != NULL)
    {
      g_free (self->subject);
      self->subject = g_steal_pointer (&subject);
    }
  taking.subject = self->subject;
  if (fault == NULL && schema != NULL && !royal_schema_visit_classes (schema, document, take_field, &taking))
    fault =
        g_error_new (ROYAL_ERROR, ROYAL_ERROR_INVALID, "it takes too long to tell what of %s is personal", self->scope);
  if (fault != NULL)
    {
      g_propagate_error (error, fault);
      return FALSE;
    }
  g_ptr_array_sort (self->values, compare_values);
  if (!keep)
    return TRUE;
  part = g_new0 (Part, 1);
  part->schema = schema;
  part->document = json_node_ref (document);
  part->scope = g_strdup (self->scope);
  part->subject = g_strdup (self->subject);
  g_ptr_array_add (self->parts, part);
  return TRUE;
}

gboolean
rh_personal_add (RhPersonal *self, RoyalSchema *schema, JsonNode *document, GError **error)
{
  g_return_val_if_fail (self != NULL && document != NULL, FALSE);

  return take (self, schema, document, TRUE, error);
}

gboolean
rh_personal_know (RhPersonal *self, RoyalSchema *schema, JsonNode *document, GError **error)
{
  g_return_val_if_fail (self != NULL && document != NULL, FALSE);

  return take (self, schema, document, FALSE, error);
}

/* --- Walking ------------------------------------------------------------------------------------------------------ */

/* (transfer full) (nullable): what is to stand in the place of @value; @value itself, when it stays and is not to be
 * walked. */
typedef JsonNode *(*WalkFunc) (JsonNode *value, gpointer data);

static void walk (JsonNode *node, WalkFunc func, gpointer data);

static void
walk_object (JsonObject *object, WalkFunc func, gpointer data)
{
  g_autoptr (GList) names = json_object_get_members (object);

  for (GList *l = names; l != NULL; l = l->next)
    {
      JsonNode *value = json_object_get_member (object, l->data);
      JsonNode *instead = func (value, data);

      if (instead == value)
        json_node_unref (instead);
      else if (instead != NULL)
        json_object_set_member (object, l->data, instead);
      else
        walk (value, func, data);
    }
}

static void
walk_array (JsonNode *node, WalkFunc func, gpointer data)
{
  JsonArray *array = json_node_get_array (node);
  g_autoptr (JsonArray) changed = json_array_new ();
  gboolean any = FALSE;

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *value = json_array_get_element (array, i);
      JsonNode *instead = func (value, data);

      if (instead == NULL)
        walk (value, func, data);
      any |= instead != NULL && instead != value;
      json_array_add_element (changed, instead != NULL ? instead : json_node_ref (value));
    }
  if (any)
    json_node_set_array (node, changed);
}

static void
walk (JsonNode *node, WalkFunc func, gpointer data)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    walk_object (json_node_get_object (node), func, data);
  else if (JSON_NODE_HOLDS_ARRAY (node))
    walk_array (node, func, data);
}

/* --- Sealed fields ------------------------------------------------------------------------------------------------ */

gboolean
rh_personal_is_token (JsonNode *node)
{
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *id = object != NULL ? royal_json_string (object, "sealed", "") : "";

  return object != NULL && json_object_get_size (object) == 2 && strlen (id) == KEY_ID_LENGTH &&
         strspn (id, "0123456789abcdef") == KEY_ID_LENGTH && royal_json_string (object, "value", NULL) != NULL;
}

typedef struct {
  RhPersonalFunc func;
  gpointer data;
} Tokens;

static JsonNode *
replace_token (JsonNode *value, gpointer data)
{
  const Tokens *self = data;

  if (!rh_personal_is_token (value))
    return NULL;
  return self->func (value, royal_json_string (json_node_get_object (value), "sealed", ""), ROYAL_CLASS_NONE,
                     self->data);
}

void
rh_personal_replace_tokens (JsonNode *node, RhPersonalFunc func, gpointer data)
{
  Tokens tokens = { func, data };

  g_return_if_fail (node != NULL && func != NULL);

  walk (node, replace_token, &tokens);
}

/* Much is looked at in which there is none: it takes nothing. */
gboolean
rh_personal_has_token (JsonNode *node)
{
  JsonObjectIter iter;
  JsonNode *value;

  if (node == NULL || rh_personal_is_token (node))
    return node != NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      json_object_iter_init (&iter, json_node_get_object (node));
      while (json_object_iter_next (&iter, NULL, &value))
        if (rh_personal_has_token (value))
          return TRUE;
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
      if (rh_personal_has_token (json_array_get_element (json_node_get_array (node), i)))
        return TRUE;
  return FALSE;
}

/* --- Masks -------------------------------------------------------------------------------------------------------- */

/* (nullable): the first value that is in @text, or, of a number, all of it. */
static const Value *
find_value (const RhPersonal *self, const char *text, gboolean whole)
{
  for (guint i = 0; i < self->values->len; i++)
    {
      const Value *value = self->values->pdata[i];

      if (whole ? strcmp (text, value->text) == 0 : strstr (text, value->text) != NULL)
        return value;
    }
  return NULL;
}

gboolean
rh_personal_is_in (const RhPersonal *self, const char *text)
{
  return self != NULL && text != NULL && find_value (self, text, FALSE) != NULL;
}

char *
rh_personal_mask (const RhPersonal *self, const char *text)
{
  GString *masked;

  if (!rh_personal_is_in (self, text))
    return g_strdup (text);
  masked = g_string_new (text);
  for (guint i = 0; i < self->values->len; i++)
    g_string_replace (masked, ((Value *)self->values->pdata[i])->text, RH_PERSONAL_MASK, 0);
  return g_string_free (masked, FALSE);
}

static JsonNode *
mask_value (JsonNode *value, gpointer data)
{
  const RhPersonal *self = data;
  g_autofree char *masked = NULL;

  if (!is_string (value) || !rh_personal_is_in (self, json_node_get_string (value)))
    return NULL;
  masked = rh_personal_mask (self, json_node_get_string (value));
  return json_node_init_string (json_node_alloc (), masked);
}

void
rh_personal_mask_node (const RhPersonal *self, JsonNode *node)
{
  g_return_if_fail (node != NULL);

  if (!rh_personal_is_empty (self))
    walk (node, mask_value, (gpointer)self);
}

void
rh_personal_mask_error (const RhPersonal *self, GError *error)
{
  char *masked;

  if (error == NULL || !rh_personal_is_in (self, error->message))
    return;
  masked = rh_personal_mask (self, error->message);
  g_free (error->message);
  error->message = masked;
}

/* --- Replacing ---------------------------------------------------------------------------------------------------- */

typedef struct {
  RhPersonal *self;
  const Part *part;
  RhPersonalFunc func;
  gpointer data;
} Replacing;

static JsonNode *
replace_field (JsonNode *value, const char *pointer, RoyalClass class, gpointer data)
{
  const Replacing *replacing = data;
  g_autofree char *subject = subject_at (replacing->part->scope, replacing->part->subject, pointer);

  if (JSON_NODE_HOLDS_NULL (value) || rh_personal_is_token (value))
    return NULL;
  return replacing->func (value, subject, class, replacing->data);
}

/* A scalar that nobody declared and that holds what is personal elsewhere. */
static JsonNode *
replace_copy (JsonNode *node, gpointer data)
{
  const Replacing *replacing = data;
  g_autofree char *text = NULL;
  const Value *value;

  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return NULL;
  text = is_string (node) ? g_strdup (json_node_get_string (node)) : royal_json_to_string (node);
  value = find_value (replacing->self, text, !is_string (node));
  return value != NULL ? replacing->func (node, value->subject, value->class, replacing->data) : NULL;
}

/* A sealed field holds base64, in which nothing is to be found. */
static JsonNode *
replace_copy_unless_sealed (JsonNode *node, gpointer data)
{
  return rh_personal_is_token (node) ? json_node_ref (node) : replace_copy (node, data);
}

void
rh_personal_replace (RhPersonal *self, RhPersonalFunc func, gpointer data)
{
  g_return_if_fail (self != NULL && func != NULL);

  for (guint i = 0; i < self->parts->len; i++)
    {
      const Part *part = self->parts->pdata[i];
      Replacing replacing = { self, part, func, data };

      if (part->schema != NULL)
        (void)royal_schema_visit_classes (part->schema, part->document, replace_field, &replacing);
    }
  for (guint i = 0; i < self->parts->len; i++)
    {
      Replacing replacing = { self, self->parts->pdata[i], func, data };

      walk (((Part *)self->parts->pdata[i])->document, replace_copy_unless_sealed, &replacing);
    }
}
