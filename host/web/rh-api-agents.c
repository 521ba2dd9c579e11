/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "royal-json.h"

/* A caller waits for so long; what is not done by then goes on. */
#define RESTART_MS 60000

static const RhStatement agent_restarted = { "agent.restarted", "select agent_restarted ($1, $2::boolean, $3, $4)", 4,
                                             TRUE };

/* What people ask of an agent first: what it is, what it may do, how its workers are. */
static JsonObject *
describe (RhWorkers *workers, RhAgent *agent)
{
  RoyalManifest *manifest = rh_agent_manifest (agent);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", rh_agent_id (agent));
  json_object_set_string_member (object, "name", royal_manifest_name (manifest));
  json_object_set_string_member (object, "description", royal_manifest_description (manifest));
  json_object_set_string_member (object, "version", rh_agent_version (agent));
  json_object_set_string_member (object, "cluster", rh_agent_cluster (agent));
  json_object_set_string_member (object, "sha256", rh_agent_sha256 (agent));
  json_object_set_object_member (object, "signature", json_object_ref (rh_agent_signature (agent)));
  json_object_set_array_member (object, "tasks", royal_json_strings (royal_manifest_tasks (manifest)));
  json_object_set_object_member (object, "grants", json_object_ref (rh_agent_grants (agent)));
  json_object_set_member (object, "workers", rh_workers_status (workers, rh_agent_id (agent)));
  return object;
}

void
rh_api_agents (RhRequest *request)
{
  const RhServerContext *context = rh_request_context (request);
  g_autoptr (GPtrArray) agents = rh_registry_list (context->registry);
  JsonArray *items = json_array_new ();
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < agents->len; i++)
    json_array_add_object_element (items, describe (context->workers, agents->pdata[i]));
  json_object_set_array_member (object, "items", items);
  json_object_set_null_member (object, "next");
  rh_request_reply (request, SOUP_STATUS_OK, royal_json_take_object (object));
}

/* (nullable): the agent that the path names; NULL when there is none, and the request is refused. */
static RhAgent *
find_agent (RhRequest *request)
{
  const char *id = rh_request_parameter (request);
  RhAgent *agent = rh_registry_find (rh_request_context (request)->registry, id);

  if (agent == NULL)
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no agent is named %s", id);
  return agent;
}

void
rh_api_agent (RhRequest *request)
{
  const RhServerContext *context = rh_request_context (request);
  RhAgent *agent = find_agent (request);
  const RhAgentLimits *limits;
  JsonObject *object, *bounds;

  if (agent == NULL)
    return;
  limits = rh_agent_limits (agent);
  bounds = json_object_new ();
  json_object_set_int_member (bounds, "memory_mb", limits->memory_mb);
  json_object_set_int_member (bounds, "cpu_s", limits->cpu_s);
  json_object_set_int_member (bounds, "wall_s", limits->wall_s);
  json_object_set_int_member (bounds, "workers", limits->workers);
  json_object_set_int_member (bounds, "warm", limits->warm);
  object = describe (context->workers, agent);
  json_object_set_object_member (object, "limits", bounds);
  json_object_set_object_member (object, "manifest", json_object_ref (royal_manifest_json (rh_agent_manifest (agent))));
  json_object_set_object_member (object, "operator", json_object_ref (rh_agent_operator_manifest (agent)));
  rh_request_reply (request, SOUP_STATUS_OK, royal_json_take_object (object));
}

/* --- restarting --------------------------------------------------------------------------------------------------- */

static void
on_restarted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  const char *id = rh_request_parameter (request);
  g_autoptr (GError) error = NULL;
  gboolean done = rh_workers_restart_finish (RH_WORKERS (source), result, &error);

  if (!done && !royal_error_is_timeout (error))
    rh_request_fail (request, error);
  else
    rh_request_reply (request, done ? SOUP_STATUS_OK : SOUP_STATUS_ACCEPTED,
                      rh_workers_status (RH_WORKERS (source), id));
}

static void
on_restart_told (RhRequest *request, RhRows *rows)
{
  const RhServerContext *context = rh_request_context (request);

  rh_gate_kick (context->gate);
  rh_workers_restart_async (context->workers, rh_request_parameter (request),
                            royal_json_boolean (rh_request_body (request), "now", FALSE), RESTART_MS, on_restarted,
                            rh_request_ref (request));
}

void
rh_api_agent_restart (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  const char *params[] = { rh_request_parameter (request), royal_json_boolean (body, "now", FALSE) ? "true" : "false",
                           royal_json_string (body, "reason", NULL), rh_request_caller (request)->name };

  if (find_agent (request) != NULL)
    rh_request_call (request, &agent_restarted, params, on_restart_told);
}
