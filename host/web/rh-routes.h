/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-auth.h"

#include "royal-schema.h"

G_BEGIN_DECLS

typedef enum {
  RH_BODY_NONE,
  RH_BODY_JSON, /* its schema stands in docs/openapi.json */
  RH_BODY_CSV,
  RH_BODY_UPLOAD, /* multipart/form-data with one CSV file */
  RH_BODY_BYTES, /* application/octet-stream, as it is */
  RH_BODY_ANY,   /* of any type, as it is */
} RhBody;

#define RH_QUERY_ANY "*"

/**
 * RhRoute:
 * @path: a template, whose segments may be parameters, such as `{id}`
 * @roles: any of them will do; 0 = anyone on this machine, and any role from elsewhere
 * @query: the names that the query may hold, separated by spaces; %RH_QUERY_ANY: it is signed, and the handler's to judge
 *
 * One row of the table. Dispatch, 404, 405, the check of roles, of the query and of the body follow from it.
 */
struct _RhRoute {
  const char *method;
  const char *path;
  guint roles;
  RhBody body;
  const char *query;
  void (*handle) (RhRequest *request);
  gboolean feed; /* may be upgraded to a WebSocket */
  void (*look) (RhRequest *request); /* (nullable): of a feed: refuses, or resumes before it is upgraded */
  gboolean open; /* who asks is told by the handler, not by a token */
  gboolean early; /* also for a user who has yet to change a first password */
};

/* The table, ended by an entry without a method. */
const RhRoute *rh_routes (void);

/**
 * rh_routes_match:
 * @path: as it came, still percent-encoded
 * @ret_parameters: (transfer full): what stood for the path's parameter
 * @ret_allow: (transfer full) (nullable): when only the method does not fit: the methods that do
 *
 * Returns: (nullable): the route.
 */
const RhRoute *rh_routes_match (const char *method, const char *path, GStrv *ret_parameters, char **ret_allow);

/* The document that is served as /api/v1/openapi.json. (transfer none) */
GBytes *rh_routes_document (void);

/* (transfer none) (nullable): the schema of a route's JSON body, out of the document. */
RoyalSchema *rh_routes_schema (const RhRoute *route);

