/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-workflow-step.h"

G_BEGIN_DECLS

/**
 * RhWorkflowParts:
 * @steps: (element-type RhWorkflowStep): the outermost list
 * @all: (element-type RhWorkflowStep) (transfer container): every step, and what compensates them
 * @by_id: id → RhWorkflowStep
 *
 * What a definition is made of.
 */
typedef struct {
  GPtrArray *steps;
  GPtrArray *all;
  GHashTable *by_id;
} RhWorkflowParts;

void rh_workflow_parts_clear (RhWorkflowParts *self);

/**
 * rh_workflow_parse:
 * @document: valid by the schema
 *
 * Checks what the schema cannot say: that ids are unique, that each step does one thing and can be reached, that
 * references are well formed and look only at what is known when their turn comes.
 */
gboolean rh_workflow_parse (JsonObject *document, const char *what, RhWorkflowParts *ret_parts, GError **error);

G_END_DECLS
