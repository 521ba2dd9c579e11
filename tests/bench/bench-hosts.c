/* SPDX-License-Identifier: Apache-2.0 */

/* Two royald on one database: how many no-op jobs one host and two drain, and what share each took; how long the jobs
 * of a host that is killed wait until the other has done them; and how long a small workspace waits whose jobs come
 * while a big one's are drained. The database says when a job began and ended: it notes when the transaction began that
 * leased it, and that which took its report. */

#include "bench-host.h"
#include "bench.h"
#include "royal-test.h"

#include <glib/gstdio.h>

#define N_JOBS 20000
#define N_SMALL 200
#define N_WARM 4000
#define ROUNDS 3
#define PATIENCE_S 120
#define ATTEMPTS 5

static const char *const names[] = { "first", "second" };

typedef struct {
  char *owner; /* the database, as one who sees every workspace */
  char *manifests;
  gint64 big;
  gint64 small;
  BenchHost *hosts[2]; /* NULL: does not run */
  char *ids[2];
} Bench;

static double number (Bench *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static double
number (Bench *self, const char *format, ...)
{
  g_autofree char *sql = NULL;
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  sql = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  text = royal_test_sql_value (self->owner, sql);
  return g_ascii_strtod (text, NULL);
}

static double
now_s (void)
{
  return (double)g_get_real_time () / G_USEC_PER_SEC;
}

/* The id after which those of jobs that are put in from now on come. */
static gint64
last_id (Bench *self)
{
  return (gint64)number (self, "select coalesce (max (id), 0) from jobs");
}

/* Jobs that do nothing, in one transaction, as any client of the database puts them in. */
static void
put (Bench *self, gint64 workspace, guint n)
{
  const guint at_a_time = MIN (n, 1000);
  g_autofree char *sql = g_strdup_printf (
      "select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', true);"
      "select job_enqueue_many ((select jsonb_agg (jsonb_build_object ('agent', 'bench', 'task', 'noop', 'input',"
      " jsonb_build_object ('i', g * %u + i))) from generate_series (1, %u) i), 'bench')"
      " from generate_series (0, %u) g",
      workspace, at_a_time, at_a_time, n / at_a_time - 1);

  royal_test_sql (self->owner, sql);
}

static void
wait_empty (Bench *self)
{
  gint64 until_us = g_get_monotonic_time () + PATIENCE_S * G_USEC_PER_SEC;

  while (number (self, "select (exists (select from job_queue) or exists (select from job_later)"
                       " or exists (select from job_leases))::int") != 0)
    {
      if (g_get_monotonic_time () > until_us)
        g_error ("the queue is not empty after %d s", PATIENCE_S);
      g_usleep (100000);
    }
}

/* When the last job of @workspace after @mark ended. */
static double
ended_s (Bench *self, gint64 workspace, gint64 mark)
{
  return number (self,
                 "select extract (epoch from max (finished_at)) from jobs where workspace_id = %" G_GINT64_FORMAT
                 " and id > %" G_GINT64_FORMAT " and state = 'completed'",
                 workspace, mark);
}

/* The part of the jobs after @mark that host @i ended. */
static double
share (Bench *self, guint i, gint64 mark)
{
  return number (
      self, "select count (*) filter (where host = '%s') / count (*)::float8 from jobs where id > %" G_GINT64_FORMAT,
      self->ids[i], mark);
}

static void
start_host (Bench *self, guint i)
{
  g_autofree char *plugins_path = bench_build_path ("tests/bench");
  g_autofree char *plugins = g_strconcat ("plugins=", plugins_path, NULL);
  g_autofree char *manifests = g_strconcat ("manifests=", self->manifests, NULL);
  g_autofree char *url = g_strconcat ("database-url=", self->owner, NULL);
  const char *options[] = { plugins, manifests, "policy=" ROYAL_SRCDIR "/manifests/policy.json", url, NULL };

  self->hosts[i] = bench_host_start (names[i], options);
  bench_host_wait_ready (self->hosts[i]);
  g_free (self->ids[i]);
  self->ids[i] = bench_host_id (self->hosts[i]);
}

static void
stop_host (Bench *self, guint i)
{
  bench_host_stop (g_steal_pointer (&self->hosts[i]));
}

/* Until each host that runs has workers that take their part. */
static void
warm_up (Bench *self)
{
  for (guint attempt = 0; attempt < ATTEMPTS * 4; attempt++)
    {
      gint64 mark = last_id (self);
      gboolean all = TRUE;

      put (self, self->big, N_WARM);
      wait_empty (self);
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        all = all && (self->hosts[i] == NULL || share (self, i, mark) > 0);
      if (all && attempt > 0)
        return;
    }
  g_error ("a host does no jobs");
}

/* Jobs a second, from the first lease to the last report; @ret_share: the first host's part of them. */
static double
measure_drain (Bench *self, double *ret_share)
{
  gint64 mark = last_id (self);

  put (self, self->big, N_JOBS);
  wait_empty (self);
  *ret_share = share (self, 0, mark);
  return N_JOBS /
         number (
             self,
             "select extract (epoch from max (finished_at) - min (started_at)) from jobs where id > %" G_GINT64_FORMAT,
             mark);
}

/* Milliseconds from asking for the small workspace's jobs to the last one's end; the big one's begin to be drained
 * before, unless it has none. @ret_big_ms: those of the big one's drain. */
static double
measure_small (Bench *self, guint n_big, double *ret_big_ms)
{
  gint64 mark = last_id (self);
  double start_s, ms;

  if (n_big > 0)
    put (self, self->big, n_big);
  start_s = now_s ();
  put (self, self->small, N_SMALL);
  wait_empty (self);
  ms = (ended_s (self, self->small, mark) - start_s) * 1000;
  if (n_big > 0)
    *ret_big_ms = (ended_s (self, self->big, mark) - start_s) * 1000;
  return ms;
}

typedef struct {
  double after_s; /* from the kill to the end of the last job that it held */
  double lease_s;
  guint n; /* that it held */
} Takeover;

/* Puts jobs in until the first host holds some. Returns: seconds that its leases last when they begin. */
static double
wait_leased (Bench *self)
{
  double lease_s;

  while (
      (lease_s = number (self,
                         "select coalesce ((select extract (epoch from min (until - started_at)) from job_leases where"
                         " owner = '%s'), (exists (select from job_queue))::int - 1)",
                         self->ids[0])) <= 0)
    if (lease_s < 0)
      put (self, self->big, N_JOBS);
  return lease_s;
}

/* Kills the first host while it holds leases. FALSE: it held none at that instant. */
static gboolean
measure_takeover (Bench *self, Takeover *ret_takeover)
{
  static const char taken[] = "select %s from jobs j join runs r on r.workspace_id = j.workspace_id and r.job = j.id"
                              " where j.id > %" G_GINT64_FORMAT " and r.host = '%s' and r.state = 'lost'"
                              " and j.host = '%s' and j.state = 'completed'";
  gint64 mark = last_id (self);
  double lease_s, killed_s;

  put (self, self->big, N_JOBS);
  lease_s = wait_leased (self);
  bench_host_kill (g_steal_pointer (&self->hosts[0]));
  killed_s = now_s ();
  wait_empty (self);
  if (number (self, "select count (*) from jobs where state <> 'completed'") != 0)
    g_error ("not every job was completed");
  ret_takeover->lease_s = lease_s;
  ret_takeover->n = (guint)number (self, taken, "count (*)", mark, self->ids[0], self->ids[1]);
  ret_takeover->after_s =
      number (self, taken, "extract (epoch from max (j.finished_at))", mark, self->ids[0], self->ids[1]) - killed_s;
  return ret_takeover->n > 0;
}

static void
set_up (Bench *self)
{
  static const char manifest[] = "{\"agent\":\"bench\",\"module\":\"bench-agent.so\",\"limits\":{\"workers\":2,"
                                 "\"warm\":2},\"grants\":{\"reads\":[],\"writes\":[]}}";
  g_autofree char *path = NULL;

  self->owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  royal_test_migrate ();
  self->big = (gint64)number (self, "select workspace_id from workspace_open ('big', true)");
  self->small = (gint64)number (self, "select workspace_id from workspace_open ('small', true)");
  self->manifests = g_build_filename (royal_test_dir (), "manifests", NULL);
  path = g_build_filename (self->manifests, "bench.json", NULL);
  if (g_mkdir (self->manifests, 0700) != 0 || !g_file_set_contents (path, manifest, -1, NULL))
    g_error ("%s cannot be written", path);
}

static void
tear_down (Bench *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (self->hosts[i] != NULL)
        stop_host (self, i);
      g_free (self->ids[i]);
    }
  g_free (self->manifests);
  g_free (self->owner);
}

