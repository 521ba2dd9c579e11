/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A royald of its own process, with its data, its socket and its settings in the test's folder. */
typedef struct BenchHost BenchHost;

/* Starts the host @name, which keeps its data under that name from one start to the next. @options: settings without
 * their dashes ("plugins=DIR", …), NULL-terminated. Does not wait. */
BenchHost *bench_host_start (const char *name, const char *const *options) G_GNUC_WARN_UNUSED_RESULT;

/* Until it says READY=1, as a service manager hears it. */
void bench_host_wait_ready (BenchHost *self);

/* Resident memory. */
double bench_host_rss_kb (BenchHost *self);

/* Resident memory of all its children, and of theirs: what they share is counted with each. */
double bench_host_children_rss_kb (BenchHost *self);

/* Processor time that it has taken, in seconds. */
double bench_host_cpu_s (BenchHost *self);

int bench_host_pid (BenchHost *self);

/* What the database knows it by. (transfer full) */
char *bench_host_id (BenchHost *self) G_GNUC_WARN_UNUSED_RESULT;

/* Stops it and waits; frees @self. It must end cleanly, with status 0. */
void bench_host_stop (BenchHost *self);

/* Ends it with SIGKILL and waits; frees @self. */
void bench_host_kill (BenchHost *self);

G_END_DECLS
