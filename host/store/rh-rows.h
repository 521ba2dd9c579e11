/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The rows that a statement returned. Columns are looked up by name; a name that is not there is a bug in the
 * host and aborts. */
typedef struct _RhRows RhRows;

void rh_rows_free (RhRows *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhRows, rh_rows_free)

guint rh_rows_n (RhRows *self);
gboolean rh_rows_is_null (RhRows *self, guint row, const char *column);
/* (transfer none): the cell's text, NULL for an SQL null. */
const char *rh_rows_string (RhRows *self, guint row, const char *column);
/* 0 for an SQL null. */
gint64 rh_rows_int64 (RhRows *self, guint row, const char *column);
gboolean rh_rows_boolean (RhRows *self, guint row, const char *column);
/* (transfer full) (nullable): a json or jsonb cell, parsed; NULL for an SQL null. */
JsonNode *rh_rows_json (RhRows *self, guint row, const char *column) G_GNUC_WARN_UNUSED_RESULT;

/* What one reader has made of the rows, for the others with whom it shares them (see rh-reads.h): one thing, which lasts as long
 * as they do. @made is (transfer full); what was kept before goes. */
void rh_rows_keep (RhRows *self, gpointer made, GDestroyNotify free_made);
/* (transfer none) (nullable): what was kept with the same @free_made. */
gpointer rh_rows_kept (RhRows *self, GDestroyNotify free_made);

G_END_DECLS
