/* SPDX-License-Identifier: Apache-2.0 */
#include "host-fixture.h"

#include "rh-migrations.h"
#include "royal-json.h"
#include "royal-table-builder.h"
#include "royal-test.h"

#include <glib/gstdio.h>

/* A connector that answers one document and one table. */
#define TEST_TYPE_CONNECTOR (test_connector_get_type ())
G_DECLARE_FINAL_TYPE (TestConnector, test_connector, TEST, CONNECTOR, GObject)

struct _TestConnector {
  GObject parent;
};

static const RhAction actions[] = { { NULL } };
static const RhResource resources[] = {
  { "test.document", "A document", FALSE },
  { "test.table", "A table", TRUE },
  { NULL },
};

static const char *
connector_name (RhConnector *self)
{
  return "test";
}

static const RhAction *
connector_actions (RhConnector *self)
{
  return actions;
}

static const RhResource *
connector_resources (RhConnector *self)
{
  return resources;
}

static void
connector_get (RhConnector *self,
               gint64 workspace,
               const char *resource,
               JsonObject *parameters,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (JsonObject) document = json_object_new ();

  json_object_set_int_member (document, "workspace", workspace);
  g_task_return_pointer (task, json_node_init_object (json_node_new (JSON_NODE_OBJECT), document),
                         (GDestroyNotify)json_node_unref);
}

static JsonNode *
connector_get_finish (RhConnector *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
connector_read (RhConnector *self,
                gint64 workspace,
                const char *resource,
                JsonObject *parameters,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer data)
{
  static const RoyalColumn columns[] = { { "week", ROYAL_COLUMN_INT64 } };
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (RoyalTableBuilder) builder = royal_table_builder_new (columns, 1);

  for (gint64 i = 0; i < 100; i++)
    royal_table_builder_int64 (builder, 0, i);
  g_task_return_int (task, royal_table_builder_seal (builder, NULL));
}

static int
connector_read_finish (RhConnector *self, GAsyncResult *result, GError **error)
{
  return (int)g_task_propagate_int (G_TASK (result), error);
}

static void
connector_iface_init (RhConnectorInterface *iface)
{
  iface->name = connector_name;
  iface->actions = connector_actions;
  iface->resources = connector_resources;
  iface->get_async = connector_get;
  iface->get_finish = connector_get_finish;
  iface->read_async = connector_read;
  iface->read_finish = connector_read_finish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestConnector,
                               test_connector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, connector_iface_init))

static void
test_connector_class_init (TestConnectorClass *klass)
{
}

static void
test_connector_init (TestConnector *self)
{
}

