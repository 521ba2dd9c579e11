/* SPDX-License-Identifier: Apache-2.0 */

/* GET /api/v1/approvals?limit=20 under wrk with 64 connections: a real host with authentication by token, row-level
 * security and the real query, against a bare libsoup server and, where the peers are, fastify, which answer with the
 * same bytes. They take turns. */

#include "bench-cpu.h"
#include "bench.h"
#include "http-host.h"
#include "royal-test.h"

#include <signal.h>
#include <string.h>

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

/* A server that only answers with bytes. */
typedef struct {
  GSubprocess *process;
  guint port;
  int pid;
} Peer;

/* Starts what prints its port in its first line; FALSE when it ends instead. */
static gboolean
peer_start (Peer *self, const char *const *argv)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GDataInputStream) lines = NULL;
  g_autofree char *line = NULL;

  g_subprocess_launcher_set_child_setup (launcher, http_host_end_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawnv (launcher, argv, NULL);
  if (self->process == NULL)
    return FALSE;
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (lines), FALSE);
  line = g_data_input_stream_read_line_utf8 (lines, NULL, NULL, NULL);
  self->port = line != NULL ? (guint)g_ascii_strtoull (line, NULL, 10) : 0;
  if (self->port == 0)
    return FALSE;
  self->pid = (int)g_ascii_strtoll (g_subprocess_get_identifier (self->process), NULL, 10);
  return TRUE;
}

static void
peer_stop (Peer *self)
{
  if (self->process == NULL)
    return;
  g_subprocess_send_signal (self->process, SIGTERM);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}

/* What @program prints. (transfer full) (nullable) */
static char *
output_of (const char *const *argv)
{
  g_autofree char *output = NULL;
  int status;

  if (!g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status, NULL) ||
      status != 0)
    return NULL;
  return g_steal_pointer (&output);
}

static double
after (const char *text, const char *label)
{
  const char *found = strstr (text, label);

  return found != NULL ? g_ascii_strtod (found + strlen (label), NULL) : 0;
}

static double
number_before (const char *text, const char *label)
{
  const char *found = strstr (text, label), *start = found;

  if (found == NULL)
    g_error ("wrk printed no%s", label);
  while (start > text && g_ascii_isdigit (start[-1]))
    start--;
  return g_ascii_strtod (start, NULL);
}

/* A time as wrk prints it: 870.00us, 1.23ms, 1.02s. */
static double
time_ms (const char *text, const char *label)
{
  const char *found = strstr (text, label);
  char *unit;
  double value;

  if (found == NULL)
    g_error ("wrk printed no %s", label);
  value = g_ascii_strtod (found + strlen (label), &unit);
  return g_str_has_prefix (unit, "us") ? value / 1000 : g_str_has_prefix (unit, "ms") ? value : value * 1000;
}

/* @pid: the server's, the processor time of which is measured; 0 when it is not to be. */
static Figures
measure (guint port, int pid, const char *token)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" PATH, port);
  g_autofree char *header = g_strdup_printf ("Authorization: Bearer %s", token);
  const char *const argv[] = {
    "wrk", "-t1", "-c" G_STRINGIFY (CONNECTIONS), "-d" SECONDS "s", "--latency", "-H", header, url, NULL
  };
  double server_s = bench_cpu_of (pid), database_s = bench_cpu_of_database (), n;
  g_autofree char *output = output_of (argv);

  if (output == NULL)
    g_error ("wrk failed");
  server_s = bench_cpu_of (pid) - server_s;
  database_s = bench_cpu_of_database () - database_s;
  /* "  17442 requests in 4.10s, 385.93MB read" */
  n = number_before (output, " requests in ");
  return (Figures){ .per_s = after (output, "Requests/sec:"),
                    .p99_ms = time_ms (output, "99%"),
                    .bad = after (output, "Non-2xx or 3xx responses:"),
                    .server_us = server_s * 1e6 / n,
                    .database_us = database_s * 1e6 / n };
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
  g_autofree char *output = output_of (argv);

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
run_rounds (HttpHost *host, const Peer *plain, const Peer *fastify)
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
  g_autofree char *server = bench_build_path ("tests/bench/plain-server");
  g_autofree char *peers = bench_build_path ("peers");
  g_autofree char *page = NULL;
  HttpHost *host = http_host_start ();
  Peer plain = { 0 }, fastify = { 0 };

  fill (host->owner);
  page = save_page (host->port, host->viewer);
  if (!peer_start (&plain, (const char *const[]){ server, page, NULL }))
    g_error ("%s did not start", server);
  if (!peer_start (&fastify, (const char *const[]){ ROYAL_SRCDIR "/tools/peers", "http", peers, page, NULL }))
    g_print ("fastify is absent\n");
  (void)measure (host->port, bench_host_pid (host->host), host->viewer); /* warm */
  run_rounds (host, &plain, &fastify);
  peer_stop (&fastify);
  peer_stop (&plain);
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
