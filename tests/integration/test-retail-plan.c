/* SPDX-License-Identifier: Apache-2.0 */
#include "connector-conformance.h"
#include "retail-fixture.h"

#include <royal-table-builder.h>
#include <unistd.h>

/* A season from its history to what is sent to stores: the worked examples, and what the connector refuses. */

#define TARGET "SS25"
#define HASH64 "0000000000000000000000000000000000000000000000000000000000000000"

/* What the host finds in the workspace of the test. */
static void
assert_host_value (const char *sql, const char *expected)
{
  g_autofree char *host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autofree char *here = g_strdup_printf ("set royal.workspace = '%" G_GINT64_FORMAT "'; %s", retail_workspace, sql);
  g_autofree char *found = royal_test_sql_value (host, here);

  g_assert_cmpstr (found, ==, expected);
}

/* The season of the fixture, without a forecast. */
static void
put_season (void)
{
  g_autofree char *stores = retail_file ("stores");

  retail_import_ok ("stores", NULL, stores, FALSE, 50, 0, 0);
  assert_host_value ("select retail_season_put ($j$" SEASON "$j$, 'test') ->> 'code'", TARGET);
}

/* forecast.record over the fixture's 50 stores in three clusters; @more are members before the clusters. */
static char *
forecast (guint total, guint from_week, const char *more)
{
  static const struct {
    const char *name;
    const char *share;
    guint first, last;
    const char *factor;
  } clusters[] = { { "fashion_forward", "0.4", 1, 20, "0.05" },
                   { "mainstream", "0.35", 21, 40, "0.05" },
                   { "value_conscious", "0.25", 41, 50, "0.1" } };
  g_autoptr (GString) text = g_string_new ("{\"season\":\"SS25\",\"method\":\"ensemble_prophet_arima\",");
  guint weeks = 13 - from_week;
  guint sum = from_week > 1 ? total - 3200 : total;

  g_string_append_printf (text, "\"total\":%u,%s\"curve\":[", total, more);
  for (guint i = 0; i < weeks; i++)
    g_string_append_printf (text, "%s%u", i > 0 ? "," : "", sum * (i + 1) / weeks - sum * i / weeks);
  if (from_week > 1)
    g_string_append_printf (text, "],\"from_week\":%u,\"clusters\":[", from_week);
  else
    g_string_append (text, "],\"clusters\":[");
  for (guint c = 0; c < G_N_ELEMENTS (clusters); c++)
    {
      g_string_append_printf (text, "%s{\"name\":\"%s\",\"share\":%s,\"stores\":[", c > 0 ? "," : "", clusters[c].name,
                              clusters[c].share);
      for (guint s = clusters[c].first; s <= clusters[c].last; s++)
        g_string_append_printf (text, "%s{\"store\":\"S%03u\",\"factor\":%s}", s > clusters[c].first ? "," : "", s,
                                clusters[c].factor);
      g_string_append (text, "]}");
    }
  g_string_append (text, "]}");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* [{ store, units }] over the fixture's stores that sums to @units. */
static char *
items (guint units)
{
  g_autoptr (GString) text = g_string_new ("[");

  for (guint i = 0; i < 50; i++)
    g_string_append_printf (text, "%s{\"store\":\"S%03u\",\"units\":%u}", i > 0 ? "," : "", i + 1,
                            units * (i + 1) / 50 - units * i / 50);
  g_string_append_c (text, ']');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
order (guint total, const char *safety, guint quantity, guint initial)
{
  g_autofree char *allocation = items (initial);

  return g_strdup_printf ("{\"season\":\"SS25\",\"forecast_total\":%u,\"safety_stock_pct\":%s,\"quantity\":%u,"
                          "\"initial\":%u,\"holdback\":%u,\"allocation\":%s}",
                          total, safety, quantity, initial, quantity - initial, allocation);
}

static char *
shipment (guint week, guint units)
{
  g_autofree char *list = items (units);

  return g_strdup_printf ("{\"season\":\"SS25\",\"week\":%u,\"items\":%s}", week, list);
}

static char *
reallocation (guint total, guint quantity, gboolean counted)
{
  return g_strdup_printf ("{\"season\":\"SS25\",\"new_total\":%u,\"quantity\":%u,\"count_store_stock\":%s}", total,
                          quantity, counted ? "true" : "false");
}

/* An effect that was assessed now; takes @parameters. */
static void
prepare (RetailEffect *self, const char *action, const char *key, char *parameters)
{
  g_autofree char *text = parameters;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) assessment = NULL;

  self->parameters = retail_json (text);
  self->effect = (RhEffect){ .workspace = retail_workspace,
                             .action = action,
                             .target = TARGET,
                             .key = key,
                             .parameters = retail_object (self->parameters) };
  g_assert_true (RH_CONNECTOR_GET_IFACE (retail_connector)
                     ->validate (retail_connector, action, TARGET, self->effect.parameters, &error));
  g_assert_no_error (error);
  assessment = retail_assess (&self->effect, &error);
  g_assert_no_error (error);
  self->before = json_node_ref (assessment->before);
  self->effect.before = self->before;
}

/* What must hold, done; its receipt is kept for the inverse. */
static void
apply (RetailEffect *self, const char *action, const char *key, char *parameters)
{
  g_autoptr (GError) error = NULL;

  prepare (self, action, key, parameters);
  self->receipt = retail_act (&self->effect, FALSE, &error);
  g_assert_no_error (error);
}

/* What was done is now to be taken back, by that key. */
static void
turn_back (RetailEffect *self, const char *key)
{
  self->effect.key = key;
  self->effect.receipt = retail_object (self->receipt);
}

/* It is taken back as the world is now. */
static void
take_back (RetailEffect *self, const char *key)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) inverse = NULL;

  turn_back (self, key);
  inverse = retail_assess (&self->effect, &error);
  g_assert_no_error (error);
  self->effect.before = inverse->before;
  json_node_unref (retail_act (&self->effect, TRUE, &error));
  g_assert_no_error (error);
  self->effect.before = NULL;
}

