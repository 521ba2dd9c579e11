/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "royal-json.h"

#include <string.h>

/* Clusters: the agents that operators' manifests put together, how they are and what they have done today. */

static const RhStatement agents_held = { "web.agents-held", "select agent, held from agents_held ($1::text[])", 1,
                                         FALSE };
static const RhStatement agents_today = { "web.agents-today", "select agent, figures from agents_today ($1::text[])", 1,
                                          FALSE };

/* (transfer full): the ids of the cluster's agents as an SQL array; NULL when there are none, and the request is
 * refused. */
static char *
ids_sql (RhRequest *request)
{
  g_autoptr (GPtrArray) agents = rh_registry_list (rh_request_context (request)->registry);
  const char *cluster = rh_request_parameter (request);
  g_autoptr (GString) text = g_string_new ("{");

  for (guint i = 0; i < agents->len; i++)
    if (strcmp (rh_agent_cluster (agents->pdata[i]), cluster) == 0)
      g_string_append_printf (text, "%s\"%s\"", text->len > 1 ? "," : "", rh_agent_id (agents->pdata[i]));
  if (text->len > 1)
    return g_string_free (g_string_append_c (g_steal_pointer (&text), '}'), FALSE);
  rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no agent is in a cluster %s", cluster);
  return NULL;
}

static void
ask (RhRequest *request, const RhStatement *statement, RhRequestRows then)
{
  g_autofree char *ids = ids_sql (request);
  const char *params[] = { ids };

  if (ids != NULL)
    rh_request_call (request, statement, params, then);
}

/* Takes @agents. */
static void
reply (RhRequest *request, JsonObject *answer, JsonArray *agents)
{
  json_object_set_string_member (answer, "cluster", rh_request_parameter (request));
  json_object_set_array_member (answer, "agents", agents);
  rh_request_reply (request, SOUP_STATUS_OK, royal_json_take_object (answer));
}

/* From the best on. */
static const char *const healths[] = { "ready", "paused", "degraded", "failed" };

/* By what its workers and the database say of it. */
static guint
health_of (JsonObject *workers, JsonObject *held)
{
  const char *state = royal_json_string (workers, "state", "");

  if (strcmp (state, "failed") == 0)
    return 3;
  if (strcmp (state, "backoff") == 0 || royal_json_boolean (held, "breaker", FALSE) ||
      royal_json_int (held, "dead", 0) > 0)
    return 2;
  return royal_json_boolean (held, "paused", FALSE) ? 1 : 0;
}

static void
on_held (RhRequest *request, RhRows *rows)
{
  const RhServerContext *context = rh_request_context (request);
  JsonArray *agents = json_array_new ();
  JsonObject *answer = json_object_new ();
  guint worst = 0;

  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      const char *id = rh_rows_string (rows, i, "agent");
      RhAgent *agent = rh_registry_find (context->registry, id);
      g_autoptr (JsonNode) held = rh_rows_json (rows, i, "held");
      JsonNode *workers = rh_workers_status (context->workers, id);
      JsonObject *object = json_object_ref (json_node_get_object (held));
      guint health = health_of (json_node_get_object (workers), object);

      worst = MAX (worst, health);
      json_object_set_string_member (object, "id", id);
      json_object_set_string_member (object, "version", agent != NULL ? rh_agent_version (agent) : "");
      json_object_set_string_member (object, "health", healths[health]);
      json_object_set_member (object, "workers", workers);
      json_array_add_object_element (agents, object);
    }
  json_object_set_string_member (answer, "health", healths[worst]);
  reply (request, answer, agents);
}

void
rh_api_cluster_status (RhRequest *request)
{
  ask (request, &agents_held, on_held);
}

static void
on_today (RhRequest *request, RhRows *rows)
{
  JsonArray *agents = json_array_new ();
  JsonObject *answer = NULL;

  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      const char *id = rh_rows_string (rows, i, "agent");
      g_autoptr (JsonNode) figures = rh_rows_json (rows, i, "figures");
      JsonObject *object = json_object_ref (json_node_get_object (figures));

      if (id == NULL)
        {
          answer = object;
          continue;
        }
      json_object_set_string_member (object, "id", id);
      json_array_add_object_element (agents, object);
    }
  reply (request, answer, agents);
}

void
rh_api_cluster_metrics (RhRequest *request)
{
  ask (request, &agents_today, on_today);
}
