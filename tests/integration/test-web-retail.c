/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include <royal-json.h>
#include <string.h>

/* The retail routes: seasons, and files that come in as forms. */

#define DATA "/api/v1/data/"

static JsonObject *
object_of (WebAnswer *answer)
{
  g_assert_true (answer->json != NULL && JSON_NODE_HOLDS_OBJECT (answer->json));
  return json_node_get_object (answer->json);
}

/* A form with a file and, where @field is not NULL, one field; answers with @status. */
static WebAnswer *
upload (WebHost *host, guint status, const char *path, const char *csv, const char *field, const char *value)
{
  static const char *const headers[] = { "Content-Type", "multipart/form-data; boundary=edge", NULL };
  g_autoptr (GString) body = g_string_new (NULL);
  WebAnswer *answer;

  if (field != NULL)
    g_string_append_printf (body, "--edge\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", field, value);
  if (csv != NULL)
    g_string_append_printf (body,
                            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
                            "Content-Type: text/csv\r\n\r\n%s\r\n",
                            csv);
  g_string_append (body, "--edge--\r\n");
  answer = web_call (host, NULL, "POST", path, body->str, headers);
  if (answer->status != status)
    g_error ("%s: expected %u, found %u: %s", path, status, answer->status, answer->text);
  return answer;
}

static void
assert_detail (WebAnswer *answer, const char *detail)
{
  g_assert_cmpstr (royal_json_string (object_of (answer), "detail", NULL), ==, detail);
}

static void
load_stores (WebHost *host)
{
  static const char *const headers[] = { "Content-Type", "text/csv", NULL };
  g_autoptr (WebAnswer) answer =
      web_call (host, NULL, "POST", DATA "stores", "store_id,name\nS1,One\nS2,Two\n", headers);

  g_assert_cmpuint (answer->status, ==, 200);
}

static char *
history (guint weeks)
{
  g_autoptr (GString) text = g_string_new ("store_id,category_id,week_start_date,units_sold\n");
  g_autoptr (GDate) day = g_date_new_dmy (7, G_DATE_JANUARY, 2023);

  for (guint week = 0; week < weeks; week++, g_date_add_days (day, 7))
    g_string_append_printf (text, "S1,dresses,%04u-%02u-%02u,%u\n", (guint)g_date_get_year (day),
                            (guint)g_date_get_month (day), (guint)g_date_get_day (day), week);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_history (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *whole = history (112);
  g_autofree char *less = history (78);
  g_autoptr (WebAnswer) dry = NULL;
  g_autoptr (WebAnswer) real = NULL;
  g_autoptr (WebAnswer) again = NULL;
  g_autoptr (WebAnswer) too_short = NULL;
  g_autoptr (WebAnswer) categories = NULL;

  load_stores (host);
  too_short = upload (host, 422, DATA "upload-historical-sales", less, NULL, NULL);
  assert_detail (too_short,
                 "history: column week_start_date: category dresses: Insufficient historical data: need 24+ months, "
                 "found 18 months");
  dry = upload (host, 200, DATA "upload-historical-sales?dry_run=1", whole, NULL, NULL);
  g_assert_true (royal_json_boolean (object_of (dry), "dry_run", FALSE));
  real = upload (host, 200, DATA "upload-historical-sales", whole, "gaps", "refuse");
  g_assert_cmpint (royal_json_int (object_of (real), "rows", 0), ==, 112);
  g_assert_cmpint (royal_json_int (object_of (real), "added", 0), ==, 112);
  g_assert_cmpstr (json_array_get_string_element (royal_json_array (object_of (real), "dates"), 0), ==, "2023-01-07");
  again = upload (host, 200, DATA "upload-historical-sales", whole, NULL, NULL);
  g_assert_cmpint (royal_json_int (object_of (again), "unchanged", 0), ==, 112);
  categories = web_expect (host, 200, NULL, "GET", "/api/v1/retail/categories", NULL);
  g_assert_cmpint (
      royal_json_int (json_array_get_object_element (royal_json_array (object_of (categories), "items"), 0), "months",
                      0),
      ==, 25);
}

static void
test_forms (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) no_file = upload (host, 422, DATA "upload-historical-sales", NULL, "gaps", "keep");
  g_autoptr (WebAnswer) odd_field = upload (host, 422, DATA "upload-historical-sales", "a", "color", "red");
  g_autoptr (WebAnswer) odd_gaps = upload (host, 422, DATA "upload-historical-sales", "a", "gaps", "fill");
  g_autoptr (WebAnswer) no_season = upload (host, 422, DATA "upload-weekly-sales", "a", NULL, NULL);
  g_autoptr (WebAnswer) no_such =
      upload (host, 404, DATA "upload-weekly-sales", "store_id,week_number,units_sold\nS1,1,1\n", "season", "none");
  g_autoptr (WebAnswer) json = web_expect (host, 415, NULL, "POST", DATA "upload-weekly-sales", "{}");
  const char *const headers[] = { "Content-Type", "multipart/form-data; boundary=other", NULL };
  g_autoptr (WebAnswer) broken = web_call (host, NULL, "POST", DATA "upload-weekly-sales", "--edge\r\n", headers);

  assert_detail (no_file, "the form is to hold a CSV file");
  assert_detail (odd_field, "the form's color is not known here");
  assert_detail (odd_gaps, "/gaps: expected refuse or keep, found `fill`");
  assert_detail (no_season, "the form or the query is to name the season or its forecast");
  assert_detail (no_such, "no season is `none`");
  g_assert_cmpuint (broken->status, ==, 400);
}

