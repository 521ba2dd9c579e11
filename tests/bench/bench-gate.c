/* SPDX-License-Identifier: Apache-2.0 */

/* Proposals decided `auto` and executed against a null connector, everything durable and audited, against pgbench's
 * single-row commits with as many clients on the same cluster, and against itself while sandboxed workers burn every
 * CPU that they may use. They take turns. With an argument: the gate alone, for so many seconds. */

#include "bench-worker.h"
#include "bench.h"
#include "gate-load.h"
#include "royal-test.h"

#include <string.h>
#include <sys/resource.h>

#define CLIENTS 128
#define SECONDS 4
#define ROUNDS 3
#define SPINNING 4

/* Processor time of what this process started and waited for, in seconds. */
static double
children_cpu_s (void)
{
  struct rusage usage;

  getrusage (RUSAGE_CHILDREN, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Commits a second; @ret_cpu_us: microseconds of processor time for each, pgbench's own among them. */
static double
measure_commits (const char *conninfo, double *ret_cpu_us)
{
  static const char script[] = "insert into bench_commits (body) values ('{\"act\":\"price.change\",\"old\":1299}');\n";
  g_autofree char *file = g_build_filename (royal_test_dir (), "commit.sql", NULL);
  g_autofree char *program = g_find_program_in_path ("pgbench");
  g_autofree char *command = NULL, *output = NULL;
  double own = children_cpu_s (), database = gate_load_cpu ().database, per_s;
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
  per_s = g_ascii_strtod (tps + strlen ("tps = "), NULL);
  own = children_cpu_s () - own;
  database = gate_load_cpu ().database - database;
  *ret_cpu_us = (own + database) * 1e6 / (per_s * SECONDS);
  return per_s;
}

/* The cluster, with room for as many clients of pgbench. */
static void
start_cluster (void)
{
  static const char settings[] = "max_connections = 200\n";
  RhCluster *cluster = royal_test_cluster ();
  g_autofree char *file = g_build_filename (royal_test_dir (), "postgres", "data", "operator.conf", NULL);

  royal_test_stop_cluster (cluster);
  g_assert_true (g_file_set_contents (file, settings, -1, NULL));
  royal_test_start_cluster (cluster);
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
  double host_us[ROUNDS], database_us[ROUNDS], commit_us[ROUNDS], ratio_cpu[ROUNDS];
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
      commits[i] = measure_commits (owner, &commit_us[i]);
      ratio_cpu[i] = commit_us[i] / (cpu.host + cpu.database);
      bench_workers_spin (workers, SPINNING);
      spinning[i] = gate_load_measure (load, SECONDS, NULL);
      bench_workers_end (workers, SPINNING);
    }
  gate_load_free (load);
  per_s = bench_median (idle, ROUNDS);
  spin_per_s = bench_median (spinning, ROUNDS);
  commits_per_s = bench_median (commits, ROUNDS);
  g_print ("%-46s %8.0f us\n%-46s %8.0f us\n%-46s %8.0f us\n", "processor time of the host, each",
           bench_median (host_us, ROUNDS), "of the database, each", bench_median (database_us, ROUNDS),
           "of pgbench and the database, each commit", bench_median (commit_us, ROUNDS));
  g_print ("%-46s %8.0f /s\n%-46s %8.0f /s\n%-46s %8.0f /s\n", "proposed, decided, executed, audited", per_s,
           "the same, every worker spinning", spin_per_s, "pgbench single-row commits, as many clients", commits_per_s);
  g_print ("{\"bench\":\"gate\",\"clients\":%d,\"per_s\":%.0f,\"commits_per_s\":%.0f,\"ratio_commit\":%.3f,"
           "\"ratio_spin\":%.2f,\"host_us\":%.0f,\"database_us\":%.0f,"
           "\"commit_us\":%.0f,\"ratio_cpu\":%.3f}\n",
           CLIENTS, per_s, commits_per_s, per_s / commits_per_s, spin_per_s / per_s, bench_median (host_us, ROUNDS),
           bench_median (database_us, ROUNDS), bench_median (commit_us, ROUNDS), bench_median (ratio_cpu, ROUNDS));
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  start_cluster ();
  if (argc > 1)
    bench_gate_alone (g_ascii_strtod (argv[1], NULL));
  else
    bench_gate ();
  return royal_test_finish ();
}
