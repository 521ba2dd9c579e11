/* SPDX-License-Identifier: Apache-2.0 */
/* What has ended goes when its time has come; what anything still refers to stays. */
#include "gate-host.h"
#include "royal-test.h"

#include <libpq-fe.h>
#include <string.h>

#define assert_value(wanted, ...)                                                                                      \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *found_ = gate_sql_value (__VA_ARGS__);                                                            \
    g_assert_cmpstr (found_, ==, wanted);                                                                              \
  }                                                                                                                    \
  G_STMT_END

#define ALL "{\"jobs\":10,\"workflows\":10,\"events\":10,\"simulations\":10,\"tokens\":10}"
#define IS(wanted, name, table)                                                                                        \
  assert_value (wanted, "select coalesce (string_agg (" name ", ' ' order by " name "), '') from " table)

static const char clear[] =
    "truncate jobs, runs, dead_letters, proposals, workflow_runs, workflow_steps, workflow_waits, "
    "workflow_inbox, told_events, simulation_notes, tokens, triggers, retention_marks cascade";

static gint64 ws;

static void
begin (void)
{
  ws = gate_workspace ("kept");
  gate_sql ("%s", clear);
}

/* (transfer full): "place=n…" of all that was removed */
static char *
sweep (const char *days, int batch)
{
  return gate_sql_value (
      "select coalesce (string_agg (place || '=' || removed || case when more then '+' else '' end, ' '"
      " order by place), 'nobody') from retention_sweep ('%s', %d)",
      days, batch);
}

static void
assert_sweeps (const char *days, int batch, const char *wanted)
{
  g_autofree char *found = sweep (days, batch);

  g_assert_cmpstr (found, ==, wanted);
}

/* A job of that name that ended so many days ago. */
static void
job (const char *name, const char *state, int days, const char *context)
{
  gate_sql ("insert into jobs (workspace_id, agent, task, state, created_at, finished_at, created_by, context)"
            " values (%" G_GINT64_FORMAT
            ", 'a', '%s', '%s', now () - interval '%d days', case when '%s' <> 'queued' then"
            " now () - interval '%d days' end, 'ann', %s)",
            ws, name, state, days + 1, state, days, context);
}

static void
test_jobs (void)
{
  begin ();
  job ("old", "completed", 11, "null");
  job ("cancelled", "cancelled", 11, "null");
  job ("young", "completed", 9, "null");
  job ("queued", "queued", 100, "null");
  job ("dead", "dead", 100, "null");
  job ("proposed", "completed", 100, "null");
  job ("settled", "completed", 100, "null");
  job ("stepped", "completed", 100, "'{\"step\":7}'");
  gate_sql (
      "insert into runs (workspace_id, job, attempt, host, state) select workspace_id, id, 1, 'h', 'failed' from jobs"
      " where task in ('old', 'young')");
  gate_sql ("insert into dead_letters (workspace_id, job, agent) select workspace_id, id, agent from jobs where task = "
            "'dead'");
  for (guint i = 0; i < 2; i++)
    gate_sql ("insert into proposals (workspace_id, key, state, kind, action, target, agent, agent_version, "
              "agent_sha256, cluster, parameters, words, "
              "claims, facts,"
              " before, preview, risk, decision, rules, reason, policy_version, digest, created_by, expires_at, job)"
              " select workspace_id, repeat ('%u', 64), '%s', 'apply', 'fake.set', 't', 'a', '', '', '', '{}', '{}', "
              "'{}', '{}', "
              "'{}', '{}',"
              " 'low', 'approve', '{}', '', '', repeat ('0', 64), 'ann', now (), uid from jobs where task = '%s'",
              i, i == 0 ? "pending" : "rejected", i == 0 ? "proposed" : "settled");
  gate_sql ("insert into workflow_runs (workspace_id, workflow, hash, state, created_by) values (%" G_GINT64_FORMAT
            ", 'w', repeat ('0', 64), 'running', 'ann')",
            ws);
  gate_sql ("insert into workflow_steps (workspace_id, id, run, path, kind, state) overriding system value"
            " select workspace_id, 7, id, 's', 'task', 'running' from workflow_runs");
  assert_sweeps ("{\"jobs\":10}", 3, "jobs=2+"); /* old, cancelled; young is the third that is looked at, or not yet */
  assert_sweeps ("{\"jobs\":10}", 100, "jobs=1");
  IS ("dead proposed queued stepped young", "task", "jobs");
  IS ("young", "(select task from jobs j where j.id = r.job)", "runs r");
  gate_sql ("update proposals set state = 'rejected'");
  gate_sql ("update workflow_runs set state = 'completed', finished_at = now ()");
  assert_sweeps ("{\"jobs\":10}", 100, "jobs=2");
  IS ("dead queued young", "task", "jobs");
  assert_sweeps ("{\"jobs\":0}", 100, "nobody");
}

