/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-host.h"
#include "royal-test.h"

#include <royal-json.h>
#include <string.h>

/* Limits that accumulate, at the database: two hosts that submit at once, and every way in which a proposal can end. */

#define SUBMITTERS 64
#define ROUNDS 16

static const RhStatement submit_statement = { "test.submit",
                                              "select outcome, effect from proposal_submit ($1::jsonb, $2, 30, 1)", 2,
                                              FALSE };
static const RhStatement finish_statement = { "test.finish", "select effect from effect_finish ($1, $2::jsonb)", 2,
                                              FALSE };

static gint64 ws;

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

static RhStore *
open_store (void)
{
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  RhStore *store = rh_store_new (info, NULL, 8);

  royal_test_wait_until (is_available, store, 5000);
  return store;
}

static void
close_store (RhStore *store)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) closed = NULL;

  rh_store_close_async (store, 2000, royal_test_result, &result);
  closed = royal_test_wait (&result);
  g_assert_true (rh_store_close_finish (store, closed, NULL));
  g_object_unref (store);
}

/* One proposal's row, as the gate makes it; @limits with ' for ". */
static char *
row_text (const char *target, const char *decision, const char *key, const char *limits)
{
  g_autofree char *keyed = key != NULL ? g_strdup_printf ("'key':'%s',", key) : g_strdup ("");
  g_autofree char *text =
      g_strdup_printf ("[{'kind':'apply','action':'fake.set','target':'%s','agent':'setter','agent_version':'1','agent_"
                       "sha256':'00ff','cluster':'c',"
                       "%s'parameters':{'value':1},'words':{},'claims':{},'before':null,'facts':{},'preview':null,'"
                       "risk':'low','decision':'%s',"
                       "'rules':['rule'],'reason':'because','policy_version':'','digest':'%064d','created_by':'setter',"
                       "'expires_at':'2100-01-01T00:00:00Z','limits':[%s]}]",
                       target, keyed, decision, 0, limits);

  return g_strdelimit (g_steal_pointer (&text), "'", '"');
}

static char *
entry_text (const char *name, const char *amount, const char *max, const char *decision)
{
  return g_strdup_printf (
      "{'name':'%s','key':'agent:setter','amount':%s,'max':%s,'window_s':3600,'decision':'%s','risk':'high'}", name,
      amount, max, decision);
}

/* Submits by the owner's own connection, without a host. (transfer full): the outcome. */
static JsonNode *
submit (const char *target, const char *decision, const char *key, const char *limits)
{
  g_autofree char *row = row_text (target, decision, key, limits);
  g_autofree char *text =
      gate_sql_value ("select s.outcome from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false) c,"
                      " lateral (select outcome from proposal_submit ('%s', null, 30, 0) where c.c is not null) s",
                      ws, row);

  return royal_json_parse (text, -1, "outcome", NULL);
}

static const char *
member (JsonNode *outcome, const char *name)
{
  return royal_json_string (json_node_get_object (outcome), name, "");
}

/* "used reserved" of a window. */
static void
assert_window (const char *name, const char *wanted)
{
  g_autofree char *found = gate_sql_value ("select used || ' ' || reserved from limit_used (%" G_GINT64_FORMAT
                                           ", '%s', 'agent:setter', 3600, null)",
                                           ws, name);

  g_assert_cmpstr (found, ==, wanted);
}

static void
to_state (JsonNode *outcome, const char *state)
{
  gate_sql ("update proposals set state = '%s' where uid = '%s'", state, member (outcome, "proposal"));
}

/* How each end of a proposal leaves what it reserved. */
static void
test_ends (void)
{
  static const struct {
    const char *state;
    const char *window;
  } table[] = {
    { "approved", "0 3" }, { "pending", "0 3" }, { "executing", "0 3" }, { "executed", "3 0" }, { "unknown", "3 0" },
    { "failed", "0 0" },   { "stale", "0 0" },   { "rejected", "0 0" },  { "expired", "0 0" },  { "superseded", "0 0" },
  };

  ws = gate_workspace ("limits");
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *name = g_strdup_printf ("end-%s", table[i].state);
      g_autofree char *limit = entry_text (name, "3", "10", "deny");
      g_autoptr (JsonNode) outcome = submit ("ends", i % 2 == 0 ? "auto" : "approve", NULL, limit);

      assert_window (name, "0 3");
      if (g_str_equal (table[i].state, "approved"))
        continue;
      gate_sql ("update proposals set state = 'executing' where uid = '%s' and '%s' <> 'pending'",
                member (outcome, "proposal"), table[i].state);
      to_state (outcome, table[i].state);
      assert_window (name, table[i].window);
      /* What was settled as unknown and turns out not to have happened. */
      if (g_str_equal (table[i].state, "unknown"))
        {
          to_state (outcome, "failed");
          assert_window (name, "0 0");
        }
    }
}

