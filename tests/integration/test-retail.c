/* SPDX-License-Identifier: Apache-2.0 */
#include "connector-conformance.h"
#include "retail-fixture.h"

#include <royal-table-builder.h>
#include <unistd.h>

static void
test_import (void)
{
  g_autofree char *stores = retail_file ("stores");
  g_autofree char *forecast = retail_file ("forecast");
  g_autofree char *actuals = retail_file ("actuals");
  g_autofree char *audited = NULL;

  retail_import_ok ("stores", NULL, stores, TRUE, 50, 0, 0);
  retail_import_fails ("forecast", SEASON, "store_id,week_number,units\nS001,1,5\n",
                       "forecast: line 2, column store_id: no store is `S001`");
  retail_import_ok ("stores", NULL, stores, FALSE, 50, 0, 0);
  retail_import_ok ("stores", NULL, stores, FALSE, 0, 0, 50);
  retail_import_ok ("stores", NULL, "store_id,name,tier\nS001,Harbour North,B\nS999,New,\n", FALSE, 1, 1, 0);
  retail_import_ok ("stores", NULL, stores, FALSE, 0, 1, 49);

  retail_import_ok ("forecast", SEASON, forecast, TRUE, 600, 0, 0);
  retail_assert_value ("select count (*) from retail_seasons" NEWEST, "0");
  retail_import_ok ("forecast", SEASON, forecast, FALSE, 600, 0, 0);
  retail_import_ok ("forecast", SEASON, forecast, FALSE, 0, 0, 600);

  retail_import_ok ("actuals", ACTUALS, actuals, TRUE, 300, 0, 0);
  retail_assert_value ("select count (*) from retail_actuals" NEWEST, "0");
  retail_import_ok ("actuals", ACTUALS, actuals, FALSE, 300, 0, 0);
  retail_import_ok ("actuals", ACTUALS, actuals, FALSE, 0, 0, 300);
  retail_import_ok ("actuals", ACTUALS, "store_id,week_number,units_sold\nS001,6,999\n", TRUE, 0, 1, 0);
  retail_assert_value ("select sum (units) from retail_actuals" NEWEST, "4000");

  audited =
      retail_value ("select count (*) from outbox" NEWEST " and kind = 'data.imported' and audited and actor = 'test'");
  g_assert_cmpstr (audited, ==, "8");
}

typedef struct {
  const char *kind;
  const char *season;
  const char *csv;
  const char *message;
} Bad;

#define F "store_id,week_number,units\n"
#define A "store_id,week_number,units_sold\n"
#define TWO "{\"code\":\"T\",\"category\":\"c\",\"name\":\"T\",\"start\":\"2025-03-01\",\"weeks\":2}"
#define OF_T "{\"season\":\"T\"}"

