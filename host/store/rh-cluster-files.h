/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The files and processes of an embedded cluster: all that blocks. Called in a thread, one at a time. */
typedef struct {
  char *folder;     /* <data_dir>/postgres, canonical */
  char *data;       /* PGDATA */
  char *socket_dir; /* short enough for sun_path; set by the first prepare */
  char *bindir;     /* set by prepare */
  int lock_fd;      /* held while this host owns the cluster, else -1 */
} RhClusterFiles;

RhClusterFiles *rh_cluster_files_new (const char *data_dir) G_GNUC_WARN_UNUSED_RESULT;
void rh_cluster_files_free (RhClusterFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhClusterFiles, rh_cluster_files_free)

/* Takes the lock, finds PostgreSQL's programs, makes the cluster if there is none, writes its configuration, and
 * ends what a killed host left running. */
gboolean rh_cluster_files_prepare (RhClusterFiles *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE when the postmaster @pid accepts connections. */
gboolean rh_cluster_files_is_ready (RhClusterFiles *self, GPid pid);

/* (transfer full): the last lines that a postmaster wrote before it could open its log. */
char *rh_cluster_files_last_words (RhClusterFiles *self) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): where those lines go. */
char *rh_cluster_files_start_log (RhClusterFiles *self) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): the environment without variables that steer PostgreSQL's programs. */
GStrv rh_cluster_files_environ (void) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the lock back and removes a socket folder outside of the data directory. */
void rh_cluster_files_release (RhClusterFiles *self);

G_END_DECLS
