/* SPDX-License-Identifier: Apache-2.0 */
#include <royal/table.h>

#include "royal-memfd.h"
#include "royal-table-builder.h"
#include "royal-table-layout.h"

#include <royal/error.h>
#include <string.h>
#include <sys/mman.h>

typedef struct {
  RoyalColumnType type;
  char *name;
  const void *values;  /* gint64, double, or n_rows + 1 guint64 end offsets */
  const guint8 *nulls; /* NULL: no nulls */
  const char *bytes;
} Column;

struct _RoyalTable {
  const guint8 *map;
  gsize size;
  guint64 n_rows;
  guint n_columns;
  Column columns[];
};

void
royal_table_free (RoyalTable *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_columns; i++)
    g_free (self->columns[i].name);
  munmap ((void *)self->map, self->size);
  g_free (self);
}

static gboolean
refuse (GError **error, const char *message)
{
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "malformed table: %s", message);
  return FALSE;
}

/* The section of @length bytes at @offset, NULL when it does not lie within the table. */
static const void *
section (const RoyalTable *self, guint64 offset, guint64 length)
{
  if (offset > self->size || length > self->size - offset)
    return NULL;
  return self->map + offset;
}

static const void *
aligned_section (const RoyalTable *self, guint64 offset, guint64 length)
{
  return offset % ROYAL_TABLE_ALIGN == 0 ? section (self, offset, length) : NULL;
}

static gboolean
open_name (const RoyalTable *self, const RoyalTableColumn *layout, Column *column, GError **error)
{
  const char *name = section (self, layout->name, layout->name_length);

  if (name == NULL || layout->name_length == 0 || layout->name_length > ROYAL_TABLE_NAME_MAX)
    return refuse (error, "expected a column's name of 1 to 256 bytes within the table");
  if (!g_utf8_validate_len (name, layout->name_length, NULL))
    return refuse (error, "expected a column's name to be UTF-8");
  column->name = g_strndup (name, layout->name_length);
  return TRUE;
}

/* End offsets start at 0, do not fall, and end at the length of the bytes. */
static gboolean
open_strings (const RoyalTable *self, const RoyalTableColumn *layout, Column *column, GError **error)
{
  const guint64 *ends = column->values;
  guint64 falls = 0;

  column->bytes = aligned_section (self, layout->bytes, layout->bytes_length);
  if (column->bytes == NULL)
    return refuse (error, "expected the string bytes within the table");
  for (guint64 i = 0; i < self->n_rows; i++)
    falls |= ends[i + 1] < ends[i];
  if (ends[0] != 0 || falls != 0 || ends[self->n_rows] > layout->bytes_length)
    return refuse (error, "expected string offsets that do not fall, within the string bytes");
  return TRUE;
}

static gboolean
open_column (const RoyalTable *self, const RoyalTableColumn *layout, Column *column, GError **error)
{
  guint64 n_values = self->n_rows + (layout->type == ROYAL_COLUMN_STRING ? 1 : 0);

  if (layout->type < ROYAL_COLUMN_INT64 || layout->type > ROYAL_COLUMN_STRING)
    return refuse (error, "expected a column type of 1 to 3");
  if (layout->zero[0] != 0 || layout->zero[1] != 0)
    return refuse (error, "expected zero at the end of a column");
  if (!open_name (self, layout, column, error))
    return FALSE;
  column->type = (RoyalColumnType)layout->type;
  column->values = aligned_section (self, layout->values, n_values * 8);
  if (column->values == NULL)
    return refuse (error, "expected a column's values, aligned, within the table");
  if (layout->nulls != 0)
    {
      column->nulls = aligned_section (self, layout->nulls, (self->n_rows + 7) / 8);
      if (column->nulls == NULL)
        return refuse (error, "expected a column's null bitmap, aligned, within the table");
    }
  if (layout->type == ROYAL_COLUMN_STRING)
    return open_strings (self, layout, column, error);
  if (layout->bytes != 0 || layout->bytes_length != 0)
    return refuse (error, "expected string bytes in string columns only");
  return TRUE;
}