static const Bad bad_imports[] = {
  { "rubbish", NULL, "a\n",
    "kind: expected stores, forecast, actuals, history, catalog, signals, prices, suppliers or traffic, found "
    "`rubbish`" },
  { "stores", NULL, "store_id,name\nS1,One\nS2,Two\nS1,Again\n",
    "stores: line 4, column store_id: store `S1` stands on line 2 already" },
  { "forecast", TWO, F "S1,1,5\nS9,1,5\nS1,2,5\n", "forecast: line 3, column store_id: no store is `S9`" },
  { "forecast", TWO, F "S1,1,5\nS1,2,5\nS1,1,6\n",
    "forecast: line 4, column week_number: store S1, week 1 stands on line 2 already" },
  { "forecast", TWO, F "S1,1,5\nS1,2,5\nS1,3,5\n",
    "forecast: line 4, column week_number: expected a week from 1 to 2, found 3" },
  { "forecast", TWO, F "S1,1,5\nS1,2,5\nS2,2,5\n",
    "forecast: line 4, column week_number: store S2 has no row for week 1, weeks 1 to 2 are needed" },
  { "forecast", TWO, F "S1,1,5\nS1,2,5\nS2,1,5\n",
    "forecast: line 4, column week_number: store S2 has no row for week 2, weeks 1 to 2 are needed" },
  { "forecast", TWO, F "S1,1,-5\nS1,2,2.5\n",
    "forecast: line 2, column units: expected whole units from 0 to 1000000000, found `-5`\n"
    "forecast: line 3, column units: expected whole units from 0 to 1000000000, found `2.5`" },
  { "forecast", TWO, "store_id,units\nS1,1\n", "forecast: line 1: the column `week_number` is missing" },
  { "forecast", TWO, F "S1,1,5\nS1,2,\xe9\n", "forecast: line 3, character 6: expected UTF-8, found byte 0xe9" },
  { "forecast", TWO, F "S1,1,5\nS1,2,7\n",
    "forecast: column store_id: store S2, week 1 has actual sales, but no row here" },
  { "forecast", NULL, F, "season: /code: expected a code of letters, digits, `.`, `_` and `-`" },
  { "forecast", "{\"code\":\"T\",\"category\":\"c\",\"name\":\"T\",\"start\":\"2025-02-29\",\"weeks\":2}", F,
    "season: /start: expected a day of the calendar" },
  { "forecast", "{\"code\":\"T\",\"category\":\"c\",\"name\":\"T\",\"start\":\"1 March\",\"weeks\":2}", F,
    "season: /start: expected a date, YYYY-MM-DD" },
  { "forecast", "{\"code\":\"T\",\"category\":\"c\",\"name\":\"T\",\"start\":\"2025-03-01\",\"weeks\":0}", F,
    "season: /weeks: expected a whole number from 1 to 104" },
  { "forecast",
    "{\"code\":\"T\",\"category\":\"c\",\"name\":\"T\",\"start\":\"2025-03-01\",\"weeks\":2,\"list_price\":89.9}", F,
    "season: /list_price: expected an amount as text, such as \"89.90\"" },
  { "forecast",
    "{\"code\":\"T\",\"category\":\"c\",\"name\":\"T\",\"start\":\"2025-03-01\",\"weeks\":2,\"price\":\"1\"}", F,
    "season: no member is named `price`" },
  { "actuals", "{}", A, "season: /season: expected the season's id or code" },
  { "actuals", OF_T, A "S3,1,5\n", "actuals: line 2, column store_id: store S3 has no forecast in season T" },
  { "actuals", OF_T, A "S1,3,5\n", "actuals: line 2, column week_number: expected a week from 1 to 2, found 3" },
  { "actuals", OF_T, A "S1,2,5\n",
    "actuals: column week_number: store S2 has no row for week 2, weeks 1 to 2 are needed" },
  { "actuals", OF_T, A "S1,2,5\nS2,2,6\nS2,2,6\n",
    "actuals: line 4, column week_number: store S2, week 2 stands on line 3 already" },
};

static void
test_bad_imports (void)
{
  g_autofree char *sql = NULL;
  g_autofree char *before = NULL;

  retail_import_ok ("stores", NULL, "store_id,name\nS1,One\nS2,Two\nS3,Three\n", FALSE, 3, 0, 0);
  /* Stores without a forecast so far: a fault of the forecast below cannot come from their sales. */
  retail_import_ok ("forecast", TWO, F "S1,1,10\nS1,2,10\nS2,1,10\nS2,2,10\n", FALSE, 4, 0, 0);
  retail_import_ok ("actuals", OF_T, A "S1,1,9\nS2,1,8\n", FALSE, 2, 0, 0);
  sql = g_strdup_printf ("select md5 (string_agg (t::text, ';' order by t::text)) from ("
                         "select f::text as t from retail_forecast f where workspace_id = %" G_GINT64_FORMAT
                         " union all select a::text from retail_actuals a where workspace_id = %" G_GINT64_FORMAT
                         " union all select o.id::text from outbox o where workspace_id = %" G_GINT64_FORMAT ") x",
                         retail_workspace, retail_workspace, retail_workspace);
  before = retail_value (sql);
  for (guint i = 0; i < G_N_ELEMENTS (bad_imports); i++)
    {
      const Bad *bad = &bad_imports[i];

      g_test_message ("%s: %s", bad->kind, bad->message);
      retail_import_fails (bad->kind, bad->season, bad->csv, bad->message);
    }
  retail_assert_value (sql, before);
}

static void
test_unknown_season (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) summary = NULL;

  summary = retail_import ("actuals", ACTUALS, A "S1,1,1\n", FALSE, &error);
  g_assert_null (summary);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "no season is `SS25`");
}

