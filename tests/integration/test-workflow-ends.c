/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"
#include "workflow-fixture.h"

/* How runs end: approvals, failures, compensation, retries, cancelling; versions; hosts that race. */

#define ECHO "'task':{'agent':'good','task':'echo'"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* A proposal as the step's job would have made it. (transfer full): its id. */
static char *
propose (const char *run, const char *path, const char *state, const char *supersedes)
{
  g_autofree char *sql = g_strdup_printf (
      "insert into proposals (workspace_id, state, action, target, agent, agent_version, agent_sha256, cluster, "
      "parameters, "
      "words, claims, before, facts, preview, risk, decision, rules, reason, policy_version, digest, created_by, "
      "expires_at, "
      "context, supersedes) select s.workspace_id, '%s', 'test.write', 't', 'good', '1', '', 'c', '{}', '{}', '{}', "
      "'{}', '{}', "
      "'{}', 'high', 'approve', '{}', 'because', '" ZEROS "', '" ZEROS "', 'good', now () + interval '1 day', "
      "jsonb_build_object ('step', s.id), (select p.id from proposals p where p.uid::text = '%s') "
      "from workflow_runs r join workflow_steps s on s.workspace_id = r.workspace_id and s.run = r.id and s.path = "
      "'%s' "
      "where r.uid = '%s' returning uid",
      state, supersedes != NULL ? supersedes : "", path, run);

  return host_fixture_value (sql);
}

/* The proposal ends, and its step is told so. */
static void
end_proposal (const char *proposal, const char *state)
{
  g_autofree char *sql = g_strdup_printf (
      "update proposals set state = '%s' where uid = '%s';"
      "insert into workflow_inbox (workspace_id, step, kind, data) select workspace_id, (context->>'step')::bigint, "
      "'proposal', "
      "jsonb_build_object ('proposal', uid, 'state', state) from proposals where uid = '%s'; notify royal_workflows",
      state, proposal, proposal);

  host_fixture_sql (sql);
}

static void
call (HostFixture *f, const char *what, const char *run, const char *rest)
{
  g_autofree char *sql = g_strdup_printf ("select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false);"
                                          "select %s ('%s', %s)",
                                          f->workspace, what, run, rest);

  host_fixture_sql (sql);
}

static void
test_approval (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;
  g_autofree char *none = NULL;
  g_autofree char *refused = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;

  workflow_load (f, engine,
                 "{'name':'approval','steps':[{'id':'plan'," ECHO "}},{'id':'ok','approval':{'of':['plan']}},"
                 "{'id':'then'," ECHO ",'input':{'executed':'$.steps.ok.result.executed'}}}]}");
  run = workflow_run (f, engine, "approval", "{}");
  workflow_wait_step (run, "plan", "s.job is not null", "true");
  first = propose (run, "plan", "pending", NULL);
  second = propose (run, "plan", "pending", NULL);
  workflow_end_job (run, "plan", "completed", "{}");
  workflow_wait (run, "r.state", "waiting");
  workflow_expect_step (run, "ok", "jsonb_array_length (s.waits_for->'proposals')", "2");
  end_proposal (second, "executed");
  workflow_wait_step (run, "ok", "s.waits_for->'proposals'->>0", first);
  /* A person changed it: what follows it counts. */
  end_proposal (first, "superseded");
  third = propose (run, "plan", "pending", first);
  royal_test_spin (100);
  end_proposal (third, "approved");
  workflow_wait_step (run, "ok", "s.waits_for->'proposals'->>0", third);
  workflow_expect (run, "r.state", "waiting");
  end_proposal (third, "executed");
  workflow_wait_step (run, "then", "(select input->>'executed' from jobs j where j.uid = s.job)", "2");
  workflow_end_job (run, "then", "completed", "{}");
  workflow_wait (run, "r.state", "completed");

  none = workflow_run (f, engine, "approval", "{}");
  workflow_end_job (none, "plan", "completed", "{}");
  workflow_end_job (none, "then", "completed", "{}");
  workflow_wait (none, "r.state", "completed");

  refused = workflow_run (f, engine, "approval", "{}");
  workflow_wait_step (refused, "plan", "s.job is not null", "true");
  g_free (first);
  first = propose (refused, "plan", "pending", NULL);
  workflow_end_job (refused, "plan", "completed", "{}");
  workflow_wait (refused, "r.state", "waiting");
  end_proposal (first, "rejected");
  workflow_wait (refused, "r.state", "failed");
  workflow_expect (refused, "r.error->>'code'", "denied");
  workflow_engine_stop (engine);
}

