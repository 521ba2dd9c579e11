/* SPDX-License-Identifier: Apache-2.0 */

#include "bench-worker.h"

#include "bench.h"
#include "royal-test.h"

#include <errno.h>
#include <sched.h>

struct _BenchWorker {
  RoyalChannel *channel;
  GMainLoop *loop;
  BenchAnswer answer;
  gpointer data;
  JsonNode *result;
};

static void
on_ready (RoyalChannel *channel, JsonObject *facts, gpointer data)
{
  BenchWorker *self = data;

  g_main_loop_quit (self->loop);
}

static void
on_call (RoyalChannel *channel, guint64 id, const char *method, JsonObject *params, gpointer data)
{
  BenchWorker *self = data;

  if (self->answer != NULL)
    self->answer (channel, id, method, self->data);
  else
    royal_channel_reply (channel, id, NULL);
}

static void
on_log (RoyalChannel *channel, const char *message, gpointer data)
{
}

static void
on_progress (RoyalChannel *channel, double fraction, const char *message, gpointer data)
{
}

static void
on_done (RoyalChannel *channel, JsonNode *result, const GError *error, gpointer data)
{
  BenchWorker *self = data;

  if (error != NULL)
    g_error ("the run failed: %s", error->message);
  self->result = json_node_copy (result);
  g_main_loop_quit (self->loop);
}

static void
on_closed (RoyalChannel *channel, const GError *error, int signal, gpointer data)
{
  g_error ("the worker ended: %s", error != NULL ? error->message : "without being asked");
}

static const RoyalChannelEvents events = { on_ready, on_call, on_log, on_progress, on_done, on_closed };

/* (transfer full): a copy where the worker can read it: it has none of the rights that this program has kept of root.
 */
static char *
module_in_reach (void)
{
  g_autofree char *built = bench_build_path ("tests/bench/bench-agent.so");
  g_autofree char *folder = g_build_filename (royal_test_dir (), "module", NULL);
  g_autofree char *copy = g_build_filename (folder, "bench-agent.so", NULL);
  g_autofree char *bytes = NULL;
  gsize length;
  g_autoptr (GError) error = NULL;

  if (!g_file_test (copy, G_FILE_TEST_EXISTS) &&
      (!g_file_get_contents (built, &bytes, &length, &error) || g_mkdir_with_parents (folder, 0755) != 0 ||
       !g_file_set_contents (copy, bytes, (gssize)length, &error)))
    g_error ("%s: %s", copy, error != NULL ? error->message : g_strerror (errno));
  return g_steal_pointer (&copy);
}

BenchWorker *
bench_worker_new (int keep_off_cpu, BenchAnswer answer, gpointer data)
{
  BenchWorker *self = g_new0 (BenchWorker, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *worker = bench_build_path ("sdk/worker/royal-worker");
  g_autofree char *module = module_in_reach ();
  RoyalLaunch launch = {
    .worker = worker,
    .module = module,
    .agent = "bench",
    .memory_mb = 4096,
    .keep_off_cpu = keep_off_cpu,
    .messages_per_s = 10000000,
  };

  self->loop = g_main_loop_new (NULL, FALSE);
  self->answer = answer;
  self->data = data;
  self->channel = royal_channel_launch (&launch, &events, self, &error);
  if (self->channel == NULL)
    g_error ("no worker: %s", error->message);
  g_main_loop_run (self->loop);
  return self;
}

GPid
bench_worker_pid (BenchWorker *self)
{
  return royal_channel_pid (self->channel);
}

void
bench_worker_pin (BenchWorker *self, int cpu)
{
  cpu_set_t cpus;

  CPU_ZERO (&cpus);
  CPU_SET (cpu, &cpus);
  if (sched_setaffinity (royal_channel_pid (self->channel), sizeof cpus, &cpus) != 0)
    g_error ("the worker cannot be kept on CPU %d: %s", cpu, g_strerror (errno));
}

void
bench_worker_free (BenchWorker *self)
{
  if (self == NULL)
    return;
  royal_channel_detach (self->channel);
  g_object_unref (self->channel);
  g_main_loop_unref (self->loop);
  g_free (self);
}

static void
start_run (BenchWorker *self, const char *task, JsonObject *input)
{
  g_autoptr (JsonObject) request = json_object_new ();
  g_autoptr (GError) error = NULL;

  json_object_set_string_member (request, "run", "00000000-0000-7000-8000-000000000000");
  json_object_set_string_member (request, "task", task);
  json_object_set_string_member (request, "workspace", "bench");
  json_object_set_string_member (request, "agent", "bench");
  json_object_set_object_member (request, "config", json_object_new ());
  json_object_set_object_member (request, "input", input != NULL ? json_object_ref (input) : json_object_new ());
  json_object_set_int_member (request, "deadline_ms", 600000);
  if (!royal_channel_run (self->channel, request, &error))
    g_error ("the run did not start: %s", error->message);
}

JsonNode *
bench_worker_run (BenchWorker *self, const char *task, JsonObject *input)
{
  start_run (self, task, input);
  g_main_loop_run (self->loop);
  return g_steal_pointer (&self->result);
}

void
bench_workers_spin (BenchWorker **workers, guint n)
{
  g_autoptr (JsonObject) input = json_object_new ();

  json_object_set_double_member (input, "seconds", 3600);
  for (guint i = 0; i < n; i++)
    {
      workers[i] = bench_worker_new (bench_n_cpus () > 1 ? 0 : -1, NULL, NULL);
      start_run (workers[i], "spin", input);
    }
}

void
bench_workers_end (BenchWorker **workers, guint n)
{
  for (guint i = 0; i < n; i++)
    g_clear_pointer (&workers[i], bench_worker_free);
}
