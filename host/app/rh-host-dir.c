/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-host-dir.h"

#include <royal/error.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct _RhHostDir {
  char *path;
  char *id;
  int lock;
};

static gboolean
fail (GError **error, const char *what, const char *path)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s %s: %s", what, path, g_strerror (errno));
  return FALSE;
}

static gboolean
take_lock (RhHostDir *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->path, "lock", NULL);
  g_autofree char *pid = g_strdup_printf ("%d\n", (int)getpid ());
  char other[16] = "";

  self->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock < 0)
    return fail (error, "cannot open", path);
  if (flock (self->lock, LOCK_EX | LOCK_NB) != 0)
    {
      ssize_t n = read (self->lock, other, sizeof other - 1);

      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "%s is in use by another host (pid %s)", self->path,
                   n > 0 ? g_strchomp (other) : "unknown");
      return FALSE;
    }
  if (ftruncate (self->lock, 0) != 0 || write (self->lock, pid, strlen (pid)) < 0)
    return fail (error, "cannot write", path);
  return TRUE;
}

static gboolean
take_identity (RhHostDir *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->path, "host-id", NULL);

  if (g_file_get_contents (path, &self->id, NULL, NULL) && g_uuid_string_is_valid (g_strchomp (self->id)))
    return TRUE;
  g_free (self->id);
  self->id = g_uuid_string_random ();
  return g_file_set_contents_full (path, self->id, -1, G_FILE_SET_CONTENTS_DURABLE | G_FILE_SET_CONTENTS_CONSISTENT,
                                   0600, error);
}

RhHostDir *
rh_host_dir_open (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (RhHostDir) self = g_new0 (RhHostDir, 1);

  self->path = g_strdup (path);
  self->lock = -1;
  if (g_mkdir_with_parents (path, 0711) != 0)
    {
      fail (error, "cannot make", path);
      return NULL;
    }
  if (!take_lock (self, error) || !take_identity (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
rh_host_dir_close (RhHostDir *self)
{
  if (self == NULL)
    return;
  if (self->lock >= 0)
    close (self->lock);
  g_free (self->path);
  g_free (self->id);
  g_free (self);
}

const char *
rh_host_dir_id (RhHostDir *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->id;
}

const char *
rh_host_dir_path (RhHostDir *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->path;
}

static int
remove_one (const char *path, const struct stat *status, int flag, struct FTW *place)
{
  (void)remove (path);
  return 0;
}

static int
open_up (const char *path, const struct stat *status, int flag, struct FTW *place)
{
  if (flag == FTW_D)
    (void)chmod (path, 0700);
  return 0;
}

void
rh_host_dir_remove_tree (const char *path)
{
  g_return_if_fail (path != NULL && g_path_is_absolute (path));

  nftw (path, open_up, 16, FTW_PHYS | FTW_MOUNT);
  nftw (path, remove_one, 16, FTW_PHYS | FTW_MOUNT | FTW_DEPTH);
}
