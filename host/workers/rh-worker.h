/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-broker.h"
#include "rh-cgroups.h"

G_BEGIN_DECLS

/* One worker process, the run in its hands and those that it was handed ahead: starts it, holds its limits, says why it
 * died. */
#define RH_TYPE_WORKER (rh_worker_get_type ())
G_DECLARE_FINAL_TYPE (RhWorker, rh_worker, RH, WORKER, GObject)

typedef enum {
  RH_WORKER_STARTING,
  RH_WORKER_IDLE,
  RH_WORKER_BUSY,
  RH_WORKER_ENDING, /* takes no more runs */
  RH_WORKER_CLOSED,
} RhWorkerState;

/* How a worker ended. */
typedef enum {
  RH_WORKER_END_ORDERLY, /* it was asked to */
  RH_WORKER_END_START,   /* it never became ready */
  RH_WORKER_END_STOPPED, /* the host ended it: a limit, a cancelled run */
  RH_WORKER_END_CRASHED, /* it died, or broke the protocol */
} RhWorkerEnd;

/**
 * RhWorkerEvents:
 * @idle: it can take a run: after it became ready, and after each run; @run_us: how long that took, 0 = there was none
 * @closed: the process is gone, and the run in hand was answered (rh_worker_take_runs() has the others); @error says why, NULL after an orderly end
 */
typedef struct {
  void (*idle) (RhWorker *worker, gboolean completed, gint64 run_us, gpointer data);
  void (*closed) (RhWorker *worker, RhWorkerEnd end, const GError *error, gpointer data);
} RhWorkerEvents;

/**
 * RhWorkerHost:
 * @cgroups: (nullable): where control groups are delegated to this host
 *
 * What all workers of a host share; outlives them.
 */
typedef struct {
  const RhWorkersConfig *config;
  RhBroker *broker;
  RhCgroups *cgroups;
} RhWorkerHost;

/* Returns: (transfer full): a worker that starts; NULL with @error set when not even a process could be made. */
RhWorker *rh_worker_new (const RhWorkerHost *host,
                         RhAgent *agent,
                         const RhWorkerEvents *events,
                         gpointer data,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

RhWorkerState rh_worker_state (RhWorker *self);

/* Hands @run to an idle worker, or to a busy one ahead; its answer comes through rh_run_end(). FALSE: a busy worker has
 * no room for it. */
gboolean rh_worker_run (RhWorker *self, RhRun *run) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE when no run has ended in it: what happens in it is the work of the run in hand, or of the plugin's start. */
gboolean rh_worker_is_fresh (RhWorker *self);

/* TRUE while the run in its hands is one to be tried alone: it is handed no others. */
gboolean rh_worker_is_isolated (RhWorker *self);

/* Sends what it was handed since the last time: after every rh_worker_run(). */
void rh_worker_flush (RhWorker *self);

/* Runs in its hands. */
guint rh_worker_n_runs (RhWorker *self);

/* @run is not wanted any more: it is cancelled with its reason as soon as it is in hand; after a grace the process is
 * ended. */
void rh_worker_cancel (RhWorker *self, RhRun *run);

/* The runs that a worker was handed and has not answered, oldest first (transfer full) (element-type RhRun): when it is
 * closed they are another's. */
GPtrArray *rh_worker_take_runs (RhWorker *self) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the worker when it is idle; a run in hand goes to its end. */
void rh_worker_drain (RhWorker *self);

/* Ends the worker at once; the runs that it was handed, the one in hand too, are another's (rh_worker_take_runs()). */
void rh_worker_replace (RhWorker *self, const GError *reason);

/* TRUE when it takes no more runs, or none after the one in hand. */
gboolean rh_worker_is_leaving (RhWorker *self);

/* Ends the worker at once; a run in hand fails with @reason. */
void rh_worker_kill (RhWorker *self, const GError *reason);

/* Holds the limits at @now_us of the monotonic clock. */
void rh_worker_tick (RhWorker *self, gint64 now_us);

/* TRUE when it has served so long, or grown so much, that a fresh one is better. */
gboolean rh_worker_is_worn (RhWorker *self);

/* Since when it is idle, in the monotonic clock. */
gint64 rh_worker_idle_since_us (RhWorker *self);

/* (transfer full): { "pid", "state", "runs", "rss_kb" } */
JsonNode *rh_worker_status (RhWorker *self) G_GNUC_WARN_UNUSED_RESULT;

/* No more events; the process is ended. */
void rh_worker_detach (RhWorker *self);

G_END_DECLS
