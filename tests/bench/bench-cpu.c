/* SPDX-License-Identifier: Apache-2.0 */

#include "bench-cpu.h"

#include "royal-test.h"

#include <string.h>
#include <unistd.h>

double
bench_cpu_of (int pid)
{
  g_autofree char *file = g_strdup_printf ("/proc/%d/schedstat", pid);
  g_autofree char *line = NULL;

  return g_file_get_contents (file, &line, NULL, NULL) ? g_ascii_strtod (line, NULL) / 1e9 : 0;
}

/* CPU time of the cluster's processes that have ended, in seconds, as the kernel counts it: by the tick. */
static double
ended_cpu_s (void)
{
  g_autofree char *file = g_strdup_printf ("/proc/%d/stat", (int)rh_cluster_pid (royal_test_cluster ()));
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  if (!g_file_get_contents (file, &text, NULL, NULL) || strrchr (text, ')') == NULL)
    return 0;
  fields = g_strsplit (strrchr (text, ')') + 2, " ", 0); /* from the third on: see proc(5) */
  if (g_strv_length (fields) < 15)
    return 0;
  return (g_ascii_strtod (fields[13], NULL) + g_ascii_strtod (fields[14], NULL)) / (double)sysconf (_SC_CLK_TCK);
}

/* CPU time of the cluster's processes that live, in seconds. */
static double
living_cpu_s (void)
{
  g_autofree char *children = g_strdup_printf ("/proc/%d/task/%d/children", (int)rh_cluster_pid (royal_test_cluster ()),
                                               (int)rh_cluster_pid (royal_test_cluster ()));
  g_autofree char *text = NULL;
  g_auto (GStrv) pids = NULL;
  double sum = 0;

  if (!g_file_get_contents (children, &text, NULL, NULL))
    return 0;
  pids = g_strsplit (g_strstrip (text), " ", -1);
  for (guint i = 0; pids[i] != NULL; i++)
    sum += bench_cpu_of ((int)g_ascii_strtoll (pids[i], NULL, 10));
  return sum;
}

double
bench_cpu_of_database (void)
{
  return living_cpu_s () + ended_cpu_s ();
}
