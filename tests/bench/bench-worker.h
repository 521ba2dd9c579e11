/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-channel.h"

G_BEGIN_DECLS

/* One sandboxed worker with the benchmark agent, driven without the rest of the host. */
typedef struct _BenchWorker BenchWorker;

/* Answers a call of the agent, through the channel. NULL in bench_worker_new(): every call is answered with null. */
typedef void (*BenchAnswer) (RoyalChannel *channel, guint64 id, const char *method, gpointer data);

/* Starts the worker and waits until it is ready; a failure ends the program. @keep_off_cpu as in RoyalLaunch. */
BenchWorker *bench_worker_new (int keep_off_cpu, BenchAnswer answer, gpointer data);
void bench_worker_free (BenchWorker *self);

GPid bench_worker_pid (BenchWorker *self);

/* Keeps the worker on one CPU. */
void bench_worker_pin (BenchWorker *self, int cpu);

/* Runs a task to its end. (transfer full) */
JsonNode *bench_worker_run (BenchWorker *self, const char *task, JsonObject *input);

/* Starts @n workers, kept off the first CPU when there are more, that burn CPU until bench_workers_end(). */
void bench_workers_spin (BenchWorker **workers, guint n);
void bench_workers_end (BenchWorker **workers, guint n);

G_END_DECLS