/* What assess refuses now. */
static void
assert_refused (const char *action, char *parameters, const char *message)
{
  g_autofree char *text = parameters;
  g_autoptr (JsonNode) node = retail_json (text);
  const RhEffect effect = { .workspace = retail_workspace,
                            .action = action,
                            .target = TARGET,
                            .key = "refused",
                            .parameters = retail_object (node) };
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) assessment = retail_assess (&effect, &error);

  g_assert_null (assessment);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_assert_cmpstr (error->message, ==, message);
}

/* Weeks 1 to 4 of the fixture: 3,200 units. */
static void
sell_four_weeks (void)
{
  g_autofree char *all = retail_file ("actuals");
  g_auto (GStrv) lines = g_strsplit (all, "\n", -1);
  g_autoptr (GString) four = g_string_new ("store_id,week_number,units_sold\n");

  for (guint i = 1; lines[i] != NULL && *lines[i] != '\0'; i++)
    if (g_ascii_strtoll (strchr (lines[i], ',') + 1, NULL, 10) <= 4)
      g_string_append_printf (four, "%s\n", lines[i]);
  retail_import_ok ("actuals", ACTUALS, four->str, FALSE, 200, 0, 0);
}

static void
test_plan (void)
{
  g_autoptr (GString) history = g_string_new ("store_id,category_id,week_start_date,units_sold,price\n");
  g_autoptr (GDate) day = g_date_new_dmy (5, G_DATE_MARCH, 2022);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) parameters = retail_json (ACTUALS);
  g_autoptr (JsonNode) plan = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (RoyalTable) table = NULL;
  GAsyncResult *result = NULL;
  JsonObject *first;
  int fd;

  put_season ();
  for (guint week = 0; week < 160; week++, g_date_add_days (day, 7))
    for (guint store = 1; store <= 2; store++)
      g_string_append_printf (history, "S%03u,dresses,%04u-%02u-%02u,%u,%s\n", store, (guint)g_date_get_year (day),
                              (guint)g_date_get_month (day), (guint)g_date_get_day (day), week,
                              store == 1 ? "9.5" : "");
  retail_import_ok ("history", NULL, history->str, FALSE, 320, 0, 0);

  plan = retail_get ("retail.plan", ACTUALS, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (retail_object (plan), "category", NULL), ==, "dresses");
  g_assert_cmpint (royal_json_int (retail_object (plan), "weeks", 0), ==, 12);
  g_assert_cmpint (royal_json_int (retail_object (plan), "start_day", 0), ==, 20148);
  /* 156 of the 160 weeks are before the season. */
  g_assert_cmpint (royal_json_int (retail_object (plan), "history_months", 0), ==, 36);
  g_assert_cmpuint (json_array_get_length (royal_json_array (retail_object (plan), "stores")), ==, 2);
  first = json_array_get_object_element (royal_json_array (retail_object (plan), "stores"), 0);
  g_assert_cmpstr (royal_json_string (first, "store", NULL), ==, "S001");
  g_assert_nonnull (royal_json_string (first, "fashion_tier", NULL));

  RH_CONNECTOR_GET_IFACE (retail_connector)
      ->read_async (retail_connector, retail_workspace, "retail.history", retail_object (parameters), NULL,
                    royal_test_result, &result);
  done = royal_test_wait (&result);
  fd = RH_CONNECTOR_GET_IFACE (retail_connector)->read_finish (retail_connector, done, &error);
  g_assert_no_error (error);
  table = royal_table_open (fd, &error);
  g_assert_no_error (error);
  close (fd);
  g_assert_cmpuint (royal_table_n_rows (table), ==, 312);
  g_assert_cmpint (royal_table_int64 (table, 1)[0], ==, 20148 - 156 * 7);
  g_assert_cmpint (royal_table_int64 (table, 1)[155], ==, 20148 - 7);
  g_assert_cmpint (royal_table_int64 (table, 2)[155], ==, 155);
  g_assert_cmpfloat (royal_table_double (table, 3)[0], ==, 9.5);
  g_assert_true (royal_table_is_null (table, 3, 156));
}

