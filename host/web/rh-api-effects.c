/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-routes.h"

#include "royal-json.h"

static const RhStatement effect_list = { "web.effects",
                                         "select cursor, effect from effect_list ($1::text[], $2::bigint, $3::int)", 3,
                                         FALSE };

static const char *const states[] = { "executing", "executed", "failed", "stale", "unknown", NULL };

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "effect", "cursor", rh_list_limit (request));
}

void
rh_api_effects (RhRequest *request)
{
  rh_list_run (request, &effect_list, states, on_list);
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *proposal = rh_gate_answer_finish (RH_GATE (source), result, &error);

  if (proposal == NULL)
    rh_request_fail (request, error);
  else
    rh_request_reply (request, SOUP_STATUS_OK, proposal);
}

void
rh_api_effect_settle (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  const char *id = rh_request_parameter (request);

  if (!g_uuid_string_is_valid (id))
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no proposal %s", id);
  else
    rh_gate_settle_async (rh_request_context (request)->gate, rh_request_actor (request), id,
                          royal_json_int (body, "item", 0), royal_json_string (body, "answer", ""),
                          royal_json_object (body, "receipt"), royal_json_string (body, "note", NULL), on_settled,
                          rh_request_ref (request));
}

void
rh_api_connectors (RhRequest *request)
{
  JsonObject *page = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_member (page, "items", rh_gate_lanes (rh_request_context (request)->gate));
  json_object_set_null_member (page, "next");
  json_node_take_object (node, page);
  rh_request_reply (request, SOUP_STATUS_OK, node);
}

void
rh_api_action (RhRequest *request)
{
  const char *name = rh_request_parameter (request);
  JsonNode *action = rh_gate_action (rh_request_context (request)->gate, name);

  if (action == NULL)
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no connector has an action %.100s", name);
  else
    rh_request_reply (request, SOUP_STATUS_OK, action);
}
