/* SPDX-License-Identifier: Apache-2.0 */

#include "bench.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

double
bench_now_us (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

gboolean
bench_pin (int cpu)
{
  cpu_set_t cpus;

  CPU_ZERO (&cpus);
  CPU_SET (cpu, &cpus);
  return sched_setaffinity (0, sizeof cpus, &cpus) == 0;
}

void
bench_unpin (void)
{
  cpu_set_t cpus;

  CPU_ZERO (&cpus);
  for (int cpu = 0; cpu < bench_n_cpus (); cpu++)
    CPU_SET (cpu, &cpus);
  (void)sched_setaffinity (0, sizeof cpus, &cpus);
}

int
bench_n_cpus (void)
{
  return (int)g_get_num_processors ();
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

double
bench_quantile (double *values, gsize n, double fraction)
{
  g_return_val_if_fail (n > 0, 0.0);

  qsort (values, n, sizeof *values, compare);
  return values[(gsize)((double)(n - 1) * fraction)];
}

double
bench_median (double *values, gsize n)
{
  return bench_quantile (values, n, 0.5);
}

char *
bench_build_path (const char *below)
{
  const char *dir = g_getenv ("ROYAL_BUILDDIR");
  g_autofree char *program = dir == NULL ? g_file_read_link ("/proc/self/exe", NULL) : NULL;
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : NULL;

  return dir != NULL ? g_build_filename (dir, below, NULL) : g_build_filename (folder, "..", "..", below, NULL);
}
