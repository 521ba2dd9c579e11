/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* One glob or a list of them, any of which may match: * stands for any text, ? for one character. Matching allocates
 * nothing and costs at most the product of both lengths, whatever the glob. */
typedef struct _RhGlobs RhGlobs;

/* @document: a string, or an array of strings. */
RhGlobs *rh_globs_new (JsonNode *document) G_GNUC_WARN_UNUSED_RESULT;
void rh_globs_free (RhGlobs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhGlobs, rh_globs_free)

/* NULL globs match everything; a NULL text is an empty one. */
gboolean rh_globs_match (const RhGlobs *self, const char *text);

/* (transfer full): "a, b or c" */
char *rh_globs_text (const RhGlobs *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