static void
test_forecast (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) none = NULL;
  g_autoptr (JsonNode) recorded = NULL;
  g_auto (RetailEffect) first = { 0 };

  put_season ();
  none = retail_get ("retail.forecast", ACTUALS, &error);
  g_assert_null (none);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "season SS25 has no recorded forecast");
  g_clear_error (&error);

  apply (&first, "forecast.record", "f-1",
         forecast (8000, 1, "\"members\":{\"prophet_forecast\":8200,\"arima_forecast\":7800},"));
  /* Every week's sum is the curve's, and each store has its part of the total, to a unit. */
  retail_assert_value ("select string_agg (u::text, ',' order by week) from (select week, sum (units) as u"
                       " from retail_forecast" NEWEST " group by week) x",
                       "666,667,667,666,667,667,666,667,667,666,667,667");
  retail_assert_value (
      "select min (abs (u - 160)) || ' ' || max (abs (u - 160)) from (select f.store, sum (units) as u"
      " from retail_forecast f join retail_stores t on t.workspace_id = f.workspace_id and t.id = f.store"
      " where f.workspace_id = (select max (workspace_id) from workspaces) and t.code <= 'S020'"
      " group by 1) x",
      "0 0");
  retail_assert_value (
      "select max (u) - min (u) from (select f.store, sum (units) as u"
      " from retail_forecast f join retail_stores t on t.workspace_id = f.workspace_id and t.id = f.store"
      " where f.workspace_id = (select max (workspace_id) from workspaces) and t.code > 'S020' and"
      " t.code <= 'S040' group by 1) x",
      "0");
  recorded = retail_get ("retail.forecast", ACTUALS, &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (retail_object (recorded), "total", 0), ==, 8000);
  g_assert_cmpint (royal_json_int (royal_json_object (retail_object (recorded), "members"), "arima_forecast", 0), ==,
                   7800);
  g_assert_cmpstr (royal_json_string (retail_object (recorded), "id", NULL), ==,
                   royal_json_string (retail_object (first.receipt), "forecast", NULL));
  /* A file takes its place. */
  {
    g_autofree char *file = retail_file ("forecast");
    g_autoptr (JsonNode) summary = retail_import ("forecast", SEASON, file, FALSE, &error);
    g_autoptr (JsonNode) gone = NULL;

    g_assert_no_error (error);
    gone = retail_get ("retail.forecast", ACTUALS, &error);
    g_assert_null (gone);
    g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
  }
}

/* The worked example: 8,000 → 9,600 made, 5,280 shipped; 3,200 sold, a new total of 10,000 → short of 400, or of 2,480.
 */