static const char saga[] = "{'name':'saga','steps':["
                           "{'id':'a'," ECHO "},'compensate':{" ECHO ",'input':{'undo':'$.steps.a.result'}}}},"
                           "{'id':'b','map':{'over':[1,2],'steps':[{'id':'c'," ECHO "},'compensate':{" ECHO
                           ",'input':{'item':'$.item','undo':'$.steps.c.result'}}}}]}},"
                           "{'id':'d'," ECHO "},'compensate':{" ECHO "}}},"
                           "{'id':'e'," ECHO "}}]}";

static void
test_compensation (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;

  workflow_load (f, engine, saga);
  run = workflow_run (f, engine, "saga", "{}");
  workflow_end_job (run, "a", "completed", "'A'");
  workflow_end_job (run, "b[1].c", "completed", "'C1'");
  workflow_wait_step (run, "b[1].c", "s.state", "completed");
  workflow_end_job (run, "b[0].c", "completed", "'C0'");
  workflow_end_job (run, "d", "dead", "{'code':'failed','message':'d broke'}");
  workflow_wait (run, "r.state", "compensating");
  workflow_wait_step (run, "~b[0].c", "(select input from jobs j where j.uid = s.job)",
                      "{\"item\": 1, \"undo\": \"C0\"}");
  workflow_expect_story (run,
                         "a completed, b completed, b[0].c completed, b[1].c completed, d failed, ~b[0].c running");
  workflow_end_job (run, "~b[0].c", "completed", "{}");
  /* One that fails keeps none of the others from being taken back. */
  workflow_end_job (run, "~b[1].c", "dead", "{'code':'failed','message':'no way back'}");
  workflow_wait_step (run, "~a", "(select input from jobs j where j.uid = s.job)", "{\"undo\": \"A\"}");
  workflow_expect (run, "r.state", "compensating");
  workflow_end_job (run, "~a", "completed", "{}");
  workflow_wait (run, "r.state", "failed");
  workflow_expect (run, "r.error->>'step'", "d");
  workflow_expect (run, "r.error->>'not_compensated'", "1");
  workflow_expect_story (run,
                         "a completed, b completed, b[0].c completed, b[1].c completed, d failed, ~b[0].c completed, "
                         "~b[1].c failed, ~a completed");
  workflow_engine_stop (engine);
}

static void
test_tolerance (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;

  workflow_load (f, engine,
                 "{'name':'tolerant','steps':[{'id':'a','on_failure':'continue'," ECHO "}},"
                 "{'id':'p','on_failure':'continue','parallel':{'x':[{'id':'x1'," ECHO "}}],'y':[{'id':'y1'," ECHO
                 "}}]}},"
                 "{'id':'late','on_failure':'continue','timeout_s':1," ECHO "}},"
                 "{'id':'bad'," ECHO ",'input':{'v':'$.steps.a.result.none'}}}]}");
  run = workflow_run (f, engine, "tolerant", "{}");
  workflow_end_job (run, "a", "dead", "{'code':'failed','message':'a'}");
  workflow_end_job (run, "y1", "cancelled", "{}");
  workflow_wait_step (run, "late", "s.error->>'code'", "timeout");
  workflow_expect_step (run, "late", "(select state from jobs j where j.uid = s.job)", "cancelled");
  workflow_wait (run, "r.state", "failed");
  workflow_expect (run, "r.error->>'message'", "nothing is at $.steps.a.result.none");
  workflow_expect_story (run, "a failed, p failed, x1 cancelled, y1 failed, late failed, bad failed");
  workflow_engine_stop (engine);
}

static void
test_retry (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;

  workflow_load (f, engine,
                 "{'name':'retry','steps':[{'id':'a'," ECHO "}},{'id':'p','parallel':{'x':[{'id':'x1'," ECHO "}}],"
                 "'y':[{'id':'y1'," ECHO "}},{'id':'y2'," ECHO "}}]}}]}");
  run = workflow_run (f, engine, "retry", "{}");
  workflow_end_job (run, "a", "completed", "1");
  workflow_end_job (run, "y1", "completed", "2");
  workflow_end_job (run, "y2", "dead", "{'code':'failed','message':'broken'}");
  workflow_wait (run, "r.state", "failed");
  call (f, "workflow_retry", run, "'ann'");
  workflow_wait_step (run, "y2", "s.attempt", "2");
  workflow_end_job (run, "y2", "completed", "3");
  workflow_end_job (run, "x1", "completed", "4");
  workflow_wait (run, "r.result", "{\"x\": 4, \"y\": 3}");
  workflow_expect_story (run,
                         "a completed, p completed, x1 cancelled, y1 completed, y2 failed, x1 completed, y2 completed");
  workflow_engine_stop (engine);
}

