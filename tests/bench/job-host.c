/* SPDX-License-Identifier: Apache-2.0 */

#include "job-host.h"

#include "bench.h"
#include "royal-json.h"
#include "royal-test.h"

#include <glib/gstdio.h>

static gboolean
is_available (gpointer data)
{
  return rh_store_is_available (data);
}

static gboolean
has_capacity (gpointer data)
{
  return rh_workers_capacity (data, "bench") > 0;
}

double
job_host_number (JobHost *self, const char *sql)
{
  g_autofree char *text = royal_test_sql_value (self->owner, sql);

  return g_ascii_strtod (text, NULL);
}

static char *
make_folder (const char *name)
{
  char *path = g_build_filename (royal_test_dir (), name, NULL);

  if (g_mkdir_with_parents (path, 0755) != 0)
    g_error ("%s: %s", path, g_strerror (errno));
  return path;
}

static void
write_manifest (const char *folder)
{
  static const char text[] = "{\"agent\":\"bench\",\"module\":\"bench-agent.so\",\"limits\":{\"workers\":2,\"warm\":1},"
                             "\"grants\":{\"reads\":[],\"writes\":[]}}";
  g_autofree char *path = g_build_filename (folder, "bench.json", NULL);

  if (!g_file_set_contents (path, text, -1, NULL))
    g_error ("%s cannot be written", path);
}

static void
start_workers (JobHost *self)
{
  static char *program;
  RhWorkersConfig config = { .keep_off_cpu = bench_n_cpus () > 1 ? 0 : -1, .idle_s = 60 };
  g_autoptr (GError) error = NULL;

  if (program == NULL)
    program = bench_build_path ("sdk/worker/royal-worker");
  config.worker = program;
  self->workers = rh_workers_new (&config, self->registry, self->store, self->connectors, self->gate);
  rh_workers_start (self->workers);
  if (!rh_registry_load (self->registry, &error))
    g_error ("%s", error->message);
  royal_test_wait_until (has_capacity, self->workers, 20000);
}

JobHost *
job_host_new (const char *id)
{
  g_autofree char *conninfo = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autofree char *plugins = bench_build_path ("tests/bench");
  g_autofree char *name = g_strconcat (id, "-modules", NULL);
  JobHost *self = g_new0 (JobHost, 1);

  royal_test_migrate ();
  self->owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  self->actor = (RhActor){ .name = "bench", .via = "bench" };
  self->actor.workspace = (gint64)job_host_number (self, "select workspace_id from workspace_open ('bench', true)");
  self->manifests = make_folder ("manifests");
  self->modules = make_folder (name);
  write_manifest (self->manifests);
  self->store = rh_store_new (conninfo, NULL, 8);
  royal_test_wait_until (is_available, self->store, 10000);
  self->registry = rh_registry_new (self->manifests, plugins, self->modules);
  self->connectors = rh_connectors_new ();
  self->gate = rh_gate_new (self->store, self->connectors, id);
  rh_gate_start (self->gate);
  start_workers (self);
  self->id = g_strdup (id);
  self->front = rh_jobs_new (self->store, self->registry, self->workers, self->gate, id);
  job_host_resume (self);
  return self;
}

void
job_host_resume (JobHost *self)
{
  self->jobs = rh_jobs_new (self->store, self->registry, self->workers, self->gate, self->id);
  rh_jobs_start (self->jobs);
}

void
job_host_pause (JobHost *self)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  rh_jobs_stop_async (self->jobs, 5000, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  g_clear_object (&self->jobs);
}

void
job_host_free (JobHost *self)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *unlock = g_strdup_printf ("chmod -R u+w '%s'", self->modules);

  if (self->jobs != NULL)
    job_host_pause (self);
  rh_workers_stop_async (self->workers, 1000, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  g_clear_object (&self->front);
  g_clear_object (&self->workers);
  g_clear_object (&self->gate);
  g_clear_object (&self->registry);
  g_clear_object (&self->connectors);
  g_clear_object (&self->store);
  /* The registry keeps its copies in folders that may not be written. */
  if (!g_spawn_command_line_sync (unlock, NULL, NULL, NULL, NULL))
    g_printerr ("%s cannot be made writable\n", self->modules);
  g_free (self->owner);
  g_free (self->id);
  g_free (self->manifests);
  g_free (self->modules);
  g_free (self);
}

JsonObject *
job_host_request (const char *task)
{
  JsonObject *request = json_object_new ();

  json_object_set_string_member (request, "agent", "bench");
  json_object_set_string_member (request, "task", task);
  return request;
}

void
job_host_put_many (JobHost *self, const char *task, guint n)
{
  g_autoptr (JsonArray) requests = json_array_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (JsonNode) ids = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *pending = NULL;

  for (guint i = 0; i < n; i++)
    {
      JsonObject *request = job_host_request (task), *input = json_object_new ();

      json_object_set_int_member (input, "i", i);
      json_object_set_object_member (request, "input", input);
      json_array_add_object_element (requests, request);
    }
  rh_jobs_enqueue_many_async (self->front, &self->actor, requests, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  ids = rh_jobs_enqueue_many_finish (self->front, result, &error);
  if (ids == NULL)
    g_error ("%s", error->message);
}

static gboolean
is_empty (JobHost *self)
{
  static const RhStatement waiting = {
    "bench.waiting",
    "select exists (select from job_queue) or exists (select from job_later) or exists (select from job_leases) as yes",
    0,
    RH_READS,
  };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (RhRows) rows = NULL;
  g_autoptr (GError) error = NULL;

  rh_store_call_async (self->store, &waiting, self->actor.workspace, NULL, NULL, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  rows = rh_store_call_finish (self->store, result, &error);
  if (rows == NULL)
    g_error ("%s", error->message);
  return !rh_rows_boolean (rows, 0, "yes");
}

void
job_host_wait_empty (JobHost *self, guint timeout_ms)
{
  gint64 until_us = g_get_monotonic_time () + timeout_ms * (gint64)1000;

  while (!is_empty (self))
    {
      if (g_get_monotonic_time () > until_us)
        g_error ("the queue is not empty after %u ms", timeout_ms);
      royal_test_spin (10);
    }
}

/* The task tells when it began, in the job's result. */
double
job_host_start_ms (JobHost *self)
{
  g_autoptr (JsonObject) request = job_host_request ("now");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (JsonNode) job = NULL;
  g_autofree char *sql = NULL;
  GAsyncResult *pending = NULL;
  double asked_us = bench_now_us ();

  rh_jobs_enqueue_async (self->jobs, &self->actor, request, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  job = rh_jobs_enqueue_finish (self->jobs, result, NULL);
  if (job == NULL)
    g_error ("a job was refused");
  job_host_wait_empty (self, 10000);
  sql = g_strdup_printf ("select result from jobs where uid = '%s'",
                         royal_json_string (json_node_get_object (job), "id", ""));
  return (job_host_number (self, sql) - asked_us) / 1000;
}
