/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rt-fixtures.h"
#include "rt-plugin.h"

G_BEGIN_DECLS

/**
 * RtSession:
 * @task: (nullable): NULL: only load the plugin and look at what it says of itself
 * @input, @config: objects, checked
 * @answer: the state that every proposal is answered with: "pending", "approved" or "denied"
 * @sandbox: FALSE: no layer of it, for a debugger
 * @timeout_s: wall-clock seconds, 0 = no end
 * @on_log, @on_progress, @on_proposal, @on_start: (nullable): told while it happens
 *
 * What to run; one run in a worker of its own.
 */
typedef struct {
  RtPlugin *plugin;
  const char *task;
  JsonNode *input;
  JsonNode *config;
  RtFixtures *fixtures;
  const char *answer;
  gboolean sandbox;
  guint timeout_s;
  void (*on_start) (int pid, gpointer data);
  void (*on_log) (const char *message, gpointer data);
  void (*on_progress) (double fraction, const char *message, gpointer data);
  void (*on_proposal) (JsonObject *proposal, gpointer data);
  gpointer data;
} RtSession;

/**
 * RtOutcome:
 * @facts: (nullable): the body of READY
 * @result: (nullable): of the task
 * @error: (nullable): why it failed
 * @proposals: (element-type JsonNode): as the plugin made them
 * @reads, @writes: sets of names that were used
 */
typedef struct {
  JsonObject *facts;
  JsonNode *result;
  GError *error;
  GPtrArray *proposals;
  GHashTable *reads;
  GHashTable *writes;
} RtOutcome;

void rt_outcome_free (RtOutcome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtOutcome, rt_outcome_free)

/**
 * rt_session_run:
 *
 * Blocks until the worker has ended.
 *
 * Returns: (transfer full): what came of it; NULL with @error set when no worker could be started at all.
 */
RtOutcome *rt_session_run (const RtSession *session, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
