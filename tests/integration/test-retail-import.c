/* SPDX-License-Identifier: Apache-2.0 */
#include "retail-fixture.h"

#include <royal-table-builder.h>
#include <sys/resource.h>
#include <unistd.h>

/* A sanitizer keeps what is freed: how much memory is needed cannot be told then. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED TRUE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED TRUE
#endif
#endif
#ifndef SANITIZED
#define SANITIZED FALSE
#endif

/* Imports of sales: the years before a season, and what comes in by week. */

#define H "store_id,category_id,week_start_date,units_sold\n"
#define KEEP "{\"gaps\":\"keep\"}"

/* A history of @weeks weeks from 2023-01-01, a row for each of @stores stores S1 …; @skip is left out (0: none). */
static char *
history (guint stores, guint weeks, guint skip)
{
  g_autoptr (GString) text = g_string_new (H);
  g_autoptr (GDate) day = g_date_new_dmy (1, G_DATE_JANUARY, 2023);

  for (guint week = 1; week <= weeks; week++, g_date_add_days (day, 7))
    for (guint store = 1; store <= stores; store++)
      if (week != skip)
        g_string_append_printf (text, "S%u,dresses,%04u-%02u-%02u,%u\n", store, (guint)g_date_get_year (day),
                                (guint)g_date_get_month (day), (guint)g_date_get_day (day), week + store);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
load_stores (void)
{
  retail_import_ok ("stores", NULL, "store_id,name\nS1,One\nS2,Two\n", FALSE, 2, 0, 0);
}

static void
test_history (void)
{
  g_autofree char *first = history (2, 104, 0);
  g_autofree char *longer = history (2, 110, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) summary = NULL;

  load_stores ();
  retail_import_ok ("history", NULL, first, TRUE, 208, 0, 0);
  retail_assert_value ("select count (*) from retail_history" NEWEST, "0");
  retail_assert_value ("select count (*) from retail_categories" NEWEST, "0");
  retail_import_ok ("history", NULL, first, FALSE, 208, 0, 0);
  retail_import_ok ("history", NULL, first, FALSE, 0, 0, 208);
  /* What is there already counts: a file of one month is enough then. */
  retail_import_ok ("history", NULL, H "S1,dresses,2022-12-25,7\nS1,dresses,2023-01-01,9\n", FALSE, 1, 1, 0);
  retail_import_ok ("history", NULL, longer, FALSE, 12, 1, 207);

  summary = retail_import ("history", NULL, longer, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (retail_object (summary), "rows", 0), ==, 220);
  g_assert_cmpint (royal_json_int (retail_object (summary), "months", 0), ==, 25);
  g_assert_cmpint (royal_json_int (retail_object (summary), "missing_weeks", -1), ==, 0);
  g_assert_cmpstr (json_array_get_string_element (royal_json_array (retail_object (summary), "dates"), 1), ==,
                   "2025-02-02");
}

/* What a file says of prices stays when the next one does not know them. */
static void
test_prices (void)
{
  g_autofree char *whole = history (1, 104, 0);

  load_stores ();
  retail_import_ok ("history", NULL, whole, FALSE, 104, 0, 0);
  retail_import_ok ("history", NULL,
                    "price,store_id,category_id,week_start_date,units_sold\n9.90,S1,dresses,2023-01-01,2\n", FALSE, 0,
                    1, 0);
  retail_import_ok ("history", NULL, H "S1,dresses,2023-01-01,2\n", FALSE, 0, 0, 1);
  retail_assert_value ("select price from retail_history" NEWEST " and price is not null", "9.90");
}

typedef struct {
  const char *about;
  const char *csv;
  const char *message;
} Bad;

static const Bad bad_files[] = {
  { NULL, H "S1,dresses,2025-01-05,1\nS9,dresses,2025-01-05,1\n",
    "history: line 3, column store_id: no store is `S9`" },
  { NULL, H "S1,dresses,2025-01-05,1\nS1,dresses,2025-01-12,1\nS1,dresses,2025-01-05,1\n",
    "history: line 4, column week_start_date: store S1, category dresses, week of 2025-01-05 stands on line 2 "
    "already" },
  { NULL, H "S1,dresses,2025-01-05,1\nS1,dresses,2025-01-08,1\n",
    "history: line 3, column week_start_date: store S1, category dresses: the week of 2025-01-08 overlaps the week of "
    "2025-01-05" },
  { NULL, H "S1,dresses,2025-01-05,1\nS1,dresses,2025-01-19,1\n",
    "history: line 3, column week_start_date: store S1, category dresses has no row for the week of 2025-01-12" },
  { NULL, H "S1,dresses,2025-01-05,1\nS1,dresses,2025-02-02,1\n",
    "history: line 3, column week_start_date: store S1, category dresses has no rows for the weeks from 2025-01-12 to "
    "2025-01-26" },
  { KEEP, H "S1,dresses,2025-01-05,1\nS1,dresses,2025-01-20,1\n",
    "history: line 3, column week_start_date: store S1, category dresses: the week of 2025-01-20 does not begin whole "
    "weeks "
    "after 2025-01-05" },
  { NULL, H "S1,dresses,2025-01-05,1\nS1,dresses,2025-01-12,1\nS2,dresses,2025-01-06,1\nS2,dresses,2025-01-13,1\n",
    "history: line 4, column week_start_date: the week of 2025-01-06 begins on a Monday, those of category dresses on "
    "a "
    "Sunday\n"
    "history: line 5, column week_start_date: the week of 2025-01-13 begins on a Monday, those of category dresses on "
    "a "
    "Sunday" },
  { NULL, H "S1,dresses,2025-01-05,-1\n",
    "history: line 2, column units_sold: expected whole units from 0 to 1000000000, found `-1`" },
  { NULL, H "S1,dresses,2025-01-05,1.5\n",
    "history: line 2, column units_sold: expected whole units from 0 to 1000000000, found `1.5`" },
  { NULL, H "S1,dresses,2025-02-30,1\n",
    "history: line 2, column week_start_date: expected a day of the calendar, YYYY-MM-DD, found `2025-02-30`" },
  { NULL, "store_id,category_id,units_sold\nS1,dresses,1\n",
    "history: line 1: the column `week_start_date` is missing" },
  { NULL, H "S1,dresses,2025-01-05,1\nS1,\xff,2025-01-12,1\n",
    "history: line 3, character 4: expected UTF-8, found byte 0xff" },
  { NULL, "\xff\xfeS", "history: expected UTF-8, found UTF-16" },
  { NULL, H, "history: the file has no rows" },
  { "{\"gaps\":\"fill\"}", H "S1,dresses,2025-01-05,1\n", "/gaps: expected refuse or keep, found `fill`" },
};

static void
test_bad_history (void)
{
  g_autofree char *short_one = history (2, 78, 0);
  g_autofree char *gap = history (2, 104, 50);

  load_stores ();
  for (guint i = 0; i < G_N_ELEMENTS (bad_files); i++)
    {
      g_test_message ("%s", bad_files[i].message);
      retail_import_fails ("history", bad_files[i].about, bad_files[i].csv, bad_files[i].message);
    }
  retail_import_fails (
      "history", NULL, short_one,
      "history: column week_start_date: category dresses: Insufficient historical data: need 24+ months, "
      "found 18 months");
  retail_import_fails (
      "history", NULL, gap,
      "history: line 100, column week_start_date: store S1, category dresses has no row for the week of "
      "2023-12-10\n"
      "history: line 101, column week_start_date: store S2, category dresses has no row for the week of "
      "2023-12-10");
  retail_assert_value ("select count (*) from retail_history" NEWEST, "0");
  retail_import_ok ("history", KEEP, gap, FALSE, 206, 0, 0);
  /* What is missing may come later; what is known already is a neighbour, too. */
  retail_import_fails (
      "history", NULL, H "S2,dresses,2023-12-12,1\n",
      "history: line 2, column week_start_date: store S2, category dresses: the week of 2023-12-12 does not "
      "begin whole weeks after 2023-12-03\n"
      "history: line 2, column week_start_date: store S2, category dresses: the week of 2023-12-17 overlaps "
      "the week of 2023-12-12");
  retail_import_ok ("history", NULL, H "S1,dresses,2023-12-10,1\nS2,dresses,2023-12-10,1\n", FALSE, 2, 0, 0);
  /* A store that is new has the weeks of the others. */
  retail_import_ok ("stores", NULL, "store_id,name\nS3,Three\n", FALSE, 1, 0, 0);
  retail_import_fails ("history", NULL, H "S3,dresses,2024-01-01,1\n",
                       "history: line 2, column week_start_date: the week of 2024-01-01 begins on a Monday, those of "
                       "category dresses on a Sunday");
}

#define A "store_id,week_number,units_sold\n"
#define UNITS "expected whole units from 0 to 1000000000, found "

/* What files of either kind are refused for, of which each has a line for the other's row in front. */
static const struct {
  const char *kind;
  const char *text;
  gsize length; /* where there is a NUL in it */
  const char *message;
} bad_texts[] = {
  { "history", "", 0, "history: the file is empty" },
  { "history", "\xef\xbb\xbf", 0, "history: the file is empty" },
  { "history", H, 0, "history: the file has no rows" },
  { "history", H "\n\n", 0, "history: the file has no rows" },
  { "history", "store_id,category_id,week_start_date,units_sold,color\n", 0,
    "history: line 1: no column is named `color`" },
  { "history", "store_id,category_id,week_start_date,units_sold,store_id\n", 0,
    "history: line 1: the column `store_id` stands twice" },
  { "history", "store_id;category_id;week_start_date;units_sold\n", 0,
    "history: line 1: the column `store_id` is missing; cells are separated by commas, not by semicolons" },
  { "history", H "S1,dresses,2025-01-05,1\nS1,dresses,2025-01-12,1,\n", 0,
    "history: line 3: expected 4 cells, found 5" },
  { "history", H "S1,dresses,2025-01-05,1\n\nS1,dresses,2025-01-12,1\n", 0, "history: line 3: is empty" },
  { "history", H "S1,dresses,2025-01-05,1\rS1,dresses,2025-01-12,1\n", 0,
    "history: line 2, character 24: a carriage return without a line feed" },
  { "history", H "S1,dresses,2025-01-05,1\n\"S1,dresses,2025-01-12,1\n", 0,
    "history: line 4, character 1: the quote that opens on line 3 is not closed" },
  { "history", H "\"S\n1\",dresses,2025-01-05,1\n", 0,
    "history: line 2, column store_id: expected a store's id of letters, digits, `.`, `_` and `-`, found `S?1`" },
  { "history", H "S1,dresses,2025-01-05,1\0\n", sizeof (H "S1,dresses,2025-01-05,1\0\n") - 1,
    "history: line 2, character 24: expected UTF-8, found byte 0x00" },
  { "history", H "S1,dresses,2025-01-05,1000000001\n", 0, "history: line 2, column units_sold: " UNITS "`1000000001`" },
  { "history", H "S1,dresses,2025-01-05,9223372036854775808\n", 0,
    "history: line 2, column units_sold: " UNITS "`9223372036854775808`" },
  { "history", H "S1,dresses,05/01/2025,NaN\n", 0,
    "history: line 2, column week_start_date: expected a day of the calendar, YYYY-MM-DD, found `05/01/2025`\n"
    "history: line 2, column units_sold: " UNITS "`NaN`" },
  { "actuals", "", 0, "actuals: the file is empty" },
  { "actuals", A, 0, "actuals: the file has no rows" },
  { "actuals", "\xff\xfes", 0, "actuals: expected UTF-8, found UTF-16" },
  { "actuals", "store_id,units_sold\n", 0, "actuals: line 1: the column `week_number` is missing" },
  { "actuals", "store_id,week_number,units_sold,price\n", 0, "actuals: line 1: no column is named `price`" },
  { "actuals", A "S1,1,5\nS9,1,5\n", 0, "actuals: line 3, column store_id: no store is `S9`" },
  { "actuals", A "S1,1,5\nS2,1,-5\n", 0, "actuals: line 3, column units_sold: " UNITS "`-5`" },
  { "actuals", A "S1,1,5\nS2,1,0.5\n", 0, "actuals: line 3, column units_sold: " UNITS "`0.5`" },
  { "actuals", A "S1,1,5\nS2,1,1e3\n", 0, "actuals: line 3, column units_sold: " UNITS "`1e3`" },
  { "actuals", A "S1,1,5\nS2,1,1000000001\n", 0, "actuals: line 3, column units_sold: " UNITS "`1000000001`" },
  { "actuals", A "S1,1,5\nS2,2025-03-01,5\n", 0,
    "actuals: line 3, column week_number: expected a week from 1 to 104, found `2025-03-01`" },
  { "actuals", A "S1,1,5\nS2,3,5\n", 0, "actuals: line 3, column week_number: expected a week from 1 to 2, found 3" },
  { "actuals", A "S1,1,5\nS2,1,5\nS1,1,5\n", 0,
    "actuals: line 4, column week_number: store S1, week 1 stands on line 2 already" },
  { "actuals", A "S1,1,5\nS2,1,\xe9\n", 0, "actuals: line 3, character 6: expected UTF-8, found byte 0xe9" },
  { "actuals", A "S1,1,5\nS2,1,5\0\n", sizeof (A "S1,1,5\nS2,1,5\0\n") - 1,
    "actuals: line 3, character 7: expected UTF-8, found byte 0x00" },
};

#define SEASON_T "{\"code\":\"T\",\"category\":\"c\",\"name\":\"T\",\"start\":\"2025-03-01\",\"weeks\":2}"
#define OF_T "{\"season\":\"T\"}"

/* All that an import may change. */
static char *
everything (void)
{
  return retail_value (
      "select md5 (string_agg (t, ';' order by t)) from (select h::text as t from retail_history h" NEWEST
      " union all select a::text from retail_actuals a" NEWEST
      " union all select c::text from retail_categories c" NEWEST " union all select o.id::text from outbox o" NEWEST
      ") x");
}

static void
test_bad_texts (void)
{
  g_autoptr (GString) long_line = g_string_new (A);
  g_autofree char *before = NULL;

  load_stores ();
  retail_import_ok ("forecast", SEASON_T, "store_id,week_number,units\nS1,1,9\nS1,2,9\nS2,1,9\nS2,2,9\n", FALSE, 4, 0,
                    0);
  before = everything ();
  for (guint i = 0; i < G_N_ELEMENTS (bad_texts); i++)
    {
      gsize length = bad_texts[i].length > 0 ? bad_texts[i].length : strlen (bad_texts[i].text);
      g_autofree char *after = NULL;

      g_test_message ("%s", bad_texts[i].message);
      retail_import_bytes_fails (bad_texts[i].kind, g_str_equal (bad_texts[i].kind, "actuals") ? OF_T : NULL,
                                 bad_texts[i].text, length, bad_texts[i].message);
      after = everything ();
      g_assert_cmpstr (after, ==, before);
    }
  for (guint i = 0; i < 66000; i++)
    g_string_append_c (long_line, '1');
  retail_import_fails ("actuals", OF_T, long_line->str,
                       "actuals: line 2, character 66001: the row is longer than 64 KiB");
}

/* A byte order mark, the line ends of another system, columns in another order and quotes say the same. */
static void
test_good_texts (void)
{
  g_autofree char *plain = history (2, 104, 0);
  g_auto (GStrv) lines = g_strsplit (plain, "\n", -1);
  g_autoptr (GString) other = g_string_new ("\xef\xbb\xbfunits_sold,week_start_date,category_id,store_id\r\n");

  for (guint i = 1; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i], ",", -1);

      g_string_append_printf (other, "%s,\"%s\",%s,\"%s\"%s", cells[3], cells[2], cells[1], cells[0],
                              lines[i + 1] != NULL && *lines[i + 1] != '\0' ? "\r\n" : "");
    }
  load_stores ();
  retail_import_ok ("history", NULL, other->str, TRUE, 208, 0, 0);
  retail_import_ok ("history", NULL, other->str, FALSE, 208, 0, 0);
  retail_import_ok ("history", NULL, plain, FALSE, 0, 0, 208);
  retail_import_ok ("forecast", SEASON_T, "store_id,week_number,units\nS1,1,9\nS1,2,9\nS2,1,9\nS2,2,9\n", FALSE, 4, 0,
                    0);
  retail_import_ok ("actuals", OF_T, "\xef\xbb\xbfweek_number,units_sold,store_id\r\n1,5,\"S1\"\r\n\"1\",6,S2\r\n",
                    FALSE, 2, 0, 0);
  retail_import_ok ("actuals", OF_T, A "S1,1,5\nS2,1,6", FALSE, 0, 0, 2);
}