static void
test_reallocation (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) stock = NULL;
  g_autoptr (RhAssessment) both = NULL;
  g_auto (RetailEffect) made = { 0 };
  g_auto (RetailEffect) first = { 0 };
  g_auto (RetailEffect) second = { 0 };
  g_auto (RetailEffect) more = { 0 };
  g_auto (RetailEffect) counted = { 0 };
  g_auto (RetailEffect) stale = { 0 };

  put_season ();
  apply (&first, "forecast.record", "f-1", forecast (8000, 1, ""));
  apply (&made, "manufacturing.order", "m-1", order (8000, "0.2", 9600, 5280));
  prepare (&stale, "replenishment.ship", "r-0", shipment (5, 100));
  sell_four_weeks ();
  retail_assert_conflict (&stale.effect, FALSE, "season SS25 is no longer as it was assessed");
  assert_refused ("forecast.record", forecast (10000, 4, ""),
                  "season SS25 has sales up to week 4: a new forecast begins with week 5");
  assert_refused ("forecast.record", forecast (10000, 1, ""),
                  "season SS25 has sales up to week 4: a new forecast begins with week 5");
  apply (&second, "forecast.record", "f-2", forecast (10000, 5, "\"reason\":\"variance\","));

  stock = retail_get ("retail.inventory", ACTUALS, &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (retail_object (stock), "made", 0), ==, 9600);
  g_assert_cmpint (royal_json_int (retail_object (stock), "holdback", 0), ==, 4320);
  g_assert_cmpint (royal_json_int (retail_object (stock), "forecast_total", 0), ==, 10000);
  g_assert_cmpint (royal_json_int (retail_object (stock), "in_stores", 0), ==, 2080);
  g_assert_cmpint (royal_json_int (retail_object (stock), "next_week", 0), ==, 5);
  /* From here on the variance is the new forecast's. */
  retail_assert_value ("select sum (f.units) - sum (a.units) from retail_forecast f join retail_actuals a using"
                       " (workspace_id, season, store, week)" NEWEST,
                       "0");

  assert_refused ("reallocation.order", reallocation (10000, 401, TRUE),
                  "season SS25 is short of 400 units, not of 401");
  assert_refused ("reallocation.order", reallocation (8000, 400, TRUE),
                  "season SS25 has a forecast of 10000 units, not of 8000");
  prepare (&more, "reallocation.order", "a-1", reallocation (10000, 2480, FALSE));
  both = retail_assess (&more.effect, &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (retail_object (both->facts), "needed", 0), ==, 6800);
  g_assert_cmpint (royal_json_int (retail_object (both->facts), "shortage", 0), ==, 2480);
  g_assert_cmpint (royal_json_int (retail_object (both->facts), "shortage_with_store_stock", 0), ==, 400);
  apply (&counted, "reallocation.order", "a-2", reallocation (10000, 400, TRUE));
  retail_assert_value ("select sum (quantity) from retail_orders" NEWEST, "10000");
  turn_back (&first, "u-1");
  retail_assert_conflict (&first.effect, TRUE, "forecast.record on season SS25 is replaced already");
  turn_back (&made, "u-2");
  retail_assert_conflict (&made.effect, TRUE, "season SS25: what was ordered is sold or sent on already");
  turn_back (&second, "u-3");
  retail_assert_conflict (&second.effect, TRUE, "season SS25: 400 units are ordered by this forecast");
  take_back (&counted, "u-4");
  take_back (&second, "u-5");
  retail_assert_value ("select sum (units) from retail_forecast" NEWEST, "8000");
}

