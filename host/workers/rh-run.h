/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-run-feed.h"
#include "rh-trace.h"
#include "rh-workers.h"

G_BEGIN_DECLS

/* One run in hand, from the request to its outcome: what was asked for, which version of the agent serves it, and the
 * GTask that is answered when it ends. Counted; everything is the main context's. */
typedef struct _RhRun RhRun;

/**
 * RhRun:
 * @agent: the version that serves it: the identity that counts, whatever the worker claims
 * @calls: cancelled when the run ends or is to end: what connectors still do for it is not wanted any more
 * @n_calls, @n_proposals: so far, for the bounds
 * @proposed: how often it has proposed an action on a target, see rh_run_proposal_key()
 * @pool, @worker: (nullable): where it waits or runs; owned by whoever set them
 */
struct _RhRun {
  gint64 workspace;
  char *workspace_name;
  char *id;
  char *job;
  char *task;
  JsonObject *input;
  JsonObject *context; /* (nullable): the host's own, which the worker never sees */
  RhAgent *agent;
  RhRunFeed *feed;
  GCancellable *calls;
  guint n_calls;
  guint n_proposals;
  GHashTable *proposed;
  gpointer pool;
  gpointer worker;
  gint64 begun_us;
  RhSpan *span; /* NULL when nothing records it */
  GTask *answer;
  GSource *cancel_source;
  gboolean ended;
};

/* @answer: (transfer full): returned with the outcome. */
RhRun *rh_run_new (const RhRunRequest *request, RhAgent *agent, RhRunFeed *feed, GTask *answer) G_GNUC_WARN_UNUSED_RESULT;
RhRun *rh_run_ref (RhRun *self);
void rh_run_unref (RhRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhRun, rh_run_unref)

/**
 * rh_run_proposal_key:
 *
 * A job may be tried again after its host or worker was lost, and then proposes again what it had proposed. The key of the
 * n-th proposal of an action on a target is the same in every attempt of a job, so that the gate takes it once.
 *
 * Returns: (transfer full): 64 hexadecimal digits
 */
char *rh_run_proposal_key (RhRun *self, const char *action, const char *target) G_GNUC_WARN_UNUSED_RESULT;

/* From now on @callback is called once when the request's cancellable is cancelled, until the run ends. */
void rh_run_watch_cancel (RhRun *self, GCancellableSourceFunc callback, gpointer data);

/**
 * rh_run_end:
 * @result: (nullable) (transfer none): NULL with @error set
 * @crashed: the worker died of the run
 *
 * Answers the request; the first answer counts, the rest is dropped.
 */
void rh_run_end (RhRun *self, JsonNode *result, const GError *error, gboolean crashed);

/* What the answer's GTask holds. */
JsonNode *rh_run_answer_finish (GTask *answer, gboolean *ret_crashed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
