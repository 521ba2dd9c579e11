/* SPDX-License-Identifier: Apache-2.0 */

/* Proposals decided `auto` and executed against a null connector, everything durable and audited, against pgbench's
 * single-row commits with as many clients on the same cluster, and against itself while sandboxed workers burn every
 * CPU that they may use. They take turns. With an argument: the gate alone, for so many seconds. */

#include "bench-worker.h"
#include "bench.h"
#include "gate-load.h"
#include "royal-test.h"

#include <string.h>

#define CLIENTS 32
#define SECONDS 4
#define ROUNDS 3
#define SPINNING 4

static double
measure_commits (const char *conninfo)
{
  static const char script[] = "insert into bench_commits (body) values ('{\"act\":\"price.change\",\"old\":1299}');\n";
  g_autofree char *file = g_build_filename (royal_test_dir (), "commit.sql", NULL);
  g_autofree char *program = g_find_program_in_path ("pgbench");
  g_autofree char *command = NULL, *output = NULL;
  const char *tps;
  int status;

  g_assert_true (g_file_set_contents (file, script, -1, NULL));
  if (program == NULL)
    program = g_strdup ("/usr/lib/postgresql/15/bin/pgbench");
  command =
      g_strdup_printf ("%s -n -c %d -j 1 -T %d -M prepared -f %s '%s'", program, CLIENTS, SECONDS, file, conninfo);
  if (!g_spawn_command_line_sync (command, &output, NULL, &status, NULL) || status != 0 ||
      (tps = strstr (output, "tps = ")) == NULL)
    g_error ("pgbench failed: %s", command);
  return g_ascii_strtod (tps + strlen ("tps = "), NULL);
}

/* The gate alone, for a profiler. */
static void
bench_gate_alone (double seconds)
{
  GateLoad *load = gate_load_new (CLIENTS);
  GateCpu cpu;
  double per_s = gate_load_measure (load, seconds, &cpu);

  g_print ("%.0f /s, %.0f us of the host, %.0f us of the database each\n", per_s, cpu.host, cpu.database);
  gate_load_free (load);
}

static void
bench_gate (void)
{
  double host_us[ROUNDS], database_us[ROUNDS];
  double idle[ROUNDS], spinning[ROUNDS], commits[ROUNDS], per_s, commits_per_s, spin_per_s;
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  GateLoad *load = gate_load_new (CLIENTS);
  BenchWorker *workers[SPINNING];

  royal_test_sql (owner, "create table bench_commits (id bigint generated always as identity primary key, body jsonb)");
  for (guint i = 0; i < ROUNDS; i++)
    {
      GateCpu cpu;

      idle[i] = gate_load_measure (load, SECONDS, &cpu);
      host_us[i] = cpu.host;
      database_us[i] = cpu.database;
      commits[i] = measure_commits (owner);
      bench_workers_spin (workers, SPINNING);
      spinning[i] = gate_load_measure (load, SECONDS, NULL);
      bench_workers_end (workers, SPINNING);
    }
  gate_load_free (load);
  per_s = bench_median (idle, ROUNDS);
  spin_per_s = bench_median (spinning, ROUNDS);
  commits_per_s = bench_median (commits, ROUNDS);
  g_print ("%-46s %8.0f us\n%-46s %8.0f us\n", "processor time of the host, each", bench_median (host_us, ROUNDS),
           "of the database, each", bench_median (database_us, ROUNDS));
  g_print ("%-46s %8.0f /s\n%-46s %8.0f /s\n%-46s %8.0f /s\n", "proposed, decided, executed, audited", per_s,
           "the same, every worker spinning", spin_per_s, "pgbench single-row commits, as many clients", commits_per_s);
  g_print ("{\"bench\":\"gate\",\"clients\":%d,\"per_s\":%.0f,\"commits_per_s\":%.0f,\"ratio_commit\":%.3f,"
           "\"ratio_spin\":%.2f,\"host_us\":%.0f,\"database_us\":%.0f}\n",
           CLIENTS, per_s, commits_per_s, per_s / commits_per_s, spin_per_s / per_s, bench_median (host_us, ROUNDS),
           bench_median (database_us, ROUNDS));
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  if (argc > 1)
    bench_gate_alone (g_ascii_strtod (argv[1], NULL));
  else
    bench_gate ();
  return royal_test_finish ();
}
