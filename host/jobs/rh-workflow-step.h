/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workflow-condition.h"

G_BEGIN_DECLS

typedef enum {
  RH_STEP_TASK,
  RH_STEP_APPROVAL,
  RH_STEP_DECIDE,
  RH_STEP_PARALLEL,
  RH_STEP_MAP,
  RH_STEP_WAIT,
  RH_STEP_BRANCH,
  RH_STEP_CALL,
  RH_STEP_END,
  RH_STEP_N,
} RhStepKind;

/* The member of a step that says what it does. */
const char *rh_step_kind_name (RhStepKind kind);

/**
 * RhStepCase:
 * @name: of a parallel list its name, of a case of decide its choice, else ""
 * @when: (nullable)
 * @steps: (element-type RhWorkflowStep) (nullable)
 *
 * One of the lists of a step: a parallel one, a map's, a branch's case; or a case of decide; or what a wait's event
 * must be.
 */
typedef struct {
  char *name;
  RhWorkflowCondition *when;
  GPtrArray *steps;
} RhStepCase;

/* Takes @when. */
RhStepCase *rh_step_case_new (const char *name, RhWorkflowCondition *when, GPtrArray *steps) G_GNUC_WARN_UNUSED_RESULT;
void rh_step_case_free (RhStepCase *self);

/**
 * RhWorkflowStep:
 * @body: the member that is named like @kind; an object but for an end of nothing
 * @pointer: where it stands in its file
 * @parent: (nullable): the step that it stands in
 * @cases: (element-type RhStepCase)
 * @compensate: (nullable): a step of kind task or call, which takes this one back
 * @tolerant: its failure does not fail what it stands in
 *
 * A step of a definition, checked. Immutable.
 */
typedef struct _RhWorkflowStep RhWorkflowStep;
struct _RhWorkflowStep {
  char *id;
  RhStepKind kind;
  JsonObject *body;
  char *pointer;
  RhWorkflowStep *parent;
  RhWorkflowCondition *when;
  GPtrArray *cases;
  RhWorkflowStep *compensate;
  gint64 timeout_s;
  gboolean tolerant;
};

RhWorkflowStep *rh_workflow_step_new (const char *id,
                                      RhStepKind kind,
                                      JsonObject *body,
                                      const char *pointer,
                                      RhWorkflowStep *parent) G_GNUC_WARN_UNUSED_RESULT;
void rh_workflow_step_free (RhWorkflowStep *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhWorkflowStep, rh_workflow_step_free)

/* Whether it is @other, or stands in it. */
gboolean rh_workflow_step_is_within (const RhWorkflowStep *self, const RhWorkflowStep *other);

/* Whether what it does is done by the steps in it. */
gboolean rh_workflow_step_is_group (const RhWorkflowStep *self);

G_END_DECLS
