/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-workflow-step.h"

static const char *const kind_names[RH_STEP_N] = {
  [RH_STEP_TASK] = "task",         [RH_STEP_APPROVAL] = "approval", [RH_STEP_DECIDE] = "decide",
  [RH_STEP_PARALLEL] = "parallel", [RH_STEP_MAP] = "map",           [RH_STEP_WAIT] = "wait",
  [RH_STEP_BRANCH] = "branch",     [RH_STEP_CALL] = "call",         [RH_STEP_END] = "end",
};

const char *
rh_step_kind_name (RhStepKind kind)
{
  g_return_val_if_fail (kind < RH_STEP_N, "");

  return kind_names[kind];
}

RhStepCase *
rh_step_case_new (const char *name, RhWorkflowCondition *when, GPtrArray *steps)
{
  RhStepCase *self = g_new0 (RhStepCase, 1);

  self->name = g_strdup (name);
  self->when = when;
  self->steps = steps != NULL ? g_ptr_array_ref (steps) : NULL;
  return self;
}

void
rh_step_case_free (RhStepCase *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  rh_workflow_condition_free (self->when);
  g_clear_pointer (&self->steps, g_ptr_array_unref);
  g_free (self);
}

RhWorkflowStep *
rh_workflow_step_new (const char *id, RhStepKind kind, JsonObject *body, const char *pointer, RhWorkflowStep *parent)
{
  RhWorkflowStep *self;

  g_return_val_if_fail (id != NULL && kind < RH_STEP_N && body != NULL && pointer != NULL, NULL);

  self = g_new0 (RhWorkflowStep, 1);
  self->id = g_strdup (id);
  self->kind = kind;
  self->body = json_object_ref (body);
  self->pointer = g_strdup (pointer);
  self->parent = parent;
  self->cases = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_step_case_free);
  return self;
}

void
rh_workflow_step_free (RhWorkflowStep *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->pointer);
  json_object_unref (self->body);
  rh_workflow_condition_free (self->when);
  g_ptr_array_unref (self->cases);
  rh_workflow_step_free (self->compensate);
  g_free (self);
}

gboolean
rh_workflow_step_is_within (const RhWorkflowStep *self, const RhWorkflowStep *other)
{
  for (const RhWorkflowStep *step = self; step != NULL; step = step->parent)
    if (step == other)
      return TRUE;
  return FALSE;
}

gboolean
rh_workflow_step_is_group (const RhWorkflowStep *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->kind == RH_STEP_PARALLEL || self->kind == RH_STEP_MAP || self->kind == RH_STEP_BRANCH;
}
