/* SPDX-License-Identifier: Apache-2.0 */
#include "real-data.h"

#include <gio/gio.h>
#include <string.h>

GBytes *
real_data (const char *name)
{
  g_autofree char *path = g_build_filename (ROYAL_SRCDIR, "..", "shared", "data", name, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, NULL);
  g_autoptr (GConverter) gzip = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GOutputStream) text = g_memory_output_stream_new_resizable ();
  g_autoptr (GInputStream) plain = NULL;
  g_autoptr (GError) error = NULL;

  if (stream == NULL)
    {
      g_autofree char *why = g_strdup_printf ("there is no ../shared/data/%s", name);

      g_test_skip (why);
      return NULL;
    }
  plain = g_converter_input_stream_new (G_INPUT_STREAM (stream), gzip);
  g_output_stream_splice (text, plain, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
  g_assert_no_error (error);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (text));
}

RoyalCsv *
real_csv (GBytes *text, const char *name, const RoyalCsvColumn *columns, guint n_columns)
{
  g_autoptr (GError) error = NULL;
  RoyalCsv *csv = royal_csv_new (text, name, columns, n_columns, ROYAL_CSV_SKIP_OTHERS, &error);

  g_assert_no_error (error);
  return csv;
}

guint
real_number (GHashTable *numbers, GPtrArray *names, const char *name)
{
  gpointer number;

  if (g_hash_table_lookup_extended (numbers, name, NULL, &number))
    return GPOINTER_TO_UINT (number);
  g_ptr_array_add (names, g_strdup (name));
  g_hash_table_insert (numbers, names->pdata[names->len - 1], GUINT_TO_POINTER (names->len - 1));
  return names->len - 1;
}

gint64
real_day (const char *text)
{
  GDate date;

  g_date_clear (&date, 1);
  g_assert_cmpuint (strlen (text), >=, 10);
  g_date_set_dmy (&date, (GDateDay)g_ascii_strtoull (text + 8, NULL, 10),
                  (GDateMonth)g_ascii_strtoull (text + 5, NULL, 10), (GDateYear)g_ascii_strtoull (text, NULL, 10));
  g_assert_true (g_date_valid (&date));
  return (gint64)g_date_get_julian (&date) - 719163;
}
