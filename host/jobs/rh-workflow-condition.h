/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-condition.h"
#include "rh-reference.h"

G_BEGIN_DECLS

/* A policy's condition over a run's context: where that has facts.NAME, this has a reference. */
typedef struct _RhWorkflowCondition RhWorkflowCondition;

RhWorkflowCondition *rh_workflow_condition_new (JsonNode *document,
                                                const char *what,
                                                const char *pointer,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_workflow_condition_free (RhWorkflowCondition *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhWorkflowCondition, rh_workflow_condition_free)

/* (transfer none) (element-type utf8): the references that it looks at. */
GPtrArray *rh_workflow_condition_references (RhWorkflowCondition *self);

/* What is missing makes it unknown, as in a policy. @ret_error: (transfer full): for RH_TRUTH_ERROR */
RhTruth rh_workflow_condition_test (RhWorkflowCondition *self,
                                    RhReferenceLookup lookup,
                                    gpointer data,
                                    char **ret_error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
