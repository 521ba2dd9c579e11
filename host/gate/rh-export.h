/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-checkpoints.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* A chain as JSON lines that can be verified with no database: { "key", "public" }; { "segment", "statement", "signature" } of each
 * segment; each record as { "seq", "at", "kind", "subject", "actor", "record", "hash" }, after which comes what was signed of it,
 * { "statement", "signature" }; and at last { "end": the number of the last record }. */
#define RH_TYPE_EXPORT (rh_export_get_type ())
G_DECLARE_FINAL_TYPE (RhExport, rh_export, RH, EXPORT, GObject)

/**
 * rh_export_new:
 * @after: only the records after this one
 * @segment: only this segment; 0 for all
 */
RhExport *rh_export_new (RhStore        *store,
                         gint64          workspace,
                         RhCheckpoints  *checkpoints,
                         gint64          after,
                         gint64          segment) G_GNUC_WARN_UNUSED_RESULT;

/* The next lines; one call at a time. */
void rh_export_next_async (RhExport *self, GAsyncReadyCallback callback, gpointer data);

/* Returns: (transfer full): the lines; NULL at the end, or with @error set: %ROYAL_ERROR_NOT_FOUND for a segment that is not there,
 *   %ROYAL_ERROR_CONFLICT for one whose records were dropped. */
char *rh_export_next_finish (RhExport *self, GAsyncResult *result, GError **error);

/* The SHA-256 of the whole of it, of an export that has not begun. */
void rh_export_digest_async (RhExport *self, GAsyncReadyCallback callback, gpointer data);
char *rh_export_digest_finish (RhExport *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
