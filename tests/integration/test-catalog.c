/* SPDX-License-Identifier: Apache-2.0 */
#include "connector-conformance.h"
#include "retail-fixture.h"

#include <rh-catalog.h>
#include <royal-table-builder.h>
#include <unistd.h>

#define FEED "product,supplier,title,price,cost,shipping,shipping_days,rating,reviews,sold\n"
#define LISTINGS                                                                                                       \
  FEED "LAMP,Acme,Desk lamp,50.00,20.00,5.00,7,4.5,120,30\n"                                                           \
       "LAMP,Best,\"Lamp, for desks\",48.00,30.00,,,,,\n"

/* The tests of the fixture's cases act on this connector. */
static void
use_catalog (void)
{
  g_clear_object (&retail_connector);
  retail_connector = RH_CONNECTOR (rh_catalog_new (retail_store));
}

static void
test_upload (void)
{
  retail_import_ok ("catalog", NULL, LISTINGS, TRUE, 2, 0, 0);
  retail_assert_value ("select count (*) from catalog_listings" NEWEST, "0");
  retail_import_ok ("catalog", NULL, LISTINGS, FALSE, 2, 0, 0);
  retail_import_ok ("catalog", NULL, LISTINGS, FALSE, 0, 0, 2);
  retail_import_ok ("catalog", NULL, FEED "LAMP,Best,Lamp,47.00,30.00,,,,,\n", FALSE, 0, 1, 0);
  retail_import_ok ("signals", NULL, "product,week,value\nLAMP,2026-01-05,3.5\nLAMP,2026-01-12,4\n", FALSE, 2, 0, 0);
  retail_import_ok ("signals", NULL, "product,week,value\nLAMP,2026-01-05,3.5\n", FALSE, 0, 0, 1);
  retail_import_ok ("prices", NULL, "variant,competitor,price\nshop/1,Other,12.50\n", FALSE, 1, 0, 0);
  retail_import_ok ("suppliers", NULL, "supplier,orders,late\nAcme,100,4\n", FALSE, 1, 0, 0);
  retail_import_ok ("suppliers", NULL, "supplier,orders,late\nAcme,101,4\n", FALSE, 0, 1, 0);
}

static void
test_bad_uploads (void)
{
  static const struct {
    const char *kind;
    const char *csv;
    const char *message;
  } bad[] = {
    { "catalog", FEED "LAMP,Acme,Lamp,50,20,,,6,,\n",
      "catalog: line 2, column rating: expected a rating from 1 to 5, found `6`" },
    { "catalog", FEED "LAMP,Acme,Lamp,50,20,,,,,\nLAMP,Acme,Lamp,51,20,,,,,\n",
      "catalog: line 3, column product: the same product and supplier stands on line 2 already" },
    { "signals", "product,week,value\nLAMP,2026-02-30,1\n",
      "signals: line 2, column week: expected a day of the calendar, YYYY-MM-DD, found `2026-02-30`" },
    { "signals", "product,week,value\nLAMP,2026-01-05,-1\n",
      "signals: line 2, column value: expected a number from 0, found `-1`" },
    { "suppliers", "supplier,orders,late\nAcme,3,4\n",
      "suppliers: line 2, column late: expected at most the orders, 3, found 4" },
    { "suppliers", "supplier,orders,answered\nAcme,3,1\n",
      "suppliers: line 2, column answered: expected at most the messages, 0, found 1" },
    { "traffic", "week,visits,orders\n2026-01-05,3,4\n",
      "traffic: line 2, column orders: expected at most the visits, 3, found 4" },
    { "prices", "variant,price\nshop/1,1\n", "prices: line 1: the column `competitor` is missing" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    retail_import_fails (bad[i].kind, NULL, bad[i].csv, bad[i].message);
  retail_assert_value ("select count (*) from catalog_listings" NEWEST, "0");
}

static guint64
rows_of (const char *resource)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (RoyalTable) table = NULL;
  GAsyncResult *result = NULL;
  int fd;

  RH_CONNECTOR_GET_IFACE (retail_connector)
      ->read_async (retail_connector, retail_workspace, resource, NULL, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  fd = RH_CONNECTOR_GET_IFACE (retail_connector)->read_finish (retail_connector, done, &error);
  g_assert_no_error (error);
  table = royal_table_open (fd, &error);
  g_assert_no_error (error);
  close (fd);
  return royal_table_n_rows (table);
}

static void
test_reads (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) wrong = NULL;

  test_upload ();
  use_catalog ();
  g_assert_cmpuint (rows_of ("catalog.feed"), ==, 2);
  g_assert_cmpuint (rows_of ("catalog.signals"), ==, 2);
  g_assert_cmpuint (rows_of ("market.prices"), ==, 1);
  g_assert_cmpuint (rows_of ("suppliers.records"), ==, 1);
  wrong = retail_get ("ceo.goals", "{\"x\":1}", &error);
  g_assert_null (wrong);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  /* Another workspace sees none of it. */
  retail_new_workspace ();
  g_assert_cmpuint (rows_of ("catalog.feed"), ==, 0);
  g_assert_cmpuint (rows_of ("suppliers.records"), ==, 0);
}

/* In the test's workspace. */
static void
assert_here (const char *sql, const char *expected)
{
  g_autofree char *text = g_strdup_printf ("set royal.workspace = '%" G_GINT64_FORMAT "'; %s", retail_workspace, sql);

  retail_assert_value (text, expected);
}

/* What the CEO watches, and how far the goals are: weeks that are over, as far as it is known that nothing was sold. */
static void
test_signals (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) found = NULL;
  g_autofree char *text = NULL;
  g_autofree char *sales = g_strdup_printf (
      "set royal.workspace = '%" G_GINT64_FORMAT "';"
      "insert into shopify_shops (workspace_id, shop, domain, parts) values (royal_workspace (), 'main', 'm', '{}');"
      "insert into shopify_products (workspace_id, shop, product, handle, updated, document)"
      " values (royal_workspace (), 'main', 1, 'a', 0, '{}');"
      "insert into shopify_variants (workspace_id, shop, variant, product, title, price, cost)"
      " values (royal_workspace (), 'main', 1, 1, 'A', '10.00', '6.00');"
      "insert into shopify_lines (workspace_id, shop, line, variant, week, units, price)"
      " select royal_workspace (), 'main', n, 1, (date_trunc ('week', now ())::date - date '1970-01-01') - 7 * n, 10 * "
      "n, 10"
      " from generate_series (1, 5) n where n <> 3;"
      "select goal_set ('{\"revenue\":2400,\"conversion\":0.05}', 'test')",
      retail_workspace);

  use_catalog ();
  g_free (retail_value (sales));
  retail_import_ok ("traffic", NULL, "week,visits,orders\n2026-01-05,900,9\n2026-01-12,100,11\n", FALSE, 2, 0, 0);
  found = retail_get ("ceo.signals", NULL, &error);
  g_assert_no_error (error);
  text = royal_json_to_string (found);
  g_assert_nonnull (strstr (text, "\"visits\":900"));
  g_assert_cmpuint (json_array_get_length (royal_json_array (retail_object (found), "revenue")), ==, 5);
  assert_here ("select string_agg (e->>'amount', ' ') from jsonb_array_elements (ceo_signals ()->'revenue') e",
               "500.00 400.00 0.00 200.00 100.00");
  assert_here ("select string_agg (e->>'name' || ' ' || (e->>'now'), ', ') from jsonb_array_elements (goal_progress "
               "()->'items') e",
               "margin 0.4000, revenue 1200.00, conversion 0.0200");
}

