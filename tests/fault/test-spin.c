/* SPDX-License-Identifier: Apache-2.0 */

/* Plugins that burn every CPU they may use do not starve the gate: a core is kept free of workers. A ratio of two
 * measurements in turn; the best of a few, since what else runs on this machine is not ours. */

#include "bench-worker.h"
#include "bench.h"
#include "gate-load.h"
#include "royal-test.h"

#include <sched.h>
#include <sys/resource.h>

#define ROUNDS 5
#define WORKERS 4

/* The gate and its database keep two cores busy. Of two, one is theirs alone: half of what they do with both is
 * certain, what more the scheduler gives them of the other depends on what else runs here. */
#define KEPT 0.5

/* A host that is instrumented wants more than the core that is kept for it: nothing can be told from it. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED TRUE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED TRUE
#endif
#endif
#ifndef SANITIZED
#define SANITIZED FALSE
#endif

/* What one spinning worker may use: not the CPU that is kept, on no thread of it, and only what nobody else wants. */
static void
assert_out_of_the_way (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", pid);
  g_autoptr (GDir) threads = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (threads);
  while ((name = g_dir_read_name (threads)) != NULL)
    {
      guint64 thread;
      cpu_set_t cpus;

      g_assert_true (g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT, &thread, NULL));
      g_assert_no_errno (sched_getaffinity ((pid_t)thread, sizeof cpus, &cpus));
      g_assert_false (CPU_ISSET (0, &cpus));
      g_assert_cmpint (getpriority (PRIO_PROCESS, (id_t)thread), ==, 19);
      n++;
    }
  g_assert_cmpuint (n, >, 0);
}

static void
test_spin (void)
{
  GateLoad *load;
  double best = 0;

  if (SANITIZED)
    {
      g_test_skip ("a sanitized build");
      return;
    }

  if (bench_n_cpus () < 2)
    {
      g_test_skip ("one CPU: none can be kept free of workers");
      return;
    }
  load = gate_load_new (32);
  gate_load_measure (load, 0.5, NULL);
  for (guint i = 0; i < ROUNDS && best < KEPT; i++)
    {
      BenchWorker *workers[WORKERS];
      double idle = gate_load_measure (load, 1.5, NULL), spinning;

      bench_workers_spin (workers, WORKERS);
      for (guint k = 0; k < WORKERS; k++)
        assert_out_of_the_way (bench_worker_pid (workers[k]));
      spinning = gate_load_measure (load, 1.5, NULL);
      bench_workers_end (workers, WORKERS);
      g_test_message ("idle %.0f/s, every worker spinning %.0f/s", idle, spinning);
      best = MAX (best, spinning / idle);
    }
  gate_load_free (load);
  g_assert_cmpfloat (best, >=, KEPT);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/fault/spinning-workers", test_spin);
  return royal_test_run ();
}
