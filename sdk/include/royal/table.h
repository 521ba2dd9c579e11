/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RoyalTable:
 *
 * An immutable columnar table, mapped read-only from a sealed memfd: no copy, no parsing. Column
 * pointers stay valid until the table is freed. Layout: docs/wire.md, "Tables".
 */
typedef struct _RoyalTable RoyalTable;

typedef enum {
  ROYAL_COLUMN_INT64 = 1,
  ROYAL_COLUMN_DOUBLE = 2,
  ROYAL_COLUMN_STRING = 3,
} RoyalColumnType;

void royal_table_free (RoyalTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalTable, royal_table_free)

guint64 royal_table_n_rows (const RoyalTable *self);
guint royal_table_n_columns (const RoyalTable *self);
const char *royal_table_column_name (const RoyalTable *self, guint column);
RoyalColumnType royal_table_column_type (const RoyalTable *self, guint column);

/**
 * royal_table_find:
 *
 * Returns: the index of the column named @name, or -1.
 */
gint royal_table_find (const RoyalTable *self, const char *name);

/* Whole columns, royal_table_n_rows() long. NULL when the column has another type. A cell that is null
 * holds 0 (or 0.0): ask royal_table_is_null(). */
const gint64 *royal_table_int64 (const RoyalTable *self, guint column);
const double *royal_table_double (const RoyalTable *self, guint column);

/**
 * royal_table_string:
 * @length: (out) (optional): the length in bytes
 *
 * Returns: (transfer none): the cell's bytes, UTF-8, NOT terminated by a NUL; NULL when the column is not a
 *   string column or the cell is null.
 */
const char *royal_table_string (const RoyalTable *self, guint column, guint64 row, gsize *length);

gboolean royal_table_is_null (const RoyalTable *self, guint column, guint64 row);

G_END_DECLS
