/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The host's data directory: made when absent, locked against a second host, and home of the host's lasting
 * identity. */
typedef struct _RhHostDir RhHostDir;

/* (transfer full): NULL when it cannot be made, written, or is held by another host (the message names its pid). */
RhHostDir *rh_host_dir_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_host_dir_close (RhHostDir *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhHostDir, rh_host_dir_close)

/* (transfer none): a UUID that stays the same over restarts. */
const char *rh_host_dir_id (RhHostDir *self);
const char *rh_host_dir_path (RhHostDir *self);

/* Removes a directory and all that is in it, never following a symbolic link. For temporary data directories. */
void rh_host_dir_remove_tree (const char *path);

G_END_DECLS
