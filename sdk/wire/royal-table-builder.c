/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-table-builder.h"

#include "royal-memfd.h"
#include "royal-table-area.h"
#include "royal-table-layout.h"

#include <errno.h>
#include <royal/error.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char *name;
  RoyalColumnType type;
  guint64 rows;
  RoyalTableArea values;
  RoyalTableArea nulls;
  RoyalTableArea bytes;
} Column;

struct _RoyalTableBuilder {
  RoyalTableFile file;
  guint64 start; /* where the areas begin: behind header, descriptors and names */
  guint n_columns;
  Column columns[];
};

static guint64
align (guint64 offset, guint64 to)
{
  return (offset + to - 1) / to * to;
}

static void
reset (RoyalTableBuilder *self)
{
  for (guint i = 0; i < self->n_columns; i++)
    {
      Column *column = &self->columns[i];

      royal_table_area_close (&column->values);
      royal_table_area_close (&column->nulls);
      royal_table_area_close (&column->bytes);
      column->rows = 0;
    }
  if (self->file.fd >= 0)
    close (self->file.fd);
  self->file.fd = -1;
  self->file.end = self->start;
  g_clear_error (&self->file.error);
}

RoyalTableBuilder *
royal_table_builder_new (const RoyalColumn *columns, guint n_columns)
{
  RoyalTableBuilder *self;
  guint64 names = 0;

  g_return_val_if_fail (columns != NULL, NULL);
  g_return_val_if_fail (n_columns >= 1 && n_columns <= ROYAL_TABLE_COLUMNS_MAX, NULL);
  for (guint i = 0; i < n_columns; i++)
    g_return_val_if_fail (*columns[i].name != '\0' && strlen (columns[i].name) <= ROYAL_TABLE_NAME_MAX, NULL);

  self = g_malloc0 (sizeof *self + n_columns * sizeof (Column));
  self->n_columns = n_columns;
  for (guint i = 0; i < n_columns; i++)
    {
      self->columns[i].name = g_strdup (columns[i].name);
      self->columns[i].type = columns[i].type;
      names += strlen (columns[i].name);
    }
  self->start = align (sizeof (RoyalTableHeader) + n_columns * sizeof (RoyalTableColumn) + names,
                       (guint64)sysconf (_SC_PAGESIZE));
  self->file.fd = -1;
  self->file.end = self->start;
  return self;
}

void
royal_table_builder_free (RoyalTableBuilder *self)
{
  if (self == NULL)
    return;
  reset (self);
  for (guint i = 0; i < self->n_columns; i++)
    g_free (self->columns[i].name);
  g_free (self);
}

static inline void
append_8 (RoyalTableBuilder *self, Column *column, const void *value)
{
  if (!royal_table_area_has (&column->values, &self->file, 8))
    return;
  memcpy (column->values.map + column->values.used, value, 8);
  column->values.used += 8;
  column->rows++;
}

void
royal_table_builder_int64 (RoyalTableBuilder *self, guint column, gint64 value)
{
  g_return_if_fail (self != NULL && column < self->n_columns);
  g_return_if_fail (self->columns[column].type == ROYAL_COLUMN_INT64);

  append_8 (self, &self->columns[column], &value);
}

void
royal_table_builder_double (RoyalTableBuilder *self, guint column, double value)
{
  g_return_if_fail (self != NULL && column < self->n_columns);
  g_return_if_fail (self->columns[column].type == ROYAL_COLUMN_DOUBLE);

  append_8 (self, &self->columns[column], &value);
}

/* Offsets of strings: a 0 in front, then an end for each row. */
static void
append_end (RoyalTableBuilder *self, Column *column)
{
  guint64 end = column->bytes.used;

  if (column->values.used == 0)
    {
      if (!royal_table_area_has (&column->values, &self->file, 16))
        return;
      memset (column->values.map, 0, 8);
      column->values.used = 8;
    }
  append_8 (self, column, &end);
}

void
royal_table_builder_string (RoyalTableBuilder *self, guint column, const char *bytes, gsize length)
{
  Column *to;

  g_return_if_fail (self != NULL && column < self->n_columns);
  g_return_if_fail (self->columns[column].type == ROYAL_COLUMN_STRING);
  g_return_if_fail (bytes != NULL || length == 0);

  to = &self->columns[column];
  if (length > 0)
    {
      if (!royal_table_area_has (&to->bytes, &self->file, length))
        return;
      memcpy (to->bytes.map + to->bytes.used, bytes, length);
      to->bytes.used += length;
    }
  append_end (self, to);
}

