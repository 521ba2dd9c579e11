/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-turn.h"

#include "royal-json.h"

const RhTurnKind *
rh_turn_kind (RhStepKind kind)
{
  static const RhTurnKind *const kinds[RH_STEP_N] = {
    [RH_STEP_TASK] = &rh_turn_task,         [RH_STEP_APPROVAL] = &rh_turn_approval, [RH_STEP_DECIDE] = &rh_turn_decide,
    [RH_STEP_PARALLEL] = &rh_turn_parallel, [RH_STEP_MAP] = &rh_turn_map,           [RH_STEP_WAIT] = &rh_turn_pause,
    [RH_STEP_BRANCH] = &rh_turn_branch,     [RH_STEP_CALL] = &rh_turn_call,         [RH_STEP_END] = &rh_turn_end,
  };

  g_return_val_if_fail (kind < RH_STEP_N, NULL);
  return kinds[kind];
}

static void
tell_begun (RhTurn *self, RhTurnRow *row)
{
  JsonObject *data = json_object_new ();

  json_object_set_string_member (data, "step", row->path);
  json_object_set_string_member (data, "kind", rh_step_kind_name (row->step->kind));
  json_object_set_int_member (data, "attempt", row->attempt);
  rh_turn_tell (self, "workflow.step.started", data, FALSE);
}

/* The step's turn has come. */
static RhTurnRow *
begin (RhTurn *self, const RhWorkflowStep *step, const char *path, const RhScope *scope)
{
  RhTurnRow *row = rh_turn_begin (self, path, step);
  RhTurnView view = { self, scope, NULL };
  g_autofree char *fault = NULL;
  RhTruth truth =
      step->when != NULL ? rh_workflow_condition_test (step->when, rh_turn_lookup, &view, &fault) : RH_TRUTH_YES;

  if (truth == RH_TRUTH_NO || truth == RH_TRUTH_UNKNOWN)
    {
      row->state = RH_ROW_SKIPPED;
      return row;
    }
  tell_begun (self, row);
  if (truth == RH_TRUTH_ERROR)
    rh_turn_fail (self, row, rh_turn_error ("invalid", "when: %s", fault));
  else
    rh_turn_kind (step->kind)->begin (self, row, scope);
  return row;
}

static void
check_late (RhTurn *self, RhTurnRow *row, const RhScope *scope)
{
  const RhTurnKind *kind = rh_turn_kind (row->step->kind);

  if (!rh_turn_row_is_active (row) || row->due_us == 0 || row->due_us > self->now_us)
    return;
  if (kind->late != NULL)
    {
      kind->late (self, row);
      return;
    }
  if (row->job != NULL)
    json_array_add_string_element (self->cancel_jobs, row->job);
  if (row->child != NULL)
    json_array_add_string_element (self->cancel_runs, row->child);
  rh_turn_cancel_within (self, row->step, scope->prefix);
  rh_turn_fail (self, row,
                rh_turn_error ("timeout", "it did not end within %" G_GINT64_FORMAT " s", row->step->timeout_s));
}

static RhTurnProgress
walk_step (RhTurn *self, const RhWorkflowStep *step, const RhScope *scope)
{
  g_autofree char *path = g_strconcat (scope->prefix, step->id, NULL);
  RhTurnRow *row = g_hash_table_lookup (self->rows, path);
  const RhTurnKind *kind = rh_turn_kind (step->kind);

  if (row == NULL)
    row = begin (self, step, path, scope);
  if (rh_turn_row_is_active (row) && kind->go_on != NULL)
    kind->go_on (self, row, scope);
  check_late (self, row, scope);
  switch (row->state)
    {
    case RH_ROW_COMPLETED:
    case RH_ROW_SKIPPED:
      return RH_TURN_DONE;
    case RH_ROW_FAILED:
    case RH_ROW_CANCELLED:
      if (step->tolerant)
        {
          if (self->failed != NULL && rh_workflow_step_is_within (self->failed->step, step))
            self->failed = NULL;
          return RH_TURN_DONE;
        }
      if (self->failed == NULL)
        self->failed = row;
      return RH_TURN_FAILED;
    default:
      return RH_TURN_BUSY;
    }
}

RhTurnProgress
rh_turn_walk (RhTurn *self, GPtrArray *steps, const RhScope *scope)
{
  for (guint i = 0; i < steps->len; i++)
    {
      RhTurnProgress progress = self->over ? RH_TURN_BUSY : walk_step (self, steps->pdata[i], scope);

      if (progress != RH_TURN_DONE || self->over)
        return self->over ? RH_TURN_BUSY : progress;
    }
  return RH_TURN_DONE;
}

JsonNode *
rh_turn_last_result (RhTurn *self, GPtrArray *steps, const RhScope *scope)
{
  const RhWorkflowStep *last = steps->pdata[steps->len - 1];
  g_autofree char *path = g_strconcat (scope->prefix, last->id, NULL);
  RhTurnRow *row = g_hash_table_lookup (self->rows, path);

  return row != NULL && row->result != NULL ? json_node_ref (row->result) : json_node_new (JSON_NODE_NULL);
}