/* What does not fit, at each of the decisions that a limit may ask for; nothing gets more permissive. */
static void
test_over (void)
{
  static const struct {
    const char *before;
    const char *limit;
    const char *decision;
    const char *state;
    const char *window;
  } table[] = {
    { "auto", "approve", "approve", "pending", "0 16" },   { "auto", "notify", "notify", "approved", "0 16" },
    { "auto", "deny", "deny", "denied", "0 8" },           { "notify", "notify", "notify", "approved", "0 16" },
    { "approve", "notify", "approve", "pending", "0 16" }, { "approve", "deny", "deny", "denied", "0 8" },
    { "deny", "approve", "deny", "denied", "0 8" },
  };

  ws = gate_workspace ("limits");
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *name = g_strdup_printf ("over-%u", i);
      g_autofree char *limit = entry_text (name, "8", "10", table[i].limit);
      g_autoptr (JsonNode) first = submit ("over", "auto", NULL, limit);
      g_autoptr (JsonNode) second = submit ("over", table[i].before, NULL, limit);
      g_autofree char *rules = gate_sql_value ("select '%s' = any (rules) from proposals where uid = '%s'", name,
                                               member (second, "proposal"));

      g_assert_cmpstr (member (first, "decision"), ==, "auto");
      g_assert_cmpstr (member (second, "decision"), ==, table[i].decision);
      g_assert_cmpstr (member (second, "state"), ==, table[i].state);
      g_assert_cmpstr (rules, ==, g_str_equal (table[i].before, "deny") ? "f" : "t");
      assert_window (name, table[i].window);
    }
}

/* What is missing or negative fits in nothing, and frees nothing. */
static void
test_fails_closed (void)
{
  static const char *const entries[][2] = {
    { "null", "10" },
    { "1", "null" },
    { "null", "null" },
  };

  ws = gate_workspace ("limits");
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autofree char *name = g_strdup_printf ("closed-%u", i);
      g_autofree char *limit = entry_text (name, entries[i][0], entries[i][1], "deny");
      g_autoptr (JsonNode) outcome = submit ("closed", "auto", NULL, limit);

      g_assert_cmpstr (member (outcome, "state"), ==, "denied");
    }
  {
    g_autofree char *full = entry_text ("negative", "10", "10", "deny");
    g_autofree char *minus = entry_text ("negative", "-10", "10", "deny");
    g_autofree char *one = entry_text ("negative", "1", "10", "deny");
    g_autoptr (JsonNode) first G_GNUC_UNUSED = submit ("negative", "auto", NULL, full);
    g_autoptr (JsonNode) second G_GNUC_UNUSED = submit ("negative", "auto", NULL, minus);
    g_autoptr (JsonNode) third = submit ("negative", "auto", NULL, one);

    g_assert_cmpstr (member (third, "state"), ==, "denied");
  }
}

/* What was executed leaves the window in its time; a window made longer finds it again. */
static void
test_window (void)
{
  g_autofree char *limit = entry_text ("window", "6", "10", "deny");
  g_autofree char *listed = NULL;
  g_autoptr (JsonNode) first = NULL;
  g_autoptr (JsonNode) second = NULL;
  g_autoptr (JsonNode) third = NULL;

  ws = gate_workspace ("limits");
  first = submit ("window", "auto", NULL, limit);
  to_state (first, "executed");
  listed = gate_sql_value (
      "select l.\"limit\"->>'used' || ' ' || (l.\"limit\"->>'frees_at' is not null) || ' ' || (l.\"limit\"->>'left')"
      " from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false) c, lateral (select * from"
      " limits_list () where c.c is not null) l where l.\"limit\"->>'name' = 'window'",
      ws);
  g_assert_cmpstr (listed, ==, "6 true 4");
  second = submit ("window", "auto", NULL, limit);
  g_assert_cmpstr (member (second, "state"), ==, "denied");
  gate_sql ("update reservations set at = at - interval '3601 seconds' where name = 'window'");
  third = submit ("window", "auto", NULL, limit);
  g_assert_cmpstr (member (third, "state"), ==, "approved");
  assert_window ("window", "0 6");
}