/* What is measured in rounds. */
typedef struct {
  double one[ROUNDS];
  double two[ROUNDS];
  double share[ROUNDS];
  double alone_ms[ROUNDS];
  double fair_ms[ROUNDS];
  double big_ms[ROUNDS];
} Rounds;

static void
measure_round (Bench *self, Rounds *rounds, guint i)
{
  double all;

  warm_up (self);
  rounds->one[i] = measure_drain (self, &all);
  start_host (self, 1);
  warm_up (self);
  rounds->two[i] = measure_drain (self, &rounds->share[i]);
  rounds->alone_ms[i] = measure_small (self, 0, NULL);
  rounds->fair_ms[i] = measure_small (self, N_JOBS, &rounds->big_ms[i]);
  if (rounds->big_ms[i] < rounds->fair_ms[i])
    g_printerr ("the small workspace ended after the big one\n");
}

static void
print (Rounds *rounds, const Takeover *takeover)
{
  double one = bench_median (rounds->one, ROUNDS), two = bench_median (rounds->two, ROUNDS),
         first = bench_median (rounds->share, ROUNDS), alone_ms = bench_median (rounds->alone_ms, ROUNDS),
         fair_ms = bench_median (rounds->fair_ms, ROUNDS), big_ms = bench_median (rounds->big_ms, ROUNDS);

  g_print ("%-58s %8.0f /s\n%-58s %8.0f /s\n%-58s %5.0f and %.0f %%\n", "drained by one host", one, "drained by two",
           two, "of these by each", first * 100, (1 - first) * 100);
  g_print ("%-58s %8.1f s\n%-58s %8.0f\n%-58s %8.0f s\n", "from a host's SIGKILL until the other had done its jobs",
           takeover->after_s, "so many jobs", (double)takeover->n, "the length of a lease", takeover->lease_s);
  g_print ("%-58s %8.1f ms\n%-58s %8.1f ms\n%-58s %8.1f ms\n", "200 jobs of a small workspace, the queue else empty",
           alone_ms, "the same, come after 20,000 of a big one", fair_ms, "the big one's drain", big_ms);
  g_print ("{\"bench\":\"hosts\",\"jobs\":%d,\"one_per_s\":%.0f,\"two_per_s\":%.0f,\"ratio_two\":%.2f,"
           "\"share_first\":%.2f,\"share_second\":%.2f,\"takeover_s\":%.2f,\"takeover_jobs\":%u,\"lease_s\":%.0f,"
           "\"fair_alone_ms\":%.1f,\"fair_ms\":%.1f,\"fair_big_ms\":%.1f,\"fair_ratio\":%.2f,\"fair_share\":%.2f}\n",
           N_JOBS, one, two, two / one, first, 1 - first, takeover->after_s, takeover->n, takeover->lease_s, alone_ms,
           fair_ms, big_ms, fair_ms / alone_ms, fair_ms / big_ms);
}

int
main (int argc, char **argv)
{
  Bench bench = { 0 };
  Rounds rounds;
  Takeover takeover = { 0 };
  guint attempt = 0;

  royal_test_init (&argc, &argv);
  set_up (&bench);
  start_host (&bench, 0);
  for (guint i = 0; i < ROUNDS; i++)
    {
      measure_round (&bench, &rounds, i);
      if (i + 1 < ROUNDS)
        stop_host (&bench, 1);
    }
  while (!measure_takeover (&bench, &takeover))
    {
      if (++attempt == ATTEMPTS)
        g_error ("the host was never killed while it held jobs");
      start_host (&bench, 0);
    }
  tear_down (&bench);
  print (&rounds, &takeover);
  return royal_test_finish ();
}
