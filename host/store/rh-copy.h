/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

G_BEGIN_DECLS

/* A bulk write: one transaction, on a connection of its own, that copies data in and then calls one function. All of
 * it happens or nothing; dropping the object before the end rolls back. */
#define RH_TYPE_COPY (rh_copy_get_type ())
G_DECLARE_FINAL_TYPE (RhCopy, rh_copy, RH, COPY, GObject)

/**
 * RhCopyTarget:
 * @setup: (nullable): statements without parameters that run first, ended by NULL. A table with row-level
 *   security takes no COPY: make a `create temp table … on commit drop` and let the last statement move its rows.
 * @copy: COPY … FROM STDIN …
 *
 * Static const beside its caller.
 */
typedef struct {
  const char *name;
  const char *const *setup;
  const char *copy;
} RhCopyTarget;

/* Returns: (transfer full): begins to connect; what fails is told by the next write or the end. */
RhCopy *rh_copy_new (RhStore *store, const RhCopyTarget *target, gint64 workspace) G_GNUC_WARN_UNUSED_RESULT;

/* Hands @chunk to the server; finishes when the next one is welcome. One at a time. The server judges rows only at
 * the end. */
void rh_copy_write_async (
    RhCopy *self, GBytes *chunk, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean rh_copy_write_finish (RhCopy *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_copy_end_async:
 * @statement: the last of the transaction, such as `select season_import ($1)`; it must outlive the call
 * @params: (nullable): @statement->n_params texts; copied
 *
 * Ends the data, runs @statement and commits.
 */
void rh_copy_end_async (RhCopy              *self,
                        const RhStatement   *statement,
                        const char *const   *params,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             data);

/* Returns: (transfer full): the statement's rows, after the commit; NULL with @error set, and nothing was written
 * (unless the connection was lost during the commit: %ROYAL_ERROR_UNAVAILABLE). */
RhRows *rh_copy_end_finish (RhCopy *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
