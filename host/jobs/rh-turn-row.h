/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workflow-step.h"

G_BEGIN_DECLS

typedef enum {
  RH_ROW_RUNNING,
  RH_ROW_WAITING,
  RH_ROW_COMPLETED,
  RH_ROW_FAILED,
  RH_ROW_SKIPPED,
  RH_ROW_CANCELLED,
} RhRowState;

/**
 * RhTurnRow:
 * @id: 0 while it is not in the database
 * @order: in which steps have ended
 * @changed: it is to be committed
 * @request, @child_request, @event: what is asked for with it: a job, a run of another workflow, an event
 *
 * A step of a run, as a turn has it in hand.
 */
typedef struct {
  gint64 id;
  char *path;
  const RhWorkflowStep *step;
  RhRowState state;
  gint64 attempt;
  gint64 order;
  gint64 due_us; /* 0 = never */
  gsize size;
  char *job;
  char *child;
  JsonNode *waits_for;
  JsonNode *data;
  JsonNode *result;
  JsonNode *error;
  JsonNode *request;
  JsonNode *child_request;
  JsonNode *event;
  gboolean changed;
} RhTurnRow;

RhTurnRow *rh_turn_row_new (const char *path, const RhWorkflowStep *step) G_GNUC_WARN_UNUSED_RESULT;
/* From a step of workflow_snapshot() in SQL. */
RhTurnRow *rh_turn_row_read (JsonObject *object, const RhWorkflowStep *step) G_GNUC_WARN_UNUSED_RESULT;
void rh_turn_row_free (RhTurnRow *self);

gboolean rh_turn_row_is_active (const RhTurnRow *self);
const char *rh_turn_row_state_name (const RhTurnRow *self);

/* A node of the row that is told (nullable): (transfer full) @value takes its place. */
void rh_turn_row_set (RhTurnRow *self, JsonNode **place, JsonNode *value);

/* (transfer full): as workflow_apply() in SQL takes it. */
JsonObject *rh_turn_row_write (RhTurnRow *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