/* The handlers: what each asks of the layers below. */
void rh_api_health (RhRequest *request);
void rh_api_ready (RhRequest *request);
void rh_api_metrics (RhRequest *request);
void rh_api_openapi (RhRequest *request);
void rh_api_status (RhRequest *request);
void rh_api_alerts (RhRequest *request);
void rh_api_sandbox (RhRequest *request);
void rh_api_reload (RhRequest *request);
void rh_api_stop (RhRequest *request);
void rh_api_resume (RhRequest *request);
void rh_api_pause (RhRequest *request);
void rh_api_unpause (RhRequest *request);
void rh_api_limits (RhRequest *request);
void rh_api_change (RhRequest *request);
void rh_api_policies (RhRequest *request);
void rh_api_envelopes (RhRequest *request);
void rh_api_envelope_revoke (RhRequest *request);
void rh_api_agents (RhRequest *request);
void rh_api_agent (RhRequest *request);
void rh_api_agent_pause (RhRequest *request);
void rh_api_agent_resume (RhRequest *request);
void rh_api_agent_restart (RhRequest *request);
void rh_api_agent_call (RhRequest *request);
void rh_api_cluster_status (RhRequest *request);
void rh_api_cluster_metrics (RhRequest *request);
void rh_api_jobs (RhRequest *request);
void rh_api_job (RhRequest *request);
void rh_api_job_create (RhRequest *request);
void rh_api_job_cancel (RhRequest *request);
void rh_api_job_retry (RhRequest *request);
void rh_api_jobs_bulk (RhRequest *request);
void rh_api_dead (RhRequest *request);
void rh_api_dead_retry (RhRequest *request);
void rh_api_dead_discard (RhRequest *request);
void rh_api_dead_edit (RhRequest *request);
void rh_api_triggers (RhRequest *request);
void rh_api_trigger (RhRequest *request);
void rh_api_trigger_pause (RhRequest *request);
void rh_api_trigger_resume (RhRequest *request);
void rh_api_hook (RhRequest *request);
void rh_api_webhook_github (RhRequest *request);
void rh_api_notifications (RhRequest *request);
void rh_api_notification_test (RhRequest *request);
void rh_api_webhook_shopify (RhRequest *request);
void rh_api_opportunities (RhRequest *request);
void rh_api_products (RhRequest *request);
void rh_api_suppliers (RhRequest *request);
void rh_api_goals_progress (RhRequest *request);
void rh_api_goals (RhRequest *request);
void rh_api_goals_set (RhRequest *request);
void rh_api_shops (RhRequest *request);
void rh_api_shop_pull (RhRequest *request);
void rh_api_shop_install (RhRequest *request);
void rh_api_install_begin (RhRequest *request);
void rh_api_install_end (RhRequest *request);
void rh_api_themes (RhRequest *request);
void rh_api_theme_checks (RhRequest *request);
void rh_api_sync_runs (RhRequest *request);
void rh_api_sync_revisions (RhRequest *request);
void rh_api_sync_conflicts (RhRequest *request);
void rh_api_sync_conflict (RhRequest *request);
void rh_api_sync_answer (RhRequest *request);
void rh_api_secrets (RhRequest *request);
void rh_api_secret_set (RhRequest *request);
void rh_api_secret_delete (RhRequest *request);
void rh_api_secrets_rotate (RhRequest *request);
void rh_api_privacy_export (RhRequest *request);
void rh_api_privacy_erase (RhRequest *request);
void rh_api_approvals (RhRequest *request);
void rh_api_approval (RhRequest *request);
void rh_api_approval_items (RhRequest *request);
void rh_api_approval_revisions (RhRequest *request);
void rh_api_approve (RhRequest *request);
void rh_api_approval_link (RhRequest *request);
/* Whether the body names a link: then it is answered by it. */
gboolean rh_api_answer_linked (RhRequest *request, gboolean approves);
void rh_api_reject (RhRequest *request);
void rh_api_modify (RhRequest *request);
void rh_api_keep (RhRequest *request);
void rh_api_undo (RhRequest *request);
void rh_api_delegations (RhRequest *request);
void rh_api_delegation_create (RhRequest *request);
void rh_api_delegation_revoke (RhRequest *request);
void rh_api_effects (RhRequest *request);
void rh_api_effect_settle (RhRequest *request);
void rh_api_connectors (RhRequest *request);
void rh_api_action (RhRequest *request);
void rh_api_workflows (RhRequest *request);
void rh_api_workflow_definitions (RhRequest *request);
void rh_api_workflow_check (RhRequest *request);
void rh_api_workflow (RhRequest *request);
void rh_api_workflow_stream (RhRequest *request);
void rh_api_workflow_stream_look (RhRequest *request);
void rh_api_workflow_start (RhRequest *request);
void rh_api_workflow_cancel (RhRequest *request);
void rh_api_workflow_retry (RhRequest *request);
void rh_api_workflow_decide (RhRequest *request);
void rh_api_simulate (RhRequest *request);
void rh_api_simulation (RhRequest *request);
void rh_api_events (RhRequest *request);
void rh_api_audit (RhRequest *request);
void rh_api_audit_verify (RhRequest *request);
void rh_api_audit_export (RhRequest *request);
void rh_api_policy (RhRequest *request);
void rh_api_policy_test (RhRequest *request);
void rh_api_policy_explain (RhRequest *request);
void rh_api_policy_backtest (RhRequest *request);
void rh_api_policy_suggest (RhRequest *request);
void rh_api_audit_key (RhRequest *request);
void rh_api_segments (RhRequest *request);
void rh_api_segment_seal (RhRequest *request);
void rh_api_segment_drop (RhRequest *request);
void rh_api_login (RhRequest *request);
void rh_api_logout (RhRequest *request);
void rh_api_me (RhRequest *request);
void rh_api_password (RhRequest *request);
void rh_api_totp_enroll (RhRequest *request);
void rh_api_totp_confirm (RhRequest *request);
void rh_api_totp_disable (RhRequest *request);
void rh_api_sessions (RhRequest *request);
void rh_api_session_revoke (RhRequest *request);
void rh_api_roles (RhRequest *request);
void rh_api_users (RhRequest *request);
void rh_api_user (RhRequest *request);
void rh_api_user_create (RhRequest *request);
void rh_api_user_change (RhRequest *request);
void rh_api_user_remove (RhRequest *request);
void rh_api_user_revoke (RhRequest *request);
void rh_api_tokens (RhRequest *request);
void rh_api_token_create (RhRequest *request);
void rh_api_token_revoke (RhRequest *request);
void rh_api_import (RhRequest *request);
void rh_api_upload_history (RhRequest *request);
void rh_api_upload_week (RhRequest *request);
void rh_api_categories (RhRequest *request);
void rh_api_stores (RhRequest *request);
void rh_api_seasons (RhRequest *request);
void rh_api_season_put (RhRequest *request);
void rh_api_season_weeks (RhRequest *request);
void rh_api_season_forecast (RhRequest *request);
void rh_api_season_inventory (RhRequest *request);
void rh_api_season_watch (RhRequest *request);
void rh_api_variance (RhRequest *request);
void rh_api_season (RhRequest *request);

G_END_DECLS
