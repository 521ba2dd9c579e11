/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-run-feed.h"
#include "rh-trace.h"
#include "rh-workers.h"

G_BEGIN_DECLS

/* One run in hand, from the request to its outcome: what was asked for, which version of the agent serves it, and who
 * is told when it ends. Counted; everything is the main context's. */

/**
 * RhRun:
 * @input: JSON text
 * @agent: the version that serves it: the identity that counts, whatever the worker claims
 * @n_calls, @n_proposals: so far, for the bounds
 * @pool, @worker: (nullable): where it waits or runs; owned by whoever set them
 * @begun_us: when a worker began, 0 = none has
 * @alone: it was among several when a worker died: it is tried in a worker of its own, so that it is known whose death that is
 * @reason: (nullable): it is cancelled
 *
 * What few runs need is made when it is asked for: see rh_run_calls() and rh_run_feed().
 */
struct _RhRun {
  gint64 workspace;
  char *workspace_name;
  char *id;
  char *job;
  char *task;
  char *input;
  JsonObject *context; /* (nullable): the host's own, which the worker never sees */
  RhAgent *agent;
  guint n_calls;
  guint n_proposals;
  GHashTable *state; /* (nullable): of a simulation: key → JsonNode, which is not stored */
  gpointer pool;
  gpointer worker;
  gint64 begun_us;
  gboolean alone;
  GError *reason;
  gboolean ended;
  /* Private. */
  RhStore *store;
  RhGate *gate;
  RhRunFeed *feed;
  RhPersonal *personal; /* (nullable) */
  GCancellable *calls;
  GHashTable *proposed;
  RhSpan *span; /* NULL when nothing records it */
  RhRunDone done;
  gpointer data;
};

/* @store, @gate: (nullable): what the run tells goes there; they outlive it */
RhRun *
rh_run_new (const RhRunRequest *request, RhAgent *agent, RhStore *store, RhGate *gate, RhRunDone done, gpointer data)
    G_GNUC_WARN_UNUSED_RESULT;
RhRun *rh_run_ref (RhRun *self);
void rh_run_unref (RhRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhRun, rh_run_unref)

/* (transfer none): cancelled when the run ends or is to end: what connectors still do for it is not wanted any more. */
GCancellable *rh_run_calls (RhRun *self);

/* (transfer none): where it tells how it goes. */
RhRunFeed *rh_run_feed (RhRun *self);

/* (nullable): the simulation that it is a run of. */
const char *rh_run_simulation (RhRun *self);

/**
 * rh_run_proposal_key:
 *
 * A job may be tried again after its host or worker was lost, and then proposes again what it had proposed. The key of
 * the n-th proposal of an action on a target is the same in every attempt of a job, so that the gate takes it once.
 *
 * Returns: (transfer full): 64 hexadecimal digits
 */
char *rh_run_proposal_key (RhRun *self, const char *action, const char *target) G_GNUC_WARN_UNUSED_RESULT;

/* It is to end because of @reason: what it waits for is cancelled. The first reason counts. */
void rh_run_cancel (RhRun *self, const GError *reason);

/* Its worker was ended, which was not its doing: it is as if it had not begun. What it had proposed it proposes under the
 * same keys. */
void rh_run_rewind (RhRun *self);

/* The same when its worker died, and whose death that was cannot be told: it is tried alone. */
void rh_run_isolate (RhRun *self);

/**
 * rh_run_end:
 * @result: (nullable): JSON text; NULL with @error set
 * @crashed: the worker died of the run
 *
 * Answers the request; the first answer counts, the rest is dropped.
 */
void rh_run_end (RhRun *self, const char *result, const GError *error, gboolean crashed);

G_END_DECLS
