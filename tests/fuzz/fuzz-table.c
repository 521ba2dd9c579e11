/* SPDX-License-Identifier: Apache-2.0 */
/* A table that was accepted can be read to its last cell, by every accessor, without a look at what it says of itself.
 */
#include "fuzz-memfd.h"
#include "fuzz.h"
#include "royal-table-builder.h"

#include <string.h>
#include <unistd.h>

/* Rows cost nothing to claim: only the first and the last ones are looked at. */
#define ROWS_MAX 1000u

/* Keeps the compiler from leaving the reads out. */
static volatile guint64 seen;

static guint64
read_cell (const RoyalTable *table, guint column, guint64 row)
{
  gsize length = 0;
  guint64 sum = royal_table_is_null (table, column, row);
  const char *text = royal_table_string (table, column, row, &length);

  for (gsize i = 0; text != NULL && i < length; i++)
    sum += (guchar)text[i];
  if (royal_table_int64 (table, column) != NULL)
    sum += (guint64)royal_table_int64 (table, column)[row];
  if (royal_table_double (table, column) != NULL)
    sum += royal_table_double (table, column)[row] > 0;
  return sum;
}

static guint64
read_table (const RoyalTable *table)
{
  guint64 rows = royal_table_n_rows (table);
  guint64 sum = 0;

  for (guint c = 0; c < royal_table_n_columns (table); c++)
    {
      const char *name = royal_table_column_name (table, c);

      g_assert_cmpint (royal_table_find (table, name), >=, 0);
      g_assert_true (g_utf8_validate (name, -1, NULL));
      for (guint64 r = 0; r < rows && r < ROWS_MAX; r++)
        sum += read_cell (table, c, r) + read_cell (table, c, rows - 1 - r);
    }
  return sum;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  int fd = fuzz_memfd (data, length);
  g_autoptr (RoyalTable) table = royal_table_open (fd, NULL);

  if (table != NULL)
    seen = read_table (table);
  close (fd);
  return 0;
}
