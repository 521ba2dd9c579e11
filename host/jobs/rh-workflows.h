/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-gate.h"
#include "rh-workflow-set.h"

G_BEGIN_DECLS

/* The workflow engine: reads what has something to do from the database, makes turns, commits them. It keeps nothing of
 * a run. */
#define RH_TYPE_WORKFLOWS (rh_workflows_get_type ())
G_DECLARE_FINAL_TYPE (RhWorkflows, rh_workflows, RH, WORKFLOWS, GObject)

/* @gate: (nullable): told when something was written. */
RhWorkflows *rh_workflows_new (RhStore *store, RhRegistry *registry, RhGate *gate) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): what new runs follow from now on; @workspace is told of it. */
void rh_workflows_set (RhWorkflows *self, RhWorkflowSet *set, gint64 workspace);
/* (transfer none) */
RhWorkflowSet *rh_workflows_get (RhWorkflows *self);

void rh_workflows_start (RhWorkflows *self);
/* Begins nothing any more. What is under way is either committed or not; another host, or the next start, goes on. */
void rh_workflows_stop (RhWorkflows *self);

/**
 * RhWorkflowStart:
 * @workflow: what the run follows
 * @input: (nullable)
 * @key: (nullable): the same key starts the same run of a workflow
 * @simulate: (nullable): the run is a simulation, and this is what it assumes: { "reads", "steps", "choices", "events"
 * }, each where there is one
 */
typedef struct {
  RhWorkflow *workflow;
  JsonNode *input;
  const char *key;
  JsonObject *simulate;
} RhWorkflowStart;

/* All of @start is (transfer none), copied before the call returns. */
void rh_workflows_begin_async (RhWorkflows *self,
                               const RhActor *actor,
                               const RhWorkflowStart *start,
                               GAsyncReadyCallback callback,
                               gpointer data);
/* Returns: (transfer full): the run, as workflow_run_json() in SQL. */
JsonNode *rh_workflows_begin_finish (RhWorkflows *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_workflows_check:
 * @document: hostile
 * @agents: also whether the agents that it names are enabled
 *
 * Returns: (transfer full): the definition, as it would be taken beside those that are there; NULL with
 * %ROYAL_ERROR_INVALID.
 */
RhWorkflow *rh_workflows_check (RhWorkflows *self,
                                JsonNode *document,
                                const char *what,
                                gboolean agents,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