#define H "store_id,category_id,week_start_date,units_sold\n"
#define A "store_id,week_number,units_sold\n"

/* What is wrong with a file is told with its line, column and reason, the same by a dry run, and nothing of it stays.
 */
static void
test_faults (void)
{
  static const struct {
    const char *path;
    const char *csv;
    const char *detail;
  } faults[] = {
    { DATA "upload-historical-sales", H "S1,coats,2025-01-05,1\nS9,coats,2025-01-05,1",
      "history: line 3, column store_id: no store is `S9`" },
    { DATA "upload-historical-sales", H "S1,coats,2025-01-05,-1\nS1,coats,2025-1-12,2.5",
      "history: line 2, column units_sold: expected whole units from 0 to 1000000000, found `-1`\n"
      "history: line 3, column week_start_date: expected a day of the calendar, YYYY-MM-DD, found `2025-1-12`\n"
      "history: line 3, column units_sold: expected whole units from 0 to 1000000000, found `2.5`" },
    { DATA "upload-historical-sales", H "S1,coats,2025-01-05,1\nS2,coats,2025-01-06,1",
      "history: line 3, column week_start_date: the week of 2025-01-06 begins on a Monday, those of category coats "
      "on "
      "a Sunday" },
    { DATA "upload-historical-sales", "store_id,category_id,units_sold\nS1,coats,1",
      "history: line 1: the column `week_start_date` is missing" },
    { DATA "upload-historical-sales", H "S1,coats,2025-01-05,1\nS1,\xff,2025-01-12,1",
      "history: line 3, character 4: expected UTF-8, found byte 0xff" },
    { DATA "upload-weekly-sales", A "S1,1,5\nS9,1,5", "actuals: line 3, column store_id: no store is `S9`" },
    { DATA "upload-weekly-sales", A "S1,1,5\nS1,1,6",
      "actuals: line 3, column week_number: store S1, week 1 stands on line 2 already" },
    { DATA "upload-weekly-sales", A "S1,3,many",
      "actuals: line 2, column units_sold: expected whole units from 0 to 1000000000, found `many`" },
  };
  static const char *const headers[] = { "Content-Type", "text/csv", NULL };
  g_autoptr (WebHost) host = web_host_new ();
  g_autoptr (WebAnswer) made = NULL;
  g_autoptr (WebAnswer) forecast = NULL;
  g_autoptr (WebAnswer) season = NULL;
  g_autoptr (WebAnswer) categories = NULL;

  load_stores (host);
  made = web_expect (host, 200, NULL, "POST", "/api/v1/retail/seasons",
                     "{\"code\":\"F\",\"category\":\"c\",\"category_name\":\"C\",\"name\":\"F\","
                     "\"start\":\"2025-03-01\",\"weeks\":2}");
  forecast = web_call (host, NULL, "POST", DATA "forecast?season=F&category=c&name=F&start=2025-03-01&weeks=2",
                       "store_id,week_number,units\nS1,1,100\nS1,2,100\n", headers);
  g_assert_cmpuint (forecast->status, ==, 200);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (faults); i++)
    {
      const char *path = faults[i / 2].path;
      const char *field = g_str_has_suffix (path, "weekly-sales") ? "season" : NULL;
      g_autofree char *dry = g_strconcat (path, "?dry_run=1", NULL);
      g_autoptr (WebAnswer) answer = upload (host, 422, i % 2 == 0 ? dry : path, faults[i / 2].csv, field, "F");

      assert_detail (answer, faults[i / 2].detail);
    }
  season = web_expect (host, 200, NULL, "GET", "/api/v1/retail/seasons/F", NULL);
  g_assert_cmpint (royal_json_int (object_of (season), "sold", -1), ==, 0);
  categories = web_expect (host, 200, NULL, "GET", "/api/v1/retail/categories", NULL);
  g_assert_null (strstr (categories->text, "coats"));
}