static RhAssessment *
look_into (const char *product, const char *parameters, GError **error)
{
  g_autoptr (JsonNode) node = retail_json (parameters);
  const RhEffect effect = { .workspace = retail_workspace,
                            .action = "product.opportunity.open",
                            .target = product,
                            .key = "k",
                            .parameters = retail_object (node) };

  return retail_assess (&effect, error);
}

/* The figures are the feed's, whatever the agent says. */
static void
test_assess (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhAssessment) found = NULL;
  g_autoptr (RhAssessment) none = NULL;
  g_autofree char *goal = NULL;

  test_upload ();
  use_catalog ();
  found = look_into ("LAMP", "{\"title\":\"L\",\"supplier\":\"Acme\",\"price\":\"50.00\",\"cost\":\"25.00\"}", &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (royal_json_double (retail_object (found->facts), "margin", 0), ==, 0.5);
  g_assert_true (royal_json_boolean (retail_object (found->facts), "supplier_known", FALSE));
  /* Without a goal it is not known whether it is met. */
  g_assert_false (json_object_has_member (retail_object (found->facts), "margin_above_target"));
  g_clear_pointer (&found, rh_assessment_free);
  goal = g_strdup_printf ("select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false);"
                          " select goal_set ('{\"margin\":0.6}', 'test')",
                          retail_workspace);
  g_free (retail_value (goal));
  found = look_into ("LAMP", "{\"title\":\"L\",\"supplier\":\"Acme\",\"price\":\"50.00\",\"cost\":\"25.00\"}", &error);
  g_assert_no_error (error);
  g_assert_false (royal_json_boolean (retail_object (found->facts), "margin_above_target", TRUE));

  none = look_into ("LAMP", "{\"title\":\"L\",\"supplier\":\"Acme\",\"price\":\"50.00\",\"cost\":\"5.00\"}", &error);
  g_assert_null (none);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_assert_cmpstr (error->message, ==, "the listing of LAMP says price 50.00 and cost 25.00");
  g_clear_error (&error);
  none = look_into ("SOFA", "{\"title\":\"L\",\"supplier\":\"Acme\",\"price\":\"1\",\"cost\":\"1\"}", &error);
  g_assert_null (none);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
}

static void
test_conforms (void)
{
  Conformance conformance = {
    .workspace = retail_workspace,
    .action = "product.opportunity.open",
    .target = "LAMP",
    .parameters = { "{'title':'L','supplier':'Acme','price':'50.00','cost':'25.00'}",
                    "{'title':'L','supplier':'Best','price':'48.00','cost':'30.00'}" },
    .invalid = "{'title':'L','supplier':'Acme','price':'0','cost':'25.00'}",
    .prefix = "conforms-",
    .observes = TRUE,
  };

  retail_import_ok ("catalog", NULL, LISTINGS, FALSE, 2, 0, 0);
  use_catalog ();
  conformance.connector = retail_connector;
  connector_conformance (&conformance);
}

static const RetailCase cases[] = {
  { "/catalog/upload", test_upload },   { "/catalog/bad-uploads", test_bad_uploads },
  { "/catalog/reads", test_reads },     { "/catalog/assess", test_assess },
  { "/catalog/signals", test_signals }, { "/catalog/conforms", test_conforms },
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