/* A proposal that is submitted again by another attempt of its job reserves once. */
static void
test_once (void)
{
  static const char key[] = "00000000000000000000000000000000000000000000000000000000000000aa";
  g_autofree char *limit = entry_text ("once", "4", "10", "deny");
  g_autoptr (JsonNode) first = NULL;
  g_autoptr (JsonNode) again = NULL;

  ws = gate_workspace ("limits");
  first = submit ("once", "auto", key, limit);
  again = submit ("once", "auto", key, limit);
  g_assert_cmpstr (member (first, "proposal"), ==, member (again, "proposal"));
  assert_window ("once", "0 4");
}

/* --- Two hosts, many submitters ----------------------------------------------------------------------------------- */

typedef struct {
  RhStore *stores[2];
  guint running;
  guint denied;
  guint failed;
  guint executed;
  guint undecided; /* errors of any kind */
} Race;

typedef struct {
  Race *race;
  guint index;
  guint round;
  guint amount;
} Submitter;

static void go (Submitter *self);

static const char *
owner_of (const Submitter *self)
{
  return self->index % 2 == 0 ? "one" : "two";
}

static void
next_round (Submitter *self)
{
  if (++self->round < ROUNDS)
    go (self);
  else
    self->race->running--;
}

static void
on_finished (GObject *source, GAsyncResult *result, gpointer data)
{
  Submitter *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (rh_rows_n (rows), ==, 1);
  next_round (self);
}

static void
on_submitted (GObject *source, GAsyncResult *result, gpointer data)
{
  Submitter *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  gboolean fails = g_random_boolean ();
  g_autofree char *entries = NULL;

  if (rows == NULL)
    {
      g_test_message ("%s", error->message);
      self->race->undecided++;
      next_round (self);
      return;
    }
  if (rh_rows_is_null (rows, 0, "effect"))
    {
      self->race->denied++;
      next_round (self);
      return;
    }
  *(fails ? &self->race->failed : &self->race->executed) += 1;
  entries = g_strdup_printf ("[{\"ws\":%" G_GINT64_FORMAT ",\"effect\":%" G_GINT64_FORMAT
                             ",\"item\":0,\"outcome\":\"%s\",\"receipt\":{}}]",
                             ws, rh_rows_int64 (rows, 0, "effect"), fails ? "failed" : "executed");
  rh_store_call_async (self->race->stores[self->index % 2], &finish_statement, RH_NO_WORKSPACE,
                       (const char *const[]){ owner_of (self), entries }, NULL, on_finished, self);
}

/* Every second one names its two limits the other way round: locks that were taken in the order of the list would wait
 * for each other. */
static void
go (Submitter *self)
{
  g_autofree char *amount = NULL;
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  g_autofree char *limits = NULL;
  g_autofree char *row = NULL;

  self->amount = (guint)g_random_int_range (1, 20);
  amount = g_strdup_printf ("%u", self->amount);
  a = entry_text ("race-a", amount, "500", "deny");
  b = entry_text ("race-b", amount, "600", "deny");
  limits = g_strdup_printf ("%s,%s", self->index / 2 % 2 == 0 ? a : b, self->index / 2 % 2 == 0 ? b : a);
  row = row_text ("race", "auto", NULL, limits);
  rh_store_call_async (self->race->stores[self->index % 2], &submit_statement, ws,
                       (const char *const[]){ row, owner_of (self) }, NULL, on_submitted, self);
}

static gboolean
is_over (gpointer data)
{
  return ((Race *)data)->running == 0;
}

