/* SPDX-License-Identifier: Apache-2.0 */

/* GET /api/v1/approvals?limit=20 under wrk with 64 connections: a real host with authentication by token, row-level
 * security and the real query, against a bare libsoup server and, where the peers are, fastify, which answer with the
 * same bytes. They take turns. */

#include "bench-cpu.h"
#include "bench.h"
#include "http-host.h"
#include "http-peer.h"
#include "http-wrk.h"
#include "royal-test.h"

#define CONNECTIONS 64
#define SECONDS "4"
#define ROUNDS 3
#define N_PENDING 200
#define PATH "/api/v1/approvals?limit=20"

typedef struct {
  double per_s;
  double p99_ms;
  double bad;         /* answers that were no 200 */
  double server_us;   /* of processor time a request, of whom was asked */
  double database_us; /* the same, of the database */
} Figures;

/* @pid: the server's, the processor time of which is measured; 0 when it is not to be. */
static Figures
measure (guint port, int pid, const char *token)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" PATH, port);
  g_autofree char *header = g_strdup_printf ("Authorization: Bearer %s", token);
  const char *const argv[] = {
    "wrk", "-t1", "-c" G_STRINGIFY (CONNECTIONS), "-d" SECONDS "s", "--latency", "-H", header, url, NULL
  };
  double server_s = bench_cpu_of (pid), database_s = bench_cpu_of_database ();
  HttpWrk wrk = http_wrk_run (argv);

  server_s = bench_cpu_of (pid) - server_s;
  database_s = bench_cpu_of_database () - database_s;
  return (Figures){ .per_s = wrk.per_s,
                    .p99_ms = wrk.p99_ms,
                    .bad = wrk.bad,
                    .server_us = server_s * 1e6 / wrk.n,
                    .database_us = database_s * 1e6 / wrk.n };
}

/* --- The host ----------------------------------------------------------------------------------------------------- */

/* Proposals of which the first page is asked for. */
static void
fill (const char *owner)
{
  royal_test_sql (
      owner,
      "insert into proposals (workspace_id, state, action, target, agent, agent_version, agent_sha256, cluster,"
      " parameters, words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest,"
      " created_by, expires_at)"
      " select workspace_id, 'pending', 'markdown.apply', 'season-' || i, 'markdown', '1.0.0', '', 'finance',"
      " jsonb_build_object ('percent', 20 + i % 30), '{\"title\":\"Mark down what sells slowly\"}', '{}',"
      " '{\"percent\":0}', '{\"units\":1200}', '{\"summary\":\"A markdown\"}', 'high', 'approve', '{markdown}',"
      " 'rule markdown asks a person', 'v', encode (sha256 (i::text::bytea), 'hex'), 'markdown',"
      " now () + interval '1 day'"
      " from workspaces, generate_series (1, " G_STRINGIFY (N_PENDING) ") i where name = 'default'");
}

/* The page as the host answers it, in a file. (transfer full) */
static char *
save_page (guint port, const char *token)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" PATH, port);
  g_autofree char *header = g_strdup_printf ("Authorization: Bearer %s", token);
  g_autofree char *file = g_build_filename (royal_test_dir (), "page.json", NULL);
  const char *const argv[] = { "curl", "-sf", "-H", header, "-o", file, url, NULL };
  g_autofree char *output = http_output_of (argv);

  if (output == NULL)
    g_error ("the host did not answer");
  return g_steal_pointer (&file);
}

/* --- The rounds --------------------------------------------------------------------------------------------------- */

typedef enum { HOST, SOUP, FASTIFY, N_SERVERS } Server;

/* The figures of each round. */
typedef struct {
  double per_s[ROUNDS];
  double p99_ms[ROUNDS];
  double server_us[ROUNDS];
  double database_us[ROUNDS];
} Rounds;

