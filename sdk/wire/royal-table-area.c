/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-table-area.h"

#include "royal-memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <royal/error.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define CAPACITY_MIN (gsize) (64 * 1024)
#define READY_STEP (gsize) (256 * 1024)
#define FILE_MAX (G_GUINT64_CONSTANT (1) << 40)

static gboolean
fail (RoyalTableFile *file, const char *what)
{
  if (file->error == NULL)
    g_set_error (&file->error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "table: %s: %s", what, g_strerror (errno));
  return FALSE;
}

static gboolean
move (RoyalTableArea *self, RoyalTableFile *file, gsize capacity)
{
  void *map;

  if (file->end + capacity > FILE_MAX)
    {
      errno = EFBIG;
      return fail (file, "too large");
    }
  if (ftruncate (file->fd, (off_t)(file->end + capacity)) < 0)
    return fail (file, "cannot grow");
  map = mmap (NULL, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, (off_t)file->end);
  if (map == MAP_FAILED)
    return fail (file, "cannot map");
  if (self->map != NULL)
    {
      memcpy (map, self->map, self->used);
      munmap (self->map, self->capacity);
      if (fallocate (file->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)self->offset, (off_t)self->capacity) <
          0)
        g_debug ("table: cannot punch a hole: %s", g_strerror (errno));
    }
  self->map = map;
  self->offset = file->end;
  self->capacity = capacity;
  self->ready = self->used;
  file->end += capacity;
  return TRUE;
}

gboolean
royal_table_area_grow (RoyalTableArea *self, RoyalTableFile *file, gsize more)
{
  gsize needed = self->used + more, capacity = MAX (self->capacity, CAPACITY_MIN);
  gsize page = (gsize)sysconf (_SC_PAGESIZE), from;

  if (file->error != NULL)
    return FALSE;
  if (file->fd < 0)
    file->fd = royal_memfd_new ("royal-table", &file->error);
  if (file->fd < 0)
    return FALSE;
  while (capacity < needed)
    capacity *= 2;
  if (capacity != self->capacity && !move (self, file, capacity))
    return FALSE;
  /* Many pages at once cost half of what they cost one fault at a time. Older kernels just fault. */
  from = self->used / page * page;
  self->ready = MIN (MAX (needed, self->used + READY_STEP), self->capacity);
  if (madvise (self->map + from, self->ready - from, MADV_POPULATE_WRITE) < 0 && errno != EINVAL)
    return fail (file, "no memory");
  return TRUE;
}

void
royal_table_area_close (RoyalTableArea *self)
{
  if (self->map != NULL)
    munmap (self->map, self->capacity);
  memset (self, 0, sizeof *self);
}
