/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workflow.h"

G_BEGIN_DECLS

/* The workflows that new runs follow: the files of a folder, taken whole or not at all. Immutable. */
typedef struct _RhWorkflowSet RhWorkflowSet;

/**
 * rh_workflow_set_load:
 * @dir: every *.json in it is a definition; a folder that is not there has none
 *
 * Returns: (transfer full): the set; NULL with %ROYAL_ERROR_INVALID and every fault, one a line. A name that two have,
 * a call of what is not there and calls that come back to themselves are faults too.
 */
RhWorkflowSet *rh_workflow_set_load (const char *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
RhWorkflowSet *rh_workflow_set_new (void) G_GNUC_WARN_UNUSED_RESULT;
void rh_workflow_set_free (RhWorkflowSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhWorkflowSet, rh_workflow_set_free)

/* Adds @workflow, in place of one of its name. */
void rh_workflow_set_add (RhWorkflowSet *self, RhWorkflow *workflow);

/* (nullable) (transfer none) */
RhWorkflow *rh_workflow_set_find (RhWorkflowSet *self, const char *name);

/* (transfer container) (element-type RhWorkflow): sorted by name. */
GPtrArray *rh_workflow_set_list (RhWorkflowSet *self) G_GNUC_WARN_UNUSED_RESULT;

/* Whether what @workflow calls is in the set, and does not come back to it. */
gboolean rh_workflow_set_check_calls (RhWorkflowSet *self, RhWorkflow *workflow, const char *what, GError **error);

G_END_DECLS