static void
test_shipment (void)
{
  g_auto (RetailEffect) first = { 0 };
  g_auto (RetailEffect) made = { 0 };
  g_auto (RetailEffect) sent = { 0 };

  put_season ();
  assert_refused ("manufacturing.order", order (8000, "0.2", 9600, 5280),
                  "season SS25 has a forecast of 0 units, not of 8000");
  apply (&first, "forecast.record", "f-1", forecast (8000, 1, ""));
  assert_refused ("manufacturing.order", order (8001, "0.2", 9601, 5280),
                  "season SS25 has a forecast of 8000 units, not of 8001");
  assert_refused ("replenishment.ship", shipment (3, 10),
                  "season SS25: the distribution centre holds 0 units, 10 are asked for");
  assert_refused ("reallocation.order", reallocation (8000, 1, TRUE), "season SS25: nothing is ordered so far");
  apply (&made, "manufacturing.order", "m-1", order (8000, "0.15", 9200, 5060));
  assert_refused ("manufacturing.order", order (8000, "0.2", 9600, 5280),
                  "season SS25: 9200 units are ordered already");
  assert_refused ("replenishment.ship", shipment (3, 4141),
                  "season SS25: the distribution centre holds 4140 units, 4141 are asked for");
  assert_refused ("replenishment.ship", shipment (13, 10), "season SS25 has 12 weeks");
  assert_refused ("replenishment.ship",
                  g_strdup ("{\"season\":\"SS25\",\"week\":3,\"items\":[{\"store\":\"S999\",\"units\":1}]}"),
                  "store S999 has no forecast in season SS25");
  apply (&sent, "replenishment.ship", "r-3", shipment (3, 1000));
  assert_refused ("replenishment.ship", shipment (3, 10), "week 3 of season SS25 is replenished already");
  turn_back (&first, "u-1");
  retail_assert_conflict (&first.effect, TRUE, "season SS25: 9200 units are ordered by this forecast");
  sell_four_weeks ();
  turn_back (&sent, "u-2");
  retail_assert_conflict (&sent.effect, TRUE, "week 3 of season SS25 is over");
}

/* The interval of a new forecast is of its own weeks: those that are sold have none. */
static void
test_weeks (void)
{
  g_auto (RetailEffect) first = { 0 };
  g_auto (RetailEffect) second = { 0 };

  put_season ();
  apply (&first, "forecast.record", "f-1", forecast (8000, 1, ""));
  sell_four_weeks ();
  apply (&second, "forecast.record", "f-2",
         forecast (10000, 5,
                   "\"intervals\":[{\"level\":0.8,\"lower\":[5,6,7,8,9,10,11,12],"
                   "\"upper\":[50,60,70,80,90,100,110,120]}],"));
  assert_host_value ("select string_agg (coalesce (w->>'lower', '-') || ' ' || coalesce (w->>'upper', '-'), ',')"
                     " from jsonb_array_elements (retail_weeks ('SS25')->'items') w",
                     "- -,- -,- -,- -,5 50,6 60,7 70,8 80,9 90,10 100,11 110,12 120");
}

/* What was ordered rests on the forecast that was there: a later one may go, that one stays. */
static void
test_undo (void)
{
  g_auto (RetailEffect) first = { 0 };
  g_auto (RetailEffect) second = { 0 };
  g_auto (RetailEffect) made = { 0 };
  g_auto (RetailEffect) third = { 0 };

  put_season ();
  apply (&first, "forecast.record", "f-1", forecast (8000, 1, ""));
  apply (&second, "forecast.record", "f-2", forecast (9000, 1, ""));
  apply (&made, "manufacturing.order", "m-1", order (9000, "0.2", 10800, 5940));
  apply (&third, "forecast.record", "f-3", forecast (9100, 1, ""));
  take_back (&third, "u-3");
  turn_back (&second, "u-2");
  retail_assert_conflict (&second.effect, TRUE, "season SS25: 10800 units are ordered by this forecast");
}

/* A store that opened late sells what it sells a week; one that sells little sells more than nothing; one that has sold
 * nothing for a year is shut. */
static void
test_average (void)
{
  g_autoptr (GString) history = g_string_new ("store_id,category_id,week_start_date,units_sold\n");
  g_autoptr (GDate) day = g_date_new_dmy (5, G_DATE_MARCH, 2022);

  retail_import_ok ("stores", NULL, "store_id,name\nLATE,a\nSHUT,b\nSLOW,c\n", FALSE, 3, 0, 0);
  assert_host_value ("select retail_season_put ($j$" SEASON "$j$, 'test') ->> 'code'", TARGET);
  for (guint week = 0; week < 156; week++, g_date_add_days (day, 7))
    {
      static const char *const names[] = { "LATE", "SHUT", "SLOW" };
      const guint units[] = { 100, 7, week % 4 == 0 };

      for (guint store = 0; store < G_N_ELEMENTS (names); store++)
        if ((store != 0 || week >= 143) && (store != 1 || week < 104))
          g_string_append_printf (history, "%s,dresses,%04u-%02u-%02u,%u\n", names[store], (guint)g_date_get_year (day),
                                  (guint)g_date_get_month (day), (guint)g_date_get_day (day), units[store]);
    }
  retail_import_ok ("history", NULL, history->str, FALSE, 273, 0, 0);
  assert_host_value ("select string_agg (x->>'store' || ' ' || coalesce ((x->>'avg_weekly_sales')::float8::text, '-'), "
                     "',' order by x->>'store')"
                     " from jsonb_array_elements (retail_plan ('SS25')->'stores') x",
                     "LATE 100,SLOW 0.25");
}

