/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workers.h"

G_BEGIN_DECLS

/* The durable queue: leases jobs from the database for agents with free workers, runs them, reports back. */
#define RH_TYPE_JOBS (rh_jobs_get_type ())
G_DECLARE_FINAL_TYPE (RhJobs, rh_jobs, RH, JOBS, GObject)

RhJobs *rh_jobs_new (RhStore    *store,
                     RhRegistry *registry,
                     RhWorkers  *workers,
                     RhGate     *gate,
                     const char *host_id) G_GNUC_WARN_UNUSED_RESULT;

/* start first takes back what this host had leased when it died. stop leases no more, waits for the runs in hand
 * within @timeout_ms, and hands the rest back. */
void rh_jobs_start (RhJobs *self);
void rh_jobs_stop_async (RhJobs *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
gboolean rh_jobs_stop_finish (RhJobs *self, GAsyncResult *result, GError **error);

/**
 * rh_jobs_enqueue_async:
 * @request: { "agent", "task", "input"?, "priority"?, "run_at"?, "idempotency_key"? }
 */
void rh_jobs_enqueue_async (RhJobs *self, const RhActor *actor, JsonObject *request, GAsyncReadyCallback callback,
                            gpointer data);
/* Returns: (transfer full): the job, as job_json() in SQL. */
JsonNode *rh_jobs_enqueue_finish (RhJobs *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_jobs_enqueue_many_async:
 * @requests: at most RH_JOBS_MANY_MAX requests as above; all of them are put into the queue, or none
 */
#define RH_JOBS_MANY_MAX 10000
void rh_jobs_enqueue_many_async (RhJobs *self, const RhActor *actor, JsonArray *requests, GAsyncReadyCallback callback,
                                 gpointer data);
/* Returns: (transfer full): the ids of the jobs, in order, as an array. */
JsonNode *rh_jobs_enqueue_many_finish (RhJobs *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void rh_jobs_cancel_async (RhJobs *self, const RhActor *actor, const char *job, GAsyncReadyCallback callback,
                           gpointer data);
JsonNode *rh_jobs_cancel_finish (RhJobs *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A dead letter is put into the queue again with another input. Returns: (transfer full): the new job. */
void rh_jobs_edit_async (RhJobs *self, const RhActor *actor, const char *job, JsonObject *input,
                         GAsyncReadyCallback callback, gpointer data);
JsonNode *rh_jobs_edit_finish (RhJobs *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
