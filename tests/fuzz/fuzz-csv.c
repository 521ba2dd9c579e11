/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader makes of a file can be written with every cell in quotes, and is then read as the same rows. No text
 * makes an import crash. */
#include "fuzz.h"
#include "rh-retail-rows.h"
#include "royal-csv.h"

#include <string.h>

static const RoyalCsvColumn columns[] = { { "store_id", TRUE }, { "week_number", TRUE }, { "units", FALSE } };

static void
write_cell (GString *text, const char *cell, gboolean last)
{
  g_string_append_c (text, '"');
  for (; *cell != '\0'; cell++)
    g_string_append (text, *cell == '"' ? "\"\"" : (char[]){ *cell, '\0' });
  g_string_append (text, last ? "\"\r\n" : "\",");
}

/* (nullable): the rows before the first fault, every cell in quotes. */
static char *
read_all (GBytes *bytes, gboolean strict)
{
  g_autoptr (RoyalCsv) csv =
      royal_csv_new (bytes, "input", columns, G_N_ELEMENTS (columns), ROYAL_CSV_REFUSE_OTHERS, NULL);
  g_autoptr (GString) text = g_string_new ("store_id,week_number,units\r\n");
  g_autoptr (GError) error = NULL;

  if (csv == NULL)
    return NULL;
  while (royal_csv_next (csv, &error))
    for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
      {
        const char *cell = royal_csv_cell (csv, i);

        g_assert_true (cell == NULL ? i == 2 : g_utf8_validate (cell, -1, NULL));
        write_cell (text, cell != NULL ? cell : "", i == 2);
      }
  if (strict)
    g_assert_no_error (error);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, length);
  g_autofree char *text = read_all (bytes, FALSE);

  if (text != NULL)
    {
      g_autoptr (GBytes) written = g_bytes_new (text, strlen (text));
      g_autofree char *again = read_all (written, TRUE);

      g_assert_cmpstr (again, ==, text);
    }
  for (guint kind = 0; kind < RH_RETAIL_N_KINDS; kind++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RhRetailRows) rows = rh_retail_rows_new (kind, bytes, &error);
      GBytes *chunk;

      g_assert_true ((rows == NULL) == (error != NULL));
      while (rows != NULL && (chunk = rh_retail_rows_take (rows, 256, &error)) != NULL)
        g_bytes_unref (chunk);
      g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
    }
  return 0;
}
