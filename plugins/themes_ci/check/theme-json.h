/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* JSON with the place of every value, which goes on after a slip: comments, commas too many and keys that are there
 * twice are read as what was meant, and noted. */

#define THEME_JSON_DEPTH_MAX 64 /* deeper is noted, and not read */

typedef enum {
  THEME_JSON_NULL,
  THEME_JSON_BOOLEAN,
  THEME_JSON_NUMBER,
  THEME_JSON_STRING,
  THEME_JSON_ARRAY,
  THEME_JSON_OBJECT,
} ThemeJsonKind;

/**
 * ThemeJson:
 * @text: of a string its value, of a number as it is written, `true` or `false` of a boolean, else NULL
 * @key: of an object's member
 * @start: the offset of its first byte
 * @key_start: of its key's first quote
 * @first: (nullable): an array's first element, an object's first member
 * @next: (nullable): the one after this
 * @n: how many elements or members it has
 */
typedef struct _ThemeJson ThemeJson;
struct _ThemeJson {
  ThemeJsonKind kind;
  char *text;
  char *key;
  gsize start;
  gsize key_start;
  ThemeJson *first;
  ThemeJson *next;
  guint n;
};

typedef enum {
  THEME_JSON_SYNTAX,    /* what is read ends there */
  THEME_JSON_COMMENT,   /* a line comment */
  THEME_JSON_COMMA,     /* one before a closing brace or bracket */
  THEME_JSON_DUPLICATE, /* a key that the object has already: the later one counts */
} ThemeJsonProblemKind;

typedef struct {
  ThemeJsonProblemKind kind;
  gsize offset;
  char *message;
} ThemeJsonProblem;

void theme_json_free (ThemeJson *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ThemeJson, theme_json_free)

/**
 * theme_json_parse:
 * @text: UTF-8
 * @base: what is added to every offset, for JSON that is a part of a file
 * @ret_problems: (out) (transfer full) (element-type ThemeJsonProblem): in the order of their offsets
 *
 * Returns: (transfer full) (nullable): the value; NULL when there is a problem of syntax.
 */
ThemeJson *
theme_json_parse (const char *text, gsize length, gsize base, GArray **ret_problems) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: (transfer none) (nullable): the member; NULL where @self is NULL or no object. */
const ThemeJson *theme_json_get (const ThemeJson *self, const char *key);

/* The member, when it is of that kind. */
const ThemeJson *theme_json_get_kind (const ThemeJson *self, const char *key, ThemeJsonKind kind);

/* The member's text, when it is a string. */
const char *theme_json_get_string (const ThemeJson *self, const char *key);

G_END_DECLS