/* Sales of a week for which nothing was expected: the week's run is told numbers all the same. */
static void
test_nothing_expected (void)
{
  retail_import_ok ("stores", NULL, "store_id,name\nA,a\n", FALSE, 1, 0, 0);
  retail_import_ok ("forecast",
                    "{\"code\":\"SS25\",\"category\":\"dresses\",\"name\":\"x\",\"start\":\"2025-03-01\",\"weeks\":2}",
                    "store_id,week_number,units\nA,1,0\nA,2,9\n", FALSE, 2, 0, 0);
  assert_host_value (
      "select workflow_loaded ('[{\"name\":\"season_week\",\"hash\":\"" HASH64 "\",\"document\":{}}]', 'test')", "");
  retail_import_ok ("actuals", ACTUALS, "store_id,week_number,units_sold\nA,1,5\n", FALSE, 1, 0, 0);
  retail_assert_value ("select (input->>'variance') || ' ' || (input->>'reforecast') from workflow_runs" NEWEST,
                       "0 true");
}

typedef struct {
  const char *action;
  const char *parameters; /* with ' for " */
  const char *message;
} Bad;

#define CLUSTERS "'clusters':[{'name':'a','share':1,'stores':[{'store':'S1','factor':1}]}]"
#define RECORD "{'season':'T','method':'m',"
#define ORDER "{'season':'T','forecast_total':100,'safety_stock_pct':0.2,"

static const Bad bad[] = {
  { "forecast.record", RECORD "'total':0,'curve':[0]," CLUSTERS "}", "/total: expected more than 0 units" },
  { "forecast.record", RECORD "'total':10,'curve':[4,5]," CLUSTERS "}", "/curve: expected a sum of 10 units, found 9" },
  { "forecast.record", RECORD "'total':10,'from_week':2,'curve':[6,5]," CLUSTERS "}",
    "/curve: expected a sum of at most 10 units, found 11" },
  { "forecast.record",
    RECORD "'total':9,'curve':[4,5],'intervals':[{'level':0.8,'lower':[1,6],'upper':[5,5]}]," CLUSTERS "}",
    "/intervals/0/lower/1: expected at most the upper bound, 5, found 6" },
  { "forecast.record",
    RECORD "'total':9,'curve':[4,5],'intervals':[{'level':0.8,'lower':[1,2],'upper':[5,5]},"
           "{'level':0.95,'lower':[1,3],'upper':[6,6]}]," CLUSTERS "}",
    "/intervals/1: week 2 of the curve does not hold the narrower interval" },
  { "forecast.record",
    RECORD "'total':9,'curve':[4,5],'intervals':[{'level':0.95,'lower':[1,2],'upper':[5,5]},"
           "{'level':0.8,'lower':[1,2],'upper':[6,6]}]," CLUSTERS "}",
    "/intervals/1/level: expected a higher level than the one before" },
  { "forecast.record",
    RECORD "'total':9,'curve':[4,5],'intervals':[{'level':0.8,'lower':[1],'upper':[5]}]," CLUSTERS "}",
    "/intervals/0: expected 2 weeks, as many as the curve has" },
  { "forecast.record",
    RECORD "'total':9,'curve':[9],'clusters':[{'name':'a','share':0.9,'stores':[{'store':'S1','factor':1}]}]}",
    "/clusters: expected shares that sum to 1, found 0.900000" },
  { "forecast.record",
    RECORD "'total':9,'curve':[9],'clusters':[{'name':'a','share':1,'stores':[{'store':'S1','factor':0.5}]}]}",
    "/clusters/0/stores: expected factors that sum to 1, found 0.500000" },
  { "forecast.record",
    RECORD "'total':9,'curve':[9],'clusters':[{'name':'a','share':0.5,'stores':[{'store':'S1','factor':1}]},"
           "{'name':'b','share':0.5,'stores':[{'store':'S1','factor':1}]}]}",
    "/clusters/1/stores/0: store S1 stands there twice" },
  { "manufacturing.order", ORDER "'quantity':122,'initial':66,'holdback':56,'allocation':[{'store':'S1','units':66}]}",
    "/quantity: expected the forecast and its safety stock, 120.0, found 122" },
  { "manufacturing.order", ORDER "'quantity':120,'initial':66,'holdback':55,'allocation':[{'store':'S1','units':66}]}",
    "/holdback: expected 54, so that with the initial part it is the quantity" },
  { "manufacturing.order", ORDER "'quantity':120,'initial':66,'holdback':54,'allocation':[{'store':'S1','units':65}]}",
    "/allocation: expected a sum of 66 units, found 65" },
  { "manufacturing.order",
    ORDER
    "'quantity':120,'initial':66,'holdback':54,'allocation':[{'store':'S1','units':33},{'store':'S1','units':33}]}",
    "/allocation/1/store: store S1 stands there twice" },
  { "replenishment.ship", "{'season':'T','week':1,'items':[{'store':'S1','units':0}]}", "/items: expected some units" },
  { "replenishment.ship", "{'season':'T','week':1,'items':[{'store':'S1','units':1},{'store':'S1','units':1}]}",
    "/items/1/store: store S1 stands there twice" },
  { "reallocation.order", "{'season':'T','new_total':1,'quantity':0,'count_store_stock':true}",
    "/quantity: expected more than 0 units" },
};