static void
test_weeks (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  const char *const headers[] = { "Content-Type", "text/csv", NULL };
  g_autoptr (WebAnswer) unknown = NULL;
  g_autoptr (WebAnswer) named = NULL;
  g_autoptr (WebAnswer) season = NULL;
  g_autoptr (WebAnswer) wrong = NULL;
  g_autoptr (WebAnswer) none = NULL;
  g_autoptr (WebAnswer) forecast = NULL;
  g_autoptr (WebAnswer) moved = NULL;
  g_autoptr (WebAnswer) sold = NULL;
  g_autoptr (WebAnswer) weeks = NULL;
  g_autoptr (WebAnswer) variance = NULL;
  g_autoptr (WebAnswer) inventory = NULL;
  g_autoptr (WebAnswer) watch = NULL;

  load_stores (host);
  unknown = web_expect (host, 422, NULL, "POST", "/api/v1/retail/seasons",
                        "{\"code\":\"T\",\"category\":\"dreses\",\"name\":\"T\",\"start\":\"2025-03-01\",\"weeks\":2}");
  assert_detail (unknown, "season: /category: no category is `dreses`; there are: dresses: a new one needs its name "
                          "(category_name, --category-name)");
  named = web_expect (host, 200, NULL, "POST", "/api/v1/retail/seasons",
                      "{\"code\":\"N\",\"category\":\"new\",\"category_name\":\"New\",\"name\":\"N\","
                      "\"start\":\"2025-03-01\",\"weeks\":2}");
  g_assert_cmpstr (royal_json_string (object_of (named), "category_name", NULL), ==, "New");
  season = web_expect (host, 200, NULL, "POST", "/api/v1/retail/seasons",
                       "{\"code\":\"T\",\"category\":\"dresses\",\"name\":\"T\",\"start\":\"2025-03-01\",\"weeks\":2}");
  g_assert_cmpint (royal_json_int (object_of (season), "forecast_total", -1), ==, 0);
  wrong = web_expect (host, 422, NULL, "POST", "/api/v1/retail/seasons",
                      "{\"code\":\"T\",\"category\":\"dresses\",\"name\":\"T\",\"start\":\"2025-02-30\",\"weeks\":2}");
  assert_detail (wrong, "season: /start: expected a day of the calendar");
  none = web_expect (host, 404, NULL, "GET", "/api/v1/retail/seasons/T/forecast", NULL);
  assert_detail (none, "season T has no recorded forecast");
  forecast = web_call (host, NULL, "POST", DATA "forecast?season=T&category=dresses&name=T&start=2025-03-01&weeks=2",
                       "store_id,week_number,units\nS1,1,100\nS1,2,100\n", headers);
  g_assert_cmpuint (forecast->status, ==, 200);
  moved = web_expect (host, 409, NULL, "POST", "/api/v1/retail/seasons",
                      "{\"code\":\"T\",\"category\":\"dresses\",\"name\":\"T\",\"start\":\"2025-03-08\",\"weeks\":2}");
  assert_detail (moved, "season T has a forecast: its weeks can not change");

  sold = upload (host, 200, DATA "upload-weekly-sales", "store_id,week_number,units_sold\nS1,1,126\n", "season", "T");
  g_assert_cmpstr (json_array_get_string_element (royal_json_array (object_of (sold), "dates"), 1), ==, "2025-03-07");
  g_assert_true (royal_json_boolean (royal_json_object (object_of (sold), "variance"), "reforecast", FALSE));
  g_assert_true (json_object_get_null_member (object_of (sold), "workflow")); /* this host has no such workflow */
  weeks = web_expect (host, 200, NULL, "GET", "/api/v1/retail/seasons/T/weeks", NULL);
  g_assert_cmpuint (json_array_get_length (royal_json_array (object_of (weeks), "items")), ==, 2);
  variance = web_expect (host, 200, NULL, "GET", "/api/v1/retail/variance/T/week/1", NULL);
  g_assert_cmpfloat (royal_json_double (object_of (variance), "variance", 0), ==, 0.26);
  inventory = web_expect (host, 200, NULL, "GET", "/api/v1/retail/seasons/T/inventory", NULL);
  g_assert_cmpint (royal_json_int (object_of (inventory), "made", -1), ==, 0);
  /* Nobody has looked, nothing is marked down. */
  watch = web_expect (host, 200, NULL, "GET", "/api/v1/retail/seasons/T/watch", NULL);
  g_assert_cmpint (royal_json_int (object_of (watch), "week", -1), ==, 1);
  g_assert_true (json_object_get_null_member (object_of (watch), "guard"));
  g_assert_true (json_object_get_null_member (object_of (watch), "markdown"));
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  royal_test_migrate ();
  g_test_add_func ("/web-retail/history", test_history);
  g_test_add_func ("/web-retail/forms", test_forms);
  g_test_add_func ("/web-retail/weeks", test_weeks);
  g_test_add_func ("/web-retail/faults", test_faults);
  return royal_test_run ();
}
