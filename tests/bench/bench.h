/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the benchmarks share. */

/* Microseconds of the monotonic clock. */
double bench_now_us (void);

/* Keeps this thread (and what it starts) on one CPU. FALSE when there is no such CPU. */
gboolean bench_pin (int cpu);
/* Undoes bench_pin(). */
void bench_unpin (void);
int bench_n_cpus (void);

/* Sorts @values and returns the value below which @fraction of them lie. */
double bench_quantile (double *values, gsize n, double fraction);

/* Sorts @values. */
double bench_median (double *values, gsize n);

/* A path below the build directory: $ROYAL_BUILDDIR, else where the program stands, two folders up. (transfer full) */
char *bench_build_path (const char *below);

G_END_DECLS
