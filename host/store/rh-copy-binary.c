/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-copy-binary.h"

#include <string.h>

static const guint8 signature[11] = "PGCOPY\n\377\r\n";

#define HEADER_SIZE (sizeof signature + 8)
#define CRITICAL_FLAGS 0xffff0000u
#define EXTENSION_MAX 65536u

/* Both bound what one read may take of the host's memory. */
#define FIELD_MAX (64u * 1024 * 1024)
#define TOTAL_MAX (G_GUINT64_CONSTANT (2) * 1024 * 1024 * 1024)

struct _RhCopyBinary {
  const RhTableQuery *query;
  RoyalTableBuilder *builder;
  GByteArray *rest; /* a header or row of which the end has not come yet */
  guint64 total;
  guint64 n_rows;
  gboolean has_header;
  gboolean has_trailer;
};

RhCopyBinary *
rh_copy_binary_new (const RhTableQuery *query, RoyalTableBuilder *builder)
{
  RhCopyBinary *self = g_new0 (RhCopyBinary, 1);

  self->query = query;
  self->builder = builder;
  self->rest = g_byte_array_new ();
  return self;
}

void
rh_copy_binary_free (RhCopyBinary *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->rest);
  g_free (self);
}

static inline guint16
get16 (const guint8 *p)
{
  guint16 value;

  memcpy (&value, p, sizeof value);
  return GUINT16_FROM_BE (value);
}

static inline guint32
get32 (const guint8 *p)
{
  guint32 value;

  memcpy (&value, p, sizeof value);
  return GUINT32_FROM_BE (value);
}

static inline guint64
get64 (const guint8 *p)
{
  guint64 value;

  memcpy (&value, p, sizeof value);
  return GUINT64_FROM_BE (value);
}

static gssize
fail (RhCopyBinary *self, GError **error, const char *what)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s, row %" G_GUINT64_FORMAT ": %s", self->query->name,
               self->n_rows + 1, what);
  return -1;
}

/* Each of the next three returns how many bytes it took, 0 when more must come first, -1 with @error set. */
static gssize
take_header (RhCopyBinary *self, const guint8 *bytes, gsize length, GError **error)
{
  guint32 flags, extension;

  if (length < HEADER_SIZE)
    return 0;
  flags = get32 (bytes + sizeof signature);
  extension = get32 (bytes + sizeof signature + 4);
  if (memcmp (bytes, signature, sizeof signature) != 0)
    return fail (self, error, "the data is not in PostgreSQL's binary format");
  if ((flags & CRITICAL_FLAGS) != 0 || extension > EXTENSION_MAX)
    return fail (self, error, "the binary format has features that are not known here");
  if (length < HEADER_SIZE + extension)
    return 0;
  self->has_header = TRUE;
  return (gssize)(HEADER_SIZE + extension);
}

/* The length of the row's bytes after its count of fields. */
static gssize
measure_row (RhCopyBinary *self, const guint8 *bytes, gsize length, GError **error)
{
  const struct RhTableColumn *columns = self->query->columns;
  gsize at = 0;

  for (guint i = 0; i < self->query->n_columns; i++)
    {
      guint32 size;

      if (length - at < 4)
        return 0;
      size = get32 (bytes + at);
      at += 4;
      if (size == G_MAXUINT32)
        continue;
      if (columns[i].type == ROYAL_COLUMN_STRING ? size > FIELD_MAX : size != 8)
        {
          g_autofree char *what = g_strdup_printf ("column \"%s\" has %u bytes, expected %s", columns[i].name, size,
                                                   columns[i].type == ROYAL_COLUMN_STRING ? "at most 67108864" : "8");

          return fail (self, error, what);
        }
      if (length - at < size)
        return 0;
      at += size;
    }
  return (gssize)at;
}

static void
append_row (RhCopyBinary *self, const guint8 *bytes)
{
  const struct RhTableColumn *columns = self->query->columns;

  for (guint i = 0; i < self->query->n_columns; i++)
    {
      guint32 size = get32 (bytes);
      guint64 bits;
      double value;

      bytes += 4;
      if (size == G_MAXUINT32)
        {
          royal_table_builder_null (self->builder, i);
          continue;
        }
      switch (columns[i].type)
        {
        case ROYAL_COLUMN_INT64:
          royal_table_builder_int64 (self->builder, i, (gint64)get64 (bytes));
          break;
        case ROYAL_COLUMN_DOUBLE:
          bits = get64 (bytes);
          memcpy (&value, &bits, sizeof value);
          royal_table_builder_double (self->builder, i, value);
          break;
        case ROYAL_COLUMN_STRING:
          royal_table_builder_string (self->builder, i, (const char *)bytes, size);
          break;
        default:
          g_assert_not_reached ();
        }
      bytes += size;
    }
}

static gssize
take_row (RhCopyBinary *self, const guint8 *bytes, gsize length, GError **error)
{
  guint16 n_fields;
  gssize size;

  if (self->has_trailer)
    return fail (self, error, "data follows its own end");
  if (length < 2)
    return 0;
  n_fields = get16 (bytes);
  if (n_fields == G_MAXUINT16)
    {
      self->has_trailer = TRUE;
      return 2;
    }
  if (n_fields != self->query->n_columns)
    {
      g_autofree char *what = g_strdup_printf ("%u columns, expected %u", n_fields, self->query->n_columns);

      return fail (self, error, what);
    }
  size = measure_row (self, bytes + 2, length - 2, error);
  if (size <= 0)
    return size;
  append_row (self, bytes + 2);
  self->n_rows++;
  return 2 + size;
}

/* Takes all that is complete. */
static gssize
take (RhCopyBinary *self, const guint8 *bytes, gsize length, GError **error)
{
  gsize at = 0;

  while (at < length)
    {
      gssize n = self->has_header ? take_row (self, bytes + at, length - at, error)
                                  : take_header (self, bytes + at, length - at, error);

      if (n < 0)
        return -1;
      if (n == 0)
        break;
      at += (gsize)n;
    }
  return (gssize)at;
}

gboolean
rh_copy_binary_feed (RhCopyBinary *self, const guint8 *bytes, gsize length, GError **error)
{
  gssize taken;

  self->total += length;
  if (self->total > TOTAL_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "%s: more than 2 GiB of data", self->query->name);
      return FALSE;
    }
  /* The server sends whole rows, so nothing is ever left over and copied, as a rule. */
  if (self->rest->len == 0)
    {
      taken = take (self, bytes, length, error);
      if (taken >= 0 && (gsize)taken < length)
        g_byte_array_append (self->rest, bytes + taken, (guint)(length - (gsize)taken));
      return taken >= 0;
    }
  g_byte_array_append (self->rest, bytes, (guint)length);
  taken = take (self, self->rest->data, self->rest->len, error);
  if (taken > 0)
    g_byte_array_remove_range (self->rest, 0, (guint)taken);
  return taken >= 0;
}

gboolean
rh_copy_binary_end (RhCopyBinary *self, GError **error)
{
  if (self->has_trailer && self->rest->len == 0)
    return TRUE;
  fail (self, error, "the data ended too early");
  return FALSE;
}
