/* SPDX-License-Identifier: Apache-2.0 */

/* Many enabled agents, each a copy of one small plugin under a name of its own: the time from reading their manifests
 * to all of them having a worker that is ready, what such an idle worker keeps of its own in memory, and what an agent
 * costs that keeps none (warm: 0). */

#include "bench.h"
#include "job-host.h"
#include "royal-json.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  RhRegistry *registry;
  RhWorkers *workers;
  guint n;
} Agents;

static void
write_text (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents (path, text, -1, &error))
    g_error ("%s", error->message);
}

/* A module whose manifest names it @name. */
static void
make_plugin (const char *folder, const char *name)
{
  g_autofree char *source = bench_build_path ("tests/bench/bench-agent.so");
  g_autofree char *module = g_strdup_printf ("%s/%s.so", folder, name);
  g_autofree char *section = g_strdup_printf ("%s/manifest", folder);
  g_autofree char *text = g_strdup_printf (
      "{\"id\":\"%s\",\"name\":\"%s\",\"version\":\"1.0.0\",\"description\":\"One of many.\",\"abi\":1,\"tasks\":{"
      "\"calls\":{\"description\":\"-\"},\"noop\":{\"description\":\"-\"},\"now\":{\"description\":\"-\"},"
      "\"read\":{\"description\":\"-\"},\"propose\":{\"description\":\"-\"},\"spin\":{\"description\":\"-\"}}}",
      name, name);
  g_autofree char *update = g_strconcat (".royal.manifest=", section, NULL);
  const char *argv[] = { "objcopy", "--update-section", update, source, module, NULL };
  int status = 0;

  write_text (section, text);
  if (!g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL) ||
      status != 0)
    g_error ("objcopy could not make %s", module);
}

static char *
agent_name (guint i)
{
  return g_strdup_printf ("many-%04u", i);
}

static void
write_manifests (const char *folder, guint n, guint warm)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = agent_name (i);
      g_autofree char *path = g_strdup_printf ("%s/%s.json", folder, name);
      g_autofree char *text = g_strdup_printf (
          "{\"agent\":\"%s\",\"module\":\"%s.so\",\"limits\":{\"workers\":1,\"warm\":%u}}", name, name, warm);

      write_text (path, text);
    }
}

/* What a process has in memory and shares with no file, in kB: workers do not let themselves be looked into further. */
static guint64
private_kb (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/statm", pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  fields = g_strsplit (text, " ", 4);
  return (g_ascii_strtoull (fields[1], NULL, 10) - g_ascii_strtoull (fields[2], NULL, 10)) *
         (guint64)sysconf (_SC_PAGESIZE) / 1024;
}

static int
ready_pid (Agents *self, guint i)
{
  g_autofree char *name = agent_name (i);
  g_autoptr (JsonNode) status = rh_workers_status (self->workers, name);
  JsonArray *workers = royal_json_array (json_node_get_object (status), "workers");

  if (workers == NULL || json_array_get_length (workers) == 0)
    return 0;
  return g_strcmp0 (royal_json_string (json_array_get_object_element (workers, 0), "state", ""), "idle") == 0
             ? (int)royal_json_int (json_array_get_object_element (workers, 0), "pid", 0)
             : 0;
}

static gboolean
all_are_ready (gpointer data)
{
  Agents *self = data;

  /* The last of them tells that the others may be worth a look. */
  for (guint i = self->n; i > 0; i--)
    if (ready_pid (self, i - 1) == 0)
      return FALSE;
  return TRUE;
}

static void
stop (Agents *self)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  rh_workers_stop_async (self->workers, 1000, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  g_clear_object (&self->workers);
  g_clear_object (&self->registry);
}

static void
start (Agents *self, const char *root, guint n, guint warm)
{
  static char *program;
  g_autofree char *manifests = g_strdup_printf ("%s/manifests-%u-%u", root, n, warm);
  g_autofree char *modules = g_strdup_printf ("%s/modules-%u-%u", root, n, warm);
  RhWorkersConfig config = { .keep_off_cpu = bench_n_cpus () > 1 ? 0 : -1, .idle_s = 600 };
  g_autoptr (GError) error = NULL;

  if (program == NULL)
    program = bench_build_path ("sdk/worker/royal-worker");
  config.worker = program;
  if (g_mkdir_with_parents (manifests, 0755) != 0)
    g_error ("%s cannot be made", manifests);
  write_manifests (manifests, n, warm);
  self->n = n;
  self->registry = rh_registry_new (manifests, root, modules);
  self->workers = rh_workers_new (&config, self->registry, NULL, NULL, NULL);
  rh_workers_start (self->workers);
  if (!rh_registry_load (self->registry, &error))
    g_error ("%s", error->message);
}

static double
measure_ready (const char *root, guint n, guint64 *ret_kb)
{
  Agents self = { 0 };
  double begun_us = bench_now_us (), took_s;
  guint64 kb = 0;

  start (&self, root, n, 1);
  royal_test_wait_until (all_are_ready, &self, 120000);
  took_s = (bench_now_us () - begun_us) / 1e6;
  for (guint i = 0; i < n; i++)
    kb += private_kb (ready_pid (&self, i));
  *ret_kb = kb / n;
  stop (&self);
  return took_s;
}

static guint64
measure_asleep (const char *root, guint n)
{
  Agents self = { 0 };
  guint64 before = private_kb (getpid ()), after;

  start (&self, root, n, 0);
  royal_test_spin (1000);
  after = private_kb (getpid ());
  stop (&self);
  return after > before ? (after - before) * 1024 / n : 0;
}

int
main (int argc, char **argv)
{
  g_autofree char *root = NULL;
  g_autofree char *unlock = NULL;
  guint64 kb_100, kb_1000, asleep;
  double s_100, s_1000;

  royal_test_init (&argc, &argv);
  root = g_build_filename (royal_test_dir (), "agents", NULL);
  if (g_mkdir_with_parents (root, 0755) != 0)
    g_error ("%s cannot be made", root);
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *name = agent_name (i);

      make_plugin (root, name);
    }
  asleep = measure_asleep (root, 1000);
  s_100 = measure_ready (root, 100, &kb_100);
  s_1000 = measure_ready (root, 1000, &kb_1000);
  unlock = g_strdup_printf ("chmod -R u+w '%s'", root);
  if (!g_spawn_command_line_sync (unlock, NULL, NULL, NULL, NULL))
    g_printerr ("%s cannot be made writable\n", root);
  g_print ("%-46s %8.2f s\n%-46s %8" G_GUINT64_FORMAT " kB\n%-46s %8.2f s\n%-46s %8" G_GUINT64_FORMAT
           " kB\n%-46s %8" G_GUINT64_FORMAT " B\n",
           "100 agents ready", s_100, "of each idle worker, private", kb_100, "1,000 agents ready", s_1000,
           "of each idle worker, private", kb_1000, "an agent without a worker, in the host", asleep);
  g_print ("{\"bench\":\"agents\",\"ready_s_100\":%.2f,\"rss_kb_100\":%" G_GUINT64_FORMAT ",\"ready_s_1000\":%.2f,"
           "\"rss_kb_1000\":%" G_GUINT64_FORMAT ",\"asleep_bytes\":%" G_GUINT64_FORMAT "}\n",
           s_100, kb_100, s_1000, kb_1000, asleep);
  return royal_test_finish ();
}
