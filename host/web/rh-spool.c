/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-spool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <royal/error.h>
#include <unistd.h>

struct _RhSpool {
  int fd;
  goffset length;
};

RhSpool *
rh_spool_new (GError **error)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "royald-upload-XXXXXX", NULL);
  RhSpool *self;
  int fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "no place for an upload: %s", g_strerror (errno));
      return NULL;
    }
  g_unlink (path);
  self = g_new0 (RhSpool, 1);
  self->fd = fd;
  return self;
}

void
rh_spool_free (RhSpool *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_free (self);
}

gboolean
rh_spool_write (RhSpool *self, GBytes *chunk, GError **error)
{
  gsize length;
  const char *at;

  g_return_val_if_fail (self != NULL && chunk != NULL, FALSE);

  at = g_bytes_get_data (chunk, &length);
  while (length > 0)
    {
      gssize n = write (self->fd, at, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "no place for an upload: %s", g_strerror (errno));
          return FALSE;
        }
      at += n;
      length -= (gsize)n;
      self->length += n;
    }
  return TRUE;
}

goffset
rh_spool_length (const RhSpool *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->length;
}

GBytes *
rh_spool_bytes (RhSpool *self, GError **error)
{
  g_autoptr (GMappedFile) file = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  if (self->length == 0)
    return g_bytes_new_static ("", 0);
  file = g_mapped_file_new_from_fd (self->fd, FALSE, error);
  return file != NULL ? g_mapped_file_get_bytes (file) : NULL;
}
