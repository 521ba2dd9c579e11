/* SPDX-License-Identifier: Apache-2.0 */
#include <rh-retail-rows.h>
#include <royal-csv.h>
#include <royal/error.h>
#include <string.h>

static const RoyalCsvColumn columns[] = { { "a", TRUE }, { "b", TRUE }, { "c", FALSE } };

static RoyalCsv *
open_bytes (const char *text, gsize length, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, length);

  return royal_csv_new (bytes, "t", columns, G_N_ELEMENTS (columns), ROYAL_CSV_REFUSE_OTHERS, error);
}

static void
assert_row (RoyalCsv *csv, guint line, const char *a, const char *b, const char *c)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (royal_csv_next (csv, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (royal_csv_line (csv), ==, line);
  g_assert_cmpstr (royal_csv_cell (csv, 0), ==, a);
  g_assert_cmpstr (royal_csv_cell (csv, 1), ==, b);
  g_assert_cmpstr (royal_csv_cell (csv, 2), ==, c);
}

static void
assert_end (RoyalCsv *csv)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (royal_csv_next (csv, &error));
  g_assert_no_error (error);
}

static void
test_rows (void)
{
  /* A byte order mark, both line ends, columns in another order, quotes, an empty cell, no line end at the end. */
  static const char text[] = "\xef\xbb\xbf"
                             "b,a\r\n1,2\n\"x,\"\"y\"\"\",\"two\r\nlines\"\r\n,\xc3\xa9\n\"\",last";
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalCsv) csv = open_bytes (text, sizeof text - 1, &error);

  g_assert_no_error (error);
  assert_row (csv, 2, "2", "1", NULL);
  assert_row (csv, 3, "two\r\nlines", "x,\"y\"", NULL);
  assert_row (csv, 5, "\xc3\xa9", "", NULL);
  assert_row (csv, 6, "last", "", NULL);
  assert_end (csv);
  assert_end (csv);
}

static void
test_empty_lines (void)
{
  static const char text[] = "a,b\n1,2\n\n3,4\n\r\n\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalCsv) csv = open_bytes (text, sizeof text - 1, &error);

  assert_row (csv, 2, "1", "2", NULL);
  g_assert_false (royal_csv_next (csv, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, "t: line 3: is empty");
  assert_row (csv, 4, "3", "4", NULL);
  assert_end (csv);
}

typedef struct {
  const char *text;
  const char *message;
} Bad;

static const Bad bad_headers[] = {
  { "", "t: the file is empty" },
  { "\xef\xbb\xbf", "t: the file is empty" },
  { "\n", "t: line 1: the column `a` is missing" },
  { "a,c\n", "t: line 1: the column `b` is missing" },
  { "a;b\n", "t: line 1: the column `a` is missing; cells are separated by commas, not by semicolons" },
  { "a,b,a\n", "t: line 1: the column `a` stands twice" },
  { "a,b,d\n", "t: line 1: no column is named `d`" },
  { "\xff\xfe"
    "a",
    "t: expected UTF-8, found UTF-16" },
  { "a,b\n1,\xc3\xa9\xe9\n", "t: line 2, character 4: expected UTF-8, found byte 0xe9" },
};

static const Bad bad_rows[] = {
  { "a,b\n1\n", "t: line 2: expected 2 cells, found 1" },
  { "a,b\n1,2,3\n", "t: line 2: expected 2 cells, found 3" },
  { "a,b\n1,2\r3,4\n", "t: line 2, character 4: a carriage return without a line feed" },
  { "a,b\n\"1\r2\",3\n", "t: line 2, character 3: a carriage return without a line feed" },
  { "a,b\n1,\"2\n3,4\n", "t: line 4, character 1: the quote that opens on line 2 is not closed" },
  { "a,b\n1,\"2\"x\n", "t: line 2, character 6: expected a comma or the end of the line after the closing quote" },
  { "a,b\n1,2\"\n", "t: line 2, character 4: a quote inside of a cell that does not begin with one" },
};

static void
test_bad_headers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_headers); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoyalCsv) csv = open_bytes (bad_headers[i].text, strlen (bad_headers[i].text), &error);

      g_assert_null (csv);
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, bad_headers[i].message);
    }
}

