/* SPDX-License-Identifier: Apache-2.0 */

/* Plugins that burn every CPU they may use do not starve the gate: a core is kept free of workers. A ratio of two
 * measurements in turn; the best of a few, since what else runs on this machine is not ours. */

#include "bench-worker.h"
#include "bench.h"
#include "gate-load.h"
#include "royal-test.h"

#define ROUNDS 5
#define WORKERS 4

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
  for (guint i = 0; i < ROUNDS && best < 0.7; i++)
    {
      BenchWorker *workers[WORKERS];
      double idle = gate_load_measure (load, 1.5, NULL), spinning;

      bench_workers_spin (workers, WORKERS);
      spinning = gate_load_measure (load, 1.5, NULL);
      bench_workers_end (workers, WORKERS);
      g_test_message ("idle %.0f/s, every worker spinning %.0f/s", idle, spinning);
      best = MAX (best, spinning / idle);
    }
  gate_load_free (load);
  g_assert_cmpfloat (best, >=, 0.7);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/fault/spinning-workers", test_spin);
  return royal_test_run ();
}
