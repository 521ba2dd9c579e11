/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <royal/error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 10000

static void
entry_free (gpointer data)
{
  RhFolderEntry *self = data;

  g_free (self->name);
  g_free (self);
}

static gint64
mtime_of (const struct stat *status)
{
  return (gint64)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(RhFolderEntry *const *)a)->name, (*(RhFolderEntry *const *)b)->name);
}

/* --- listing ------------------------------------------------------------------------------------------------------ */

typedef struct {
  char *path;
  char *pattern;
} Listing;

static void
listing_free (gpointer data)
{
  Listing *self = data;

  g_free (self->path);
  g_free (self->pattern);
  g_free (self);
}

static void
add_entry (GPtrArray *entries, DIR *dir, const char *name, const char *pattern)
{
  struct stat status;
  RhFolderEntry *entry;

  if (*name == '.' || !g_utf8_validate (name, -1, NULL) || (pattern != NULL && !g_pattern_match_simple (pattern, name)))
    return;
  if (fstatat (dirfd (dir), name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG (status.st_mode))
    return;
  entry = g_new0 (RhFolderEntry, 1);
  entry->name = g_strdup (name);
  entry->size = status.st_size;
  entry->mtime_ns = mtime_of (&status);
  g_ptr_array_add (entries, entry);
}

static void
list_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Listing *self = data;
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (entry_free);
  DIR *dir = opendir (self->path);
  struct dirent *found;

  if (dir == NULL)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s: %s", self->path, g_strerror (errno));
      return;
    }
  while (entries->len < ENTRIES_MAX && (found = readdir (dir)) != NULL)
    add_entry (entries, dir, found->d_name, self->pattern);
  closedir (dir);
  g_ptr_array_sort (entries, compare_names);
  g_task_return_pointer (task, g_steal_pointer (&entries), (GDestroyNotify)g_ptr_array_unref);
}

void
rh_folder_list_async (const char *path, const char *pattern, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  Listing *self;

  g_return_if_fail (path != NULL);

  task = g_task_new (NULL, NULL, callback, data);
  g_task_set_source_tag (task, rh_folder_list_async);
  self = g_new0 (Listing, 1);
  self->path = g_strdup (path);
  self->pattern = g_strdup (pattern);
  g_task_set_task_data (task, self, listing_free);
  g_task_run_in_thread (task, list_thread);
}

GPtrArray *
rh_folder_list_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

typedef struct {
  char *path;
  gint64 size;
  gint64 mtime_ns;
  gsize max_bytes;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *self = data;

  g_free (self->path);
  g_free (self);
}

void
rh_folder_file_free (RhFolderFile *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->sha256);
  g_free (self);
}

static gboolean
is_as_listed (const Reading *self, int fd)
{
  struct stat status;

  return fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && status.st_size == self->size &&
         mtime_of (&status) == self->mtime_ns;
}

static RhFolderFile *
read_open (const Reading *self, int fd, GError **error)
{
  gsize wanted = MIN ((gsize)self->size, self->max_bytes);
  g_autofree char *buffer = g_malloc (wanted + 1);
  gsize length = 0;
  gssize n = 0;
  RhFolderFile *file;
  gboolean before = is_as_listed (self, fd);

  while (before && length < wanted && (n = read (fd, buffer + length, wanted - length)) > 0)
    length += (gsize)n;
  if (!before || n < 0 || length != wanted || !is_as_listed (self, fd))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "%s: it is being changed", self->path);
      return NULL;
    }
  file = g_new0 (RhFolderFile, 1);
  file->is_cut = (gsize)self->size > self->max_bytes;
  file->bytes = g_bytes_new_take (g_steal_pointer (&buffer), length);
  file->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, file->bytes);
  return file;
}

static void
read_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Reading *self = data;
  /* No link, no device that waits, no terminal. */
  int fd = open (self->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  GError *error = NULL;
  RhFolderFile *file;

  if (fd < 0)
    {
      g_task_return_new_error (task, ROYAL_ERROR, errno == ENOENT ? ROYAL_ERROR_NOT_FOUND : ROYAL_ERROR_FAILED,
                               "%s: %s", self->path, g_strerror (errno));
      return;
    }
  file = read_open (self, fd, &error);
  close (fd);
  if (file == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, file, (GDestroyNotify)rh_folder_file_free);
}

void
rh_folder_read_async (const char *path,
                      const RhFolderEntry *entry,
                      gsize max_bytes,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autoptr (GTask) task = NULL;
  Reading *self;

  g_return_if_fail (path != NULL && entry != NULL);

  task = g_task_new (NULL, NULL, callback, data);
  g_task_set_source_tag (task, rh_folder_read_async);
  self = g_new0 (Reading, 1);
  self->path = g_build_filename (path, entry->name, NULL);
  self->size = entry->size;
  self->mtime_ns = entry->mtime_ns;
  self->max_bytes = max_bytes;
  g_task_set_task_data (task, self, reading_free);
  g_task_run_in_thread (task, read_thread);
}

RhFolderFile *
rh_folder_read_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
