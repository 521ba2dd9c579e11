/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The file that a table is built in. Areas lie one after another; one that outgrows its place moves to the
 * end, and a hole, which costs nothing, stays behind. So a column is written where it will be read. */
typedef struct {
  int fd;      /* -1: not made yet */
  guint64 end; /* where the next area goes */
  GError *error;
} RoyalTableFile;

/* A growing run of bytes in the file. All zero is an empty one. */
typedef struct {
  guint8 *map;
  gsize used;
  gsize ready; /* bytes that may be written to without asking */
  gsize capacity;
  guint64 offset;
} RoyalTableArea;

/* Makes room for @more bytes behind what is used. FALSE, with the file's error set, when there is none. */
gboolean royal_table_area_grow (RoyalTableArea *self, RoyalTableFile *file, gsize more);

/* Unmaps; the bytes stay in the file. */
void royal_table_area_close (RoyalTableArea *self);

static inline gboolean
royal_table_area_has (RoyalTableArea *self, RoyalTableFile *file, gsize more)
{
  return G_LIKELY (more <= self->ready - self->used) || royal_table_area_grow (self, file, more);
}

G_END_DECLS
