/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-people.h"

#include <royal-json.h>
#include <string.h>

gint64 people_ws;

GateHost *
people_host (const char *host_id)
{
  GateHost *host;

  people_ws = gate_workspace ("demo");
  host = gate_host_new (host_id);
  rh_gate_start (host->gate);
  return host;
}

void
assert_says (GError **error, int code, const char *text)
{
  g_assert_error (*error, ROYAL_ERROR, code);
  if (strstr ((*error)->message, text) == NULL)
    g_error ("\"%s\" is not in \"%s\"", text, (*error)->message);
  g_clear_error (error);
}

char *
people_submit (GateHost *host, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = gate_submit (host, people_ws, "setter", text, NULL, &error);

  g_assert_no_error (error);
  return g_strdup (royal_json_string (json_node_get_object (outcome), "proposal", ""));
}

char *
people_digest (const char *id)
{
  return gate_sql_value ("select digest from proposals where uid = '%s'", id);
}

JsonObject *
people_finish (GateHost *host, GAsyncResult **result, GError **error)
{
  g_autoptr (GAsyncResult) done = royal_test_wait (result);
  g_autoptr (JsonNode) node = rh_gate_answer_finish (host->gate, done, error);

  return node != NULL ? json_object_ref (json_node_get_object (node)) : NULL;
}

JsonObject *
people_approve (GateHost *host, const char *who, const char *role, const char *id, const char *exclude, GError **error)
{
  RhActor actor = { .workspace = people_ws, .name = who, .via = "unix:1", .role = role };
  g_autoptr (JsonNode) list = exclude != NULL ? gate_json (exclude) : NULL;
  g_autofree char *digest = people_digest (id);
  GAsyncResult *result = NULL;

  rh_gate_approve_except_async (host->gate, &actor, id, digest, list != NULL ? json_node_get_array (list) : NULL, NULL,
                                royal_test_result, &result);
  return people_finish (host, &result, error);
}

void
assert_approves (GateHost *host, const char *who, const char *role, const char *id, const char *state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer = people_approve (host, who, role, id, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (answer, "state", ""), ==, state);
}

void
assert_refuses (GateHost *host, const char *who, const char *role, const char *id, int code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer = people_approve (host, who, role, id, NULL, &error);

  g_assert_null (answer);
  assert_says (&error, code, text);
}

JsonObject *
people_modify (GateHost *host, const char *who, const char *id, const char *change, GError **error)
{
  RhActor actor = { .workspace = people_ws, .name = who, .via = "unix:1", .role = "approver" };
  g_autoptr (JsonNode) node = gate_json (change);
  g_autofree char *digest = people_digest (id);
  GAsyncResult *result = NULL;

  rh_gate_modify_async (host->gate, &actor, id, digest, json_node_get_object (node), "less, please", royal_test_result,
                        &result);
  return people_finish (host, &result, error);
}

void
people_ask (const char *id, const char *asks)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (asks), "'", '"');

  gate_sql ("update proposals set asks = '%s' where uid = '%s'", quoted, id);
}
