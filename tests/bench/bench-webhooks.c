/* SPDX-License-Identifier: Apache-2.0 */

/* Signed webhooks to a real host under wrk with 32 connections, each delivery twice in a row: how many are answered,
 * durable, a second, against a bare libsoup server that answers the same requests with the same bytes; and whether each
 * started one job, and only one. They take turns. */

#include "bench.h"
#include "http-host.h"
#include "http-peer.h"
#include "http-wrk.h"
#include "royal-test.h"

#include <glib/gstdio.h>

#define ROUNDS 3
#define DELIVERIES 40000 /* of a round */
#define PATH "/hooks/default/bench.orders"
#define SECRET "benchmark"
#define TRIGGER                                                                                                        \
  "\"triggers\":{\"orders\":{\"task\":\"noop\",\"input\":{\"id\":{\"$\":\"/body/id\"}},\"webhook\":{\"secrets\":["     \
  "\"orders\"],\"header\":\"X-Sign\",\"prefix\":\"sha256=\",\"per_minute\":600000}}}"

typedef struct {
  double per_s[ROUNDS];
  double plain_per_s[ROUNDS];
  double p99_ms[ROUNDS];
  double answered; /* deliveries, in all rounds */
} Figures;

static void
write_secret (void)
{
  g_autofree char *folder = g_build_filename (royal_test_dir (), "secrets", NULL);
  g_autofree char *path = g_build_filename (folder, "orders", NULL);

  if (g_mkdir (folder, 0700) != 0 || !g_file_set_contents (path, SECRET, -1, NULL))
    g_error ("%s cannot be written", path);
}

/* The deliveries of a round, in a file. (transfer full) */
static char *
write_deliveries (guint round)
{
  g_autofree char *name = g_strdup_printf ("deliveries-%u", round);
  g_autofree char *file = g_build_filename (royal_test_dir (), name, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < DELIVERIES; i++)
    {
      g_autofree char *body =
          g_strdup_printf ("{\"id\":\"%u-%u\",\"line_items\":[{\"sku\":\"A-%u\",\"quantity\":2,\"price\":\"19.90\"}]}",
                           round, i, i % 977);
      g_autofree char *signature =
          g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *)SECRET, sizeof SECRET - 1, body, -1);

      g_string_append_printf (text, "%s %s\n", signature, body);
    }
  if (!g_file_set_contents (file, text->str, (gssize)text->len, NULL))
    g_error ("%s cannot be written", file);
  return g_steal_pointer (&file);
}

/* What the host answers to one more delivery, in a file. (transfer full) */
static char *
save_answer (guint port)
{
  static const char body[] = "{\"id\":\"first\"}";
  g_autofree char *signature =
      g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *)SECRET, sizeof SECRET - 1, body, -1);
  g_autofree char *header = g_strconcat ("X-Sign: sha256=", signature, NULL);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" PATH, port);
  g_autofree char *file = g_build_filename (royal_test_dir (), "answer.json", NULL);
  const char *const argv[] = { "curl",
                               "-sf",
                               "--retry",
                               "20",
                               "--retry-delay",
                               "1",
                               "--retry-all-errors",
                               "-H",
                               "Content-Type: application/json",
                               "-H",
                               header,
                               "-d",
                               body,
                               "-o",
                               file,
                               url,
                               NULL };
  g_autofree char *output = http_output_of (argv);

  if (output == NULL)
    g_error ("the host did not take a delivery");
  return g_steal_pointer (&file);
}

static HttpWrk
deliver (guint port, const char *deliveries)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" PATH, port);
  const char *const argv[] = {
    "wrk", "-t1", "-c32",     "-d4s", "--latency", "-s", ROYAL_SRCDIR "/tests/bench/webhooks.lua",
    url,   "--",  deliveries, NULL
  };
  HttpWrk wrk = http_wrk_run (argv);

  if (wrk.bad > 0)
    g_error ("%.0f deliveries were refused", wrk.bad);
  return wrk;
}

static double
number_of (const HttpHost *host, const char *sql)
{
  g_autofree char *value = royal_test_sql_value (host->owner, sql);

  return g_ascii_strtod (value, NULL);
}

/* Until every job that a delivery started is done: the seconds. */
static double
drain (const HttpHost *host)
{
  double start = bench_now_us ();

  while (number_of (host, "select count (*) from jobs where state not in ('completed', 'failed', 'dead')") > 0)
    g_usleep (50000);
  return (bench_now_us () - start) / 1e6;
}

static void
conclude (const HttpHost *host, Figures *figures, double drain_s)
{
  double jobs = number_of (host, "select count (*) from jobs where state = 'completed'");
  double twice = jobs - number_of (host, "select count (distinct input->>'id') from jobs where state = 'completed'");
  double per_s = bench_median (figures->per_s, ROUNDS);
  double plain_per_s = bench_median (figures->plain_per_s, ROUNDS);
  double p99_ms = bench_median (figures->p99_ms, ROUNDS);

  g_print ("deliveries, of the host      %8.0f /s, p99 %6.2f ms; the last job was done %.1f s after\n", per_s, p99_ms,
           drain_s);
  g_print ("the same requests, libsoup   %8.0f /s\n", plain_per_s);
  /* A delivery comes twice, and the first of all once. Some that came were cut off before the answer, and count too. */
  g_print ("{\"bench\":\"webhooks\",\"accepted_per_s\":%.0f,\"p99_ms\":%.2f,\"ratio_soup\":%.3f,\"jobs\":%.0f,"
           "\"lost\":%.0f,\"twice\":%.0f,\"drain_s\":%.2f}\n",
           per_s, p99_ms, per_s / plain_per_s, jobs, MAX (0, (figures->answered + 1) / 2 - jobs), twice, drain_s);
}

static void
bench_webhooks (void)
{
  HttpHost *host;
  HttpPeer plain = { 0 };
  Figures figures = { 0 };
  g_autofree char *answer = NULL;

  write_secret ();
  host = http_host_start (TRIGGER);
  answer = save_answer (host->port);
  http_peer_start_plain (&plain, answer);
  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autofree char *deliveries = write_deliveries (i);
      HttpWrk wrk = deliver (host->port, deliveries);

      figures.per_s[i] = wrk.per_s;
      figures.p99_ms[i] = wrk.p99_ms;
      figures.answered += MIN (wrk.n, 2 * DELIVERIES);
      figures.plain_per_s[i] = deliver (plain.port, deliveries).per_s;
    }
  conclude (host, &figures, drain (host));
  http_peer_stop (&plain);
  http_host_stop (host);
}

int
main (int argc, char **argv)
{
  g_autofree char *wrk = g_find_program_in_path ("wrk");

  royal_test_init (&argc, &argv);
  if (wrk == NULL)
    g_print ("{\"bench\":\"webhooks\",\"skipped\":\"there is no wrk\"}\n");
  else
    bench_webhooks ();
  return royal_test_finish ();
}