static void
test_reads (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) season = NULL;
  g_autoptr (JsonNode) early = NULL;
  g_autoptr (JsonNode) seasons = NULL;
  g_autoptr (JsonNode) wrong = NULL;

  retail_load_season ();
  season = retail_get ("retail.season", "{\"season\":\"SS25\"}", &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (retail_object (season), "sold", 0), ==, 4000);
  g_assert_cmpint (royal_json_int (retail_object (season), "forecast_total", 0), ==, 8000);
  g_assert_cmpint (royal_json_int (retail_object (season), "week", 0), ==, 6);
  g_assert_cmpfloat (royal_json_double (retail_object (season), "sell_through", 0), ==, 0.5);
  g_assert_cmpstr (royal_json_string (retail_object (season), "list_price", NULL), ==, "89.90");
  early = retail_get ("retail.season", "{\"season\":\"SS25\",\"week\":4}", &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (retail_object (early), "sold", 0), ==, 3200);
  g_assert_cmpint (royal_json_int (retail_object (early), "forecast_to_date", 0), ==, 2550);
  g_assert_cmpfloat (royal_json_double (retail_object (early), "variance", 0), ==, 0.2549);
  seasons = retail_get ("retail.seasons", "{}", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (royal_json_array (retail_object (seasons), "seasons")), ==, 1);

  wrong = retail_get ("retail.season", "{\"season\":\"nothing\"}", &error);
  g_assert_null (wrong);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
  g_clear_error (&error);
  wrong = retail_get ("retail.season", "{\"season\":\"SS25\",\"weak\":1}", &error);
  g_assert_null (wrong);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_clear_error (&error);

  /* Another workspace sees none of it. */
  retail_new_workspace ();
  wrong = retail_get ("retail.season", "{\"season\":\"SS25\"}", &error);
  g_assert_null (wrong);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
}

/* The table is the file: the same stores, weeks and units, in order. */
static void
test_table (void)
{
  g_autofree char *forecast = retail_file ("forecast");
  g_autofree char *actuals = retail_file ("actuals");
  g_autoptr (GString) seen = g_string_new (F);
  g_autoptr (GString) sold = g_string_new (A);
  g_autoptr (JsonNode) parameters = retail_json (ACTUALS);
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (RoyalTable) table = NULL;
  GAsyncResult *result = NULL;
  int fd;

  retail_load_season ();
  RH_CONNECTOR_GET_IFACE (retail_connector)
      ->read_async (retail_connector, retail_workspace, "retail.sales", retail_object (parameters), NULL,
                    royal_test_result, &result);
  done = royal_test_wait (&result);
  fd = RH_CONNECTOR_GET_IFACE (retail_connector)->read_finish (retail_connector, done, &error);
  g_assert_no_error (error);
  table = royal_table_open (fd, &error);
  g_assert_no_error (error);
  close (fd);
  g_assert_cmpuint (royal_table_n_rows (table), ==, 600);
  for (guint64 row = 0; row < royal_table_n_rows (table); row++)
    {
      gsize length;
      const char *name = royal_table_string (table, 1, row, &length);
      gint64 week = royal_table_int64 (table, 2)[row];

      g_string_append_printf (seen, "%.*s,%" G_GINT64_FORMAT ",%.0f\n", (int)length, name, week,
                              royal_table_double (table, 4)[row]);
      if (!royal_table_is_null (table, 3, row))
        g_string_append_printf (sold, "%.*s,%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "\n", (int)length, name, week,
                                royal_table_int64 (table, 3)[row]);
    }
  g_assert_cmpstr (seen->str, ==, forecast);
  g_assert_cmpstr (sold->str, ==, actuals);
}

/* A markdown that was assessed now. */
static void
markdown (RetailEffect *self, const char *key, const char *parameters)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) assessment = NULL;

  self->parameters = retail_json (parameters);
  self->effect.workspace = retail_workspace;
  self->effect.action = "markdown.apply";
  self->effect.target = "SS25";
  self->effect.key = key;
  self->effect.parameters = retail_object (self->parameters);
  assessment = retail_assess (&self->effect, &error);
  g_assert_no_error (error);
  self->before = json_node_ref (assessment->before);
  self->effect.before = self->before;
}

