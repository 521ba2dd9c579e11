/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  LIQUID_OUTPUT, /* {{ … }} */
  LIQUID_TAG,    /* {% … %}, or a line of {% liquid %} */
  LIQUID_RAW,    /* a tag whose body is not Liquid, with that body */
} LiquidKind;

#define LIQUID_NAME_MAX 32

/**
 * LiquidNode:
 * @name: of a tag, cut to what no tag's name is longer than
 * @start: the offset of its `{`, or of its line's name
 * @end: after its `}`, or its line
 * @body_start: of a raw tag, and @body_end: what is between it and the tag that closes it
 * @close: after the closing tag of a raw tag, else @end
 * @in_liquid: it is a line of {% liquid %}
 */
typedef struct {
  LiquidKind kind;
  char name[LIQUID_NAME_MAX];
  gsize start;
  gsize end;
  gsize name_start;
  gsize markup_start;
  gsize markup_end;
  gsize body_start;
  gsize body_end;
  gsize close;
  gboolean in_liquid;
} LiquidNode;

typedef struct {
  gsize offset;
  char *message;
} LiquidProblem;

/* Takes @message. */
void liquid_note (GArray *problems, gsize offset, char *message);

/* Returns: (transfer full) (element-type LiquidProblem): none yet. */
GArray *liquid_problems_new (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * liquid_scan:
 * @text: UTF-8
 * @problems: (element-type LiquidProblem): takes what is not closed
 *
 * Returns: (transfer full) (element-type LiquidNode): the Liquid in @text, in its order. A tag `liquid` comes before
 * its lines.
 */
GArray *liquid_scan (const char *text, gsize length, GArray *problems) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