static void
test_nul (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalCsv) csv = open_bytes ("a,b\n1,\0\n", 8, &error);

  g_assert_null (csv);
  g_assert_cmpstr (error->message, ==, "t: line 2, character 3: expected UTF-8, found byte 0x00");
}

static void
test_bad_rows (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RoyalCsv) csv = open_bytes (bad_rows[i].text, strlen (bad_rows[i].text), &error);

      g_assert_no_error (error);
      g_assert_false (royal_csv_next (csv, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, bad_rows[i].message);
    }
}

static void
test_long_row (void)
{
  g_autoptr (GString) text = g_string_new ("a,b\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalCsv) csv = NULL;

  for (gsize i = 0; i <= ROYAL_CSV_ROW_MAX; i++)
    g_string_append_c (text, 'x');
  csv = open_bytes (text->str, text->len, &error);
  g_assert_false (royal_csv_next (csv, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "t: line 2, character 65538: the row is longer than 64 KiB"));
  assert_end (csv);
}

/* All of the rows as one text; NULL with @error set. */
static char *
parse (RhRetailKind kind, const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (RhRetailRows) rows = rh_retail_rows_new (kind, bytes, error);
  g_autoptr (GString) all = g_string_new (NULL);
  GError *fault = NULL;
  GBytes *chunk;

  if (rows == NULL)
    return NULL;
  while ((chunk = rh_retail_rows_take (rows, 1, &fault)) != NULL)
    {
      gsize length;
      const char *start = g_bytes_get_data (chunk, &length);

      g_string_append_len (all, start, (gssize)length);
      g_bytes_unref (chunk);
    }
  if (fault == NULL)
    return g_string_free (g_steal_pointer (&all), FALSE);
  g_propagate_error (error, fault);
  return NULL;
}

static void
test_copy_text (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *forecast = parse (RH_RETAIL_FORECAST, "units,store_id,week_number\n7,S1,1\n0,S2,12\n", &error);
  g_autofree char *stores = NULL;
  g_autofree char *history = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (forecast, ==, "2\tS1\t1\t7\n3\tS2\t12\t0\n");

  stores = parse (RH_RETAIL_STORES, "store_id,name,tier\nS1,\"a \"\"b\"\" \\ \tc\nd\",\nS2,\\N,A\n", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (stores, ==,
                   "2\tS1\ta \"b\" \\\\ \\tc\\nd\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n"
                   "4\tS2\t\\\\N\t\\N\tA\t\\N\t\\N\t\\N\t\\N\t\\N\n");
  history = parse (RH_RETAIL_HISTORY, "store_id,category_id,week_start_date,units_sold,price\nS1,c,2024-02-29,3,9.5\n",
                   &error);
  g_assert_no_error (error);
  g_assert_cmpstr (history, ==, "2\tS1\tc\t2024-02-29\t3\t9.5\n");
}

#define DAY "column week_start_date: expected a day of the calendar, YYYY-MM-DD, found "
#define PRICE "column price: expected an amount above 0 with at most two decimals, such as 89.90, found "

static void
test_history_cells (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *rows =
      parse (RH_RETAIL_HISTORY,
             "store_id,category_id,week_start_date,units_sold,price\n"
             "S1,c,2023-02-29,1,\nS1,c,2023-2-28,1,1\nS1,c,28.02.2023,1,1\nS1,a b,2023-02-28,1,0.00\n"
             "S1,c,2023-02-28,1,1.234\nS1,c,2023-02-28,1,1.\nS1,c,2023-13-01,1,-1\n",
             &error);

  g_assert_null (rows);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_cmpstr (
      error->message, ==,
      "history: line 2, " DAY "`2023-02-29`\n"
      "history: line 3, " DAY "`2023-2-28`\n"
      "history: line 4, " DAY "`28.02.2023`\n"
      "history: line 5, column category_id: expected a category's id of letters, digits, `.`, `_` and `-`, "
      "found `a b`\n"
      "history: line 5, " PRICE "`0.00`\n"
      "history: line 6, " PRICE "`1.234`\n"
      "history: line 7, " PRICE "`1.`\n"
      "history: line 8, " DAY "`2023-13-01`\n"
      "history: line 8, " PRICE "`-1`");
}

static void
test_cells (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *rows = parse (RH_RETAIL_ACTUALS,
                                 "store_id,week_number,units_sold\n"
                                 "S1,1,-3\nS1,2,2.5\nS1,0,1\nS1,x,1\n,1,1\nS1,1\nS1,1, 1\nS1,1,\n"
                                 "S1,1,1000000001\nS1,1,99999999999999999999\nS;1,105,1\n",
                                 &error);

  g_assert_null (rows);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_cmpstr (
      error->message, ==,
      "actuals: line 2, column units_sold: expected whole units from 0 to 1000000000, found `-3`\n"
      "actuals: line 3, column units_sold: expected whole units from 0 to 1000000000, found `2.5`\n"
      "actuals: line 4, column week_number: expected a week from 1 to 104, found `0`\n"
      "actuals: line 5, column week_number: expected a week from 1 to 104, found `x`\n"
      "actuals: line 6, column store_id: expected a store's id of letters, digits, `.`, `_` and `-`, found "
      "nothing\n"
      "actuals: line 7: expected 3 cells, found 2\n"
      "actuals: line 8, column units_sold: expected whole units from 0 to 1000000000, found ` 1`\n"
      "actuals: line 9, column units_sold: expected whole units from 0 to 1000000000, found nothing\n"
      "actuals: line 10, column units_sold: expected whole units from 0 to 1000000000, found `1000000001`\n"
      "actuals: line 11, column units_sold: expected whole units from 0 to 1000000000, found "
      "`99999999999999999999`\n"
      "actuals: line 12, column store_id: expected a store's id of letters, digits, `.`, `_` and `-`, found "
      "`S;1`\n"
      "actuals: line 12, column week_number: expected a week from 1 to 104, found `105`");
}

static void
test_many_faults (void)
{
  g_autoptr (GString) text = g_string_new ("store_id,week_number,units\n");
  g_autoptr (GError) error = NULL;
  g_autofree char *rows = NULL;
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < 25; i++)
    g_string_append (text, "S1,1,?\n");
  rows = parse (RH_RETAIL_FORECAST, text->str, &error);
  g_assert_null (rows);
  lines = g_strsplit (error->message, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 21);
  g_assert_cmpstr (lines[20], ==, "forecast: and 5 more");
}

static void
test_choices (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *rows =
      parse (RH_RETAIL_STORES, "store_id,name,tier,format\nS1,One,D,MALL\nS2,Two,A B,OUTLET\n", &error);

  g_assert_null (rows);
  g_assert_cmpstr (error->message, ==,
                   "stores: line 2, column tier: expected A, B or C, found `D`\n"
                   "stores: line 3, column tier: expected A, B or C, found `A B`");
  g_clear_error (&error);
  rows = parse (RH_RETAIL_STORES, "store_id,name\n", &error);
  g_assert_null (rows);
  g_assert_cmpstr (error->message, ==, "stores: the file has no rows");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/csv/rows", test_rows);
  g_test_add_func ("/csv/empty-lines", test_empty_lines);
  g_test_add_func ("/csv/bad-headers", test_bad_headers);
  g_test_add_func ("/csv/nul", test_nul);
  g_test_add_func ("/csv/bad-rows", test_bad_rows);
  g_test_add_func ("/csv/long-row", test_long_row);
  g_test_add_func ("/retail-rows/copy-text", test_copy_text);
  g_test_add_func ("/retail-rows/cells", test_cells);
  g_test_add_func ("/retail-rows/history-cells", test_history_cells);
  g_test_add_func ("/retail-rows/many-faults", test_many_faults);
  g_test_add_func ("/retail-rows/choices", test_choices);

  return g_test_run ();
}
