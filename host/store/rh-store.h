/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-rows.h"

#include <gio/gio.h>
#include <royal/error.h>
#include <royal/table.h>

G_BEGIN_DECLS

/* The database, asynchronously: a pool of libpq connections in pipeline mode on the main context. Nothing
 * here blocks the loop. Each call is one implicit transaction and one round trip: the workspace is set for
 * that transaction alone, then the statement runs. While the database is away calls fail at once with
 * %ROYAL_ERROR_UNAVAILABLE (calls in flight too, and a write in flight may or may not have happened); the
 * pool reconnects by itself with backoff.
 *
 * SQLSTATEs of the functions in migrations/ map to RoyalError: RY400 invalid, RY403 denied, RY404 not found,
 * RY409 conflict, RY429 limit, RY503 unavailable; a lost connection is unavailable; all else is failed. */
#define RH_TYPE_STORE (rh_store_get_type ())
G_DECLARE_FINAL_TYPE (RhStore, rh_store, RH, STORE, GObject)

/* No workspace: for the few functions that span workspaces. Row-level security then shows no rows. */
#define RH_NO_WORKSPACE ((gint64) 0)

/**
 * RhWrites:
 * @RH_WRITES_ROWS: it does when it returns rows, such as a claim; what it will do cannot be told before it is sent, so
 *   that this is a crash point after the step alone
 *
 * Whether a statement changes something durable.
 */
typedef enum { RH_READS = 0, RH_WRITES = 1, RH_WRITES_ROWS = 2 } RhWrites;

/**
 * RhStatement:
 * @name: unique; also the prepared statement's name and the label of its metric, such as `gate.submit`
 * @sql: the text, with $1 … $n
 * @writes: whether it changes something durable: then it is a crash point, counted by ROYAL_CRASH_AT
 *
 * One statement of the host; static const beside its caller.
 */
typedef struct {
  const char *name;
  const char *sql;
  guint n_params;
  RhWrites writes;
} RhStatement;

/**
 * rh_store_new:
 * @conninfo: (transfer none): a libpq connection string or URI
 * @role: (nullable): the role to act as on every connection, NULL = the login's
 * @n_connections: size of the pool, at least 1
 *
 * Returns: (transfer full): a store that begins to connect.
 */
RhStore *rh_store_new (const char *conninfo, const char *role, guint n_connections) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE while at least one connection is usable. The signal "available" (gboolean) tells changes. */
gboolean rh_store_is_available (RhStore *self);

/**
 * rh_store_call_async:
 * @workspace: the workspace's internal id, or RH_NO_WORKSPACE
 * @params: (array) (nullable): @statement->n_params texts, NULL for an SQL null; copied
 */
void rh_store_call_async (RhStore             *self,
                          const RhStatement   *statement,
                          gint64               workspace,
                          const char *const   *params,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             data);

/* Returns: (transfer full): the rows, free with rh_rows_free(); NULL with @error set. */
RhRows *rh_store_call_finish (RhStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * RhTableQuery:
 * @sql: a COPY (…) TO STDOUT (FORMAT binary) without parameters; its view reads arguments with
 *   royal_arg ('name')
 * @columns: what the query yields, in order: int64 for bigint, double for float8, string for text
 *
 * A bulk read.
 */
typedef struct {
  const char *name;
  const char *sql;
  const struct RhTableColumn {
    const char *name;
    RoyalColumnType type;
  } *columns;
  guint n_columns;
} RhTableQuery;

/**
 * rh_store_read_table_async:
 * @args: (nullable): name, value, name, value, …, NULL: set for the transaction as royal.arg.<name>
 */
void rh_store_read_table_async (RhStore             *self,
                                const RhTableQuery  *query,
                                gint64               workspace,
                                const char *const   *args,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             data);

/* Returns: a sealed memfd that holds the table (docs/wire.md), which the caller closes; -1 with @error set. */
int rh_store_read_table_finish (RhStore *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_store_listen:
 * @callback: called in the main context for each notification, and once after every (re)connection with
 *   @payload NULL, because notifications may have been missed
 *
 * Listens on @channel, on a connection of its own, until rh_store_unlisten() with @data.
 */
typedef void (*RhStoreNotify) (RhStore *self, const char *channel, const char *payload, gpointer data);
void rh_store_listen (RhStore *self, const char *channel, RhStoreNotify callback, gpointer data);
/* From now on no callback is called with @data, also not if this is called by one. */
void rh_store_unlisten (RhStore *self, gpointer data);

/* Finishes what is in flight within @timeout_ms, then closes every connection. */
void rh_store_close_async (RhStore *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
gboolean rh_store_close_finish (RhStore *self, GAsyncResult *result, GError **error);

G_END_DECLS
