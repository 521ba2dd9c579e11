/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <royal/table.h>

G_BEGIN_DECLS

typedef struct {
  const char *name;
  RoyalColumnType type;
} RoyalColumn;

/* Builds a columnar table row by row and seals it into a memfd. A row is complete when every column was
 * appended to once. Appending costs an inlined store: a million rows by four columns in milliseconds. */
typedef struct _RoyalTableBuilder RoyalTableBuilder;

RoyalTableBuilder *royal_table_builder_new (const RoyalColumn *columns, guint n_columns) G_GNUC_WARN_UNUSED_RESULT;
void royal_table_builder_free (RoyalTableBuilder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalTableBuilder, royal_table_builder_free)

void royal_table_builder_int64 (RoyalTableBuilder *self, guint column, gint64 value);
void royal_table_builder_double (RoyalTableBuilder *self, guint column, double value);
void royal_table_builder_string (RoyalTableBuilder *self, guint column, const char *bytes, gsize length);
void royal_table_builder_null (RoyalTableBuilder *self, guint column);

/**
 * royal_table_builder_seal:
 *
 * Returns: a sealed memfd that the caller closes, or -1 with @error set (columns of different length,
 *   no memory). The builder is empty afterwards.
 */
int royal_table_builder_seal (RoyalTableBuilder *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_table_open:
 * @fd: a memfd; it stays the caller's
 *
 * Checks seals, size and every offset, then maps the table read-only.
 *
 * Returns: (transfer full): the table; NULL with %ROYAL_ERROR_PROTOCOL.
 */
RoyalTable *royal_table_open (int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
