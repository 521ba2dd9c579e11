/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-routes.h"

#include "royal-json.h"

static const RhStatement workflow_list = { "web.workflows",
                                           "select cursor, run from workflow_list ($1::text[], $2::bigint, $3::int)", 3,
                                           FALSE };
static const RhStatement workflow_get = { "web.workflow", "select workflow_get ($1::uuid) as run", 1, FALSE };
static const RhStatement workflow_cancel = { "workflow.cancel",
                                             "select workflow_cancel ($1::uuid, $2::boolean, $3) as run", 3, TRUE };
static const RhStatement workflow_retry = { "workflow.retry", "select workflow_retry ($1::uuid, $2) as run", 2, TRUE };
static const RhStatement workflow_choose = { "workflow.choose",
                                             "select workflow_choose ($1::uuid, $2, $3, $4, $5, $6) as run", 6, TRUE };

static const char *const states[] = { "running", "waiting", "compensating", "completed", "failed", "cancelled", NULL };

static gboolean
check_id (RhRequest *request)
{
  if (g_uuid_string_is_valid (rh_request_parameter (request)))
    return TRUE;
  rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no run %s of a workflow", rh_request_parameter (request));
  return FALSE;
}

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "run", "cursor", rh_list_limit (request));
}

void
rh_api_workflows (RhRequest *request)
{
  rh_list_run (request, &workflow_list, states, on_list);
}

static void
on_run (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "run");
}

void
rh_api_workflow (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  if (check_id (request))
    rh_request_call (request, &workflow_get, params, on_run);
}

static void
on_looked (RhRequest *request, RhRows *rows)
{
  rh_request_resume (request);
}

void
rh_api_workflow_stream_look (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  if (check_id (request))
    rh_request_call (request, &workflow_get, params, on_looked);
}

static void
on_no_socket (RhRequest *request, RhRows *rows)
{
  rh_request_set_header (request, "Upgrade", "websocket");
  rh_request_refuse (request, RH_PROBLEM_UPGRADE, NULL, "a stream is a WebSocket; ask for /workflows/%s to look once",
                     rh_request_parameter (request));
}

void
rh_api_workflow_stream (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  if (check_id (request))
    rh_request_call (request, &workflow_get, params, on_no_socket);
}

static JsonObject *
definition_object (RhWorkflow *workflow)
{
  static const char *const members[] = { "description", "input", "steps" };
  JsonObject *document = json_node_get_object (rh_workflow_document (workflow));
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", rh_workflow_name (workflow));
  json_object_set_string_member (object, "hash", rh_workflow_hash (workflow));
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (json_object_has_member (document, members[i]))
      json_object_set_member (object, members[i], json_object_dup_member (document, members[i]));
  return object;
}

void
rh_api_workflow_definitions (RhRequest *request)
{
  g_autoptr (GPtrArray) list = rh_workflow_set_list (rh_workflows_get (rh_request_context (request)->workflows));
  JsonArray *items = json_array_new ();
  JsonObject *answer = json_object_new ();

  for (guint i = 0; i < list->len; i++)
    json_array_add_object_element (items, definition_object (list->pdata[i]));
  json_object_set_array_member (answer, "items", items);
  rh_request_reply (request, SOUP_STATUS_OK, json_node_init_object (json_node_alloc (), answer));
  json_object_unref (answer);
}

void
rh_api_workflow_check (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhWorkflow) workflow =
      rh_workflows_check (rh_request_context (request)->workflows, json_object_get_member (body, "definition"),
                          royal_json_string (body, "file", "definition"), TRUE, &error);
  JsonObject *answer;

  if (workflow == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  answer = definition_object (workflow);
  rh_request_reply (request, SOUP_STATUS_OK, json_node_init_object (json_node_alloc (), answer));
  json_object_unref (answer);
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
rh_api_workflow_start (RhRequest *request)
{
  RhWorkflows *workflows = rh_request_context (request)->workflows;
  JsonObject *body = rh_request_body (request);
  RhWorkflowStart start = {
    .workflow = rh_workflow_set_find (rh_workflows_get (workflows), rh_request_parameter (request)),
    .input = json_object_get_member (body, "input"),
  };

  if (start.workflow == NULL)
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no workflow is named `%.100s`",
                       rh_request_parameter (request));
  else if (rh_request_key (request, "key", &start.key))
    rh_workflows_begin_async (workflows, rh_request_actor (request), &start, on_begun, rh_request_ref (request));
}

void
rh_api_workflow_cancel (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request),
                           royal_json_boolean (rh_request_body (request), "compensate", FALSE) ? "true" : "false",
                           rh_request_actor (request)->name };

  if (check_id (request))
    rh_request_call (request, &workflow_cancel, params, on_run);
}

void
rh_api_workflow_retry (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request), rh_request_actor (request)->name };

  if (check_id (request))
    rh_request_call (request, &workflow_retry, params, on_run);
}

void
rh_api_workflow_decide (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  const RhActor *actor = rh_request_actor (request);
  const char *params[] = { rh_request_parameter (request),
                           royal_json_string (body, "step", ""),
                           royal_json_string (body, "choice", ""),
                           royal_json_string (body, "note", NULL),
                           actor->name,
                           actor->role != NULL ? actor->role : "" };

  if (check_id (request))
    rh_request_call (request, &workflow_choose, params, on_run);
}
