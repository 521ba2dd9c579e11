/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-routes.h"

#include "rh-halt.h"
#include "royal-json.h"

/* What holds agents back: the emergency stop, pauses, limits. */

static const RhStatement control_resume = { "control.resume", "select control_resume ($1)", 1, TRUE };
static const RhStatement control_unpause = { "control.unpause", "select control_unpause ($1, $2, $3)", 3, TRUE };
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
halt (RhRequest *request, const char *kind)
{
  JsonObject *body = rh_request_body (request);
  RhHalt halt = { .workspace = rh_request_workspace (request),
                  .kind = kind,
                  .name = kind != NULL ? royal_json_string (body, "name", "") : NULL,
                  .reason = royal_json_string (body, "reason", ""),
                  .actor = rh_request_caller (request)->name };

  rh_halt_async (rh_request_context (request)->store, &halt, on_halted, rh_request_ref (request));
}

void
rh_api_stop (RhRequest *request)
{
  halt (request, NULL);
}

void
rh_api_pause (RhRequest *request)
{
  halt (request, royal_json_string (rh_request_body (request), "kind", ""));
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
