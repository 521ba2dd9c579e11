/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* JSON Schema 2020-12, the part that Royal's own schemas use: type, enum, const, properties, required,
 * additionalProperties, patternProperties, propertyNames, minProperties, maxProperties, items, minItems,
 * maxItems, uniqueItems, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, minLength,
 * maxLength, pattern, format (date, date-time, uuid), allOf, anyOf, oneOf, not, $defs and local $ref, default;
 * beside them title (which takes the place of a pattern in messages), description, examples, deprecated, $comment, $id and $schema, which say nothing about
 * validity, and x-royal-class and x-royal-subject, which say what of a document is personal. A keyword that is not known is refused when the schema is compiled, never ignored. */
typedef struct _RoyalSchema RoyalSchema;

/* @schema is (transfer none). NULL with %ROYAL_ERROR_INVALID when the schema itself is malformed. */
RoyalSchema *royal_schema_new (JsonNode *schema, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_schema_new_at:
 * @at: the JSON pointer at which @schema stands in the document @what, for the message. A `$ref` inside
 *   is relative to @schema itself.
 */
RoyalSchema *royal_schema_new_at (JsonNode    *schema,
                                  const char  *what,
                                  const char  *at,
                                  GError     **error) G_GNUC_WARN_UNUSED_RESULT;
void royal_schema_free (RoyalSchema *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalSchema, royal_schema_free)

/**
 * royal_schema_validate:
 * @what: the document's name, for the message
 *
 * Returns: TRUE when @document holds. Else FALSE with %ROYAL_ERROR_INVALID and a message of the form
 *   `manifests/markdown.json: /grants/writes/0/action: expected a string, found 3`. The first violation in
 *   document order is reported.
 */
gboolean royal_schema_validate (RoyalSchema  *self,
                                JsonNode     *document,
                                const char   *what,
                                GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a part of a document; @at is the JSON pointer of that part. */
gboolean royal_schema_validate_at (RoyalSchema  *self,
                                   JsonNode     *document,
                                   const char   *what,
                                   const char   *at,
                                   GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds every `default` of an absent member of an object, in place. */
void royal_schema_fill_defaults (RoyalSchema *self, JsonNode *document);

/* The class of data that a schema puts a value into, with all that is in it: x-royal-class. */
typedef enum { ROYAL_CLASS_NONE, ROYAL_CLASS_PERSONAL, ROYAL_CLASS_SECRET } RoyalClass;

/**
 * RoyalClassFunc:
 * @pointer: where @value stands: a JSON pointer, with `*` for the index of an array
 *
 * Returns: (transfer full) (nullable): what is to stand there instead; NULL leaves it.
 */
typedef JsonNode *(*RoyalClassFunc) (JsonNode *value, const char *pointer, RoyalClass class, gpointer data);

/* Whether it puts anything into a class. */
gboolean royal_schema_has_classes (RoyalSchema *self);

/* Calls @func for each member and element of @document that is in a class, whichever branch of the schema says so, and
 * not for what is in those. The document itself is in none. Returns: FALSE when it took too long: some may be missing. */
gboolean royal_schema_visit_classes (RoyalSchema *self, JsonNode *document, RoyalClassFunc func, gpointer data);

/* (transfer full) (nullable): whom @document is about: the first string whose schema has x-royal-subject. */
char *royal_schema_subject (RoyalSchema *self, JsonNode *document);

G_END_DECLS
