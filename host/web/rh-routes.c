/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "rh-console.h"
#include "rh-docs.h"
#include "rh-web-resources.h"
#include "royal-json.h"

#include <string.h>

#define API "/api/v1"
#define DOCUMENT "/royal/web/openapi.json"

#define RUNS (RH_ROLE_OPERATOR | RH_ROLE_DEVELOPER | RH_ROLE_ADMIN)
#define OPERATES (RH_ROLE_OPERATOR | RH_ROLE_ADMIN)
/* Who may answer which is the database's to say: a rule may ask for any role, and a queue may be another's for a time.
 */
#define ANSWERS RH_ROLE_ANY
#define DELEGATES (RH_ROLE_APPROVER | RH_ROLE_OPERATOR | RH_ROLE_DEVELOPER | RH_ROLE_ADMIN)
/* Each question says which of them it is for. */
#define DECIDES (RH_ROLE_APPROVER | RH_ROLE_OPERATOR | RH_ROLE_DEVELOPER | RH_ROLE_ADMIN)
#define UNDOES (RH_ROLE_APPROVER | RH_ROLE_OPERATOR | RH_ROLE_ADMIN)

#define SEASON "season category name start weeks archetype currency list_price unit_cost gaps dry_run"

static const RhRoute routes[] = {
  { "GET", "/", 0, RH_BODY_NONE, "", rh_console_page, .open = TRUE },
  { "GET", "/assets/{name}", 0, RH_BODY_NONE, "", rh_console_asset, .open = TRUE },
  { "GET", "/healthz", 0, RH_BODY_NONE, "", rh_api_health },
  { "GET", "/readyz", 0, RH_BODY_NONE, "", rh_api_ready },
  { "GET", "/metrics", 0, RH_BODY_NONE, "", rh_api_metrics },
  { "GET", "/docs", 0, RH_BODY_NONE, "", rh_docs_page },
  { "GET", API "/openapi.json", 0, RH_BODY_NONE, "", rh_api_openapi },
  { "GET", API "/status", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_status },
  { "GET", API "/alerts", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_alerts },
  { "GET", API "/sandbox", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_sandbox },
  { "POST", API "/control/reload", OPERATES, RH_BODY_NONE, "", rh_api_reload },
  { "POST", API "/control/stop", UNDOES, RH_BODY_JSON, "", rh_api_stop },
  { "POST", API "/control/resume", OPERATES, RH_BODY_NONE, "", rh_api_resume },
  { "POST", API "/control/pause", UNDOES, RH_BODY_JSON, "", rh_api_pause },
  { "POST", API "/control/unpause", OPERATES, RH_BODY_JSON, "", rh_api_unpause },
  { "GET", API "/policy", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_policy },
  { "POST", API "/policy/test", RH_ROLE_ANY, RH_BODY_JSON, "", rh_api_policy_test },
  { "GET", API "/policy/explain/{id}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_policy_explain },
  { "POST", API "/policy/backtest", RUNS, RH_BODY_JSON, "", rh_api_policy_backtest },
  { "GET", API "/policy/suggest", RUNS, RH_BODY_NONE, "since until", rh_api_policy_suggest },
  { "POST", API "/control/changes", OPERATES, RH_BODY_JSON, "", rh_api_change },
  { "GET", API "/policy/history", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_policies },
  { "GET", API "/policy/envelopes", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_envelopes },
  { "DELETE", API "/policy/envelopes/{id}", UNDOES, RH_BODY_NONE, "", rh_api_envelope_revoke },
  { "GET", API "/policy/limits", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_limits },
  { "GET", API "/agents", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_agents },
  { "GET", API "/agents/{id}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_agent },
  { "POST", API "/agents/{id}/pause", UNDOES, RH_BODY_JSON, "", rh_api_agent_pause },
  { "POST", API "/agents/{id}/resume", OPERATES, RH_BODY_NONE, "", rh_api_agent_resume },
  { "POST", API "/agents/{id}/restart", OPERATES, RH_BODY_JSON, "", rh_api_agent_restart },
  { "POST", API "/agents/{id}/tasks/{task}", RUNS, RH_BODY_JSON, "wait_s", rh_api_agent_call },
  { "GET", API "/clusters/{name}/status", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_cluster_status },
  { "GET", API "/clusters/{name}/metrics", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_cluster_metrics },
  { "GET", API "/jobs", RH_ROLE_ANY, RH_BODY_NONE, "state cursor limit", rh_api_jobs },
  { "POST", API "/jobs", RUNS, RH_BODY_JSON, "", rh_api_job_create },
  { "GET", API "/orchestrator/tasks", RH_ROLE_ANY, RH_BODY_NONE, "state cursor limit", rh_api_jobs },
  { "POST", API "/orchestrator/tasks", RUNS, RH_BODY_JSON, "", rh_api_job_create },
  { "POST", API "/jobs/bulk", RUNS, RH_BODY_JSON, "", rh_api_jobs_bulk },
  { "GET", API "/dead-letters", RH_ROLE_ANY, RH_BODY_NONE, "agent cursor limit", rh_api_dead },
  { "POST", API "/dead-letters/retry", OPERATES, RH_BODY_JSON, "", rh_api_dead_retry },
  { "POST", API "/dead-letters/discard", OPERATES, RH_BODY_JSON, "", rh_api_dead_discard },
  { "POST", API "/dead-letters/{id}/edit", OPERATES, RH_BODY_JSON, "", rh_api_dead_edit },
  { "GET", API "/jobs/{id}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_job },
  { "POST", API "/jobs/{id}/cancel", RUNS, RH_BODY_NONE, "", rh_api_job_cancel },
  { "POST", API "/jobs/{id}/retry", OPERATES, RH_BODY_NONE, "", rh_api_job_retry },
  { "GET", API "/triggers", RH_ROLE_ANY, RH_BODY_NONE, "kind cursor limit", rh_api_triggers },
  { "GET", API "/triggers/{name}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_trigger },
  { "POST", API "/triggers/{name}/pause", OPERATES, RH_BODY_NONE, "", rh_api_trigger_pause },
  { "POST", API "/triggers/{name}/resume", OPERATES, RH_BODY_NONE, "", rh_api_trigger_resume },
  { "POST", "/hooks/{workspace}/{name}", 0, RH_BODY_ANY, "", rh_api_hook, .open = TRUE },
  { "POST", "/webhooks/github", 0, RH_BODY_ANY, "", rh_api_webhook_github, .open = TRUE },
  { "POST", "/webhooks/shopify", 0, RH_BODY_ANY, "", rh_api_webhook_shopify, .open = TRUE },
  { "GET", API "/secrets", OPERATES, RH_BODY_NONE, "", rh_api_secrets },
  { "POST", API "/secrets/rotate-key", RH_ROLE_ADMIN, RH_BODY_NONE, "", rh_api_secrets_rotate },
  { "PUT", API "/secrets/{name}", RH_ROLE_ADMIN, RH_BODY_BYTES, "", rh_api_secret_set },
  { "DELETE", API "/secrets/{name}", RH_ROLE_ADMIN, RH_BODY_NONE, "", rh_api_secret_delete },
  { "POST", API "/privacy/export", RH_ROLE_ADMIN, RH_BODY_JSON, "", rh_api_privacy_export },
  { "POST", API "/privacy/erase", RH_ROLE_ADMIN, RH_BODY_JSON, "", rh_api_privacy_erase },
  { "GET", API "/approvals", RH_ROLE_ANY, RH_BODY_NONE, "state cursor limit", rh_api_approvals },
  { "GET", API "/approvals/{id}", RH_ROLE_ANY, RH_BODY_NONE, "sealed", rh_api_approval },
  { "GET", API "/approvals/{id}/items", RH_ROLE_ANY, RH_BODY_NONE, "cursor limit sealed", rh_api_approval_items },
  { "GET", API "/approvals/{id}/revisions", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_approval_revisions },
  { "POST", API "/approvals/{id}/approve", ANSWERS, RH_BODY_JSON, "", rh_api_approve },
  { "POST", API "/approvals/{id}/link", RH_ROLE_ANY, RH_BODY_JSON, "", rh_api_approval_link },
  { "POST", API "/approvals/{id}/reject", ANSWERS, RH_BODY_JSON, "", rh_api_reject },
  { "POST", API "/approvals/{id}/modify", ANSWERS, RH_BODY_JSON, "", rh_api_modify },
  { "POST", API "/approvals/{id}/keep", ANSWERS, RH_BODY_JSON, "", rh_api_keep },
  { "POST", API "/approvals/{id}/undo", UNDOES, RH_BODY_JSON, "", rh_api_undo },
  { "GET", API "/delegations", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_delegations },
  { "POST", API "/delegations", DELEGATES, RH_BODY_JSON, "", rh_api_delegation_create },
  { "DELETE", API "/delegations/{id}", DELEGATES, RH_BODY_NONE, "", rh_api_delegation_revoke },
  { "GET", API "/effects", RH_ROLE_ANY, RH_BODY_NONE, "state cursor limit", rh_api_effects },
  { "POST", API "/effects/{id}/settle", OPERATES, RH_BODY_JSON, "", rh_api_effect_settle },
  { "GET", API "/connectors", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_connectors },
  { "GET", API "/actions/{id}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_action },
  { "GET", API "/workflows", RH_ROLE_ANY, RH_BODY_NONE, "state cursor limit", rh_api_workflows },
  { "GET", API "/workflows/definitions", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_workflow_definitions },
  { "POST", API "/workflows/check", RH_ROLE_ANY, RH_BODY_JSON, "", rh_api_workflow_check },
  { "GET", API "/workflows/{id}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_workflow },
  { "GET", API "/workflows/{id}/status", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_workflow },
  { "GET", API "/workflows/{id}/stream", RH_ROLE_ANY, RH_BODY_NONE, "after", rh_api_workflow_stream, .feed = TRUE,
    .look = rh_api_workflow_stream_look },
  { "POST", API "/workflows/{id}", RUNS, RH_BODY_JSON, "", rh_api_workflow_start },
  { "POST", API "/workflows/{id}/cancel", RUNS, RH_BODY_JSON, "", rh_api_workflow_cancel },
  { "POST", API "/workflows/{id}/retry", RUNS, RH_BODY_NONE, "", rh_api_workflow_retry },
  { "POST", API "/workflows/{id}/decide", DECIDES, RH_BODY_JSON, "", rh_api_workflow_decide },
  { "POST", API "/simulations", RUNS, RH_BODY_JSON, "", rh_api_simulate },
  { "GET", API "/simulations/{id}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_simulation },
  { "GET", API "/events", RH_ROLE_ANY, RH_BODY_NONE, "after limit topics", rh_api_events, .feed = TRUE },
  { "GET", API "/audit", RH_ROLE_ANY, RH_BODY_NONE, "after limit", rh_api_audit },
  { "GET", API "/audit/verify", RH_ROLE_ANY, RH_BODY_NONE, "anchor", rh_api_audit_verify },
  { "GET", API "/audit/export", RH_ROLE_ANY, RH_BODY_NONE, "after segment", rh_api_audit_export },
  { "GET", API "/audit/key", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_audit_key },
  { "GET", API "/audit/segments", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_segments },
  { "POST", API "/audit/segments", RH_ROLE_ADMIN, RH_BODY_JSON, "", rh_api_segment_seal },
  { "POST", API "/audit/segments/{id}/drop", RH_ROLE_ADMIN, RH_BODY_JSON, "", rh_api_segment_drop },
  { "POST", API "/auth/login", 0, RH_BODY_JSON, "", rh_api_login, .open = TRUE },
  { "POST", API "/auth/logout", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_logout, .early = TRUE },
  { "GET", API "/auth/me", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_me, .early = TRUE },
  { "POST", API "/auth/password", RH_ROLE_ANY, RH_BODY_JSON, "", rh_api_password, .early = TRUE },
  { "POST", API "/auth/totp/enroll", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_totp_enroll },
  { "POST", API "/auth/totp/confirm", RH_ROLE_ANY, RH_BODY_JSON, "", rh_api_totp_confirm },
  { "POST", API "/auth/totp/disable", RH_ROLE_ANY, RH_BODY_JSON, "", rh_api_totp_disable },
  { "GET", API "/auth/sessions", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_sessions },
  { "DELETE", API "/auth/sessions/{id}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_session_revoke },
  { "GET", API "/auth/roles", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_roles },
  { "GET", API "/auth/users", RH_ROLE_ADMIN, RH_BODY_NONE, "", rh_api_users },
  { "POST", API "/auth/users", RH_ROLE_ADMIN, RH_BODY_JSON, "", rh_api_user_create },
  { "GET", API "/auth/users/{id}", RH_ROLE_ADMIN, RH_BODY_NONE, "", rh_api_user },
  { "PATCH", API "/auth/users/{id}", RH_ROLE_ADMIN, RH_BODY_JSON, "", rh_api_user_change },
  { "DELETE", API "/auth/users/{id}", RH_ROLE_ADMIN, RH_BODY_NONE, "", rh_api_user_remove },
  { "DELETE", API "/auth/users/{id}/sessions", RH_ROLE_ADMIN, RH_BODY_NONE, "", rh_api_user_revoke },
  { "GET", API "/tokens", RH_ROLE_ADMIN, RH_BODY_NONE, "", rh_api_tokens },
  { "POST", API "/tokens", RH_ROLE_ADMIN, RH_BODY_JSON, "", rh_api_token_create },
  { "DELETE", API "/tokens/{id}", RH_ROLE_ADMIN, RH_BODY_NONE, "", rh_api_token_revoke },
  { "POST", API "/data/upload-historical-sales", OPERATES, RH_BODY_UPLOAD, "gaps dry_run", rh_api_upload_history },
  { "POST", API "/data/upload-weekly-sales", OPERATES, RH_BODY_UPLOAD, "season forecast_id dry_run",
    rh_api_upload_week },
  { "POST", API "/data/{kind}", OPERATES, RH_BODY_CSV, SEASON, rh_api_import },
  { "GET", API "/retail/seasons", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_seasons },
  { "POST", API "/retail/seasons", OPERATES, RH_BODY_JSON, "", rh_api_season_put },
  { "GET", API "/retail/seasons/{id}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_season },
  { "GET", API "/retail/seasons/{id}/weeks", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_season_weeks },
  { "GET", API "/retail/seasons/{id}/forecast", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_season_forecast },
  { "GET", API "/retail/seasons/{id}/inventory", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_season_inventory },
  { "GET", API "/retail/seasons/{id}/watch", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_season_watch },
  { "GET", API "/retail/variance/{id}/week/{week}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_variance },
  { "GET", API "/retail/categories", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_categories },
  { "GET", API "/retail/stores", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_stores },
  { "GET", API "/catalog/opportunities", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_opportunities },
  { "GET", API "/catalog/suppliers", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_suppliers },
  { "GET", API "/products", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_products },
  { "GET", API "/goals/progress", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_goals_progress },
  { "GET", API "/goals", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_goals },
  { "PUT", API "/goals", OPERATES, RH_BODY_JSON, "", rh_api_goals_set },
  { "GET", API "/shopify/shops", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_shops },
  { "GET", API "/notifications", OPERATES, RH_BODY_NONE, "", rh_api_notifications },
  { "POST", API "/notifications/{name}/test", OPERATES, RH_BODY_NONE, "", rh_api_notification_test },
  { "POST", API "/shopify/shops/{id}/pull", OPERATES, RH_BODY_JSON, "", rh_api_shop_pull },
  { "POST", API "/shopify/shops/{id}/install", RH_ROLE_ADMIN, RH_BODY_NONE, "", rh_api_shop_install },
  { "GET", "/oauth/shopify/begin", 0, RH_BODY_NONE, "state", rh_api_install_begin, .open = TRUE },
  { "GET", "/oauth/shopify/callback", 0, RH_BODY_NONE, RH_QUERY_ANY, rh_api_install_end, .open = TRUE },
  { "GET", API "/themes", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_themes },
  { "GET", API "/themes/{id}/checks", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_theme_checks },
  { "GET", API "/sync/runs", RH_ROLE_ANY, RH_BODY_NONE, "cursor limit", rh_api_sync_runs },
  { "GET", API "/sync/revisions", RH_ROLE_ANY, RH_BODY_NONE, "cursor limit", rh_api_sync_revisions },
  { "GET", API "/sync/conflicts", RH_ROLE_ANY, RH_BODY_NONE, "state cursor limit", rh_api_sync_conflicts },
  { "GET", API "/sync/conflicts/{id}", RH_ROLE_ANY, RH_BODY_NONE, "", rh_api_sync_conflict },
  { "POST", API "/sync/conflicts/{id}/answer", UNDOES, RH_BODY_JSON, "", rh_api_sync_answer },
  { NULL },
};

const RhRoute *
rh_routes (void)
{
  return routes;
}

/* Where the segment that begins at @text ends. */
static const char *
segment_end (const char *text)
{
  return text + strcspn (text, "/");
}

/* Whether @path has the segments of @template: as many, and the same where no parameter stands. */
static gboolean
has_form (const char *template, const char *path)
{
  while (*template != '\0')
    if (*template == '{')
      {
        template = segment_end (template);
        path = segment_end (path);
      }
    else if (*template ++ != *path++)
      return FALSE;
  return *path == '\0';
}

/* (transfer full) (nullable): what stands in @path, which has the form of @template, for its parameters; NULL when one
 * of them cannot be that. */
static GStrv
parameters_of (const char *template, const char *path)
{
  g_autoptr (GStrvBuilder) parameters = g_strv_builder_new ();

  for (;;)
    {
      const char *wanted_end = segment_end (template), *found_end = segment_end (path);

      if (*template == '{')
        {
          g_autofree char *value = g_uri_unescape_segment (path, found_end, NULL);

          if (value == NULL || *value == '\0' || !g_utf8_validate (value, -1, NULL))
            return NULL;
          g_strv_builder_add (parameters, value);
        }
      if (*found_end == '\0')
        return g_strv_builder_end (parameters);
      template = wanted_end + 1;
      path = found_end + 1;
    }
}

const RhRoute *
rh_routes_match (const char *method, const char *path, GStrv *ret_parameters, char **ret_allow)
{
  g_autoptr (GString) allow = g_string_new (NULL);
  const char *wanted = g_strcmp0 (method, "HEAD") == 0 ? "GET" : method;

  g_return_val_if_fail (method != NULL && path != NULL && ret_parameters != NULL && ret_allow != NULL, NULL);

  *ret_allow = NULL;
  for (const RhRoute *route = routes; route->method != NULL; route++)
    {
      g_auto (GStrv) parameters = NULL;

      if (!has_form (route->path, path) || (parameters = parameters_of (route->path, path)) == NULL)
        continue;
      if (strcmp (route->method, wanted) == 0)
        {
          *ret_parameters = g_steal_pointer (&parameters);
          return route;
        }
      g_string_append_printf (allow, "%s%s", allow->len > 0 ? ", " : "", route->method);
      if (strcmp (route->method, "GET") == 0)
        g_string_append (allow, ", HEAD");
    }
  if (allow->len > 0)
    *ret_allow = g_string_free (g_steal_pointer (&allow), FALSE);
  return NULL;
}

GBytes *
rh_routes_document (void)
{
  static GBytes *document;

  if (document == NULL)
    document = g_resource_lookup_data (rh_web_get_resource (), DOCUMENT, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_assert (document != NULL);
  return document;
}

static JsonNode *
find_schema (JsonObject *document, const RhRoute *route)
{
  g_autofree char *method = g_ascii_strdown (route->method, -1);
  JsonObject *at = royal_json_object (document, "paths");
  const char *steps[] = { route->path, method, "requestBody", "content", "application/json" };

  for (guint i = 0; i < G_N_ELEMENTS (steps) && at != NULL; i++)
    at = royal_json_object (at, steps[i]);
  return at != NULL ? json_object_get_member (at, "schema") : NULL;
}

static GHashTable *
load_schemas (void)
{
  GHashTable *schemas = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)royal_schema_free);
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *text = g_bytes_get_data (rh_routes_document (), &length);
  g_autoptr (JsonNode) document = royal_json_parse (text, (gssize)length, "openapi.json", &error);

  if (document == NULL)
    g_error ("%s", error->message);
  for (const RhRoute *route = routes; route->method != NULL; route++)
    {
      JsonNode *node = route->body == RH_BODY_JSON ? find_schema (json_node_get_object (document), route) : NULL;
      RoyalSchema *schema = node != NULL ? royal_schema_new (node, route->path, &error) : NULL;

      if (route->body == RH_BODY_JSON && schema == NULL)
        g_error ("openapi.json: %s %s: %s", route->method, route->path, error != NULL ? error->message : "no schema");
      if (schema != NULL)
        g_hash_table_insert (schemas, (gpointer)route, schema);
    }
  return schemas;
}

RoyalSchema *
rh_routes_schema (const RhRoute *route)
{
  static GHashTable *schemas;

  if (schemas == NULL)
    schemas = load_schemas ();
  return g_hash_table_lookup (schemas, route);
}
