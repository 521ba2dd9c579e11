/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-checkpoints.h"
#include "rh-store.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * RhAuditAnchor:
 *
 * A record that the caller knows from outside of the database: what makes a tail that was cut off show, even when whoever cut it
 * mended the head too.
 */
typedef struct {
  gint64 seq;
  const char *hash;
} RhAuditAnchor;

/**
 * rh_audit_verify_async:
 * @checkpoints: (nullable): whose key the checkpoints and segments in the database are to be signed by, and whose file is read
 * @anchor: (nullable) (transfer none): copied
 *
 * Walks the audit chain of a workspace: every record's hash, its link to the one before it, its number, that the columns beside
 * it say what it says, that the head is where the database says it is, that dropped records are those of a signed segment, and
 * that every checkpoint and @anchor is in it. %ROYAL_ERROR_LIMIT when two walks are under way already.
 */
void rh_audit_verify_async (RhStore              *store,
                            gint64                workspace,
                            RhCheckpoints        *checkpoints,
                            const RhAuditAnchor  *anchor,
                            GCancellable         *cancellable,
                            GAsyncReadyCallback   callback,
                            gpointer              data);

/**
 * rh_audit_verify_finish:
 *
 * Returns: (transfer full): { "ok", "rows": how many hold, dropped ones too, "pending": how many wait to be chained, "head":
 *   { "seq", "hash" } of the last that holds, "checkpoints": how many are in it, "foreign": how many more are signed by keys that
 *   are not known here, "dropped": how many records were dropped with their segments, "fault": null or { "seq", "reason" } of the
 *   first that does not hold }; NULL with @error set when the database or the file could not be read.
 */
JsonNode *rh_audit_verify_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
