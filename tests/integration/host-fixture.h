/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-jobs.h"
#include "rh-workers.h"

G_BEGIN_DECLS

/* A host's lower half for tests: a migrated private database, a registry over the fixture plugins, real workers. */
typedef struct {
  char *root;
  char *manifests;
  RhStore *store;
  RhRegistry *registry;
  RhConnectors *connectors;
  RhWorkers *workers;
  gint64 workspace;
} HostFixture;

/* For g_test_add(): an empty queue, no agents. */
void host_fixture_set_up (HostFixture *self, gconstpointer data);
void host_fixture_tear_down (HostFixture *self, gconstpointer data);

/* Writes the operator's manifest of @agent, whose module is @module.so. @rest: more members, with ' for ". NULL @module
 * removes it. Takes effect with host_fixture_load(). */
void host_fixture_enable (HostFixture *self, const char *agent, const char *module, const char *rest);
void host_fixture_load (HostFixture *self);

/* The database as its owner sees it. */
void host_fixture_sql (const char *sql);
char *host_fixture_value (const char *sql) G_GNUC_WARN_UNUSED_RESULT;

/* Stops the workers within @timeout_ms. */
void host_fixture_stop_workers (HostFixture *self, guint timeout_ms);

/* (transfer full): JSON text with ' for ", parsed. */
JsonObject *host_fixture_object (const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* A jobs engine named @host_id over the fixture's workers; ended by host_fixture_stop_jobs(). */
RhJobs *host_fixture_start_jobs (HostFixture *self, const char *host_id) G_GNUC_WARN_UNUSED_RESULT;
void host_fixture_stop_jobs (RhJobs *jobs, guint timeout_ms);

G_END_DECLS