static void
assert_price (const char *price)
{
  g_autoptr (JsonNode) season = retail_get ("retail.season", ACTUALS, NULL);

  g_assert_cmpstr (royal_json_string (retail_object (season), "price", NULL), ==, price);
}

static void
test_assess (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) assessment = NULL;
  g_auto (RetailEffect) effect = { 0 };
  g_autofree char *facts = NULL;
  g_autofree char *preview = NULL;

  retail_load_season ();
  markdown (&effect, "a-1", "{\"markdown_pct\":0.2}");
  assessment = retail_assess (&effect.effect, &error);
  g_assert_no_error (error);
  facts = royal_json_canonical (assessment->facts);
  g_assert_cmpstr (facts, ==,
                   "{\"change_pct\":0.2,\"currency\":\"EUR\",\"current_markdown_pct\":0,\"forecast_total\":8000,"
                   "\"margin_after\":0.569,\"markdown_pct\":0.2,\"previous_markdowns\":0,\"price_after\":71.92,"
                   "\"price_before\":89.9,\"price_change_pct\":-0.2,\"revenue_at_stake\":359600,"
                   "\"sell_through\":0.5,\"sold\":4000,\"stores\":50,\"units_left\":4000,\"week\":6,\"weeks_left\":6}");
  preview = royal_json_canonical (assessment->preview);
  g_assert_cmpstr (preview, ==,
                   "{\"changes\":[{\"after\":\"20 %\",\"before\":\"0 %\",\"label\":\"Markdown\"},"
                   "{\"after\":\"71.92 EUR\",\"before\":\"89.90 EUR\",\"label\":\"Price\"}],"
                   "\"summary\":\"Dresses: markdown from 0 % to 20 % in 50 stores, 4000 units left\"}");
}

static void
test_markdown (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (RetailEffect) first = { 0 };
  g_auto (RetailEffect) late = { 0 };
  g_auto (RetailEffect) deeper = { 0 };
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (JsonNode) found = NULL;
  g_autoptr (RhAssessment) none = NULL;

  retail_load_season ();
  markdown (&first, "k-1", "{\"markdown_pct\":0.2}");
  markdown (&late, "k-2", "{\"markdown_pct\":0.3}");
  g_assert_cmpint (retail_verify (&first.effect, NULL), ==, RH_VERIFY_ABSENT);
  first.receipt = retail_act (&first.effect, FALSE, &error);
  g_assert_no_error (error);
  assert_price ("71.92");

  /* Once: the same key gives the same receipt and changes nothing. */
  again = retail_act (&first.effect, FALSE, &error);
  g_assert_no_error (error);
  retail_assert_same (again, first.receipt);
  g_assert_cmpint (retail_verify (&first.effect, &found), ==, RH_VERIFY_APPLIED);
  retail_assert_same (found, first.receipt);
  late.effect.key = "k-1";
  retail_assert_conflict (&late.effect, FALSE, "the key k-1 belongs to another markdown");
  late.effect.key = "k-2";
  retail_assert_conflict (&late.effect, FALSE, "season SS25 is no longer as it was assessed");
  none = retail_assess (&first.effect, &error);
  g_assert_null (none);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_assert_cmpstr (error->message, ==, "season SS25 is marked down 20 % already");
  g_clear_error (&error);

  /* Sales that come in after the assessment are a change, too. */
  markdown (&deeper, "k-3", "{\"markdown_pct\":0.4}");
  retail_import_ok ("actuals", ACTUALS, A "S001,6,999\n", FALSE, 0, 1, 0);
  retail_assert_conflict (&deeper.effect, FALSE, "season SS25 is no longer as it was assessed");
  assert_price ("71.92");
}

