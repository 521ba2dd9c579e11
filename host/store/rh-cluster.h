/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The embedded private PostgreSQL cluster under the data directory: initdb on first start, Unix socket only, a
 * child process, stopped with the host, recovered after a crash (a postmaster left over by a killed host is
 * stopped first; a stale postmaster.pid is no obstacle). Peer authentication: the operating system's user that runs
 * the host maps to the database roles royal_owner and royal_host. */
#define RH_TYPE_CLUSTER (rh_cluster_get_type ())
G_DECLARE_FINAL_TYPE (RhCluster, rh_cluster, RH, CLUSTER, GObject)

/**
 * rh_cluster_new:
 * @data_dir: the host's data directory; the cluster lives in its `postgres` folder
 */
RhCluster *rh_cluster_new (const char *data_dir) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the cluster if need be, starts it, and finishes when it accepts connections. */
void rh_cluster_start_async (RhCluster *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean rh_cluster_start_finish (RhCluster *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): the connection string for @role ("royal_owner", "royal_host"). */
char *rh_cluster_conninfo (RhCluster *self, const char *role) G_GNUC_WARN_UNUSED_RESULT;

/* The postmaster's pid, 0 when it does not run. The signal "exited" (int wait_status) tells an unexpected end;
 * the cluster restarts itself with backoff after it. */
GPid rh_cluster_pid (RhCluster *self);

/* A fast shutdown (SIGINT), SIGQUIT after @timeout_ms. */
void rh_cluster_stop_async (RhCluster *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
gboolean rh_cluster_stop_finish (RhCluster *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
