/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-job-request.h"

#include "rh-vault.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define KEY_MAX 200

typedef gboolean (*MemberCheck) (JsonNode *node);

static gboolean
is_string (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
}

static gboolean
is_object (JsonNode *node)
{
  return JSON_NODE_HOLDS_OBJECT (node);
}

static gboolean
is_priority (JsonNode *node)
{
  static const char *const names[] = { "low", "normal", "high", "critical", NULL };

  return is_string (node) && g_strv_contains (names, json_node_get_string (node));
}

static gboolean
is_time (JsonNode *node)
{
  g_autoptr (GDateTime) time =
      is_string (node) ? g_date_time_new_from_iso8601 (json_node_get_string (node), NULL) : NULL;

  return time != NULL;
}

static gboolean
is_key (JsonNode *node)
{
  return is_string (node) && *json_node_get_string (node) != '\0' &&
         g_utf8_strlen (json_node_get_string (node), -1) <= KEY_MAX;
}

static const struct {
  const char *name;
  gboolean required;
  MemberCheck check;
  const char *expected;
} members[] = {
  { "agent", TRUE, is_string, "the name of an agent" },
  { "task", TRUE, is_string, "the name of a task" },
  { "input", FALSE, is_object, "an object" },
  { "priority", FALSE, is_priority, "low, normal, high or critical" },
  { "run_at", FALSE, is_time, "a time with its zone, such as 2026-01-31T06:00:00Z" },
  { "idempotency_key", FALSE, is_key, "a string of 1 to 200 characters" },
  { "concurrency_key", FALSE, is_key, "a string of 1 to 200 characters" },
  { "rate_key", FALSE, is_key, "a string of 1 to 200 characters" },
};

static gboolean
check_members (JsonObject *request, GError **error)
{
  guint n_known = 0;

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      JsonNode *node = json_object_get_member (request, members[i].name);

      n_known += node != NULL;
      if (node == NULL ? !members[i].required : members[i].check (node))
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/%s: expected %s", members[i].name, members[i].expected);
      return FALSE;
    }
  if (json_object_get_size (request) == n_known)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               "expected no other members than agent, task, input, priority, run_at, idempotency_key, "
               "concurrency_key and rate_key");
  return FALSE;
}

static RhAgent *
find_agent (RhRegistry *registry, const char *id, GError **error)
{
  RhAgent *agent = rh_registry_find (registry, id);
  g_autoptr (GPtrArray) known = NULL;
  g_autoptr (GString) names = NULL;

  if (agent != NULL)
    return agent;
  known = rh_registry_list (registry);
  names = g_string_new (NULL);
  for (guint i = 0; i < known->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", rh_agent_id (known->pdata[i]));
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "/agent: no agent `%.100s` is enabled; enabled: %s", id,
               known->len > 0 ? names->str : "none");
  return NULL;
}

static gboolean
check_task (RhAgent *agent, const char *task, GError **error)
{
  const char *const *tasks = royal_manifest_tasks (rh_agent_manifest (agent));
  g_autoptr (GString) known = NULL;

  if (rh_agent_has_task (agent, task))
    return TRUE;
  known = g_string_new (NULL);
  for (guint i = 0; tasks[i] != NULL; i++)
    if (rh_agent_has_task (agent, tasks[i]))
      g_string_append_printf (known, "%s%s", known->len > 0 ? ", " : "", tasks[i]);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "/task: agent `%s` has no task `%.100s`; it has: %s",
               rh_agent_id (agent), task, known->str);
  return FALSE;
}

static void
append_members (GString *text, JsonObject *request, const char *trace, const RhAgentRetry *retry)
{
  g_string_append_printf (text, "{\"max_attempts\":%u,\"backoff_ms\":%u,\"backoff_max_ms\":%u",
                          CLAMP (retry->attempts, 1, 100), MIN (retry->backoff_ms, G_MAXINT32),
                          MIN (retry->backoff_max_ms, G_MAXINT32));
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    {
      JsonNode *node = json_object_get_member (request, members[i].name);
      g_autofree char *value = node != NULL ? royal_json_to_string (node) : NULL;

      if (value != NULL)
        g_string_append_printf (text, ",\"%s\":%s", members[i].name, value);
    }
  if (trace != NULL)
    {
      g_string_append (text, ",\"context\":{\"trace\":");
      royal_json_append_string (text, trace);
      g_string_append_c (text, '}');
    }
  g_string_append_c (text, '}');
}

