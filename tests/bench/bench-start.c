/* SPDX-License-Identifier: Apache-2.0 */

/* The time from starting royald to its being ready, on a cluster that is there already: told by the host itself as a
 * service manager hears it (READY=1). */

#include "bench-host.h"
#include "bench.h"
#include "royal-test.h"

#define ROUNDS 9

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

int
main (int argc, char **argv)
{
  double ready[ROUNDS], first;

  royal_test_init (&argc, &argv);
  first = measure_start ();
  for (guint i = 0; i < ROUNDS; i++)
    ready[i] = measure_start ();
  g_print ("%-36s %8.0f ms\n%-36s %8.0f ms (median of %d)\n", "first start: the cluster is made", first,
           "start on an existing cluster", bench_median (ready, ROUNDS), ROUNDS);
  g_print ("{\"bench\":\"start\",\"ready_ms\":%.0f,\"first_ms\":%.0f}\n", bench_median (ready, ROUNDS), first);
  return royal_test_finish ();
}