static void
print (const char *name, Rounds *rounds)
{
  g_print ("%-28s %8.0f /s, p99 %6.2f ms", name, bench_median (rounds->per_s, ROUNDS),
           bench_median (rounds->p99_ms, ROUNDS));
  if (rounds->server_us[0] > 0)
    g_print (", %5.1f us of the server and %5.1f us of the database each", bench_median (rounds->server_us, ROUNDS),
             bench_median (rounds->database_us, ROUNDS));
  g_print ("\n");
}

static void
conclude (Rounds *servers, double *ratio_cpu, gboolean has_fastify)
{
  double per_s[N_SERVERS];

  for (guint n = 0; n < N_SERVERS; n++)
    per_s[n] = bench_median (servers[n].per_s, ROUNDS);
  print ("approvals, of the host", &servers[HOST]);
  print ("the same bytes, libsoup", &servers[SOUP]);
  if (has_fastify)
    print ("the same bytes, fastify", &servers[FASTIFY]);
  g_print ("{\"bench\":\"http\",\"connections\":%d,\"req_per_s\":%.0f,\"p99_ms\":%.2f,\"ratio_soup\":%.3f,"
           "\"ratio_fastify\":%.3f,\"host_us\":%.1f,\"database_us\":%.1f,\"soup_us\":%.1f,\"ratio_cpu\":%.3f}\n",
           CONNECTIONS, per_s[HOST], bench_median (servers[HOST].p99_ms, ROUNDS), per_s[HOST] / per_s[SOUP],
           has_fastify ? per_s[HOST] / per_s[FASTIFY] : 0, bench_median (servers[HOST].server_us, ROUNDS),
           bench_median (servers[HOST].database_us, ROUNDS), bench_median (servers[SOUP].server_us, ROUNDS),
           bench_median (ratio_cpu, ROUNDS));
}

static void
run_rounds (HttpHost *host, const HttpPeer *plain, const HttpPeer *fastify)
{
  const guint ports[] = { host->port, plain->port, fastify->port };
  const int pids[] = { bench_host_pid (host->host), plain->pid, 0 };
  Rounds servers[N_SERVERS] = { 0 };
  double ratio_cpu[ROUNDS];

  for (guint i = 0; i < ROUNDS; i++)
    {
      for (guint n = 0; n < N_SERVERS; n++)
        {
          Figures figures = { 0 };

          if (ports[n] != 0)
            figures = measure (ports[n], pids[n], host->viewer);
          if (figures.bad > 0)
            g_error ("%.0f answers were refusals", figures.bad);
          servers[n].per_s[i] = figures.per_s;
          servers[n].p99_ms[i] = figures.p99_ms;
          servers[n].server_us[i] = figures.server_us;
          servers[n].database_us[i] = figures.database_us;
        }
      ratio_cpu[i] = servers[SOUP].server_us[i] / (servers[HOST].server_us[i] + servers[HOST].database_us[i]);
    }
  conclude (servers, ratio_cpu, fastify->port != 0);
}

static void
bench_http (void)
{
  g_autofree char *peers = bench_build_path ("peers");
  g_autofree char *page = NULL;
  HttpHost *host = http_host_start (NULL);
  HttpPeer plain = { 0 }, fastify = { 0 };

  fill (host->owner);
  page = save_page (host->port, host->viewer);
  http_peer_start_plain (&plain, page);
  if (!http_peer_start (&fastify, (const char *const[]){ ROYAL_SRCDIR "/tools/peers", "http", peers, page, NULL }))
    g_print ("fastify is absent\n");
  (void)measure (host->port, bench_host_pid (host->host), host->viewer); /* warm */
  run_rounds (host, &plain, &fastify);
  http_peer_stop (&fastify);
  http_peer_stop (&plain);
  http_host_stop (host);
}

int
main (int argc, char **argv)
{
  g_autofree char *wrk = g_find_program_in_path ("wrk");

  royal_test_init (&argc, &argv);
  if (wrk == NULL)
    g_print ("{\"bench\":\"http\",\"skipped\":\"there is no wrk\"}\n");
  else
    bench_http ();
  return royal_test_finish ();
}
