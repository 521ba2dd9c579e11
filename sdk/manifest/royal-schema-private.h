/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-schema.h"

G_BEGIN_DECLS

/* A compiled schema is a graph of nodes: royal-schema-compile.c builds it, royal-schema.c walks it,
 * royal-schema-value.c knows about values. */

typedef enum {
  SCHEMA_NULL = 1 << 0,
  SCHEMA_BOOLEAN = 1 << 1,
  SCHEMA_INTEGER = 1 << 2,
  SCHEMA_NUMBER = 1 << 3,
  SCHEMA_STRING = 1 << 4,
  SCHEMA_ARRAY = 1 << 5,
  SCHEMA_OBJECT = 1 << 6,
} SchemaTypes;

typedef enum { SCHEMA_FORMAT_NONE, SCHEMA_FORMAT_DATE, SCHEMA_FORMAT_DATE_TIME, SCHEMA_FORMAT_UUID } SchemaFormat;

typedef struct {
  gboolean set;
  double value;
} SchemaBound;

typedef struct _SchemaNode SchemaNode;

typedef struct {
  char *source;
  GRegex *regex;
} SchemaPattern;

typedef struct {
  SchemaPattern pattern;
  SchemaNode *schema;
} SchemaPatternProperty;

/* Everything that one schema object says. Other nodes are borrowed: the RoyalSchema owns them all. */
struct _SchemaNode {
  gboolean never;           /* the schema `false` */
  SchemaTypes types;        /* 0 = any */
  JsonArray *one_of_values; /* enum */
  JsonNode *constant;
  JsonNode *fallback; /* default */
  SchemaNode *reference;
  GPtrArray *all_of, *any_of, *one_of; /* of SchemaNode */
  SchemaNode *negated;

  char **names;           /* of properties, in the schema's order; NULL-terminated */
  GHashTable *properties; /* name → SchemaNode */
  char **required;
  GPtrArray *patterns; /* of SchemaPatternProperty */
  SchemaNode *additional;
  SchemaNode *property_names;
  SchemaBound min_properties, max_properties;

  SchemaNode *items;
  SchemaBound min_items, max_items;
  gboolean unique;

  SchemaBound minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;

  SchemaBound min_length, max_length;
  SchemaPattern *pattern;
  const char *title; /* says for people what the pattern wants */
  SchemaFormat format;

  RoyalClass class; /* x-royal-class */
  gboolean subject; /* x-royal-subject */

  guint height; /* of the in-place applicators below it, see check_heights() */
  gboolean walking;
};

typedef struct {
  const char *name;
  SchemaTypes type;
  const char *text; /* as in "expected a string" */
} SchemaTypeName;

/* Ended by a NULL name. */
extern const SchemaTypeName schema_type_names[];

struct _RoyalSchema {
  JsonNode *document;
  SchemaNode *root;
  GHashTable *by_pointer; /* JSON pointer → SchemaNode, owns both */
  gboolean classed;       /* some node has a class */
};

void schema_node_free (SchemaNode *self);

/* Appends "/token", escaped as RFC 6901 has it. */
char *schema_pointer_join (const char *pointer, const char *token);

/* What was found, for people: `"abc"`, `3`, `an object`. */
char *schema_describe (JsonNode *node);

/* Deep equality as JSON Schema has it: 1 and 1.0 are the same. */
gboolean schema_values_equal (JsonNode *a, JsonNode *b);

JsonNode *schema_deep_copy (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;

/* RFC 3339. */
gboolean schema_is_date (const char *text);
gboolean schema_is_date_time (const char *text);

G_END_DECLS