void
royal_table_builder_null (RoyalTableBuilder *self, guint column)
{
  static const guint64 zero = 0;
  Column *to;
  gsize byte;

  g_return_if_fail (self != NULL && column < self->n_columns);

  to = &self->columns[column];
  byte = to->rows / 8;
  /* What lies between is zero: a fresh part of the file. */
  if (byte >= to->nulls.used && !royal_table_area_has (&to->nulls, &self->file, byte + 1 - to->nulls.used))
    return;
  to->nulls.used = MAX (to->nulls.used, byte + 1);
  to->nulls.map[byte] |= (guint8)(1u << (to->rows % 8));
  if (to->type == ROYAL_COLUMN_STRING)
    append_end (self, to);
  else
    append_8 (self, to, &zero);
}

static gboolean
write_at (RoyalTableFile *file, const void *bytes, gsize length, guint64 offset, GError **error)
{
  if (pwrite (file->fd, bytes, length, (off_t)offset) == (gssize)length)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "table: cannot write: %s", g_strerror (errno));
  return FALSE;
}

/* What every column must have before it can be described: rows, and room for all of them in its sections. */
static gboolean
finish_columns (RoyalTableBuilder *self, GError **error)
{
  guint64 rows = self->columns[0].rows;

  for (guint i = 0; i < self->n_columns && self->file.error == NULL; i++)
    {
      Column *column = &self->columns[i];
      gsize bitmap = (rows + 7) / 8;

      if (column->rows != rows)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "table: column %s has %" G_GUINT64_FORMAT " rows where the first has %" G_GUINT64_FORMAT,
                       column->name, column->rows, rows);
          return FALSE;
        }
      /* Even of no rows the values are a section of the file; and strings have an offset more than rows. */
      if (column->values.map == NULL && royal_table_area_has (&column->values, &self->file, 8))
        column->values.used = 8;
      if (column->nulls.used > 0 && royal_table_area_has (&column->nulls, &self->file, bitmap - column->nulls.used))
        column->nulls.used = bitmap;
    }
  if (self->file.error == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->file.error));
  return FALSE;
}

static guint64
area_end (const RoyalTableArea *area)
{
  return area->map != NULL ? area->offset + area->used : 0;
}

/* Writes header, descriptors and names in front of the areas, and cuts off what lies behind them. */
static gboolean
finish_file (RoyalTableBuilder *self, GError **error)
{
  RoyalTableHeader header = { ROYAL_TABLE_MAGIC, self->n_columns, self->columns[0].rows, 0, 0 };
  g_autofree RoyalTableColumn *layouts = g_new0 (RoyalTableColumn, self->n_columns);
  gsize layouts_size = self->n_columns * sizeof *layouts;
  guint64 name = sizeof header + layouts_size;

  for (guint i = 0; i < self->n_columns; i++)
    {
      const Column *column = &self->columns[i];
      RoyalTableColumn *layout = &layouts[i];

      layout->type = column->type;
      layout->name = name;
      layout->name_length = (guint32)strlen (column->name);
      layout->values = column->values.offset;
      layout->nulls = column->nulls.used > 0 ? column->nulls.offset : 0;
      layout->bytes = column->bytes.offset;
      layout->bytes_length = column->bytes.used;
      if (!write_at (&self->file, column->name, layout->name_length, name, error))
        return FALSE;
      name += layout->name_length;
      header.size = MAX (header.size, area_end (&column->values));
      header.size = MAX (header.size, area_end (&column->nulls));
      header.size = MAX (header.size, area_end (&column->bytes));
    }
  header.size = align (header.size, ROYAL_TABLE_ALIGN);
  if (ftruncate (self->file.fd, (off_t)header.size) < 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "table: cannot cut: %s", g_strerror (errno));
      return FALSE;
    }
  return write_at (&self->file, &header, sizeof header, 0, error) &&
         write_at (&self->file, layouts, layouts_size, sizeof header, error);
}

int
royal_table_builder_seal (RoyalTableBuilder *self, GError **error)
{
  int fd = -1;

  g_return_val_if_fail (self != NULL, -1);

  if (finish_columns (self, error) && finish_file (self, error))
    {
      /* The kernel seals only what nobody has mapped for writing. */
      for (guint i = 0; i < self->n_columns; i++)
        {
          royal_table_area_close (&self->columns[i].values);
          royal_table_area_close (&self->columns[i].nulls);
          royal_table_area_close (&self->columns[i].bytes);
        }
      if (royal_memfd_seal (self->file.fd, error))
        fd = g_steal_fd (&self->file.fd);
    }
  reset (self);
  return fd;
}
