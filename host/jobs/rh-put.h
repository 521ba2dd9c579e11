/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-jobs.h"

G_BEGIN_DECLS

/* A job that somebody asks for, checked, on its way into the queue. */
typedef struct {
  GTask *task; /* answered with the job as a JsonNode */
  gint64 workspace;
  char *actor;
  char *request; /* as job_put() in SQL takes it */
} RhPut;

/* @task: (transfer full); @request: as rh_job_request_append() makes it */
RhPut *rh_put_new (GTask *task, const RhActor *actor, const char *request) G_GNUC_WARN_UNUSED_RESULT;
/* Whether both may go in one call: who asks, and where, is the same. */
gboolean rh_put_is_alike (const RhPut *self, const RhPut *other);
void rh_put_free (RhPut *self);

/* Answers with @job (transfer none), which is an object, or with @error, and frees @self. */
void rh_put_end (RhPut *self, JsonNode *job, const GError *error);

G_END_DECLS