/* 400,000 rows take the database's time and little of this process's memory. */
static void
test_large (void)
{
  g_autoptr (GString) stores = g_string_new ("store_id,name\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) summary = NULL;
  g_autofree char *csv = NULL;
  struct rusage before, after;
  gint64 start_us;

  for (guint i = 1; i <= 2564; i++)
    g_string_append_printf (stores, "S%u,Store %u\n", i, i);
  retail_import_ok ("stores", NULL, stores->str, FALSE, 2564, 0, 0);
  csv = history (2564, 156, 0);
  getrusage (RUSAGE_SELF, &before);
  start_us = g_get_monotonic_time ();
  summary = retail_import ("history", NULL, csv, FALSE, &error);
  g_assert_no_error (error);
  getrusage (RUSAGE_SELF, &after);
  g_assert_cmpint (royal_json_int (retail_object (summary), "added", 0), ==, 399984);
  /* The text itself is held twice by this test and once as it is handed over, before; what comes on top is chunks. */
  g_test_message ("%.1f s, %ld KiB more", (double)(g_get_monotonic_time () - start_us) / G_USEC_PER_SEC,
                  after.ru_maxrss - before.ru_maxrss);
  if (!SANITIZED)
    g_assert_cmpint (after.ru_maxrss - before.ru_maxrss, <, (glong)(strlen (csv) / 1024) + 16 * 1024);
}

static JsonObject *
variance_of (JsonNode *summary)
{
  return royal_json_object (retail_object (summary), "variance");
}

/* Weeks 1 to 4 of the reference season: 3,200 sold where 2,550 were expected. */
static void
test_variance (void)
{
  g_autofree char *stores = retail_file ("stores");
  g_autofree char *forecast = retail_file ("forecast");
  g_autofree char *all = retail_file ("actuals");
  g_auto (GStrv) lines = g_strsplit (all, "\n", -1);
  g_autoptr (GString) four = g_string_new ("store_id,week_number,units_sold\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) first = NULL;
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (JsonNode) corrected = NULL;

  for (guint i = 1; lines[i] != NULL && *lines[i] != '\0'; i++)
    if (g_ascii_strtoll (strchr (lines[i], ',') + 1, NULL, 10) <= 4)
      g_string_append_printf (four, "%s\n", lines[i]);
  retail_import_ok ("stores", NULL, stores, FALSE, 50, 0, 0);
  retail_import_ok ("forecast", SEASON, forecast, FALSE, 600, 0, 0);

  first = retail_import ("actuals", ACTUALS, four->str, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (royal_json_double (variance_of (first), "variance", 0), ==, 0.2549);
  g_assert_cmpint (royal_json_int (variance_of (first), "sold", 0), ==, 3200);
  g_assert_cmpint (royal_json_int (variance_of (first), "forecast", 0), ==, 2550);
  g_assert_cmpint (royal_json_int (variance_of (first), "weeks_left", 0), ==, 8);
  g_assert_true (royal_json_boolean (variance_of (first), "above", FALSE));
  g_assert_true (royal_json_boolean (variance_of (first), "reforecast", FALSE));
  g_assert_cmpstr (json_array_get_string_element (royal_json_array (retail_object (first), "dates"), 1), ==,
                   "2025-03-28");

  /* The same file says the same; a correction of that week asks for no second re-forecast; it is told of once. */
  again = retail_import ("actuals", ACTUALS, four->str, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (royal_json_boolean (variance_of (again), "reforecast", FALSE));
  corrected = retail_import ("actuals", ACTUALS, "store_id,week_number,units_sold\nS001,4,999\n", FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (royal_json_boolean (variance_of (corrected), "above", FALSE));
  g_assert_false (royal_json_boolean (variance_of (corrected), "reforecast", TRUE));
  retail_assert_value ("select count (*) from outbox" NEWEST " and kind = 'retail.variance'", "1");
  retail_assert_value ("select count (*) from retail_variances" NEWEST, "1");
}

/* At exactly 20 % nothing is asked for; one unit more does. */
static void
test_threshold (void)
{
#define TWO_WEEKS "{\"code\":\"T\",\"category\":\"c\",\"name\":\"T\",\"start\":\"2025-03-01\",\"weeks\":2}"
  static const struct {
    const char *sold;
    gboolean above;
  } cases[] = { { "120", FALSE }, { "80", FALSE }, { "121", TRUE }, { "79", TRUE }, { "100", FALSE } };

  retail_import_ok ("stores", NULL, "store_id,name\nS1,One\n", FALSE, 1, 0, 0);
  retail_import_ok ("forecast", TWO_WEEKS, "store_id,week_number,units\nS1,1,100\nS1,2,50\n", FALSE, 2, 0, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *csv = g_strdup_printf ("store_id,week_number,units_sold\nS1,1,%s\n", cases[i].sold);
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) summary = retail_import ("actuals", "{\"season\":\"T\"}", csv, FALSE, &error);

      g_assert_no_error (error);
      g_assert_cmpint (royal_json_boolean (variance_of (summary), "above", !cases[i].above), ==, cases[i].above);
    }
}

/* A session that stages rows of its own making is refused, and gains nothing by it. */
static void
test_stage (void)
{
  g_autofree char *host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autofree char *told = royal_test_sql_value (
      host, "create function pg_temp.try () returns text language plpgsql as $$ begin"
            " perform retail_import ('history', '{}', false, 'x'); return 'done';"
            " exception when others then return sqlerrm; end $$;"
            "create function pg_temp.steal () returns int language plpgsql as $$ begin"
            " raise exception 'ran as %', current_user; end $$;"
            "create view pg_temp.retail_rows as select 1 as line, 'S1' as store, 'c' as category,"
            " date '2025-01-05' + pg_temp.steal () as week, 1::bigint as units, 1::numeric as price;"
            "set royal.workspace = '1'; select pg_temp.try ()");

  g_assert_cmpstr (told, ==, "no rows are staged");
}

static const RetailCase cases[] = {
  { "/retail-import/history", test_history },
  { "/retail-import/prices", test_prices },
  { "/retail-import/bad-history", test_bad_history },
  { "/retail-import/bad-texts", test_bad_texts },
  { "/retail-import/good-texts", test_good_texts },
  { "/retail-import/large", test_large },
  { "/retail-import/variance", test_variance },
  { "/retail-import/threshold", test_threshold },
  { "/retail-import/stage", test_stage },
};

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  royal_test_migrate ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add_data_func (cases[i].path, &cases[i], retail_run);
  return royal_test_run ();
}