/* What cannot go does not hold up what comes after it. */
static void
test_marks (void)
{
  begin ();
  for (guint i = 0; i < 5; i++)
    job ("queued", "queued", 100, "null");
  job ("old", "completed", 100, "null");
  assert_sweeps ("{\"jobs\":10}", 3, "jobs=0+");
  assert_sweeps ("{\"jobs\":10}", 3, "jobs=1+");
  assert_sweeps ("{\"jobs\":10}", 3, "nobody");
  gate_sql ("update jobs set state = 'cancelled', finished_at = now () - interval '50 days'");
  assert_sweeps ("{\"jobs\":10}", 3, "jobs=3+");
  assert_sweeps ("{\"jobs\":10}", 3, "jobs=2");
  IS ("", "task", "jobs");
}

static void
run (const char *name, const char *state, int days, const char *parent)
{
  gate_sql (
      "insert into workflow_runs (workspace_id, workflow, hash, state, created_at, finished_at, created_by, parent)"
      " values (%" G_GINT64_FORMAT ", '%s', repeat ('0', 64), '%s', now () - interval '%d days',"
      " case when '%s' in ('completed', 'failed') then now () - interval '%d days' end, 'ann', %s)",
      ws, name, state, days + 1, state, days, parent);
}

static void
test_workflows (void)
{
  begin ();
  run ("old", "completed", 11, "null");
  run ("failed", "failed", 11, "null");
  run ("young", "completed", 9, "null");
  run ("waits", "waiting", 100, "null");
  gate_sql ("insert into workflow_steps (workspace_id, id, run, path, kind, state) overriding system value"
            " select workspace_id, case workflow when 'waits' then 8 else 9 end, id, 's', 'call', 'waiting' from "
            "workflow_runs"
            " where workflow in ('waits', 'old')");
  run ("called", "completed", 100, "8");
  gate_sql ("insert into workflow_inbox (workspace_id, step, kind, data) values (%" G_GINT64_FORMAT ", 9, 'job', '{}')",
            ws);
  assert_sweeps ("{\"workflows\":10}", 100, "workflows=2");
  IS ("called waits young", "workflow", "workflow_runs");
  IS ("8", "id::text", "workflow_steps");
  IS ("", "step::text", "workflow_inbox");
}

static void
event (int id, int days)
{
  gate_sql ("insert into told_events (workspace_id, id, at, kind, data) values (%" G_GINT64_FORMAT
            ", %d, now () - interval '%d days', 'x', '{}')",
            ws, id, days);
}

static void
test_events (void)
{
  begin ();
  for (int i = 1; i <= 4; i++)
    event (i, 20);
  event (5, 1);
  gate_sql ("insert into triggers (workspace_id, name, source, kind, target, definition, version, cursor)"
            " values (%" G_GINT64_FORMAT ", 'a.b', 'm', 'event', '{\"workflow\":\"w\"}', '{}', '1', 3)",
            ws);
  run ("waits", "waiting", 100, "null");
  gate_sql ("update workflow_runs set since_event = 2");
  assert_sweeps ("{\"events\":10}", 100, "events=2");
  IS ("3 4 5", "id::text", "told_events");
  gate_sql ("delete from workflow_runs");
  assert_sweeps ("{\"events\":10}", 100, "events=1");
  gate_sql ("update triggers set paused_at = now ()");
  assert_sweeps ("{\"events\":10}", 100, "events=1");
  IS ("5", "id::text", "told_events");
}

/* The rest of it; another host at the same time does nothing; and the host's own role may call it. */
static void
test_sweep (void)
{
  g_autofree char *owner = NULL;
  g_autofree char *host = NULL;
  g_autofree char *as_host = NULL;
  PGconn *other;

  begin ();
  gate_sql ("insert into simulation_notes (workspace_id, simulation, note, at) values (%" G_GINT64_FORMAT
            ", gen_random_uuid (), '{}', now () - interval '20 days'), (%" G_GINT64_FORMAT
            ", gen_random_uuid (), '{}', now ())",
            ws, ws);
  gate_sql ("insert into tokens (workspace_id, name, role, hash, created_by, expires_at, revoked_at) values"
            " (%" G_GINT64_FORMAT ", 'live', 'viewer', sha256 ('a'), 'ann', null, null),"
            " (%" G_GINT64_FORMAT ", 'expired', 'viewer', sha256 ('b'), 'ann', now () - interval '20 days', null),"
            " (%" G_GINT64_FORMAT ", 'revoked', 'viewer', sha256 ('c'), 'ann', null, now () - interval '20 days'),"
            " (%" G_GINT64_FORMAT ", 'just', 'viewer', sha256 ('d'), 'ann', null, now ())",
            ws, ws, ws, ws);
  owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  other = PQconnectdb (owner);
  PQclear (PQexec (other, "select pg_advisory_lock (hashtext ('royal.retention'))"));
  assert_sweeps (ALL, 10, "nobody");
  PQfinish (other);
  host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  as_host = royal_test_sql_value (
      host, "select string_agg (place || '=' || removed, ' ' order by place) from retention_sweep ('" ALL "', 10)");
  g_assert_cmpstr (as_host, ==, "simulations=1 tokens=2");
  IS ("just live", "name", "tokens");
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/retention/jobs", test_jobs);
  g_test_add_func ("/retention/marks", test_marks);
  g_test_add_func ("/retention/workflows", test_workflows);
  g_test_add_func ("/retention/events", test_events);
  g_test_add_func ("/retention/sweep", test_sweep);
  return royal_test_run ();
}
