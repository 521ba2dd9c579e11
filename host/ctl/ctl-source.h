/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-csv.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A CSV file as a mapping describes it, with the files that it is joined with. */
typedef struct _CtlSource CtlSource;

/**
 * ctl_source_new:
 * @sources: the mapping's `sources`
 * @from: the name of one of them
 * @joins: (nullable): [{ "source", "on": [column here, column there] }]
 * @columns: (array length=n_columns): what is read of @from
 * @folder: what the files' paths start at
 *
 * Returns: (transfer full): a reader before the first row; NULL with @error set.
 */
CtlSource *ctl_source_new (JsonObject *sources, const char *from, JsonArray *joins, GPtrArray *columns,
                           const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ctl_source_free (CtlSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlSource, ctl_source_free)

/* Goes to the next row; FALSE at the end, or with @error set. */
gboolean ctl_source_next (CtlSource *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint ctl_source_line (const CtlSource *self);

/* (transfer none) (nullable): a cell of the row, or of the row of the joined source @of that belongs to it; NULL when it is
 * missing: empty, one of the words that stand for that, or not in the joined source. */
const char *ctl_source_cell (CtlSource *self, const char *of, const char *column);

G_END_DECLS
