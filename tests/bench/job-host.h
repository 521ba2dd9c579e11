/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-jobs.h"

/* A host without its web: registry, workers, gate and queue over the benchmarks' own cluster, with the agent `bench`. */
typedef struct {
  RhStore *store;
  RhRegistry *registry;
  RhConnectors *connectors;
  RhGate *gate;
  RhWorkers *workers;
  RhJobs *front; /* takes jobs in, and runs none */
  RhJobs *jobs;  /* NULL while paused */
  char *id;
  RhActor actor;
  char *owner; /* as one who sees every workspace */
  char *manifests;
  char *modules;
} JobHost;

JobHost *job_host_new (const char *id);
void job_host_free (JobHost *self);

/* Leases nothing, and goes on. */
void job_host_pause (JobHost *self);
void job_host_resume (JobHost *self);

/* (transfer full): a request for a task of the agent. */
JsonObject *job_host_request (const char *task);

/* Puts @n jobs in with one call, and waits for its answer. */
void job_host_put_many (JobHost *self, const char *task, guint n);

/* Until no job waits or runs. */
void job_host_wait_empty (JobHost *self, guint timeout_ms);

/* Milliseconds from asking for a job to the first line of its task. */
double job_host_start_ms (JobHost *self);

/* The first cell of what @sql returns, as a number. */
double job_host_number (JobHost *self, const char *sql);
