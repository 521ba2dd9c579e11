/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is in a folder, read in a thread: what other programs put there is not trusted. */

typedef struct {
  char *name;
  gint64 size;
  gint64 mtime_ns;
} RhFolderEntry;

/**
 * rh_folder_list_async:
 * @pattern: (nullable): with * and ?
 *
 * Lists the regular files in @path whose names are UTF-8 and do not begin with a dot, 10,000 at most. A symbolic link is
 * none.
 */
void rh_folder_list_async (const char *path, const char *pattern, GAsyncReadyCallback callback, gpointer data);
/* (transfer full) (element-type RhFolderEntry): sorted by name. */
GPtrArray *rh_folder_list_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * RhFolderFile:
 * @sha256: of all of it, hexadecimal; of what was read, when it is longer
 * @is_cut: it is longer than was asked for
 */
typedef struct {
  GBytes *bytes;
  char *sha256;
  gboolean is_cut;
} RhFolderFile;

void rh_folder_file_free (RhFolderFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhFolderFile, rh_folder_file_free)

/**
 * rh_folder_read_async:
 * @entry: as it was listed
 *
 * Reads at most @max_bytes. %ROYAL_ERROR_NOT_FOUND when it is gone, %ROYAL_ERROR_CONFLICT when it is not as it was
 * listed.
 */
void rh_folder_read_async (const char *path, const RhFolderEntry *entry, gsize max_bytes,
                           GAsyncReadyCallback callback, gpointer data);
RhFolderFile *rh_folder_read_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
