/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

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
 * @anchor: (nullable) (transfer none): copied
 *
 * Walks the audit chain of a workspace: every record's hash, its link to the one before it, its number, that the columns beside
 * it say what it says, that the head is where the database says it is, and that @anchor is in it.
 */
void rh_audit_verify_async (RhStore              *store,
                            gint64                workspace,
                            const RhAuditAnchor  *anchor,
                            GCancellable         *cancellable,
                            GAsyncReadyCallback   callback,
                            gpointer              data);

/**
 * rh_audit_verify_finish:
 *
 * Returns: (transfer full): { "ok", "rows": how many hold, "pending": how many wait to be chained, "head": { "seq", "hash" } of
 *   the last that holds, "fault": null or { "seq", "reason" } of the first that does not }; NULL with @error set when the
 *   database could not be read.
 */
JsonNode *rh_audit_verify_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
