/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <libpq-fe.h>

G_BEGIN_DECLS

/* What every connection to PostgreSQL shares: connecting without blocking, and errors. */

/* Connects within 10 s. Names of hosts are resolved in a thread of their own. */
void rh_pg_connect_async (const char          *conninfo,
                          const char          *role,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             data);
/* Returns: (transfer full): a connection in non-blocking mode; NULL with %ROYAL_ERROR_UNAVAILABLE. */
PGconn *rh_pg_connect_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): what the server said in @result. */
GError *rh_pg_error (const PGresult *result) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): a lost connection. */
GError *rh_pg_error_lost (PGconn *connection) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): a connection that could not be made. */
GError *rh_pg_error_unreachable (PGconn *connection) G_GNUC_WARN_UNUSED_RESULT;

/* A PQnoticeProcessor: to the log. */
void rh_pg_take_notice (void *data, const char *message);

/* Closes @connection; if a statement still runs there, asks the server to stop it, in a thread. */
void rh_pg_abandon (PGconn *connection);

G_END_DECLS
