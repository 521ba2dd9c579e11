/* SPDX-License-Identifier: Apache-2.0 */

/* The time from starting royald to its being ready, on a cluster that is there already: told by the host itself as a
 * service manager hears it (READY=1). Then what the distribution's browser measures of the console's first visit, by
 * tests/e2e/paint.mjs. */

#include "bench-host.h"
#include "bench.h"
#include "http-host.h"
#include "royal-json.h"
#include "royal-test.h"

#define ROUNDS 9
#define PACKAGES ROYAL_SRCDIR "/tests/e2e/node_modules/playwright-core"

static double
measure_start (void)
{
  g_autofree char *plugins_path = bench_build_path ("plugins");
  g_autofree char *plugins = g_strconcat ("plugins=", plugins_path, NULL);
  double start = bench_now_us (), ms;
  BenchHost *host =
      bench_host_start ("data", (const char *[]){ "manifests=" ROYAL_SRCDIR "/manifests", plugins, NULL });

  bench_host_wait_ready (host);
  ms = (bench_now_us () - start) / 1000;
  bench_host_stop (host);
  return ms;
}

/* What is missing to have a browser measure; NULL: nothing. */
static const char *
missing (void)
{
  static const char *const programs[] = { "node", "chromium" };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = g_find_program_in_path (programs[i]);

      if (path == NULL)
        return programs[i];
    }
  return g_file_test (PACKAGES, G_FILE_TEST_IS_DIR) ? NULL : PACKAGES;
}

/* (transfer full): what paint.mjs says of the host that listens on @port. */
static JsonNode *
run_browser (guint port)
{
  g_autofree char *browser = g_find_program_in_path ("chromium");
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", port);
  g_auto (GStrv) with_url = g_environ_setenv (g_get_environ (), "E2E_URL", url, TRUE);
  g_auto (GStrv) environment = g_environ_setenv (g_steal_pointer (&with_url), "E2E_BROWSER", browser, TRUE);
  const char *const argv[] = { "node", ROYAL_SRCDIR "/tests/e2e/paint.mjs", NULL };
  g_autofree char *out = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *seen;
  int status;

  if (!g_spawn_sync (NULL, (char **)argv, environment, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status, &error) ||
      !g_spawn_check_wait_status (status, &error))
    g_error ("paint.mjs: %s", error->message);
  seen = royal_json_parse (out, -1, "paint.mjs", &error);
  if (seen == NULL)
    g_error ("%s", error->message);
  return seen;
}

/* (transfer full): the console's figures as members of JSON, null where there is no browser. */
static char *
measure_paint (void)
{
  const char *lack = missing ();
  g_autoptr (JsonNode) seen = NULL;
  JsonObject *figures;
  HttpHost *host;
  double paint, least, kb;

  if (lack != NULL)
    {
      g_print ("the console is not measured: there is no %s\n", lack);
      return g_strdup ("\"paint_ms\":null,\"paint_least_ms\":null,\"ratio_paint\":null,\"page_gzip_kb\":null");
    }
  host = http_host_start (NULL);
  seen = run_browser (host->port);
  http_host_stop (host);
  figures = json_node_get_object (seen);
  paint = royal_json_double (figures, "paint_ms", 0);
  least = royal_json_double (figures, "least_ms", 0);
  kb = royal_json_double (figures, "page_bytes", 0) / 1000;
  g_print ("%-36s %8.0f ms (median of %d)\n%-36s %8.0f ms, %.2f times that\n%-36s %8.1f kB, gzipped\n",
           "first contentful paint", paint, ROUNDS, "a line of text from the same host", least, paint / least,
           "the page and its files", kb);
  return g_strdup_printf ("\"paint_ms\":%.0f,\"paint_least_ms\":%.0f,\"ratio_paint\":%.2f,\"page_gzip_kb\":%.1f", paint,
                          least, paint / least, kb);
}

int
main (int argc, char **argv)
{
  g_autofree char *paint = NULL;
  double ready[ROUNDS], first;

  royal_test_init (&argc, &argv);
  first = measure_start ();
  for (guint i = 0; i < ROUNDS; i++)
    ready[i] = measure_start ();
  g_print ("%-36s %8.0f ms\n%-36s %8.0f ms (median of %d)\n", "first start: the cluster is made", first,
           "start on an existing cluster", bench_median (ready, ROUNDS), ROUNDS);
  paint = measure_paint ();
  g_print ("{\"bench\":\"start\",\"ready_ms\":%.0f,\"first_ms\":%.0f,%s}\n", bench_median (ready, ROUNDS), first,
           paint);
  return royal_test_finish ();
}