/* Looks from outside, again and again, whether anything was overspent in a moment that was committed. */
static gpointer
watch (gpointer data)
{
  Race *race = data;
  guint64 looks = 0;

  while (g_atomic_int_get (&race->running) > 0)
    {
      g_autofree char *over = gate_sql_value ("select coalesce (sum (r.amount), 0) <= 500 from reservations r where "
                                              "r.name = 'race-a' and r.workspace_id = %" G_GINT64_FORMAT,
                                              ws);

      g_assert_cmpstr (over, ==, "t");
      looks++;
    }
  return GSIZE_TO_POINTER (looks);
}

static void
test_race (void)
{
  Race race = { .running = SUBMITTERS };
  Submitter submitters[SUBMITTERS];
  g_autoptr (GThread) watcher = NULL;
  g_autofree char *spent = NULL;
  g_autofree char *left = NULL;
  g_autofree char *limit = NULL;
  g_autoptr (JsonNode) rest = NULL;

  ws = gate_workspace ("limits");
  gate_sql ("insert into breakers (workspace_id, agent, failed) values (%" G_GINT64_FORMAT ", 'setter', 100000)"
            " on conflict (workspace_id, agent) do update set failed = 100000, opened_at = null",
            ws);
  race.stores[0] = open_store ();
  race.stores[1] = open_store ();
  watcher = g_thread_new ("watch", watch, &race);
  for (guint i = 0; i < SUBMITTERS; i++)
    {
      submitters[i] = (Submitter){ &race, i, 0, 0 };
      go (&submitters[i]);
    }
  royal_test_wait_until (is_over, &race, 60000);
  g_test_message ("%u executed, %u failed, %u denied, looked at %" G_GSIZE_FORMAT " times", race.executed, race.failed,
                  race.denied, GPOINTER_TO_SIZE (g_thread_join (g_steal_pointer (&watcher))));

  /* Never stuck, nor in each other's way; never overspent; and what failed was given back: the rest of it can be had.
   */
  g_assert_cmpuint (race.undecided, ==, 0);
  g_assert_cmpuint (race.executed + race.failed + race.denied, ==, SUBMITTERS * ROUNDS);
  g_assert_cmpuint (race.denied, >, 0);
  spent = gate_sql_value (
      "select sum ((l->>'amount')::int) from proposals p, jsonb_array_elements (p.limits) l where l->>'name' = 'race-a'"
      " and p.state = 'executed' and p.workspace_id = %" G_GINT64_FORMAT,
      ws);
  g_assert_cmpint ((int)g_ascii_strtoll (spent, NULL, 10), <=, 500);
  g_assert_cmpint ((int)g_ascii_strtoll (spent, NULL, 10), >, 480);
  {
    g_autofree char *window = g_strdup_printf ("%s 0", spent);

    assert_window ("race-a", window);
  }
  left = g_strdup_printf ("%d", 500 - (int)g_ascii_strtoll (spent, NULL, 10));
  limit = entry_text ("race-a", left, "500", "deny");
  rest = submit ("race", "auto", NULL, limit);
  g_assert_cmpstr (member (rest, "state"), ==, "approved");
  close_store (race.stores[0]);
  close_store (race.stores[1]);
}

/* Costs nothing that grows when there are no limits: a submission without one touches none of their tables. */
static void
test_none (void)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  static const char scans[] =
      "select sum (seq_scan + idx_scan) from pg_stat_user_tables where relname in ('limit_windows', 'reservations')";
  g_autoptr (JsonNode) outcome = NULL;

  ws = gate_workspace ("limits");
  gate_sql ("select pg_stat_force_next_flush ()");
  before = gate_sql_value ("%s", scans);
  outcome = submit ("none", "auto", NULL, "");
  to_state (outcome, "executed");
  gate_sql ("select pg_stat_force_next_flush ()");
  after = gate_sql_value ("%s", scans);
  g_assert_cmpstr (before, ==, after);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/limits/none", test_none);
  g_test_add_func ("/limits/ends", test_ends);
  g_test_add_func ("/limits/over", test_over);
  g_test_add_func ("/limits/fails-closed", test_fails_closed);
  g_test_add_func ("/limits/window", test_window);
  g_test_add_func ("/limits/once", test_once);
  g_test_add_func ("/limits/race", test_race);
  return royal_test_run ();
}
