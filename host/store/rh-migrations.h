/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  guint applied; /* in the database now */
  guint pending; /* known to this host, not in the database */
} RhMigrationState;

/**
 * rh_migrations_run_async:
 * @conninfo: a connection as the owner of the schema, or as a superuser on first start
 * @check_only: look, change nothing
 *
 * Applies migrations/NNNN_name.sql (embedded in the program) in order, each in its own transaction, checksummed,
 * under an advisory lock. A file that was changed after it had been applied, a gap, or a database that is newer
 * than this host is an error that names the migration. Runs in a thread.
 */
void rh_migrations_run_async (const char          *conninfo,
                              gboolean             check_only,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             data);
gboolean rh_migrations_run_finish (GAsyncResult      *result,
                                   RhMigrationState  *ret_state,
                                   GError           **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
