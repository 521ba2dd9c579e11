/* SPDX-License-Identifier: Apache-2.0 */
#include "retail-fixture.h"

RhStore *retail_store;
RhConnector *retail_connector;
gint64 retail_workspace; /* each test has its own */

char *
retail_file (const char *kind)
{
  g_autofree char *name = g_strconcat (kind, ".csv", NULL);
  g_autofree char *path = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "..", "fixtures", "season", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

char *
retail_value (const char *sql)
{
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");

  return royal_test_sql_value (owner, sql);
}

void
retail_assert_value (const char *sql, const char *expected)
{
  g_autofree char *found = retail_value (sql);

  g_assert_cmpstr (found, ==, expected);
}

static gboolean
is_available (gpointer data)
{
  return rh_store_is_available (retail_store);
}

/* A workspace that nothing is in. */
void
retail_new_workspace (void)
{
  static guint n;
  g_autofree char *sql = g_strdup_printf ("select workspace_id from workspace_open ('test-%u', true)", ++n);
  g_autofree char *id = retail_value (sql);

  retail_workspace = g_ascii_strtoll (id, NULL, 10);
}

/* Each test has a store and a workspace of its own. */
void
retail_run (gconstpointer data)
{
  const RetailCase *test = data;
  g_autofree char *host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;

  retail_new_workspace ();
  retail_store = rh_store_new (host, NULL, 2);
  royal_test_wait_until (is_available, NULL, 5000);
  retail_connector = RH_CONNECTOR (rh_retail_new (retail_store));
  test->func ();
  g_clear_object (&retail_connector);
  rh_store_close_async (retail_store, 2000, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_assert_true (rh_store_close_finish (retail_store, done, NULL));
  g_clear_object (&retail_store);
}

JsonNode *
retail_json (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = text != NULL ? royal_json_parse (text, -1, "test", &error) : NULL;

  g_assert_no_error (error);
  return node;
}

JsonObject *
retail_object (JsonNode *node)
{
  return node != NULL ? json_node_get_object (node) : NULL;
}

static JsonNode *
import_bytes (const char *kind, const char *season, GBytes *bytes, gboolean dry_run, GError **error)
{
  g_autoptr (JsonNode) node = retail_json (season);
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;

  rh_retail_import_async (retail_store, retail_workspace, "test", kind, retail_object (node), bytes, dry_run, NULL,
                          royal_test_result, &result);
  done = royal_test_wait (&result);
  return rh_retail_import_finish (done, error);
}

JsonNode *
retail_import (const char *kind, const char *season, const char *csv, gboolean dry_run, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (csv, strlen (csv));

  return import_bytes (kind, season, bytes, dry_run, error);
}

/* Imports what must hold; checks the counts. */
void
retail_import_ok (const char *kind,
                  const char *season,
                  const char *csv,
                  gboolean dry_run,
                  gint64 added,
                  gint64 changed,
                  gint64 unchanged)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) summary = retail_import (kind, season, csv, dry_run, &error);

  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (retail_object (summary), "added", -1), ==, added);
  g_assert_cmpint (royal_json_int (retail_object (summary), "changed", -1), ==, changed);
  g_assert_cmpint (royal_json_int (retail_object (summary), "unchanged", -1), ==, unchanged);
  g_assert_cmpint (royal_json_boolean (retail_object (summary), "dry_run", !dry_run), ==, dry_run);
}

void
retail_import_fails (const char *kind, const char *season, const char *csv, const char *message)
{
  retail_import_bytes_fails (kind, season, csv, strlen (csv), message);
}

void
retail_import_bytes_fails (const char *kind, const char *season, const char *text, gsize length, const char *message)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, length);

  for (guint dry_run = 0; dry_run < 2; dry_run++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) summary = import_bytes (kind, season, bytes, dry_run == 0, &error);

      g_assert_null (summary);
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, message);
    }
}

void
retail_load_season (void)
{
  g_autofree char *stores = retail_file ("stores");
  g_autofree char *forecast = retail_file ("forecast");
  g_autofree char *actuals = retail_file ("actuals");

  retail_import_ok ("stores", NULL, stores, FALSE, 50, 0, 0);
  retail_import_ok ("forecast", SEASON, forecast, FALSE, 600, 0, 0);
  retail_import_ok ("actuals", ACTUALS, actuals, FALSE, 300, 0, 0);
}

JsonNode *
retail_get (const char *resource, const char *parameters, GError **error)
{
  g_autoptr (JsonNode) node = retail_json (parameters);
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;

  RH_CONNECTOR_GET_IFACE (retail_connector)
      ->get_async (retail_connector, retail_workspace, resource, retail_object (node), NULL, royal_test_result,
                   &result);
  done = royal_test_wait (&result);
  return RH_CONNECTOR_GET_IFACE (retail_connector)->get_finish (retail_connector, done, error);
}

void
retail_effect_clear (RetailEffect *self)
{
  g_clear_pointer (&self->parameters, json_node_unref);
  g_clear_pointer (&self->before, json_node_unref);
  g_clear_pointer (&self->receipt, json_node_unref);
}

RhAssessment *
retail_assess (const RhEffect *effect, GError **error)
{
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;

  RH_CONNECTOR_GET_IFACE (retail_connector)->assess_async (retail_connector, effect, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  return RH_CONNECTOR_GET_IFACE (retail_connector)->assess_finish (retail_connector, done, error);
}

JsonNode *
retail_act (const RhEffect *effect, gboolean undo, GError **error)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (retail_connector);
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;

  (undo ? iface->undo_async : iface->apply_async) (retail_connector, effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  return (undo ? iface->undo_finish : iface->apply_finish) (retail_connector, done, error);
}

RhVerify
retail_verify (const RhEffect *effect, JsonNode **ret_receipt)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult *result = NULL;
  RhVerify found;

  RH_CONNECTOR_GET_IFACE (retail_connector)->verify_async (retail_connector, effect, royal_test_result, &result);
  done = royal_test_wait (&result);
  found = RH_CONNECTOR_GET_IFACE (retail_connector)->verify_finish (retail_connector, done, ret_receipt, &error);
  g_assert_no_error (error);
  return found;
}

void
retail_assert_same (JsonNode *a, JsonNode *b)
{
  g_autofree char *left = royal_json_canonical (a);
  g_autofree char *right = royal_json_canonical (b);

  g_assert_cmpstr (left, ==, right);
}

void
retail_assert_conflict (const RhEffect *effect, gboolean undo, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = retail_act (effect, undo, &error);

  g_assert_null (receipt);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_assert_cmpstr (error->message, ==, message);
}
