/* SPDX-License-Identifier: Apache-2.0 */
#include "access-table.h"

#define API "/api/v1"
#define ANY "vpoda"
#define ABC "abcabcabcabcabcabcabcabcabcabcabcabcabca"
#define DIGEST "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define UPLOAD                                                                                                         \
  "--edge\r\nContent-Disposition: form-data; name='season'\r\n\r\n%s\r\n"                                              \
  "--edge\r\nContent-Disposition: form-data; name='file'; filename='a.csv'\r\nContent-Type: text/csv\r\n\r\n"          \
  "store_id,week_number,units_sold\nS1,1,1\n\r\n--edge--\r\n"

/* 409 where the test's double of the gate refuses everything: what the gate itself says, test-answers.c shows. */
static const AccessRow rows[] = {
  { "GET /", "" },
  { "GET /assets/{name}", "" },
  { "GET /healthz", "*" },
  { "GET /readyz", "*" },
  { "GET /metrics", "*" },
  { "GET /docs", "*" },
  { "GET " API "/openapi.json", "*" },
  { "GET " API "/status", ANY, .shows = TRUE },
  { "GET " API "/alerts", ANY },
  { "GET " API "/sandbox", ANY },
  { "POST " API "/control/reload", "oa" },
  { "POST " API "/control/stop", "poa" },
  { "POST " API "/control/resume", "oa" },
  { "GET " API "/actions/{id}", ANY },
  { "GET " API "/agents", ANY },
  { "GET " API "/agents/{id}", ANY },
  { "POST " API "/agents/{id}/pause", "poa" },
  { "POST " API "/agents/{id}/resume", "oa" },
  { "POST " API "/agents/{id}/restart", "oa" },
  { "POST " API "/agents/{id}/tasks/{task}", "oda" },
  { "GET " API "/clusters/{name}/status", ANY },
  { "GET " API "/clusters/{name}/metrics", ANY },
  { "GET " API "/jobs", ANY, .shows = TRUE },
  { "POST " API "/jobs", "oda" },
  { "GET " API "/orchestrator/tasks", ANY, .shows = TRUE },
  { "POST " API "/orchestrator/tasks", "oda" },
  { "POST " API "/jobs/bulk", "oda" },
  { "GET " API "/dead-letters", ANY, .shows = TRUE },
  { "POST " API "/dead-letters/retry", "oa", "dead", 404, FALSE, "{'jobs':['%s']}" },
  { "POST " API "/dead-letters/discard", "oa", "dead", 404, FALSE, "{'jobs':['%s']}" },
  { "POST " API "/dead-letters/{id}/edit", "oa", "dead", 404, FALSE, "{'input':{}}" },
  { "GET " API "/jobs/{id}", ANY, "job", 404, TRUE },
  { "POST " API "/jobs/{id}/cancel", "oda", "job", 404, FALSE },
  { "POST " API "/jobs/{id}/retry", "oa", "dead", 404, FALSE },
  { "POST " API "/privacy/export", "a" },
  { "POST " API "/privacy/erase", "a" },
  { "GET " API "/approvals", ANY, .shows = TRUE },
  { "GET " API "/approvals/{id}", ANY, "proposal", 404, TRUE },
  { "GET " API "/approvals/{id}/items", ANY, "proposal", 404, FALSE },
  { "GET " API "/approvals/{id}/revisions", ANY, "proposal", 404, TRUE },
  { "POST " API "/approvals/{id}/approve", ANY, "proposal", 404, FALSE, "{'digest':'" DIGEST "'}" },
  { "POST " API "/approvals/{id}/link", ANY, "proposal", 409, FALSE, "{'link':'a.b.1.c'}" },
  { "POST " API "/approvals/{id}/reject", ANY, "proposal", 404, FALSE, "{'reason':'no'}" },
  { "POST " API "/approvals/{id}/modify", ANY, "proposal", 409, FALSE, "{'digest':'" DIGEST "','parameters':{}}" },
  { "POST " API "/approvals/{id}/keep", ANY, "proposal", 409, FALSE, "{}" },
  { "POST " API "/approvals/{id}/undo", "poa", "proposal", 409, FALSE, "{}" },
  { "GET " API "/delegations", ANY, .shows = TRUE },
  { "POST " API "/delegations", "poda" },
  { "DELETE " API "/delegations/{id}", "poda", "delegation", 404, FALSE },
  { "GET " API "/effects", ANY, .shows = TRUE },
  { "POST " API "/effects/{id}/settle", "oa", "effect", 409, FALSE, "{'answer':'absent'}" },
  { "GET " API "/connectors", ANY },
  { "GET " API "/workflows", ANY, .shows = TRUE },
  { "GET " API "/workflows/definitions", ANY },
  { "POST " API "/workflows/check", ANY },
  { "GET " API "/workflows/{id}", ANY, "run", 404, TRUE },
  { "GET " API "/workflows/{id}/status", ANY, "run", 404, TRUE },
  { "GET " API "/workflows/{id}/stream", ANY, "run", 404, FALSE },
  { "POST " API "/workflows/{id}", "oda", "definition", 404, FALSE, "{}" },
  { "POST " API "/workflows/{id}/cancel", "oda", "run", 404, FALSE, "{}" },
  { "POST " API "/workflows/{id}/retry", "oda", "run", 404, FALSE },
  { "POST " API "/workflows/{id}/decide", "poda", "run", 404, FALSE, "{'step':'a','choice':'b'}" },
  { "POST " API "/simulations", "oda", "definition", 404, FALSE, "{'workflow':'%s'}" },
  { "GET " API "/simulations/{id}", ANY, "simulation", 404, TRUE },
  { "GET " API "/events", ANY, .shows = TRUE },
  { "GET " API "/audit", ANY, .shows = TRUE },
  { "GET " API "/audit/verify", ANY },
  { "GET " API "/audit/export", ANY, .shows = TRUE },
  { "GET " API "/audit/key", ANY },
  { "GET " API "/audit/segments", ANY, .shows = TRUE },
  { "POST " API "/audit/segments", "a" },
  { "POST " API "/audit/segments/{id}/drop", "a", "segment", 404, FALSE, "{'sha256':'" DIGEST "'}" },
  { "GET " API "/tokens", "a", .shows = TRUE },
  { "POST " API "/tokens", "a" },
  { "DELETE " API "/tokens/{id}", "a", "token", 404, FALSE },
  { "POST " API "/data/{kind}", "oa" },
  { "GET " API "/retail/seasons", ANY, .shows = TRUE },
  { "POST " API "/retail/seasons", "oa" },
  { "GET " API "/retail/seasons/{id}", ANY, "season", 404, TRUE },
  { "GET " API "/triggers", ANY, .shows = TRUE },
  { "GET " API "/triggers/{name}", ANY, "trigger", 404, TRUE },
  { "POST " API "/triggers/{name}/pause", "oa", "trigger", 404, FALSE },
  { "POST " API "/triggers/{name}/resume", "oa", "trigger", 404, FALSE },
  { "POST " API "/control/pause", "poa" },
  { "POST " API "/control/unpause", "oa" },
  { "GET " API "/policy", ANY },
  { "POST " API "/policy/test", ANY },
  { "GET " API "/policy/explain/{id}", ANY, "proposal", 404, FALSE },
  { "POST " API "/policy/backtest", "oda" },
  { "GET " API "/policy/suggest", "oda" },
  { "GET " API "/policy/limits", ANY },
  { "GET " API "/secrets", "oa", .shows = TRUE },
  { "POST " API "/secrets/rotate-key", "a" },
  { "PUT " API "/secrets/{name}", "a" },
  { "DELETE " API "/secrets/{name}", "a", "secret", 404, FALSE },
  { "POST /hooks/{workspace}/{name}", "~" },
  { "POST /webhooks/github", "~" },
  { "POST /webhooks/shopify", "~" },
  { "GET " API "/catalog/opportunities", ANY, .shows = TRUE },
  { "GET " API "/catalog/suppliers", ANY, .shows = TRUE },
  { "GET " API "/products", ANY, .shows = TRUE },
  { "GET " API "/goals/progress", ANY },
  { "GET " API "/goals", ANY },
  { "PUT " API "/goals", "oa" },
  { "GET " API "/shopify/shops", ANY, .shows = TRUE },
  { "POST " API "/shopify/shops/{id}/pull", "oa", "shop", 404, FALSE, "{}" },
  { "POST " API "/shopify/shops/{id}/install", "a", "shop", 404, FALSE },
  { "GET /oauth/shopify/begin", "~" },
  { "GET /oauth/shopify/callback", "~" },
  { "GET " API "/themes", ANY, .shows = TRUE },
  { "GET " API "/themes/{id}/checks", ANY, "theme", 404, TRUE },
  { "GET " API "/sync/runs", ANY, .shows = TRUE },
  { "GET " API "/sync/revisions", ANY, .shows = TRUE },
  { "GET " API "/sync/conflicts", ANY, .shows = TRUE },
  { "GET " API "/sync/conflicts/{id}", ANY, "conflict", 404, TRUE },
  { "POST " API "/sync/conflicts/{id}/answer", "poa", "conflict", 404, FALSE, "{'digest':'" DIGEST "','take':'shop'}" },
  { "GET " API "/notifications", "oa", .shows = TRUE },
  { "POST " API "/notifications/{name}/test", "oa", "receiver", 404, FALSE },
  { "POST " API "/control/changes", "oa" },
  { "GET " API "/policy/history", ANY },
  { "GET " API "/policy/envelopes", ANY, .shows = TRUE },
  { "DELETE " API "/policy/envelopes/{id}", "poa", "envelope", 404, FALSE },
  { "POST " API "/data/upload-historical-sales", "oa" },
  { "POST " API "/data/upload-weekly-sales", "oa", "season", 404, FALSE, UPLOAD },
  { "GET " API "/retail/seasons/{id}/weeks", ANY, "season", 404, FALSE },
  { "GET " API "/retail/seasons/{id}/forecast", ANY, "season", 404, FALSE },
  { "GET " API "/retail/seasons/{id}/inventory", ANY, "season", 404, FALSE },
  { "GET " API "/retail/seasons/{id}/watch", ANY, "season", 404, FALSE },
  { "GET " API "/retail/variance/{id}/week/{week}", ANY, "season", 404, FALSE },
  { "GET " API "/retail/categories", ANY, .shows = TRUE },
  { "GET " API "/retail/stores", ANY, .shows = TRUE },
  { "POST " API "/auth/login", "" },
  { "POST " API "/auth/logout", ANY },
  { "GET " API "/auth/me", ANY },
  { "POST " API "/auth/password", ANY },
  { "GET " API "/auth/sessions", ANY },
  { "DELETE " API "/auth/sessions/{id}", ANY, "session", 404, FALSE },
  { "GET " API "/auth/roles", ANY },
  { "GET " API "/auth/users", "a", .shows = TRUE },
  { "POST " API "/auth/users", "a" },
  { "GET " API "/auth/users/{id}", "a", "user", 404, TRUE },
  { "PATCH " API "/auth/users/{id}", "a", "user", 404, FALSE, "{'disabled':true}" },
  { "DELETE " API "/auth/users/{id}", "a", "user", 404, FALSE },
  { "DELETE " API "/auth/users/{id}/sessions", "a", "user", 404, FALSE },
  { "POST " API "/auth/totp/confirm", ANY },
  { "POST " API "/auth/totp/disable", ANY },
  { "POST " API "/auth/totp/enroll", ANY },
  { NULL },
};