/* (transfer none): the agent that is asked for, when all is in order. */
static RhAgent *
check (RhRegistry *registry, JsonObject *request, GError **error)
{
  g_autoptr (JsonNode) input = NULL;
  const char *task;
  RhAgent *agent;

  if (!check_members (request, error))
    return NULL;
  agent = find_agent (registry, json_object_get_string_member (request, "agent"), error);
  task = json_object_get_string_member (request, "task");
  if (agent == NULL || !check_task (agent, task, error))
    return NULL;
  if (!rh_agent_has_input_schema (agent, task))
    return agent;
  if (json_object_has_member (request, "input"))
    input = json_object_dup_member (request, "input");
  else
    {
      input = json_node_new (JSON_NODE_OBJECT);
      json_node_take_object (input, json_object_new ());
    }
  return rh_agent_check_input (agent, task, input, error) ? agent : NULL;
}

char *
rh_job_request_scope (const char *agent, const char *task)
{
  return g_strconcat (agent, ".", task, NULL);
}

/* What is personal in the input becomes known to @personal; @keep: it is to be sealed there. */
static gboolean
take_personal (RhAgent *agent, JsonObject *request, RhPersonal *personal, gboolean keep, GError **error)
{
  const char *task = json_object_get_string_member (request, "task");
  RoyalSchema *schema = rh_agent_input_classes (agent, task);
  g_autofree char *scope = NULL;
  g_autoptr (JsonNode) input = NULL;

  if (keep && rh_personal_has_token (json_object_get_member (request, "input")))
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/input: expected values, found a sealed one");
      return FALSE;
    }
  if (schema == NULL || !json_object_has_member (request, "input"))
    return TRUE;
  input = royal_json_copy (json_object_get_member (request, "input"));
  scope = rh_job_request_scope (rh_agent_id (agent), task);
  rh_personal_next (personal, scope);
  if (!keep)
    return rh_personal_know (personal, schema, input, error);
  json_object_set_member (request, "input", json_node_ref (input));
  return rh_personal_add (personal, schema, input, error);
}

gboolean
rh_job_request_take (RhRegistry *registry, JsonObject *request, RhPersonal *personal, GError **error)
{
  RhAgent *agent;

  g_return_val_if_fail (RH_IS_REGISTRY (registry) && request != NULL && personal != NULL, FALSE);

  agent = check (registry, request, error);
  if (agent == NULL)
    return FALSE;
  if (!rh_agent_is_manual (agent))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                   "/agent: agent `%s` is started by its triggers and by workflows alone (its manifest says manual:"
                   " false)",
                   rh_agent_id (agent));
      return FALSE;
    }
  return take_personal (agent, request, personal, TRUE, error);
}

gboolean
rh_job_request_append (RhRegistry *registry, JsonObject *request, const char *trace, GString *text, GError **error)
{
  RhAgent *agent;

  g_return_val_if_fail (RH_IS_REGISTRY (registry) && request != NULL && text != NULL, FALSE);

  agent = find_agent (registry, json_object_get_string_member (request, "agent"), error);
  if (agent == NULL)
    return FALSE;
  append_members (text, request, trace, rh_agent_retry (agent));
  return TRUE;
}

/* What starts a job by itself keeps what it starts it with, in more places than one. */
static gboolean
refuse_personal (RhAgent *agent, JsonObject *request, GError **error)
{
  const char *task = json_object_get_string_member (request, "task");
  g_autofree char *scope = rh_job_request_scope (rh_agent_id (agent), task);
  g_autoptr (RhPersonal) personal = rh_personal_new (scope);

  if (!take_personal (agent, request, personal, FALSE, error))
    return TRUE;
  if (rh_personal_is_empty (personal))
    return FALSE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
               "/input: %s takes what is personal in its input from a request to the queue alone, where it is sealed",
               scope);
  return TRUE;
}

JsonNode *
rh_job_request_check (RhRegistry *registry, JsonObject *request, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  RhAgent *agent;

  g_return_val_if_fail (RH_IS_REGISTRY (registry) && request != NULL, NULL);

  /* What an event tells of may be sealed. */
  if (json_object_has_member (request, "input"))
    json_object_set_member (request, "input", rh_vault_disarm (json_object_dup_member (request, "input")));
  agent = check (registry, request, error);
  if (agent == NULL || refuse_personal (agent, request, error))
    return NULL;
  append_members (text, request, NULL, rh_agent_retry (agent));
  return royal_json_parse (text->str, (gssize)text->len, "request", error);
}