static gboolean
check_header (const RoyalTableHeader *header, gsize size, GError **error)
{
  if (header->magic != ROYAL_TABLE_MAGIC)
    return refuse (error, "expected the magic");
  if (header->n_columns < 1 || header->n_columns > ROYAL_TABLE_COLUMNS_MAX)
    return refuse (error, "expected 1 to 1024 columns");
  if (header->size != size || header->zero != 0)
    return refuse (error, "expected the size of the memfd, and zero");
  if (size < sizeof *header + header->n_columns * sizeof (RoyalTableColumn))
    return refuse (error, "expected the column descriptors within the table");
  /* Every column has eight bytes a row: nothing that is computed from the rows can overflow below this. */
  if (header->n_rows > size / 8)
    return refuse (error, "expected the rows to fit into the table");
  return TRUE;
}

RoyalTable *
royal_table_open (int fd, GError **error)
{
  g_autoptr (RoyalTable) self = NULL;
  const guint8 *map;
  const RoyalTableHeader *header;
  const RoyalTableColumn *layouts;
  gsize size;

  g_return_val_if_fail (fd >= 0, NULL);

  map = royal_memfd_map (fd, sizeof *header, &size, error);
  if (map == NULL)
    return NULL;
  header = (const RoyalTableHeader *)map;
  if (!check_header (header, size, error))
    {
      munmap ((void *)map, size);
      return NULL;
    }
  self = g_malloc0 (sizeof *self + header->n_columns * sizeof (Column));
  self->map = map;
  self->size = size;
  self->n_rows = header->n_rows;
  self->n_columns = header->n_columns;
  layouts = (const RoyalTableColumn *)(map + sizeof *header);
  for (guint i = 0; i < self->n_columns; i++)
    {
      if (!open_column (self, &layouts[i], &self->columns[i], error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

guint64
royal_table_n_rows (const RoyalTable *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_rows;
}

guint
royal_table_n_columns (const RoyalTable *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_columns;
}

const char *
royal_table_column_name (const RoyalTable *self, guint column)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (column < self->n_columns, NULL);

  return self->columns[column].name;
}

RoyalColumnType
royal_table_column_type (const RoyalTable *self, guint column)
{
  g_return_val_if_fail (self != NULL, ROYAL_COLUMN_INT64);
  g_return_val_if_fail (column < self->n_columns, ROYAL_COLUMN_INT64);

  return self->columns[column].type;
}

gint
royal_table_find (const RoyalTable *self, const char *name)
{
  g_return_val_if_fail (self != NULL, -1);
  g_return_val_if_fail (name != NULL, -1);

  for (guint i = 0; i < self->n_columns; i++)
    {
      if (g_str_equal (self->columns[i].name, name))
        return (gint)i;
    }
  return -1;
}

static const void *
values_of (const RoyalTable *self, guint column, RoyalColumnType type)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (column < self->n_columns, NULL);

  return self->columns[column].type == type ? self->columns[column].values : NULL;
}

const gint64 *
royal_table_int64 (const RoyalTable *self, guint column)
{
  return values_of (self, column, ROYAL_COLUMN_INT64);
}

const double *
royal_table_double (const RoyalTable *self, guint column)
{
  return values_of (self, column, ROYAL_COLUMN_DOUBLE);
}

gboolean
royal_table_is_null (const RoyalTable *self, guint column, guint64 row)
{
  const guint8 *nulls;

  g_return_val_if_fail (self != NULL, TRUE);
  g_return_val_if_fail (column < self->n_columns, TRUE);
  g_return_val_if_fail (row < self->n_rows, TRUE);

  nulls = self->columns[column].nulls;
  return nulls != NULL && (nulls[row / 8] >> (row % 8) & 1) != 0;
}

const char *
royal_table_string (const RoyalTable *self, guint column, guint64 row, gsize *length)
{
  const guint64 *ends = values_of (self, column, ROYAL_COLUMN_STRING);

  if (ends == NULL || royal_table_is_null (self, column, row))
    return NULL;
  if (length != NULL)
    *length = ends[row + 1] - ends[row];
  return self->columns[column].bytes + ends[row];
}
