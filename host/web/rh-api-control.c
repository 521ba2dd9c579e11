/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-routes.h"

#include "rh-halt.h"
#include "royal-json.h"

/* What holds agents back and lets them go on: the emergency stop, pauses, limits, and changes of what is allowed. */

static const RhStatement control_resume = { "control.resume", "select control_resume ($1)", 1, TRUE };
static const RhStatement control_unpause = { "control.unpause", "select control_unpause ($1, $2, $3)", 3, TRUE };
static const RhStatement policy_history = { "web.policies", "select policy from policy_history ()", 0, FALSE };
static const RhStatement envelope_list = { "web.envelopes", "select envelope from envelope_list ()", 0, FALSE };
static const RhStatement envelope_revoke = { "envelope.revoke", "select envelope_revoke ($1, $2)", 2, TRUE };
static const RhStatement limits_list = { "web.limits", "select \"limit\" from limits_list ()", 0, FALSE };

static void
on_halted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) halted = rh_halt_finish (result, &error);

  rh_gate_kick (rh_request_context (request)->gate);
  if (halted == NULL)
    rh_request_fail (request, error);
  else
    rh_api_status (request);
}

static void
halt (RhRequest *request, const char *kind, const char *name)
{
  JsonObject *body = rh_request_body (request);
  RhHalt halt = { .workspace = rh_request_workspace (request),
                  .kind = kind,
                  .name = name,
                  .reason = royal_json_string (body, "reason", ""),
                  .actor = rh_request_caller (request)->name };

  rh_halt_async (rh_request_context (request)->store, &halt, on_halted, rh_request_ref (request));
}

void
rh_api_stop (RhRequest *request)
{
  halt (request, NULL, NULL);
}

void
rh_api_pause (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);

  halt (request, royal_json_string (body, "kind", ""), royal_json_string (body, "name", ""));
}

void
rh_api_agent_pause (RhRequest *request)
{
  const char *id = rh_request_parameter (request);

  if (rh_registry_find (rh_request_context (request)->registry, id) == NULL)
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "no agent is named %s", id);
  else
    halt (request, "agent", id);
}

static void
on_let_go (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_api_status (request);
}

void
rh_api_resume (RhRequest *request)
{
  const char *params[] = { rh_request_caller (request)->name };

  rh_request_call (request, &control_resume, params, on_let_go);
}

void
rh_api_unpause (RhRequest *request)
{
  JsonObject *body = rh_request_body (request);
  const char *params[] = { royal_json_string (body, "kind", ""), royal_json_string (body, "name", ""),
                           rh_request_caller (request)->name };

  rh_request_call (request, &control_unpause, params, on_let_go);
}

void
rh_api_agent_resume (RhRequest *request)
{
  const char *params[] = { "agent", rh_request_parameter (request), rh_request_caller (request)->name };

  rh_request_call (request, &control_unpause, params, on_let_go);
}

static void
on_limits (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "limit", "limit", 0);
}

void
rh_api_limits (RhRequest *request)
{
  rh_request_call (request, &limits_list, NULL, on_limits);
}

/* --- Changes of what is allowed, which are proposals -------------------------------------------------------------- */

static void
on_proposed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *outcome = rh_gate_submit_finish (RH_GATE (source), result, &error);

  if (outcome == NULL)
    rh_request_fail (request, error);
  else
    rh_request_reply (request, SOUP_STATUS_CREATED, outcome);
}

void
rh_api_change (RhRequest *request)
{
  static const char *const members[] = { "action", "target", "parameters", "title", "reasoning", "deadline_s" };
  JsonObject *body = rh_request_body (request);
  const RhCaller *caller = rh_request_caller (request);
  g_autoptr (JsonObject) proposal = json_object_new ();
  g_autofree char *key = NULL;
  RhSubmission submission = { .workspace = rh_request_workspace (request),
                              .workspace_name = caller->workspace_name,
                              .agent = "host",
                              .by = caller->name,
                              .cluster = "platform",
                              .proposal = proposal,
                              .seen = json_object_get_member (body, "seen") };

  if (!rh_request_own_key (request, "change", &key))
    return;
  submission.key = key;
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (json_object_has_member (body, members[i]))
      json_object_set_member (proposal, members[i], json_object_dup_member (body, members[i]));
  rh_gate_submit_async (rh_request_context (request)->gate, &submission, NULL, on_proposed, rh_request_ref (request));
}

static void
on_policies (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "policy", "policy", 0);
}

void
rh_api_policies (RhRequest *request)
{
  rh_request_call (request, &policy_history, NULL, on_policies);
}

static void
on_envelopes (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "envelope", "envelope", 0);
}

void
rh_api_envelopes (RhRequest *request)
{
  rh_request_call (request, &envelope_list, NULL, on_envelopes);
}

static void
on_revoked (RhRequest *request, RhRows *rows)
{
  rh_gate_kick (rh_request_context (request)->gate);
  rh_api_envelopes (request);
}

void
rh_api_envelope_revoke (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request), rh_request_caller (request)->name };

  rh_request_call (request, &envelope_revoke, params, on_revoked);
}
