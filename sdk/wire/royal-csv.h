/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A reader of RFC 4180 files, row by row, for hostile input. The text is UTF-8, with or without a byte order mark, its
 * lines end with LF or CRLF, its first row names the columns. Beside the text it keeps one row, of at most
 * ROYAL_CSV_ROW_MAX bytes. */
typedef struct _RoyalCsv RoyalCsv;

#define ROYAL_CSV_ROW_MAX ((gsize)64 * 1024)

/* A column that the caller understands. */
typedef struct {
  const char *name;
  gboolean required;
} RoyalCsvColumn;

/* What becomes of a column of the file that the caller does not name. */
typedef enum { ROYAL_CSV_REFUSE_OTHERS, ROYAL_CSV_SKIP_OTHERS } RoyalCsvOthers;

/**
 * royal_csv_new:
 * @what: what the file is, the beginning of each message
 * @columns: (array length=n_columns): in any order in the file; kept by reference
 *
 * Checks the encoding of all of the text and reads the header.
 *
 * Returns: (transfer full): a reader before the first row; NULL with %ROYAL_ERROR_INVALID.
 */
RoyalCsv *royal_csv_new (GBytes *text, const char *what, const RoyalCsvColumn *columns, guint n_columns,
                         RoyalCsvOthers others, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void royal_csv_free (RoyalCsv *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalCsv, royal_csv_free)

/**
 * royal_csv_next:
 *
 * Goes to the next row.
 *
 * Returns: TRUE on a row; FALSE at the end, and with @error set on a row that is malformed: `actuals: line 7:
 *   expected 3 cells, found 2`. After an error it may be called again: it goes on behind the row where it can, else
 *   it has reached the end.
 */
gboolean royal_csv_next (RoyalCsv *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The line of the file, from 1, on which the row begins. */
guint royal_csv_line (const RoyalCsv *self);

/* Returns: (transfer none) (nullable): the cell of @columns[@column], valid until the next row; "" when it is empty,
 * NULL when the file does not have the column. */
const char *royal_csv_cell (const RoyalCsv *self, guint column);

G_END_DECLS
