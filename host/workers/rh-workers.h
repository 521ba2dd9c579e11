/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-gate.h"
#include "rh-registry.h"

G_BEGIN_DECLS

/* The worker processes: one pool per enabled agent, warm, bounded, restarted with backoff, replaced on reload.
 * What a run asks for goes through the broker: grants are checked, then connectors, gate or state answer. */
#define RH_TYPE_WORKERS (rh_workers_get_type ())
G_DECLARE_FINAL_TYPE (RhWorkers, rh_workers, RH, WORKERS, GObject)

typedef struct {
  const char *worker; /* path of royal-worker */
  guint without;      /* RoyalSandboxLayers left out: an operator's explicit override, logged loudly */
  int keep_off_cpu;   /* the CPU kept free of workers, -1 = none */
  guint user_id;      /* see RoyalLaunch */
  guint idle_s;       /* after that many idle seconds a worker that is not kept warm ends; 0 = 60 */
} RhWorkersConfig;

RhWorkers *rh_workers_new (const RhWorkersConfig *config,
                           RhRegistry *registry,
                           RhStore *store,
                           RhConnectors *connectors,
                           RhGate *gate) G_GNUC_WARN_UNUSED_RESULT;

/* Follows the registry: starts the warm workers of what is enabled, drains those of what is not. */
void rh_workers_start (RhWorkers *self);

/**
 * RhRunRequest: one attempt of a job. All (transfer none), copied before the call returns.
 */
typedef struct {
  gint64 workspace;
  const char *workspace_name;
  const char *run; /* uuid */
  const char *job; /* uuid */
  const char *agent;
  const char *task;
  JsonObject *input;      /* (nullable): nothing, unless there is a text */
  const char *input_text; /* (nullable): the same as JSON text, which goes to the worker as it is */
  JsonObject *context;    /* (nullable): what travels with the job into its proposals */
  RhPersonal *personal;   /* (nullable) (transfer full): what of the input is, and so is told of the run masked */
} RhRunRequest;

/**
 * RhRunEnd: how a run ended. All (transfer none).
 * @result: (nullable): JSON text; NULL: @error says why there is none
 * @crashed: the worker died of the run (a poison candidate)
 * @begun: a worker was at it
 */
typedef struct {
  const char *result;
  const GError *error;
  gboolean crashed;
  gboolean begun;
} RhRunEnd;

typedef struct _RhRun RhRun;
typedef void (*RhRunDone) (const RhRunEnd *end, gpointer data);

/**
 * rh_workers_run:
 * @done: called once, perhaps before this returns
 *
 * Runs a task in a worker of the agent's pool, waiting for a free one. Errors: what the task returned (its own code);
 * %ROYAL_ERROR_FAILED for a crash; %ROYAL_ERROR_TIMEOUT; %ROYAL_ERROR_PROTOCOL; %ROYAL_ERROR_UNAVAILABLE when no worker
 * can be started.
 *
 * Returns: (transfer none) (nullable): the run, until @done is called; NULL when it was
 */
RhRun *rh_workers_run (RhWorkers *self, const RhRunRequest *request, RhRunDone done, gpointer data);

/* The run is not wanted any more, because of @reason, which becomes its error: a run that a worker is at is told so,
 * then, after a grace, the process is ended. */
void rh_workers_cancel (RhRun *run, const GError *reason);

/* The same as a task of GIO. Cancelling @cancellable cancels the run. */
void rh_workers_run_async (RhWorkers *self,
                           const RhRunRequest *request,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data);
/* Returns: (transfer full): the task's result. @ret_crashed: the worker died of the run (a poison candidate). */
JsonNode *rh_workers_run_finish (RhWorkers *self, GAsyncResult *result, gboolean *ret_crashed, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_workers_restart_async:
 * @now: what runs is ended and begins again in a new worker; else each worker ends after what it has in hand
 * @wait_ms: for so long it is waited for the new ones
 *
 * Replaces the workers of an agent. Nothing that runs is lost by that: it goes to its end, or begins again as if it had not begun.
 * Errors: %ROYAL_ERROR_UNAVAILABLE when they cannot be started, %ROYAL_ERROR_TIMEOUT when it is not done yet, and goes on.
 */
void rh_workers_restart_async (RhWorkers *self,
                               const char *agent,
                               gboolean now,
                               guint wait_ms,
                               GAsyncReadyCallback callback,
                               gpointer data);
gboolean rh_workers_restart_finish (RhWorkers *self, GAsyncResult *result, GError **error);

/* Free places for runs of @agent now: what jobs/ may lease. 0 while the agent cannot be started. The signal "capacity"
 * tells that there may be more than before. */
guint rh_workers_capacity (RhWorkers *self, const char *agent);

/* (transfer full): { "agent": …, "workers": [{ "pid", "state", "runs", "rss_kb" }], "waiting", "restarts",
 * "state": "ready" | "starting" | "backoff" | "failed", "restarting", "error" } */
JsonNode *rh_workers_status (RhWorkers *self, const char *agent) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): what the kernel enforces on this machine, see docs/sandbox.md. */
JsonNode *rh_workers_sandbox (RhWorkers *self) G_GNUC_WARN_UNUSED_RESULT;

/* Lets runs finish within @timeout_ms, then ends every worker. */
void rh_workers_stop_async (RhWorkers *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
gboolean rh_workers_stop_finish (RhWorkers *self, GAsyncResult *result, GError **error);

G_END_DECLS
