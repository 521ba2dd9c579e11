/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workflow.h"

G_BEGIN_DECLS

/**
 * RhTurnHost:
 * @check_job: (transfer full): a request { "agent", "task", "input", "priority"? } as job_add() in SQL takes it; NULL
 * with
 *   @error set when it is refused
 * @find: (transfer none) (nullable): the workflow that a call of @name starts
 *
 * What a turn asks of its host.
 */
typedef struct {
  JsonNode *(*check_job) (JsonObject *request, gpointer data, GError **error);
  RhWorkflow *(*find) (const char *name, gpointer data);
  gpointer data;
} RhTurnHost;

/**
 * rh_workflow_turn:
 * @workflow: the definition that the run keeps to
 * @snapshot: the run as workflow_snapshot() in SQL has it
 *
 * Works out what happens next in a run: from its rows, what it was told and the time in the snapshot alone. Nothing is
 * done here: the turn says what is to be committed.
 *
 * Returns: (transfer full): the turn, as workflow_commit() in SQL takes it.
 */
JsonNode *
rh_workflow_turn (RhWorkflow *workflow, JsonObject *snapshot, const RhTurnHost *host) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
