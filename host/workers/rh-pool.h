/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-worker.h"

G_BEGIN_DECLS

/* The workers of one version of one agent, and the runs that wait for them. Keeps some warm, starts more up to the
 * agent's limit, replaces what crashed or is worn after a growing pause, gives up on a plugin that does not start. */
#define RH_TYPE_POOL (rh_pool_get_type ())
G_DECLARE_FINAL_TYPE (RhPool, rh_pool, RH, POOL, GObject)

RhPool *rh_pool_new (const RhWorkerHost *host, RhAgent *agent) G_GNUC_WARN_UNUSED_RESULT;

RhAgent *rh_pool_agent (RhPool *self);

/* Starts the warm workers. */
void rh_pool_start (RhPool *self);

/* Runs @run as soon as a worker is free. It fails at once when too many wait or when no worker can be started. */
void rh_pool_submit (RhPool *self, RhRun *run);

/* @run is not wanted any more: @reason becomes its error. */
void rh_pool_cancel (RhPool *self, RhRun *run, const GError *reason);

/* Runs that could be given to it now. */
guint rh_pool_capacity (RhPool *self);

/* Replaces its processes: each ends after what it has in hand, with @now at once, and what it had begins again in another. At
 * least one is started, and a pool that has given up tries again. */
void rh_pool_restart (RhPool *self, gboolean now);

/* TRUE from rh_pool_restart() until none of the old is left and the new are ready, or the pool has given up. */
gboolean rh_pool_is_restarting (RhPool *self);

/* (transfer full) (nullable): that it has given up, and why. */
GError *rh_pool_failure (RhPool *self) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE while a worker needs watching: something starts, runs or ends. */
gboolean rh_pool_is_active (RhPool *self);

/* Holds the limits of its workers, ends idle ones that are not needed. */
void rh_pool_tick (RhPool *self, gint64 now_us);

/* No more runs: workers end as they become idle. Runs that still wait are returned, oldest first
 * (transfer full) (element-type RhRun). */
GPtrArray *rh_pool_drain (RhPool *self) G_GNUC_WARN_UNUSED_RESULT;

/* Ends what still runs: runs in hand fail with @reason. */
void rh_pool_kill (RhPool *self, const GError *reason);

/* TRUE when no process is left. */
gboolean rh_pool_is_empty (RhPool *self);

/* (transfer full): as rh_workers_status(). */
JsonNode *rh_pool_status (RhPool *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