static void
migrate (void)
{
  static gboolean done;
  g_autofree char *conninfo = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  g_autoptr (GError) error = NULL;
  GAsyncResult *pending = NULL;
  RhMigrationState state = { 0 };

  if (done)
    return;
  rh_migrations_run_async (conninfo, FALSE, NULL, royal_test_result, &pending);
  g_autoptr (GAsyncResult) result = royal_test_wait (&pending);
  gboolean ok = rh_migrations_run_finish (result, &state, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  done = TRUE;
}

void
host_fixture_sql (const char *sql)
{
  g_autofree char *conninfo = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");

  royal_test_sql (conninfo, sql);
}

char *
host_fixture_value (const char *sql)
{
  g_autofree char *conninfo = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");

  return royal_test_sql_value (conninfo, sql);
}

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

void
host_fixture_set_up (HostFixture *self, gconstpointer data)
{
  g_autofree char *conninfo = NULL;
  g_autofree char *modules = NULL;
  g_autofree char *workspace = NULL;
  g_autoptr (RhConnector) connector = NULL;
  RhWorkersConfig config = { .worker = g_getenv ("ROYAL_WORKER"), .keep_off_cpu = -1, .idle_s = 1 };

  g_assert_nonnull (config.worker);
  migrate ();
  host_fixture_sql ("truncate runs, jobs, job_queue, job_later, job_parked, job_leases, dead_letters, outbox");
  workspace = host_fixture_value ("select workspace_id from workspace_open ('test', true)");
  self->workspace = g_ascii_strtoll (workspace, NULL, 10);
  self->root = g_build_filename (royal_test_dir (), "host-XXXXXX", NULL);
  g_assert_nonnull (g_mkdtemp (self->root));
  self->manifests = g_build_filename (self->root, "manifests", NULL);
  g_assert_cmpint (g_mkdir (self->manifests, 0700), ==, 0);
  modules = g_build_filename (self->root, "modules", NULL);
  conninfo = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  self->store = rh_store_new (conninfo, NULL, 3);
  royal_test_wait_until (is_available, self->store, 10000);
  self->registry = rh_registry_new (self->manifests, g_getenv ("ROYAL_FIXTURE_PLUGINS"), modules);
  self->connectors = rh_connectors_new ();
  connector = g_object_new (TEST_TYPE_CONNECTOR, NULL);
  rh_connectors_add (self->connectors, connector);
  self->workers = rh_workers_new (&config, self->registry, self->store, self->connectors, NULL);
  rh_workers_start (self->workers);
}

void
host_fixture_stop_workers (HostFixture *self, guint timeout_ms)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  rh_workers_stop_async (self->workers, timeout_ms, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  g_assert_true (rh_workers_stop_finish (self->workers, result, NULL));
}

/* The registry keeps its copies in folders that may not be written. */
static void
unlock_modules (HostFixture *self)
{
  g_autofree char *path = g_build_filename (self->root, "modules", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (path, name, NULL);
      g_assert_cmpint (g_chmod (folder, 0700), ==, 0);
    }
}

void
host_fixture_tear_down (HostFixture *self, gconstpointer data)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  host_fixture_stop_workers (self, 0);
  rh_store_close_async (self->store, 1000, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  g_assert_true (rh_store_close_finish (self->store, result, NULL));
  g_assert_finalize_object (self->workers);
  g_clear_object (&self->registry);
  g_clear_object (&self->connectors);
  g_clear_object (&self->store);
  unlock_modules (self);
  g_free (self->manifests);
  g_free (self->root);
}

void
host_fixture_enable (HostFixture *self, const char *agent, const char *module, const char *rest)
{
  g_autofree char *name = g_strconcat (agent, ".json", NULL);
  g_autofree char *path = g_build_filename (self->manifests, name, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (module == NULL)
    {
      g_assert_cmpint (g_remove (path), ==, 0);
      return;
    }
  g_string_printf (text, "{'agent':'%s','module':'%s.so'%s%s}", agent, module, rest != NULL ? "," : "",
                   rest != NULL ? rest : "");
  g_string_replace (text, "'", "\"", 0);
  g_file_set_contents (path, text->str, -1, &error);
  g_assert_no_error (error);
}

void
host_fixture_load (HostFixture *self)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = rh_registry_load (self->registry, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

JsonObject *
host_fixture_object (const char *text)
{
  g_autoptr (GString) quoted = g_string_new (text);
  g_autoptr (JsonNode) node = NULL;

  g_string_replace (quoted, "'", "\"", 0);
  node = royal_json_parse (quoted->str, -1, "the test's JSON", NULL);
  g_assert_true (node != NULL && JSON_NODE_HOLDS_OBJECT (node));
  return json_node_dup_object (node);
}

RhJobs *
host_fixture_start_jobs (HostFixture *self, const char *host_id)
{
  RhJobs *jobs = rh_jobs_new (self->store, self->registry, self->workers, NULL, host_id);

  rh_jobs_start (jobs);
  return jobs;
}

void
host_fixture_stop_jobs (RhJobs *jobs, guint timeout_ms)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  rh_jobs_stop_async (jobs, timeout_ms, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  g_assert_true (rh_jobs_stop_finish (jobs, result, NULL));
  g_object_unref (jobs);
}
