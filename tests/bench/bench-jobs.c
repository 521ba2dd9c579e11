/* SPDX-License-Identifier: Apache-2.0 */

/* The durable queue: jobs put in one by one and many at a time, drained by real sandboxed workers, with everything
 * durable and told; and the time from asking for a job to its start on an idle host. The peers, where they are at hand
 * (tools/peers), do the same in turn with it. */

#include "bench-peers.h"
#include "bench.h"
#include "job-host.h"
#include "royal-json.h"
#include "royal-test.h"

#define N_JOBS 20000
#define N_SINGLE 2000
#define AT_A_TIME 1000
#define IN_FLIGHT 10
#define ROUNDS 3
#define STARTS 200

static const char *const peer_names[] = { "graphile", "pgboss", "bullmq", NULL };
static const char *const peer_figures[] = { "drain_per_s", "bulk_enqueue_per_s", "enqueue_per_s", "start_p50_ms",
                                            NULL };

typedef struct {
  JobHost *host;
  JsonObject *request;
  guint sent;
  guint answered;
} Enqueue;

static void put_one (Enqueue *self);

static void
on_put (GObject *source, GAsyncResult *result, gpointer data)
{
  Enqueue *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) job = rh_jobs_enqueue_finish (RH_JOBS (source), result, &error);

  if (job == NULL)
    g_error ("a job was refused: %s", error->message);
  self->answered++;
  if (self->sent < N_SINGLE)
    put_one (self);
}

static void
put_one (Enqueue *self)
{
  self->sent++;
  rh_jobs_enqueue_async (self->host->front, &self->host->actor, self->request, on_put, self);
}

static gboolean
is_answered (gpointer data)
{
  return ((Enqueue *)data)->answered == N_SINGLE;
}

static double
measure_enqueue (JobHost *host)
{
  Enqueue self = { .host = host, .request = job_host_request ("noop") };
  double start = bench_now_us ();

  for (guint i = 0; i < IN_FLIGHT; i++)
    put_one (&self);
  royal_test_wait_until (is_answered, &self, 120000);
  json_object_unref (self.request);
  return N_SINGLE / (bench_now_us () - start) * 1e6;
}

static double
measure_bulk (JobHost *host)
{
  double start = bench_now_us ();

  for (guint i = 0; i < N_JOBS; i += AT_A_TIME)
    job_host_put_many (host, "noop", AT_A_TIME);
  return N_JOBS / (bench_now_us () - start) * 1e6;
}

/* From the host's first look at the queue to the last report's commit. */
static double
measure_drain (JobHost *host)
{
  double start = bench_now_us ();

  job_host_resume (host);
  job_host_wait_empty (host, 120000);
  return N_JOBS / (bench_now_us () - start) * 1e6;
}

static void
measure_starts (JobHost *host, double *ret_p50_ms, double *ret_p99_ms)
{
  double ms[STARTS];

  for (guint i = 0; i < STARTS; i++)
    {
      royal_test_spin ((guint)g_random_int_range (20, 50));
      ms[i] = job_host_start_ms (host);
    }
  *ret_p99_ms = bench_quantile (ms, STARTS, 0.99);
  *ret_p50_ms = bench_quantile (ms, STARTS, 0.5);
}

/* What is measured, by round. */
typedef struct {
  double enqueue[ROUNDS];
  double bulk[ROUNDS];
  double drain[ROUNDS];
  double p50_ms[ROUNDS];
  double p99_ms[ROUNDS];
} Rounds;

static void
measure_round (JobHost *host, Rounds *self, guint i)
{
  job_host_pause (host);
  self->enqueue[i] = measure_enqueue (host);
  job_host_resume (host);
  job_host_wait_empty (host, 120000);
  job_host_pause (host);
  self->bulk[i] = measure_bulk (host);
  self->drain[i] = measure_drain (host);
  measure_starts (host, &self->p50_ms[i], &self->p99_ms[i]);
}

/* Members of JSON: what is drained in a second over what each peer drains. (transfer full) */
static char *
ratios (BenchPeers *peers, double drain_per_s)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; peer_names[i] != NULL; i++)
    {
      double theirs = bench_peers_median (peers, peer_names[i], "drain_per_s");

      if (theirs > 0)
        g_string_append_printf (text, ",\"ratio_%s\":%.2f", peer_names[i], drain_per_s / theirs);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
print (Rounds *self, BenchPeers *peers)
{
  double enqueue = bench_median (self->enqueue, ROUNDS), bulk = bench_median (self->bulk, ROUNDS),
         drain = bench_median (self->drain, ROUNDS), p50_ms = bench_median (self->p50_ms, ROUNDS),
         p99_ms = bench_median (self->p99_ms, ROUNDS);
  g_autofree char *ratio_members = ratios (peers, drain), *peer_members = bench_peers_members (peers);

  g_print ("%-46s %8.0f /s\n%-46s %8.0f /s\n%-46s %8.0f /s\n%-46s %8.2f ms\n%-46s %8.2f ms\n", "enqueued one by one",
           enqueue, "enqueued a thousand at a time", bulk, "drained", drain, "asked for until started, median", p50_ms,
           "asked for until started, p99", p99_ms);
  bench_peers_print (peers);
  g_print ("{\"bench\":\"jobs\",\"jobs\":%d,\"enqueue_per_s\":%.0f,\"bulk_enqueue_per_s\":%.0f,\"drain_per_s\":%.0f,"
           "\"start_p50_ms\":%.3f,\"start_p99_ms\":%.3f%s%s}\n",
           N_JOBS, enqueue, bulk, drain, p50_ms, p99_ms, ratio_members, peer_members);
}

int
main (int argc, char **argv)
{
  g_autoptr (BenchPeers) peers = bench_peers_new ("jobs", peer_names, peer_figures);
  Rounds rounds;
  JobHost *host;

  royal_test_init (&argc, &argv);
  host = job_host_new ("host-a");
  for (guint i = 0; i < ROUNDS; i++)
    {
      measure_round (host, &rounds, i);
      bench_peers_round (peers);
    }
  job_host_free (host);
  print (&rounds, peers);
  return royal_test_finish ();
}
