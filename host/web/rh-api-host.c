/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "rh-console.h"
#include "rh-metrics.h"
#include "royal-json.h"

/* The host itself: health, metrics, status, reload. */

static const RhStatement status_read = {
  "web.status",
  "select jsonb_build_object ('name', w.name, 'id', w.uid, 'currency', w.currency,"
  "  'stopped', case when w.stopped_at is null then null else jsonb_build_object ('at', iso_time (w.stopped_at),"
  "    'by', w.stopped_by, 'reason', w.stop_reason) end, 'pauses', pause_list (), 'breakers', breaker_list (),"
  "  'unconfirmed', halt_unconfirmed ()) as workspace,"
  " (select coalesce (jsonb_object_agg (c.state, c.n), '{}') from job_counts () c) as jobs,"
  " (select count (*) from proposals p where p.workspace_id = royal_workspace () and p.state = 'pending') as pending,"
  " (select count (*) from outbox o where o.workspace_id = royal_workspace ()) as outbox"
  " from workspaces w where w.workspace_id = royal_workspace ()",
  0, FALSE
};

void
rh_api_health (RhRequest *request)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "status", "ok");
  rh_request_reply (request, SOUP_STATUS_OK, royal_json_take_object (object));
}

void
rh_api_ready (RhRequest *request)
{
  const RhServerContext *context = rh_request_context (request);
  JsonObject *checks = context->readiness (context->data);
  JsonObject *object = json_object_new ();
  gboolean ready = TRUE;
  g_autoptr (GList) names = json_object_get_members (checks);
  g_autoptr (JsonNode) node = NULL;

  for (GList *at = names; at != NULL; at = at->next)
    ready = ready && royal_json_boolean (royal_json_object (checks, at->data), "ok", FALSE);
  json_object_set_boolean_member (object, "ready", ready);
  json_object_set_object_member (object, "checks", checks);
  node = royal_json_take_object (object);
  rh_request_reply_text (request, ready ? SOUP_STATUS_OK : SOUP_STATUS_SERVICE_UNAVAILABLE, "application/json",
                         royal_json_to_string (node));
}

void
rh_api_metrics (RhRequest *request)
{
  rh_request_reply_text (request, SOUP_STATUS_OK, "text/plain; version=0.0.4; charset=utf-8", rh_metrics_text ());
}

void
rh_api_openapi (RhRequest *request)
{
  rh_console_reply (request, rh_routes_document (), "application/json", NULL, "private, no-cache");
}

static JsonArray *
role_names (guint roles)
{
  JsonArray *names = json_array_new ();

  for (guint role = 1; role != 0 && role <= roles; role <<= 1)
    if ((roles & role) != 0 && rh_role_name (role) != NULL)
      json_array_add_string_element (names, rh_role_name (role));
  return names;
}

static void
on_status (RhRequest *request, RhRows *rows)
{
  const RhServerContext *context = rh_request_context (request);
  const RhCaller *caller = rh_request_caller (request);
  g_autoptr (GPtrArray) agents = rh_registry_list (context->registry);
  JsonObject *object = json_object_new ();
  JsonObject *who = json_object_new ();

  if (rh_rows_n (rows) == 0)
    {
      json_object_unref (object);
      json_object_unref (who);
      rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "the workspace is gone");
      return;
    }
  json_object_set_string_member (who, "name", caller->name);
  json_object_set_string_member (who, "via", caller->via);
  json_object_set_array_member (who, "roles", role_names (caller->roles));
  json_object_set_string_member (object, "version", ROYAL_VERSION);
  json_object_set_member (object, "workspace", rh_rows_json (rows, 0, "workspace"));
  json_object_set_object_member (object, "caller", who);
  json_object_set_int_member (object, "agents", agents->len);
  json_object_set_int_member (object, "generation", rh_registry_generation (context->registry));
  json_object_set_member (object, "jobs", rh_rows_json (rows, 0, "jobs"));
  json_object_set_int_member (object, "pending_approvals", rh_rows_int64 (rows, 0, "pending"));
  json_object_set_int_member (object, "outbox", rh_rows_int64 (rows, 0, "outbox"));
  json_object_set_object_member (object, "checks", context->readiness (context->data));
  rh_request_reply (request, SOUP_STATUS_OK, royal_json_take_object (object));
}

void
rh_api_status (RhRequest *request)
{
  rh_request_call (request, &status_read, NULL, on_status);
}

void
rh_api_alerts (RhRequest *request)
{
  const RhServerContext *context = rh_request_context (request);
  JsonObject *object = json_object_new ();
  JsonNode *items = context->alerts != NULL ? context->alerts (context->data) : NULL;

  if (items == NULL)
    {
      items = json_node_new (JSON_NODE_ARRAY);
      json_node_take_array (items, json_array_new ());
    }
  json_object_set_member (object, "items", items);
  rh_request_reply (request, SOUP_STATUS_OK, royal_json_take_object (object));
}

void
rh_api_sandbox (RhRequest *request)
{
  rh_request_reply (request, SOUP_STATUS_OK, rh_workers_sandbox (rh_request_context (request)->workers));
}

void
rh_api_reload (RhRequest *request)
{
  const RhServerContext *context = rh_request_context (request);
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  if (!context->reload (context->data, &error))
    {
      rh_request_fail (request, error);
      return;
    }
  object = json_object_new ();
  json_object_set_int_member (object, "generation", rh_registry_generation (context->registry));
  rh_request_reply (request, SOUP_STATUS_OK, royal_json_take_object (object));
}
