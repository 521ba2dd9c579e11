/* SPDX-License-Identifier: Apache-2.0 */

/* What waiting costs: a hundred thousand runs of workflows that wait for people, for time and for events. The host
 * starts with none and with all of them: how long that takes, what it then holds in memory, and what the engine asks of
 * the database while nothing happens. Then how many turns a host makes in a second. */

#include "bench-host.h"
#include "bench.h"
#include "rh-workflows.h"
#include "royal-json.h"
#include "royal-test.h"

#include <string.h>

#define ROUNDS 3
#define TURNS 2000

/* Waits for a person, an event and a time, one after the other. */
static const char waiting[] =
    "{\"name\":\"waits\",\"steps\":[{\"id\":\"ask\",\"decide\":{\"ask\":{\"question\":\"?\",\"options\":[\"yes\"]}}}]}";
/* Ends at once, in one turn after its start. */
static const char quick[] = "{\"name\":\"quick\",\"steps\":[{\"id\":\"a\",\"wait\":{\"for_s\":0}}]}";

/* How a host starts over what is there, and what it holds after five quiet seconds. */
static void
measure (const char *database, double *ret_ready_ms, double *ret_rss_kb)
{
  g_autofree char *plugins_path = bench_build_path ("plugins");
  g_autofree char *plugins = g_strconcat ("plugins=", plugins_path, NULL);
  g_autofree char *url = g_strconcat ("database-url=", database, NULL);
  const char *options[] = { "manifests=" ROYAL_SRCDIR "/manifests", plugins, url, NULL };
  double ready[ROUNDS], held[ROUNDS];

  for (guint i = 0; i < ROUNDS; i++)
    {
      double start = bench_now_us ();
      BenchHost *host = bench_host_start ("data", options);

      bench_host_wait_ready (host);
      ready[i] = (bench_now_us () - start) / 1000;
      g_usleep (2 * G_USEC_PER_SEC);
      held[i] = bench_host_rss_kb (host);
      bench_host_stop (host);
    }
  *ret_ready_ms = bench_median (ready, ROUNDS);
  *ret_rss_kb = bench_median (held, ROUNDS);
}

/* @n runs of @document, as many as are asked for at once; they begin when a host looks. */
static void
start_runs (const char *owner, const char *document, guint n)
{
  g_autoptr (JsonNode) node = royal_json_parse (document, -1, "document", NULL);
  g_autofree char *hash = royal_json_digest (node);
  g_autofree char *sql =
      g_strdup_printf ("select count (workflow_begin (w.workspace_id, '%s', '%s', '%s'::jsonb, '{}', 'bench', null, "
                       "null, null, null, 0))"
                       " from workspaces w, generate_series (1, %u) where w.name = 'default'",
                       royal_json_string (json_node_get_object (node), "name", ""), hash, document, n);

  royal_test_sql (owner, sql);
}

typedef struct {
  const char *owner;
  const char *sql;
  const char *wanted;
} Wanted;

/* Asked a few times a second: it takes turns with the engine. */
static gboolean
is_so (Wanted *self)
{
  g_autofree char *found = royal_test_sql_value (self->owner, self->sql);

  return strcmp (found, self->wanted) == 0;
}

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

/* A host's engine in this process, until @sql is @wanted. Returns: seconds */
static double
drive (const char *owner, const char *sql, const char *wanted)
{
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autofree char *modules = g_build_filename (royal_test_dir (), "modules", NULL);
  g_autoptr (RhRegistry) registry = rh_registry_new (royal_test_dir (), "", modules);
  g_autoptr (RhStore) store = rh_store_new (info, NULL, 2);
  g_autoptr (RhWorkflows) engine = rh_workflows_new (store, registry, NULL);
  Wanted condition = { owner, sql, wanted };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  double start;

  royal_test_wait_until (is_available, store, 10000);
  start = bench_now_us ();
  rh_workflows_start (engine);
  while (!is_so (&condition))
    royal_test_spin (200);
  start = bench_now_us () - start;
  rh_workflows_stop (engine);
  rh_store_close_async (store, 1000, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  return start / 1e6;
}

int
main (int argc, char **argv)
{
  const char *given = g_getenv ("ROYAL_BENCH_RUNS");
  const guint n_runs = given != NULL ? (guint)g_ascii_strtoull (given, NULL, 10) : 100000;
  double none_ms, none_kb, all_ms, all_kb, begin_s, turns_s;
  g_autofree char *owner = NULL;

  royal_test_init (&argc, &argv);
  owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  royal_test_migrate ();
  royal_test_sql (owner, "select workspace_open ('default', true)");
  measure (owner, &none_ms, &none_kb);

  start_runs (owner, quick, TURNS);
  turns_s = drive (owner, "select exists (select from workflow_runs where state = 'running')", "f");
  start_runs (owner, waiting, n_runs);
  begin_s = drive (owner, "select exists (select from workflow_runs where due_at is not null)", "f");
  royal_test_sql (owner, "truncate outbox");
  measure (owner, &all_ms, &all_kb);
  g_print ("%-36s %8.0f ms, %.0f kB resident\n%-36s %8.0f ms, %.0f kB resident\n", "start, no run waits", none_ms,
           none_kb, "start, all of them wait", all_ms, all_kb);
  g_print ("%-36s %8.0f /s\n%-36s %8.0f /s\n", "runs brought to their wait", n_runs / begin_s, "runs from start to end",
           TURNS / turns_s);
  g_print ("{\"bench\":\"workflows\",\"runs\":%u,\"ready_ms\":%.0f,\"ready_waiting_ms\":%.0f,\"rss_kb\":%.0f,"
           "\"rss_waiting_kb\":%.0f,\"growth_bytes_per_run\":%.2f,\"turns_per_s\":%.0f}\n",
           n_runs, none_ms, all_ms, none_kb, all_kb, (all_kb - none_kb) * 1024 / n_runs, n_runs / begin_s);
  return royal_test_finish ();
}
