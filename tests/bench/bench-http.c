/* SPDX-License-Identifier: Apache-2.0 */

/* GET /api/v1/approvals?limit=20 under wrk with 64 connections: a real host with authentication by token, row-level
 * security and the real query, against a bare libsoup server and, where the peers are, fastify, which answer with the
 * same bytes. They take turns. */

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
  double bad; /* answers that were no 200 */
} Figures;

/* A server that only answers with bytes. */
typedef struct {
  GSubprocess *process;
  guint port;
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
  return self->port > 0;
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

static Figures
measure (guint port, const char *token)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" PATH, port);
  g_autofree char *header = g_strdup_printf ("Authorization: Bearer %s", token);
  const char *const argv[] = {
    "wrk", "-t1", "-c" G_STRINGIFY (CONNECTIONS), "-d" SECONDS "s", "--latency", "-H", header, url, NULL
  };
  g_autofree char *output = output_of (argv);

  if (output == NULL)
    g_error ("wrk failed");
  return (Figures){ .per_s = after (output, "Requests/sec:"),
                    .p99_ms = time_ms (output, "99%"),
                    .bad = after (output, "Non-2xx or 3xx responses:") };
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

static void
print (const char *name, double *per_s, double *p99_ms)
{
  g_print ("%-28s %8.0f /s, p99 %6.2f ms\n", name, bench_median (per_s, ROUNDS), bench_median (p99_ms, ROUNDS));
}

static void
run_rounds (guint port, const char *token, const Peer *plain, const Peer *fastify)
{
  double per_s[3][ROUNDS], p99_ms[3][ROUNDS], ratio_fastify = 0;
  const guint ports[] = { port, plain->port, fastify->port };

  for (guint i = 0; i < ROUNDS; i++)
    for (guint n = 0; n < G_N_ELEMENTS (ports); n++)
      {
        Figures figures = { 0 };

        if (ports[n] != 0)
          figures = measure (ports[n], token);
        if (figures.bad > 0)
          g_error ("%.0f answers were refusals", figures.bad);
        per_s[n][i] = figures.per_s;
        p99_ms[n][i] = figures.p99_ms;
      }
  print ("approvals, of the host", per_s[0], p99_ms[0]);
  print ("the same bytes, libsoup", per_s[1], p99_ms[1]);
  if (fastify->port != 0)
    {
      print ("the same bytes, fastify", per_s[2], p99_ms[2]);
      ratio_fastify = bench_median (per_s[0], ROUNDS) / bench_median (per_s[2], ROUNDS);
    }
  g_print ("{\"bench\":\"http\",\"connections\":%d,\"req_per_s\":%.0f,\"p99_ms\":%.2f,\"ratio_soup\":%.3f,"
           "\"ratio_fastify\":%.3f}\n",
           CONNECTIONS, bench_median (per_s[0], ROUNDS), bench_median (p99_ms[0], ROUNDS),
           bench_median (per_s[0], ROUNDS) / bench_median (per_s[1], ROUNDS), ratio_fastify);
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
  (void)measure (host->port, host->viewer); /* warm */
  run_rounds (host->port, host->viewer, &plain, &fastify);
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
