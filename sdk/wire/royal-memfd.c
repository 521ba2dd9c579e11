/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <royal/error.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

int
royal_memfd_new (const char *name, GError **error)
{
  int fd;

  g_return_val_if_fail (name != NULL, -1);

  fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  /* Before Linux 6.3 the flag is not known. */
  if (fd < 0 && errno == EINVAL)
    fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot create a memfd: %s", g_strerror (errno));
  return fd;
}

gboolean
royal_memfd_seal (int fd, GError **error)
{
  g_return_val_if_fail (fd >= 0, FALSE);

  if (fcntl (fd, F_ADD_SEALS, SEALS) == 0)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot seal a memfd: %s", g_strerror (errno));
  return FALSE;
}

const guint8 *
royal_memfd_map (int fd, gsize minimum, gsize *ret_size, GError **error)
{
  struct stat st;
  int seals;
  void *map;

  g_return_val_if_fail (fd >= 0, NULL);
  g_return_val_if_fail (minimum > 0, NULL);
  g_return_val_if_fail (ret_size != NULL, NULL);

  seals = fcntl (fd, F_GET_SEALS);
  if (seals < 0 || (seals & SEALS) != SEALS)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "expected a memfd with all four seals, found %s",
                   seals < 0 ? "another kind of file" : "one that can still change");
      return NULL;
    }
  if (fstat (fd, &st) < 0 || st.st_size <= 0 || (guint64)st.st_size < minimum)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "expected a memfd of at least %zu bytes, found %lld",
                   minimum, (long long)st.st_size);
      return NULL;
    }
  map = mmap (NULL, (gsize)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "cannot map %lld bytes: %s", (long long)st.st_size,
                   g_strerror (errno));
      return NULL;
    }
  *ret_size = (gsize)st.st_size;
  return map;
}