#define PROPOSAL(state)                                                                                                \
  "insert into proposals (workspace_id, state, action, target, agent, agent_version, agent_sha256, cluster,"           \
  " parameters, words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest,"         \
  " created_by, expires_at) values (¤, '" state "', 'markdown.apply', 'zqother', 'markdown', '1.0.0', '', 'finance',"  \
  " '{\"zqother\":1}', '{}', '{}', '{}', '{}', '{}', 'high', 'approve', '{\"r\"}', 'zqother', 'v', '" DIGEST "',"      \
  " 'zqother', now () + interval '1 hour') returning *"
#define RUN(columns, values)                                                                                           \
  "insert into workflow_runs (workspace_id, workflow, hash, state, created_by" columns ")"                             \
  " values (¤, 'zqother', '" DIGEST "', 'failed', 'zqother'" values ") returning uid"

/* In an order in which each finds what it refers to. */
static const AccessThing things[] = {
  { "stop", "update workspaces set stopped_at = now (), stopped_by = 'zqother', stop_reason = 'zqother'"
            " where workspace_id = ¤ returning 1" },
  { "job", "select job_enqueue ('{\"agent\":\"zqother\",\"task\":\"zqother\"}', 'zqother')->>'id'" },
  { "dead", "with j as (insert into jobs (workspace_id, agent, task, state, created_by, finished_at)"
            " values (¤, 'zqother', 'zqother', 'dead', 'zqother', now ()) returning *),"
            " d as (insert into dead_letters select workspace_id, id, agent, now () from j) select uid from j" },
  { "proposal", "with p as (" PROPOSAL ("pending") ") select uid from p" },
  { "effect", "with p as (" PROPOSAL ("unknown") "), e as (insert into effects (workspace_id, proposal, key, state,"
                                                 " owner, lease_until, error) select workspace_id, id, 'zqother', "
                                                 "'unknown', 'zqother', now (), 'zqother'"
                                                 " from p) select uid from p" },
  { "delegation", "insert into delegations (workspace_id, delegator, via, role, delegate, note, ends_at) values"
                  " (¤, 'zqother', 'unix:1', 'approver', 'zqother-2', 'zqother', now () + interval '1 hour')"
                  " returning uid" },
  { "envelope", "insert into envelopes (workspace_id, id, document, until, granted_by, proposal) values (¤, 'zqother',"
                " '{\"zqother\":1}', now () + interval '1 hour', 'zqother', uuid_v7 ()) returning id" },
  { "run", RUN ("", "") },
  { "simulation", RUN (", simulate", ", jsonb_build_object ('id', uuid_v7 ())") },
  { "definition", "insert into workflow_definitions (workspace_id, hash, name, document, in_force) values (¤, '" DIGEST
                  "', 'zqother', '{\"zqother\":1}', true) returning name" },
  { "token", "insert into tokens (workspace_id, name, role, hash, created_by) values (¤, 'zqother', 'admin',"
             " sha256 ('zqother'), 'zqother') returning uid" },
  { "user", "with u as (insert into users (name, password, created_by) values ('zqother', '$argon2id$zqother',"
            " 'zqother') returning *), m as (insert into memberships select ¤, uid, array['admin'] from u)"
            " select name from u" },
  { "session",
    "insert into sessions (workspace_id, user_uid, hash, peer, expires_at) select ¤, uid, sha256 ('zqother'),"
    " 'zqother', now () + interval '1 hour' from users where name = 'zqother' returning uid" },
  { "category", "insert into retail_categories (workspace_id, code, name) values (¤, 'zqother', 'zqother')"
                " returning id" },
  { "store", "insert into retail_stores (workspace_id, code, name) values (¤, 'zqother', 'zqother') returning id" },
  { "shop", "insert into shopify_shops (workspace_id, shop, domain, parts) values (¤, 'zqother', 'zqother', '{}')"
            " returning shop" },
  { "opportunity", "insert into catalog_opportunities (workspace_id, product, supplier, title, price, cost, key,"
                   " parameters) values (¤, 'zqother', 'zqother', 'zqother', 2, 1, 'zqother', '{}') returning uid" },
  { "listing",
    "insert into catalog_listings (workspace_id, product, supplier, title, price, cost) values (¤, 'zqother',"
    " 'zqother', 'zqother', 2, 1) returning product" },
  { "theme",
    "with t as (insert into shopify_themes (workspace_id, shop, theme, name, role, processing, updated) values (¤,"
    " 'zqother', (random () * 1e15)::bigint, 'zqother', 'MAIN', false, 0) returning theme), j as (insert into jobs"
    " (workspace_id, agent, task, input, state, result, created_by) select ¤, 'themes_ci', 'check',"
    " jsonb_build_object ('theme', 'zqother/' || theme), 'completed', '{\"green\":true,\"errors\":0,\"warnings\":1,"
    "\"files\":3,\"digest\":\"zqother\",\"checks\":{\"UnusedAssign\":1}}', 'zqother' from t), o as (insert into jobs"
    " (workspace_id, agent, task, input, state, result, created_by) select ¤, 'themes_ci', 'staged',"
    " jsonb_build_object ('theme', 'zqother/' || theme), 'completed', '{\"repository\":\"zqother\",\"branch\":"
    "\"zqother\",\"sha\":\"" ABC "\",\"digest\":\"zqother\"}', 'zqother' from t) select theme from t" },
  { "sync_run",
    "insert into sync_runs (workspace_id, target, task, revision, figures, proposals, unread, key, parameters)"
    " values (¤, 'zqother/zqother', 'export', 0, '{}', '[]', '[]', 'zqother', '') returning uid" },
  { "sync_revision", "insert into sync_revisions (workspace_id, target, revision, commit_id, products, held) values"
                     " (¤, 'zqother/zqother', 1, repeat ('a', 40), 0, 0) returning id" },
  { "conflict", "insert into sync_conflicts (workspace_id, target, handle, field, digest) values"
                " (¤, 'zqother/zqother', 'zqother', 'title', '" DIGEST "') returning uid" },
  { "receiver",
    "insert into notice_receivers (workspace_id, name, kind, address, topics, deadline_s, per_minute, cursor)"
    " values (¤, 'zqother', 'webhook', 'zqother', '{}', 60, 1, 0) returning name" },
  { "season", "insert into retail_seasons (workspace_id, code, category, name, starts_on, weeks, currency) select ¤,"
              " 'zqother', id, 'zqother', '2026-01-05', 4, 'EUR' from retail_categories where code = 'zqother'"
              " returning code" },
  { "trigger", "insert into triggers (workspace_id, name, source, kind, target, definition, version) values (¤,"
               " 'zqother', 'zqother', 'webhook', '{\"workflow\":\"zqother\"}', '{}', 'v') returning name" },
  { "secret", "insert into secrets (workspace_id, name, key_id, sealed, created_by, updated_by) values (¤, 'zqother',"
              " '0123456789abcdef', decode (repeat ('00', 60), 'hex'), 'zqother', 'zqother') returning name" },
  { "segment", "insert into audit_segments (workspace_id, segment, first, last, prev, hash, sealed_by, statement,"
               " signature) values (¤, 7, 1, 1, '', '" DIGEST "', 'zqother', 'zqother', 'zqother') returning segment" },
  { "audit", "insert into audit (workspace_id, seq, at, kind, subject, actor, record, hash) values (¤, 900000, now (),"
             " 'zqother', 'zqother', 'zqother', '{\"zqother\":1}', '" DIGEST "') returning seq" },
  { "event", "insert into told_events (workspace_id, id, at, kind, subject, data) values (¤, 1, now (), 'job.created',"
             " 'zqother', '{}') returning id" },
  { "policy", "insert into policies (workspace_id, version, document) values (¤, '" DIGEST "', '{\"zqother\":1}')"
              " returning version" },
  { NULL },
};

const AccessRow *
access_rows (void)
{
  return rows;
}

const AccessThing *
access_things (void)
{
  return things;
}
