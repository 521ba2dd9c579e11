/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "royal-json.h"

static const RhStatement simulation_get = { "web.simulation", "select simulation_get ($1::uuid) as simulation", 1,
                                            FALSE };

static void
on_simulation (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "simulation");
}

void
rh_api_simulation (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  if (g_uuid_string_is_valid (rh_request_parameter (request)))
    rh_request_call (request, &simulation_get, params, on_simulation);
  else
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no simulation %s", rh_request_parameter (request));
}

/* (transfer full): a workflow of one task, to which the input of the run is handed on. */
static JsonNode *
of_task (const char *agent, const char *task)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, "simulate");
  json_builder_set_member_name (builder, "steps");
  json_builder_begin_array (builder);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "id");
  json_builder_add_string_value (builder, "task");
  json_builder_set_member_name (builder, "task");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, agent);
  json_builder_set_member_name (builder, "task");
  json_builder_add_string_value (builder, task);
  json_builder_set_member_name (builder, "input");
  json_builder_add_string_value (builder, "$.input");
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

/* (transfer full): what is to be simulated; NULL when it was refused. */
static RhWorkflow *
subject_of (RhRequest *request, JsonObject *body)
{
  RhWorkflows *workflows = rh_request_context (request)->workflows;
  const char *agent = royal_json_string (body, "agent", NULL);
  const char *task = royal_json_string (body, "task", NULL);
  const char *name = royal_json_string (body, "workflow", NULL);
  JsonNode *definition = json_object_get_member (body, "definition");
  RhWorkflow *workflow = name != NULL ? rh_workflow_set_find (rh_workflows_get (workflows), name) : NULL;
  g_autoptr (JsonNode) document = NULL;
  g_autoptr (GError) error = NULL;

  if ((agent != NULL) + (name != NULL) + (definition != NULL) != 1 || (agent != NULL) != (task != NULL))
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, "", "expected agent and task, or workflow, or definition");
      return NULL;
    }
  if (name != NULL)
    {
      if (workflow == NULL)
        rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, "/workflow", "no workflow is named `%.100s`", name);
      return workflow != NULL ? rh_workflow_ref (workflow) : NULL;
    }
  document = definition != NULL ? json_node_ref (definition) : of_task (agent, task);
  workflow = rh_workflows_check (workflows, document, definition != NULL ? "definition" : "simulation", TRUE, &error);
  if (workflow == NULL)
    rh_request_fail (request, error);
  return workflow;
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *run = rh_workflows_begin_finish (RH_WORKFLOWS (source), result, &error);

  if (run == NULL)
    rh_request_fail (request, error);
  else
    rh_request_reply (request, SOUP_STATUS_CREATED, run);
}

void
rh_api_simulate (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  JsonObject *assume = royal_json_object (body, "assume");
  g_autoptr (JsonObject) nothing = json_object_new ();
  g_autoptr (RhWorkflow) workflow = subject_of (request, body);
  g_autofree char *own = NULL;
  g_autofree char *key = NULL;
  RhWorkflowStart start = {
    .workflow = workflow,
    .input = json_object_get_member (body, "input"),
    .simulate = assume != NULL ? assume : nothing,
  };

  if (workflow == NULL || !rh_request_own_key (request, "simulation", &own))
    return;
  /* The workflow's own runs have keys too. */
  start.key = key = own != NULL ? g_strconcat ("simulation/", own, NULL) : NULL;
  rh_workflows_begin_async (rh_request_context (request)->workflows, rh_request_actor (request), &start, on_begun,
                            rh_request_ref (request));
}
