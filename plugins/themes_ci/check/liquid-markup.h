/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "liquid-scan.h"

G_BEGIN_DECLS

/* What stands in a tag or an output. Texts point into the file's, and do not end with a NUL. */

typedef enum {
  LIQUID_NONE,
  LIQUID_STRING,
  LIQUID_NUMBER,
  LIQUID_LITERAL, /* true, false, nil, null, blank, empty */
  LIQUID_LOOKUP,
  LIQUID_RANGE,
} LiquidExprKind;

/**
 * LiquidExpr:
 * @start: offset of its first byte
 * @text: of a string what is between the quotes, of a lookup the variable's name, else as it is written
 */
typedef struct {
  LiquidExprKind kind;
  gsize start;
  const char *text;
  gsize length;
} LiquidExpr;

typedef struct {
  const char *name;
  gsize length;
  gsize start;
  LiquidExpr first; /* its first argument without a name, or of the kind NONE */
} LiquidFilter;

typedef struct {
  const char *name;
  gsize length;
  gsize start;
} LiquidName;

/**
 * LiquidMarkup:
 * @target: the variable that the tag makes: of `assign`, `capture`, `for`
 * @subject: the first expression: what is put out, rendered or assigned; of `paginate` the size of a page
 * @lookups: (element-type LiquidName): every variable that is read
 * @names: (element-type LiquidName): the tag's named arguments, in their order
 * @error: (nullable): what was expected and found, when it is not as it must be
 */
typedef struct {
  LiquidName target;
  LiquidExpr subject;
  GArray *filters;
  GArray *lookups;
  GArray *names;
  gsize error_at;
  char *error;
} LiquidMarkup;

LiquidMarkup *liquid_markup_new (void) G_GNUC_WARN_UNUSED_RESULT;
void liquid_markup_free (LiquidMarkup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LiquidMarkup, liquid_markup_free)

/* Reads @node, which is an output or a tag of @text, in place of what was read before. */
void liquid_markup_read (LiquidMarkup *self, const char *text, const LiquidNode *node);

typedef enum {
  LIQUID_TAG_UNKNOWN,
  LIQUID_TAG_PLAIN,
  LIQUID_TAG_BLOCK,  /* is closed by `end` and its name */
  LIQUID_TAG_BRANCH, /* else, elsif, when */
  LIQUID_TAG_END,
} LiquidTagKind;

LiquidTagKind liquid_tag_kind (const char *name);

G_END_DECLS