static void
test_cancel (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;
  g_autofree char *back = NULL;
  g_autofree char *parent = NULL;

  workflow_load (f, engine, saga);
  workflow_load (f, engine, "{'name':'parent','steps':[{'id':'s','call':{'workflow':'saga'}}]}");
  run = workflow_run (f, engine, "saga", "{}");
  workflow_end_job (run, "a", "completed", "1");
  workflow_wait_step (run, "b[0].c", "s.job is not null", "true");
  call (f, "workflow_cancel", run, "false, 'ann'");
  workflow_wait (run, "r.state", "cancelled");
  workflow_expect_step (run, "b[0].c", "(select state from jobs j where j.uid = s.job)", "cancelled");

  back = workflow_run (f, engine, "saga", "{}");
  workflow_end_job (back, "a", "completed", "1");
  workflow_wait_step (back, "b[0].c", "s.job is not null", "true");
  call (f, "workflow_cancel", back, "true, 'ann'");
  workflow_end_job (back, "~a", "completed", "1");
  workflow_wait (back, "r.state", "cancelled");

  parent = workflow_run (f, engine, "parent", "{}");
  workflow_wait_step (parent, "s", "(select state from workflow_runs c where c.uid = s.child)", "running");
  call (f, "workflow_cancel", parent, "false, 'ann'");
  workflow_wait (parent, "r.state", "cancelled");
  workflow_wait_step (parent, "s", "(select state from workflow_runs c where c.uid = s.child)", "cancelled");
  workflow_engine_stop (engine);
}

static void
expect_proposal (const char *proposal, const char *state, const char *by)
{
  g_autofree char *sql =
      g_strdup_printf ("select state || ' ' || coalesce (decided_by, '-') from proposals where uid = '%s'", proposal);
  g_autofree char *found = host_fixture_value (sql);
  g_autofree char *wanted = g_strdup_printf ("%s %s", state, by);

  g_assert_cmpstr (found, ==, wanted);
}

/* What a cancelled run proposed and nobody has answered is withdrawn with it, also what comes late, and also of the
 * runs that it called; what compensates it stays, and so does what a failed run proposed. */
static void
test_cancel_withdraws (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;
  g_autofree char *parent = NULL;
  g_autofree char *child = NULL;
  g_autofree char *failed = NULL;
  g_autofree char *told = NULL;
  g_auto (GStrv) ids = g_new0 (char *, 6 + 1);

  workflow_load (f, engine, saga);
  workflow_load (f, engine, "{'name':'parent','steps':[{'id':'s','call':{'workflow':'saga'}}]}");
  run = workflow_run (f, engine, "saga", "{}");
  workflow_wait_step (run, "a", "s.job is not null", "true");
  ids[0] = propose (run, "a", "pending", NULL);
  ids[1] = propose (run, "a", "approved", NULL);
  workflow_end_job (run, "a", "completed", "1");
  workflow_wait_step (run, "b[0].c", "s.job is not null", "true");
  call (f, "workflow_cancel", run, "true, 'ann'");
  expect_proposal (ids[0], "superseded", "ann");
  expect_proposal (ids[1], "approved", "-");
  workflow_wait_step (run, "~a", "s.job is not null", "true");
  ids[2] = propose (run, "~a", "pending", NULL);
  ids[3] = propose (run, "b[0].c", "pending", NULL);
  workflow_end_job (run, "~a", "completed", "1");
  workflow_wait (run, "r.state", "cancelled");
  expect_proposal (ids[2], "pending", "-");
  expect_proposal (ids[3], "superseded", "ann");
  told =
      host_fixture_value ("select count (*) || ' ' || count (*) filter (where audited) || ' ' || min (data->>'reason') "
                          "from outbox where kind = 'approval.withdrawn'");
  g_assert_cmpstr (told, ==, "2 2 its workflow run was cancelled");

  parent = workflow_run (f, engine, "parent", "{}");
  workflow_wait_step (parent, "s", "(select state from workflow_runs c where c.uid = s.child)", "running");
  child = host_fixture_value ("select child from workflow_steps where child is not null");
  workflow_wait_step (child, "a", "s.job is not null", "true");
  ids[4] = propose (child, "a", "pending", NULL);
  call (f, "workflow_cancel", parent, "false, 'ann'");
  workflow_wait (child, "r.state", "cancelled");
  expect_proposal (ids[4], "superseded", "workflow:parent");

  failed = workflow_run (f, engine, "saga", "{}");
  workflow_wait_step (failed, "a", "s.job is not null", "true");
  ids[5] = propose (failed, "a", "pending", NULL);
  workflow_end_job (failed, "a", "dead", "{'code':'failed','message':'a broke'}");
  workflow_wait (failed, "r.state", "failed");
  expect_proposal (ids[5], "pending", "-");
  workflow_engine_stop (engine);
}

