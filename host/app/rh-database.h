/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-cluster.h"
#include "rh-migrations.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* The database as the host needs it: the embedded cluster or the one of --database-url, migrated, with a store whose
 * connections act as royal_host. */
#define RH_TYPE_DATABASE (rh_database_get_type ())
G_DECLARE_FINAL_TYPE (RhDatabase, rh_database, RH, DATABASE, GObject)

/**
 * rh_database_new:
 * @url: (nullable): NULL or "": the embedded cluster under @data_dir
 */
RhDatabase *rh_database_new (const char *url, const char *data_dir, guint connections) G_GNUC_WARN_UNUSED_RESULT;

/* Starts the cluster if it is ours, and migrates (or, with @check_only, only looks). */
void rh_database_migrate_async (RhDatabase *self, gboolean check_only, GAsyncReadyCallback callback, gpointer data);
gboolean rh_database_migrate_finish (RhDatabase        *self,
                                     GAsyncResult      *result,
                                     RhMigrationState  *ret_state,
                                     GError           **error) G_GNUC_WARN_UNUSED_RESULT;

/* Migrates, makes the store, and finishes once it can be used. */
void rh_database_open_async (RhDatabase *self, GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer none): the store. */
RhStore *rh_database_open_finish (RhDatabase *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Closes the store and stops the cluster. Never fails. */
void rh_database_close_async (RhDatabase *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
void rh_database_close_finish (RhDatabase *self, GAsyncResult *result);

G_END_DECLS
