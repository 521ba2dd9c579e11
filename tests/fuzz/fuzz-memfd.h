/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A sealed memfd that holds @data, as it comes over the channel. */
static inline int
fuzz_memfd (const guint8 *data, gsize length)
{
  int fd = memfd_create ("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd < 0 || write (fd, data, length) != (gssize)length ||
      fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
    g_error ("cannot make a memfd: %s", g_strerror (errno));
  return fd;
}