/* What runs keeps to what it was started with, also on a host that has never seen that. */
static void
test_versions (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *old = NULL;
  g_autofree char *new = NULL;

  workflow_load (f, engine,
                 "{'name':'v','steps':[{'id':'a'," ECHO "}},{'id':'b','end':{'state':'completed','result':'old'}}]}");
  old = workflow_run (f, engine, "v", "{}");
  workflow_wait_step (old, "a", "s.job is not null", "true");
  workflow_engine_stop (engine);
  engine = workflow_engine (f);
  workflow_load (f, engine,
                 "{'name':'v','steps':[{'id':'a'," ECHO "}},{'id':'c','end':{'state':'completed','result':'new'}}]}");
  new = workflow_run (f, engine, "v", "{}");
  workflow_end_job (new, "a", "completed", "1");
  workflow_end_job (old, "a", "completed", "1");
  workflow_wait (old, "r.result", "\"old\"");
  workflow_wait (new, "r.result", "\"new\"");
  workflow_engine_stop (engine);
}

#define RACERS 40

/* Two hosts that see the same and do the same at the same time: each turn happens once. */
static void
test_race (HostFixture *f, gconstpointer data)
{
  g_autofree char *conninfo = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  RhWorkflows *engines[2] = { workflow_engine (f), NULL };
  HostFixture other = *f;
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func (g_free);
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  other.store = rh_store_new (conninfo, NULL, 2);
  engines[1] = workflow_engine (&other);
  workflow_load (f, engines[0],
                 "{'name':'race','steps':[{'id':'a'," ECHO "}},{'id':'b','wait':{'for_s':0}},{'id':'p','parallel':{"
                 "'x':[{'id':'x1'," ECHO "}}],'y':[{'id':'y1'," ECHO "}}]}},{'id':'z'," ECHO "}}]}");
  host_fixture_sql ("truncate workflow_runs, workflow_steps, workflow_inbox");
  for (guint i = 0; i < RACERS; i++)
    g_ptr_array_add (runs, workflow_run (f, engines[0], "race", "{}"));
  for (guint step = 0; step < 4; step++)
    for (guint i = 0; i < RACERS; i++)
      workflow_end_job (runs->pdata[i], (const char *const[]){ "a", "x1", "y1", "z" }[step], "completed", "1");
  for (guint i = 0; i < RACERS; i++)
    workflow_wait (runs->pdata[i], "r.state", "completed");
  g_autofree char *jobs = host_fixture_value ("select count (*) from jobs");
  g_assert_cmpint ((int)g_ascii_strtoll (jobs, NULL, 10), ==, 4 * RACERS);
  g_autofree char *told = host_fixture_value ("select count (*) filter (where kind = 'workflow.completed') || ' ' || "
                                              "count (*) filter (where kind = 'workflow.step.ended') from outbox");
  g_assert_cmpstr (told, ==, "40 240");
  workflow_engine_stop (engines[0]);
  workflow_engine_stop (engines[1]);
  rh_store_close_async (other.store, 1000, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  g_assert_true (rh_store_close_finish (other.store, result, NULL));
  g_object_unref (other.store);
}

/* A turn that the database refuses has not happened; it is tried again. */
static void
test_held (HostFixture *f, gconstpointer data)
{
  RhWorkflows *engine = workflow_engine (f);
  g_autofree char *run = NULL;
  g_autofree char *next = NULL;

  workflow_load (f, engine, "{'name':'held','steps':[{'id':'a'," ECHO "}}]}");
  host_fixture_sql ("alter table jobs add constraint no_more check (agent <> 'good') not valid");
  run = workflow_run (f, engine, "held", "{}");
  workflow_wait (run, "r.held_until is not null", "true");
  workflow_expect_story (run, "");
  /* Until then nobody looks. */
  next = host_fixture_value ("select workflow_next () > 1000");
  g_assert_cmpstr (next, ==, "t");
  host_fixture_sql ("alter table jobs drop constraint no_more");
  workflow_wait_step (run, "a", "s.job is not null", "true");
  workflow_engine_stop (engine);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (HostFixture *f, gconstpointer data);
  } tests[] = {
    { "/workflow-ends/approval", test_approval },   { "/workflow-ends/compensation", test_compensation },
    { "/workflow-ends/tolerance", test_tolerance }, { "/workflow-ends/retry", test_retry },
    { "/workflow-ends/cancel", test_cancel },       { "/workflow-ends/withdraws", test_cancel_withdraws },
    { "/workflow-ends/versions", test_versions },   { "/workflow-ends/race", test_race },
    { "/workflow-ends/held", test_held },
  };

  royal_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, HostFixture, NULL, host_fixture_set_up, tests[i].test, host_fixture_tear_down);
  return royal_test_run ();
}