static void
test_guardrails (void)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (retail_connector);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strdelimit (g_strdup (bad[i].parameters), "'", '"');
      g_autoptr (JsonNode) node = retail_json (text);
      g_autoptr (GError) error = NULL;

      g_assert_false (iface->validate (retail_connector, bad[i].action, "T", retail_object (node), &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, bad[i].message);
    }
}

static void
conforms (const char *action, char *one, char *two, const char *invalid)
{
  g_autofree char *first = g_strdelimit (one, "\"", '\'');
  g_autofree char *second = g_strdelimit (two, "\"", '\'');
  const Conformance conformance = {
    .connector = retail_connector,
    .workspace = retail_workspace,
    .action = action,
    .target = TARGET,
    .parameters = { first, second },
    .invalid = invalid,
    .prefix = action,
    .observes = TRUE,
  };

  connector_conformance (&conformance);
}

static void
test_conforms (void)
{
  g_auto (RetailEffect) record = { 0 };
  g_auto (RetailEffect) made = { 0 };
  g_auto (RetailEffect) again = { 0 };

  put_season ();
  conforms ("forecast.record", forecast (8000, 1, ""), forecast (9000, 1, ""), bad[0].parameters);
  apply (&record, "forecast.record", "f-1", forecast (8000, 1, ""));
  conforms ("manufacturing.order", order (8000, "0.2", 9600, 5280), order (8000, "0.15", 9200, 5060),
            "{'quantity':1,'initial':1,'holdback':1}");
  apply (&made, "manufacturing.order", "m-1", order (8000, "0.2", 9600, 5280));
  conforms ("replenishment.ship", shipment (3, 100), shipment (3, 200), "{'items':[]}");
  apply (&again, "forecast.record", "f-2", forecast (12000, 1, ""));
  conforms ("reallocation.order", reallocation (12000, 2400, TRUE), reallocation (12000, 7680, FALSE),
            "{'quantity':0}");
}

static const RetailCase cases[] = {
  { "/retail-plan/plan", test_plan },
  { "/retail-plan/forecast", test_forecast },
  { "/retail-plan/reallocation", test_reallocation },
  { "/retail-plan/shipment", test_shipment },
  { "/retail-plan/weeks", test_weeks },
  { "/retail-plan/undo", test_undo },
  { "/retail-plan/average", test_average },
  { "/retail-plan/nothing-expected", test_nothing_expected },
  { "/retail-plan/guardrails", test_guardrails },
  { "/retail-plan/conforms", test_conforms },
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
