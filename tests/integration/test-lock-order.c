/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-host.h"
#include "royal-test.h"

#include <libpq-fe.h>

/* Transitions that meet on the same rows take them in one order: one waits for the other, and neither is rolled back.
 * Each test holds one half way, lets the other run until it waits, and goes on. */

static gint64 ws;

static PGconn *
connect_owner (void)
{
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  PGconn *connection = PQconnectdb (info);

  g_assert_cmpint (PQstatus (connection), ==, CONNECTION_OK);
  return connection;
}

/* The first cell, "" for none; a failure, a deadlock too, fails the test. */
static char *
value_of (PGresult *result)
{
  char *value;

  g_assert_cmpstr (PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY), ==, NULL);
  value = g_strdup (PQntuples (result) * PQnfields (result) > 0 ? PQgetvalue (result, 0, 0) : "");
  PQclear (result);
  return value;
}

static void
run (PGconn *connection, const char *sql)
{
  g_autofree char *value = value_of (PQexec (connection, sql));

  g_assert_nonnull (value);
}

/* Sends, and returns once it waits for a lock that another transaction holds. */
static void
run_until_it_waits (PGconn *connection, const char *sql)
{
  g_autofree char *type = NULL;

  g_assert_cmpint (PQsendQuery (connection, sql), ==, 1);
  for (guint i = 0; i < 1000 && g_strcmp0 (type, "Lock") != 0; i++)
    {
      g_usleep (5000);
      g_free (type);
      type = gate_sql_value ("select coalesce (wait_event_type, '') from pg_stat_activity where pid = %d",
                             PQbackendPID (connection));
    }
  g_assert_cmpstr (type, ==, "Lock");
}

/* What was sent ends. (transfer full): the first cell of the last result. */
static char *
ends (PGconn *connection)
{
  g_autofree char *value = NULL;

  for (PGresult *result = PQgetResult (connection); result != NULL; result = PQgetResult (connection))
    {
      g_free (value);
      value = value_of (result);
    }
  return g_steal_pointer (&value);
}

/* A proposal of fake.set that is pending, or approved and not started: the host that took it in is not. */
static char *
proposal_of (GateHost *host, const char *target, const char *state)
{
  char *id = gate_set (host, ws, target, 5, "");

  gate_sql ("update proposals set state = '%s' where uid = '%s'", state, id);
  return id;
}

/* The executor starts what is approved while a grant is taken away: whoever takes it away has the workspace, and then
 * wants what is approved. */
static void
test_claim_and_grant (void)
{
  GateHost *host = gate_host_new ("one");
  g_autofree char *id = proposal_of (host, "claimed", "approved");
  g_autofree char *state = NULL, *claimed = NULL, *update = NULL;
  PGconn *grant = connect_owner (), *claim = connect_owner ();

  update = g_strdup_printf ("insert into grants (workspace_id, agent, grants, changed_by) values (%" G_GINT64_FORMAT
                            ", 'setter', '{\"writes\": [{\"action\": \"fake.burn\"}]}', 'ann')",
                            ws);
  run (grant, "begin");
  run (grant, "select from workspaces for no key update"); /* as control_apply() begins */
  run_until_it_waits (claim, "select count (*) from effect_claim ('two', 30, 64)");
  run (grant, update);
  run (grant, "commit");
  claimed = ends (claim);
  g_assert_cmpstr (claimed, ==, "0");
  state = gate_sql_value ("select state from proposals where uid = '%s'", id);
  g_assert_cmpstr (state, ==, "stale");
  gate_sql ("delete from grants");
  PQfinish (grant);
  PQfinish (claim);
  gate_host_end (host, FALSE);
}

/* A workflow run whose one step has made the proposal. (transfer full): its id. */
static char *
run_of (const char *proposal)
{
  g_autofree char *run_id =
      gate_sql_value ("insert into workflow_runs (workspace_id, workflow, hash, created_by) values (%" G_GINT64_FORMAT
                      ", 'plan', repeat ('0', 64), 'ann') returning id",
                      ws);
  g_autofree char *step =
      gate_sql_value ("insert into workflow_steps (workspace_id, run, path, kind, state) values (%" G_GINT64_FORMAT
                      ", %s, 'price', 'task', 'waiting') returning id",
                      ws, run_id);

  gate_sql ("update proposals set context = coalesce (context, '{}') || '{\"step\": %s}' where uid = '%s'", step,
            proposal);
  return gate_sql_value ("select uid from workflow_runs where id = %s", run_id);
}

/* A person cancels a workflow's run while a revision of what it proposed takes that one's place. */
static void
test_cancel_and_revision (void)
{
  GateHost *host = gate_host_new ("one");
  g_autofree char *id = proposal_of (host, "revised", "pending");
  g_autofree char *run_id = run_of (id);
  g_autofree char *lock = NULL, *insert = NULL, *stop = NULL, *stopped = NULL, *open = NULL;
  PGconn *revise = connect_owner (), *cancel = connect_owner ();

  lock = g_strdup_printf ("select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', true),"
                          " proposal_succeed ('{\"supersedes\": \"%s\", \"created_by\": \"ann\"}', gen_random_uuid ())",
                          ws, id);
  insert = g_strdup_printf (
      "insert into proposals overriding system value select (jsonb_populate_record (p,"
      " jsonb_build_object ('id', p.id + 1000, 'uid', gen_random_uuid (), 'state', 'pending', 'supersedes', p.id,"
      " 'decided_at', null, 'decided_by', null))).* from proposals p where p.uid = '%s'",
      id);
  stop =
      g_strdup_printf ("select stop->>'by' from workflow_stop (%" G_GINT64_FORMAT ", '%s', 'bob', false)", ws, run_id);
  run (revise, "begin");
  run (revise, lock);
  run_until_it_waits (cancel, stop);
  run (revise, insert);
  run (revise, "commit");
  stopped = ends (cancel);
  g_assert_cmpstr (stopped, ==, "bob");
  open = gate_sql_value ("select count (*) from proposals where target = 'revised' and state <> 'superseded'");
  g_assert_cmpstr (open, ==, "0");
  PQfinish (revise);
  PQfinish (cancel);
  gate_host_end (host, FALSE);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  ws = gate_workspace ("default");
  g_test_add_func ("/lock-order/claim-and-grant", test_claim_and_grant);
  g_test_add_func ("/lock-order/cancel-and-revision", test_cancel_and_revision);
  return royal_test_run ();
}
