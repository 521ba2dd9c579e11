/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-workflow.h"

#include "rh-jobs-resources.h"
#include "rh-schemas.h"
#include "rh-workflow-parser.h"
#include "royal-json.h"
#include "royal-schema.h"

#define SCHEMA "/royal/jobs/workflow.schema.json"

struct _RhWorkflow {
  char *name;
  char *hash;
  JsonNode *document;
  RoyalSchema *input; /* (nullable) */
  RhWorkflowParts parts;
};

static void
rh_workflow_clear (gpointer data)
{
  RhWorkflow *self = data;

  g_free (self->name);
  g_free (self->hash);
  g_clear_pointer (&self->document, json_node_unref);
  g_clear_pointer (&self->input, royal_schema_free);
  rh_workflow_parts_clear (&self->parts);
}

RhWorkflow *
rh_workflow_ref (RhWorkflow *self)
{
  return g_rc_box_acquire (self);
}

void
rh_workflow_unref (RhWorkflow *self)
{
  if (self != NULL)
    g_rc_box_release_full (self, rh_workflow_clear);
}

RhWorkflow *
rh_workflow_new (JsonNode *document, const char *what, GError **error)
{
  g_autoptr (RhWorkflow) self = NULL;
  JsonObject *object;
  JsonNode *input;

  g_return_val_if_fail (document != NULL && what != NULL, NULL);

  rh_jobs_resources_get_resource (); /* in a static library: nothing else makes the linker keep them */
  if (!rh_schemas_check (SCHEMA, document, what, error))
    return NULL;
  object = json_node_get_object (document);
  self = g_rc_box_new0 (RhWorkflow);
  self->name = g_strdup (royal_json_string (object, "name", ""));
  self->hash = royal_json_digest (document);
  self->document = json_node_ref (document);
  input = json_object_get_member (object, "input");
  if (input != NULL)
    {
      self->input = royal_schema_new_at (input, what, "/input", error);
      if (self->input == NULL)
        return NULL;
    }
  if (!rh_workflow_parse (object, what, &self->parts, error))
    return NULL;
  return g_steal_pointer (&self);
}

const char *
rh_workflow_name (RhWorkflow *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->name;
}

const char *
rh_workflow_hash (RhWorkflow *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->hash;
}

JsonNode *
rh_workflow_document (RhWorkflow *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->document;
}

GPtrArray *
rh_workflow_steps (RhWorkflow *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->parts.steps;
}

GPtrArray *
rh_workflow_all_steps (RhWorkflow *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->parts.all;
}

RhWorkflowStep *
rh_workflow_find (RhWorkflow *self, const char *id)
{
  g_return_val_if_fail (self != NULL && id != NULL, NULL);
  return g_hash_table_lookup (self->parts.by_id, id);
}

JsonNode *
rh_workflow_result (RhWorkflow *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return json_object_get_member (json_node_get_object (self->document), "result");
}

gboolean
rh_workflow_check_input (RhWorkflow *self, JsonNode *input, GError **error)
{
  g_return_val_if_fail (self != NULL && input != NULL, FALSE);

  return self->input == NULL || royal_schema_validate (self->input, input, "input", error);
}

static gboolean
check_task (RhWorkflowStep *step, RhRegistry *registry, const char *what, GError **error)
{
  const char *id = royal_json_string (step->body, "agent", "");
  const char *task = royal_json_string (step->body, "task", "");
  RhAgent *agent = rh_registry_find (registry, id);

  if (agent == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s/task/agent: expected an enabled agent, found \"%s\"",
                 what, step->pointer, id);
  else if (!rh_agent_has_task (agent, task))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "%s: %s/task/task: expected a task of agent `%s`, found \"%s\"", what, step->pointer, id, task);
  else
    return TRUE;
  return FALSE;
}

gboolean
rh_workflow_check_agents (RhWorkflow *self, RhRegistry *registry, const char *what, GError **error)
{
  g_return_val_if_fail (self != NULL && RH_IS_REGISTRY (registry) && what != NULL, FALSE);

  for (guint i = 0; i < self->parts.all->len; i++)
    {
      RhWorkflowStep *step = self->parts.all->pdata[i];

      if (step->kind == RH_STEP_TASK && !check_task (step, registry, what, error))
        return FALSE;
    }
  return TRUE;
}