/* What was undone is as it was before, once, and not under another markdown. */
static void
test_undo (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (RetailEffect) first = { 0 };
  g_auto (RetailEffect) deeper = { 0 };
  g_autoptr (RhAssessment) inverse = NULL;
  g_autoptr (RhAssessment) last = NULL;
  g_autoptr (JsonNode) undone = NULL;
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (JsonNode) found = NULL;

  retail_load_season ();
  markdown (&first, "k-1", "{\"markdown_pct\":0.2}");
  first.receipt = retail_act (&first.effect, FALSE, &error);
  g_assert_no_error (error);
  markdown (&deeper, "k-2", "{\"markdown_pct\":0.4}");
  deeper.receipt = retail_act (&deeper.effect, FALSE, &error);
  g_assert_no_error (error);
  assert_price ("53.94");

  first.effect.key = "u-1";
  first.effect.receipt = retail_object (first.receipt);
  retail_assert_conflict (&first.effect, TRUE, "the markdown of 20 % on season SS25 is replaced already");
  g_assert_cmpint (retail_verify (&first.effect, NULL), ==, RH_VERIFY_ABSENT);

  deeper.effect.key = "u-2";
  deeper.effect.receipt = retail_object (deeper.receipt);
  inverse = retail_assess (&deeper.effect, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (royal_json_double (retail_object (inverse->facts), "markdown_pct", 0), ==, 0.2);
  deeper.effect.before = inverse->before;
  undone = retail_act (&deeper.effect, TRUE, &error);
  g_assert_no_error (error);
  assert_price ("71.92");
  again = retail_act (&deeper.effect, TRUE, &error);
  g_assert_no_error (error);
  retail_assert_same (again, undone);
  g_assert_cmpint (retail_verify (&deeper.effect, &found), ==, RH_VERIFY_APPLIED);
  retail_assert_same (found, undone);
  deeper.effect.key = "u-3";
  retail_assert_conflict (&deeper.effect, TRUE, "the markdown of 40 % on season SS25 is reverted already");

  /* Sales that come in after the assessment are a change, too. */
  last = retail_assess (&first.effect, &error);
  g_assert_no_error (error);
  first.effect.before = last->before;
  retail_import_ok ("actuals", ACTUALS, A "S001,6,999\n", FALSE, 0, 1, 0);
  retail_assert_conflict (&first.effect, TRUE, "season SS25 is no longer as it was assessed");
  assert_price ("71.92");

  g_clear_pointer (&last, rh_assessment_free);
  last = retail_assess (&first.effect, &error);
  g_assert_no_error (error);
  first.effect.before = last->before;
  json_node_unref (retail_act (&first.effect, TRUE, &error));
  g_assert_no_error (error);
  assert_price ("89.90");
}

static void
test_validate (void)
{
  static const char *const bad[] = { "{}",
                                     "{\"markdown_pct\":0}",
                                     "{\"markdown_pct\":-0.05}",
                                     "{\"markdown_pct\":0.45}",
                                     "{\"markdown_pct\":0.12}",
                                     "{\"markdown_pct\":\"0.2\"}",
                                     "{\"markdown_pct\":0.2000000001}",
                                     NULL };
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (retail_connector);
  g_autoptr (GError) error = NULL;

  for (guint points = 5; points <= 40; points += 5)
    {
      g_autoptr (JsonObject) parameters = json_object_new ();

      json_object_set_double_member (parameters, "markdown_pct", points / 100.0);
      g_assert_true (iface->validate (retail_connector, "markdown.apply", "SS25", parameters, &error));
      g_assert_no_error (error);
    }
  for (guint i = 0; bad[i] != NULL; i++)
    {
      g_autoptr (JsonNode) node = retail_json (bad[i]);

      g_assert_false (iface->validate (retail_connector, "markdown.apply", "SS25", retail_object (node), &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_clear_error (&error);
    }
}

static void
test_conforms (void)
{
  const Conformance conformance = {
    .connector = retail_connector,
    .workspace = retail_workspace,
    .action = "markdown.apply",
    .target = "SS25",
    .parameters = { "{'markdown_pct':0.2}", "{'markdown_pct':0.3}" },
    .invalid = "{'markdown_pct':0.21}",
    .prefix = "conforms-",
    .observes = TRUE,
  };

  retail_load_season ();
  connector_conformance (&conformance);
}

static const RetailCase cases[] = {
  { "/retail/import", test_import },
  { "/retail/bad-imports", test_bad_imports },
  { "/retail/unknown-season", test_unknown_season },
  { "/retail/reads", test_reads },
  { "/retail/table", test_table },
  { "/retail/validate", test_validate },
  { "/retail/assess", test_assess },
  { "/retail/markdown", test_markdown },
  { "/retail/undo", test_undo },
  { "/retail/conforms", test_conforms },
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
