/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-registry.h"
#include "rh-workflow-step.h"

G_BEGIN_DECLS

/* A workflow's definition, checked: docs/schema/workflow.schema.json, and what a schema cannot say. Immutable, counted.
 */
typedef struct _RhWorkflow RhWorkflow;

/**
 * rh_workflow_new:
 * @document: (transfer none): hostile
 * @what: its file, for messages
 *
 * Returns: (transfer full): the definition; NULL with %ROYAL_ERROR_INVALID: `FILE: /pointer: expected …`.
 */
RhWorkflow *rh_workflow_new (JsonNode *document, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
RhWorkflow *rh_workflow_ref (RhWorkflow *self);
void rh_workflow_unref (RhWorkflow *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhWorkflow, rh_workflow_unref)

const char *rh_workflow_name (RhWorkflow *self);
/* The lower-case hexadecimal SHA-256 of the canonical document: a run keeps to it. */
const char *rh_workflow_hash (RhWorkflow *self);
JsonNode *rh_workflow_document (RhWorkflow *self);
/* (element-type RhWorkflowStep) */
GPtrArray *rh_workflow_steps (RhWorkflow *self);
/* (element-type RhWorkflowStep): every step in it, in the order of the document, and what compensates them. */
GPtrArray *rh_workflow_all_steps (RhWorkflow *self);
/* (nullable) (transfer none) */
RhWorkflowStep *rh_workflow_find (RhWorkflow *self, const char *id);
/* (nullable): the value with references that a run returns. */
JsonNode *rh_workflow_result (RhWorkflow *self);

/* FALSE with %ROYAL_ERROR_INVALID: `/pointer: expected …`. */
gboolean rh_workflow_check_input (RhWorkflow *self, JsonNode *input, GError **error);

/* Whether the agents and tasks that it names are enabled. */
gboolean rh_workflow_check_agents (RhWorkflow *self, RhRegistry *registry, const char *what, GError **error);

G_END_DECLS
