/* SPDX-License-Identifier: Apache-2.0 */

/* How effects are sent: item by item, in lanes of their own, with a breaker, a rate and a ceiling; and what a person
 * says of those that nobody can tell of. */

#include "connector-conformance.h"
#include "gate-host.h"
#include "royal-test.h"

#include <rh-leases.h>
#include <rh-metrics.h>
#include <royal-json.h>
#include <string.h>

static gint64 ws;

static GateHost *
started (const char *host_id)
{
  GateHost *host;

  ws = gate_workspace ("demo");
  host = gate_host_new (host_id);
  rh_gate_start (host->gate);
  return host;
}

#define assert_value(wanted, ...)                                                                                      \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *found_ = gate_sql_value (__VA_ARGS__);                                                            \
    g_assert_cmpstr (found_, ==, wanted);                                                                              \
  }                                                                                                                    \
  G_STMT_END
#define STATE(id, wanted) assert_value (wanted, "select state from proposals where uid = '%s'", id)
#define ITEMS(id, wanted)                                                                                              \
  assert_value (wanted,                                                                                                \
                "select string_agg (e.item || ' ' || e.state, ', ' order by e.item)"                                   \
                " from effects e join proposals p on p.id = e.proposal where p.uid = '%s'",                            \
                id)
#define WORLD(target, wanted) assert_value (wanted, "select value from fake.world where target = '%s'", target)

/* A pending proposal that has been made a batch; (transfer full): its id. @modes: what goes wrong with each item, `-`
 * nothing, `x` it is left out. */
static char *
make_batch (GateHost *host, const char *name, const char *const *modes)
{
  char *id = gate_set (host, ws, name, 300, "");

  for (guint i = 0; modes[i] != NULL; i++)
    {
      gboolean excluded = strcmp (modes[i], "x") == 0;
      g_autofree char *mode =
          strlen (modes[i]) > 1 ? g_strdup_printf (", \"mode\": \"%s\", \"times\": 99", modes[i]) : g_strdup ("");

      gate_sql (
          "insert into proposal_items (workspace_id, proposal, item, target, parameters, before, facts, preview, "
          "excluded) select workspace_id, id, %u, '%s-%u', '{ \"value\": %u%s }', '{ \"value\": %d }', '{}', '{}', %s "
          "from proposals where uid = '%s'",
          i + 1, name, i + 1, i + 1, mode, strcmp (modes[i], "stale") == 0 ? 7 : 0, excluded ? "true" : "false", id);
    }
  gate_sql ("update proposals set n_items = %u where uid = '%s'", g_strv_length ((char **)modes), id);
  return id;
}

static void
approve (GateHost *host, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) approved = gate_approve (host, ws, id, NULL, &error);

  g_assert_no_error (error);
}

static void
test_batch (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = make_batch (host, "batch", (const char *const[]){ "-", "x", "lost", "-", NULL });
  g_autofree char *keys = NULL;

  gate_sql ("update proposal_items set parameters = parameters - 'times' where target = 'batch-3'");
  approve (host, id);
  gate_wait (ws, id, "executed");
  ITEMS (id, "1 executed, 3 executed, 4 executed");
  WORLD ("batch-1", "1");
  WORLD ("batch-4", "4");
  assert_value ("",
                "select coalesce (string_agg (target, ''), '') from fake.world where target in ('batch', 'batch-2')");
  keys = gate_sql_value ("select string_agg (replace (key, '%s', 'id'), ' ' order by key) from fake.effects"
                         " where key like '%s%%'",
                         id, id);
  g_assert_cmpstr (keys, ==, "id/1 id/3 id/4");
  royal_test_spin (300);
  /* Started once, ended once, and each item's end is told. */
  assert_value ("effect.executed 1, effect.started 1",
                "select string_agg (kind || ' ' || n, ', ' order by kind) from (select kind, count (*) as n from audit"
                " where subject = '%s' and kind in ('effect.started', 'effect.executed') group by kind) k",
                id);
  assert_value (
      "3", "select sum (jsonb_array_length (data->'items')) from events where subject = '%s' and kind = 'effect.items'",
      id);
  gate_host_end (host, FALSE);
}

/* A batch is what the worst of its items is. */
static void
test_batch_ends (void)
{
  static const struct {
    const char *modes[4];
    const char *state;
    const char *items;
  } table[] = {
    { { "-", "failed" }, "failed", "1 executed, 2 failed" },
    { { "failed", "blind", "-" }, "unknown", "1 failed, 2 unknown, 3 executed" },
    { { "stale", "stale" }, "stale", "1 stale, 2 stale" },
    { { "stale", "-" }, "failed", "1 stale, 2 executed" },
  };
  GateHost *host = started ("one");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *name = g_strdup_printf ("ends%u", i);
      g_autofree char *id = make_batch (host, name, table[i].modes);

      approve (host, id);
      gate_wait (ws, id, table[i].state);
      ITEMS (id, table[i].items);
    }
  gate_host_end (host, FALSE);
}

/* Two hosts share a large batch, and one dies in the middle of it. */
static void
test_batch_hosts (void)
{
  GateHost *first, *second;
  g_autofree char *id = NULL;
  const char *modes[301] = { 0 };

  ws = gate_workspace ("demo");
  first = gate_host_new ("first");
  second = gate_host_new ("second");
  for (guint i = 0; i < 300; i++)
    modes[i] = i % 50 == 0 ? "foreign" : "-";
  id = make_batch (first, "wide", modes);
  gate_sql ("update proposal_items set parameters = parameters - 'times' where target like 'wide-%%'");
  approve (first, id);
  rh_gate_start (first->gate);
  rh_gate_start (second->gate);
  royal_test_spin (60);
  gate_host_end (first, TRUE);
  first = gate_host_new ("first");
  rh_gate_start (first->gate);
  gate_wait (ws, id, "executed");
  assert_value ("300", "select count (*) from fake.effects where key like '%s/%%'", id);
  assert_value ("300", "select count (*) from effects where key like '%s/%%' and state = 'executed'", id);
  gate_host_end (first, FALSE);
  gate_host_end (second, FALSE);
}

/* Of a batch under way, what has not begun does not begin once the agent's grant is taken away, or while the agent is
 * paused; what had begun goes on to its end. */
static void
test_batch_held (gconstpointer data)
{
  gboolean withdrawn = GPOINTER_TO_INT (data);
  GateHost *host = started ("one");
  const char *name = withdrawn ? "slow-taken" : "slow-paused";
  g_autofree char *id = make_batch (host, name, (const char *const[]){ "hang", "hang", "-", "-", "-", NULL });

  approve (host, id);
  for (guint i = 0; i < 500 && fake_connector_attempts (host->fake) < 2; i++)
    royal_test_spin (10);
  if (withdrawn)
    gate_sql ("insert into grants (workspace_id, agent, grants, changed_by) values (%" G_GINT64_FORMAT
              ", 'setter', '{\"writes\": [{\"action\": \"fake.burn\"}]}', 'ann')",
              ws);
  else
    gate_sql ("select control_pause ('agent', 'setter', 'test', 'ann')"
              " from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false)",
              ws);
  for (guint i = 0; i < 100 && fake_connector_verifies (host->fake) < 2; i++)
    royal_test_spin (50);
  royal_test_spin (500);
  g_assert_cmpuint (fake_connector_attempts (host->fake), ==, 2);
  if (withdrawn)
    {
      gate_wait (ws, id, "failed");
      ITEMS (id, "1 executed, 2 executed, 3 stale, 4 stale, 5 stale");
      assert_value ("3",
                    "select count (*) from effects e join proposals p on p.id = e.proposal"
                    " where p.uid = '%s' and e.error like '%%is not granted fake.set any more'",
                    id);
      gate_sql ("delete from grants");
    }
  else
    {
      gate_sql ("select control_unpause ('agent', 'setter', 'ann')"
                " from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false)",
                ws);
      gate_wait (ws, id, "executed");
    }
  gate_host_end (host, FALSE);
}

static gint64
steps (const char *step)
{
  g_autofree char *text = rh_metrics_text ();
  g_autofree char *name = g_strdup_printf ("royal_gate_effect_steps_total{step=\"%s\"} ", step);
  const char *found = strstr (text, name);

  return found != NULL ? g_ascii_strtoll (found + strlen (name), NULL, 10) : 0;
}

typedef struct {
  FakeConnector *fake;
  guint n;
} Attempts;

static gboolean
are_made (gpointer data)
{
  const Attempts *attempts = data;

  return fake_connector_attempts (attempts->fake) >= attempts->n;
}

/* A connector that hangs has a ceiling: the attempt is given up and verified. Meanwhile the others go on. */
static void
test_hangs (void)
{
  GateHost *host = started ("one");
  gint64 given_up = steps ("given_up");
  Attempts both = { host->fake, fake_connector_attempts (host->fake) + 2 };
  g_autofree char *done = gate_set (host, ws, "slow-done", 5, ",'mode':'hang'");
  g_autofree char *silent = gate_set (host, ws, "slow-silent", 5, ",'mode':'silent'");
  g_autofree char *third = NULL;
  g_autofree char *other = NULL;

  royal_test_wait_until (are_made, &both, 5000);
  other = gate_set (host, ws, "quick", 5, "");
  third = gate_set (host, ws, "slow-third", 5, "");
  gate_wait (ws, done, "executed");
  gate_wait (ws, silent, "executed");
  gate_wait (ws, third, "executed");
  gate_wait (ws, other, "executed");
  g_assert_cmpint (steps ("given_up") - given_up, ==, 2);
  /* Both places of its lane were taken until they were given up; what goes elsewhere went on. */
  assert_value ("true true",
                "select (t.finished_at >= least (d.started_at, s.started_at) + interval '1.4 s')::text || ' ' ||"
                " (o.finished_at < t.finished_at)::text from effects t, effects d, effects s, effects o"
                " where t.key = '%s' and d.key = '%s' and s.key = '%s' and o.key = '%s'",
                third, done, silent, other);
  assert_value ("1 1",
                "select (select count (*) from fake.effects where key = '%s') || ' ' ||"
                " (select count (*) from fake.effects where key = '%s')",
                done, silent);
  gate_host_end (host, FALSE);
}

/* What a peer says may end in the middle of a letter: it is recorded all the same, and nothing waits for it. */
static void
test_garbled (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "garbled", 5, ",'mode':'garbled'");
  g_autofree char *other = gate_set (host, ws, "beside", 5, "");

  gate_wait (ws, id, "failed");
  gate_wait (ws, other, "executed");
  assert_value ("the caf\357\277\275 is", "select left (error, 8) || ' is' from effects where key = '%s'", id);
  gate_host_end (host, FALSE);
}

static const char *
breaker_of (GateHost *host, const char *lane)
{
  g_autoptr (JsonNode) lanes = rh_gate_lanes (host->gate);
  JsonArray *list = json_node_get_array (lanes);

  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      JsonObject *entry = json_array_get_object_element (list, i);

      if (strcmp (royal_json_string (entry, "lane", ""), lane) == 0)
        return g_intern_string (royal_json_string (entry, "breaker", ""));
    }
  return "none";
}

static gboolean
is_open (gpointer host)
{
  return strcmp (breaker_of (host, "fake frail"), "open") == 0;
}

static gboolean
is_closed (gpointer host)
{
  return strcmp (breaker_of (host, "fake frail"), "closed") == 0;
}

/* The last fourteen wait in nobody's hands: not begun, or claimed in the moment that the lane closed and handed back.
 */
static gboolean
all_wait (gpointer host)
{
  g_autofree char *left = gate_sql_value (
      "select count(*) from proposals p left join effects e on e.workspace_id = p.workspace_id and e.proposal = p.id"
      " where p.target ~ '^frail-([6-9]|1.)$' and (p.state = 'approved' or e.owner = '' and e.clean)");

  return strcmp (left, "14") == 0;
}

/* An origin that keeps failing is left alone: what is for it waits in the database, in nobody's hands, and goes on when
 * it is back. */
static void
test_breaker (void)
{
  GateHost *host = started ("one");
  char *ids[20];
  gint64 opened_us;
  guint attempts;

  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *target = g_strdup_printf ("frail-%u", i);

      ids[i] = gate_set (host, ws, target, 5, ",'mode':'unavailable','times':1");
    }
  royal_test_wait_until (is_open, host, 5000);
  opened_us = g_get_monotonic_time ();
  attempts = fake_connector_attempts (host->fake);
  for (guint i = 6; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *target = g_strdup_printf ("frail-%u", i);

      ids[i] = gate_set (host, ws, target, 5, "");
    }
  /* It is open for six seconds at least; a machine that needed one of them for this is too slow to be judged. */
  if (g_get_monotonic_time () - opened_us < 1000 * 1000)
    {
      royal_test_wait_until (all_wait, host, 4900);
      g_assert_cmpuint (fake_connector_attempts (host->fake), <=, attempts + 8); /* those under way when it opened */
    }
  royal_test_wait_until (is_closed, host, 30000);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      gate_wait (ws, ids[i], "executed");
      g_free (ids[i]);
    }
  g_assert_cmpstr (breaker_of (host, "fake frail"), ==, "closed");
  assert_value ("20", "select count (*) from fake.effects e join proposals p on e.key = p.uid::text"
                      " where p.target like 'frail-%%'");
  gate_host_end (host, FALSE);
}

/* Told to come back later, it is left alone until then, and that is no failure. */
static void
test_throttle (void)
{
  GateHost *host = started ("one");
  gint64 parked = steps ("parked");
  gint64 since_us;
  g_autofree char *first = gate_set (host, ws, "frail, throttled", 5, ",'mode':'throttle','times':1");
  g_autofree char *second = NULL;

  since_us = g_get_monotonic_time ();
  while (steps ("parked") == parked)
    royal_test_spin (20);
  assert_value ("", "select owner from effects where key = '%s'", first);
  second = gate_set (host, ws, "frail, second", 5, "");
  royal_test_spin (300);
  if (g_get_monotonic_time () - since_us < 1900 * 1000)
    assert_value ("0", "select count (*) from fake.effects where key = '%s'", second);
  gate_wait (ws, first, "executed");
  gate_wait (ws, second, "executed");
  g_assert_cmpint (g_get_monotonic_time () - since_us, >=, 2000 * 1000);
  g_assert_cmpstr (breaker_of (host, "fake frail"), ==, "closed");
  gate_host_end (host, FALSE);
}

static void
test_rate (void)
{
  GateHost *host = started ("one");
  gint64 since_us = g_get_monotonic_time ();
  char *ids[12];

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *target = g_strdup_printf ("metered-%u", i);

      ids[i] = gate_set (host, ws, target, 5, "");
    }
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      gate_wait (ws, ids[i], "executed");
      g_free (ids[i]);
    }
  /* Ten a second, two at once: the other ten take a second. */
  g_assert_cmpint (g_get_monotonic_time () - since_us, >=, 950 * 1000);
  gate_host_end (host, FALSE);
}

static JsonObject *
settle (GateHost *host, const char *id, gint64 item, const char *found, const char *receipt, GError **error)
{
  RhActor actor = { ws, "olga", "unix:1002", "operator" };
  g_autoptr (JsonNode) node = gate_json (receipt != NULL ? receipt : "{}");
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (JsonNode) proposal = NULL;

  rh_gate_settle_async (host->gate, &actor, id, item, found, receipt != NULL ? json_node_get_object (node) : NULL,
                        "looked it up", royal_test_result, &result);
  done = royal_test_wait (&result);
  proposal = rh_gate_answer_finish (host->gate, done, error);
  return proposal != NULL ? json_object_ref (json_node_get_object (proposal)) : NULL;
}

static void
assert_settled (GateHost *host, const char *id, gint64 item, const char *found, const char *receipt, const char *state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) proposal = settle (host, id, item, found, receipt, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (proposal, "state", ""), ==, state);
}

static void
assert_not_settled (GateHost *host, const char *id, gint64 item, const char *found, const char *receipt, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) proposal = settle (host, id, item, found, receipt, &error);

  g_assert_null (proposal);
  g_assert_error (error, ROYAL_ERROR, code);
}

/* What nobody can tell of, a person finds out. */
static void
test_settle (void)
{
  GateHost *host = started ("one");
  char *ids[3];
  g_autoptr (JsonObject) inverse = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *target = g_strdup_printf ("settle%u", i);

      ids[i] = gate_set (host, ws, target, 5, ",'mode':'blind'");
      gate_wait (ws, ids[i], "unknown");
    }
  assert_not_settled (host, ids[0], 0, "perhaps", NULL, ROYAL_ERROR_INVALID);
  assert_not_settled (host, ids[0], 1, "absent", NULL, ROYAL_ERROR_NOT_FOUND);
  assert_not_settled (host, ids[0], 0, "absent", "{'from':1}", ROYAL_ERROR_INVALID);
  assert_settled (host, ids[0], 0, "happened", "{'from':0,'to':5}", "executed");
  assert_settled (host, ids[1], 0, "absent", NULL, "failed");
  /* Tried again, it is as if it had never been tried: it can be verified this time. */
  gate_sql ("update proposals set parameters = '{ \"value\": 5 }' where uid = '%s'", ids[2]);
  assert_settled (host, ids[2], 0, "retry", NULL, "executing");
  gate_wait (ws, ids[2], "executed");
  WORLD ("settle2", "5");
  assert_not_settled (host, ids[0], 0, "happened", NULL, ROYAL_ERROR_CONFLICT);
  assert_not_settled (host, ids[2], 0, "retry", NULL, ROYAL_ERROR_CONFLICT);
  /* With its receipt it can be undone. */
  inverse = gate_undo (host, ws, ids[0], &error);
  g_assert_no_error (error);
  royal_test_spin (300);
  assert_value ("3", "select count (*) from audit where kind = 'effect.settled' and actor = 'olga'");
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    g_free (ids[i]);
  gate_host_end (host, FALSE);
}

static void
test_settle_batch (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = make_batch (host, "doubt", (const char *const[]){ "blind", "-", "blind", NULL });

  approve (host, id);
  gate_wait (ws, id, "unknown");
  assert_not_settled (host, id, 0, "happened", NULL, ROYAL_ERROR_NOT_FOUND);
  assert_settled (host, id, 1, "happened", NULL, "unknown");
  assert_settled (host, id, 3, "happened", NULL, "executed");
  ITEMS (id, "1 executed, 2 executed, 3 executed");
  gate_host_end (host, FALSE);
}

/* A host that stops hands back what waits, for another to take at once. */
static void
test_hand_back (void)
{
  GateHost *first = started ("first");
  GateHost *second;
  g_autofree char *id = gate_set (first, ws, "back", 5, ",'mode':'throttle','times':1");

  royal_test_spin (200);
  gate_host_end (first, FALSE);
  assert_value ("", "select owner from effects where key = '%s'", id);
  second = started ("second");
  gate_wait (ws, id, "executed");
  gate_host_end (second, FALSE);
}

/* What was handed back may be another host's when the answer to that is lost: nothing begins on what was known before.
 */
static void
test_park_asks (void)
{
  GateHost *host = started ("one");
  g_autoptr (RhConnectors) connectors = rh_connectors_new ();
  g_autoptr (RhLeases) leases = rh_leases_new (host->store, connectors, "other");
  g_autoptr (JsonNode) parameters = gate_json ("{'value':1}");
  RhAssessment assessment = { 0 };
  const RhProposal proposal = { .workspace = ws,
                                .action = (char *)"fake.set",
                                .target = (char *)"park",
                                .parameters = json_node_get_object (parameters),
                                .assessment = &assessment };
  g_autoptr (RhWork) work = rh_work_new_started (1, "none", &proposal, connectors);
  g_autoptr (GPtrArray) works = g_ptr_array_new ();

  g_ptr_array_add (works, work);
  work->asked_us = g_get_monotonic_time ();
  g_assert_true (rh_work_may_begin (work, 0));
  rh_leases_park (leases, works, 0);
  g_assert_false (rh_work_may_begin (work, 0));
  royal_test_spin (100);
  gate_host_end (host, FALSE);
}

static guint
count_in_fake (const char *key, gpointer data)
{
  g_autofree char *n = gate_sql_value ("select count (*) from fake.effects where key = '%s'", key);

  return (guint)g_ascii_strtoull (n, NULL, 10);
}

static void
test_conforms (void)
{
  GateHost *host = started ("one");
  const Conformance conformance = {
    .connector = RH_CONNECTOR (host->fake),
    .workspace = ws,
    .action = "fake.set",
    .target = "conforms",
    .parameters = { "{'value':7}", "{'value':8}" },
    .prefix = "conforms-",
    .observes = TRUE,
    .count = count_in_fake,
  };

  connector_conformance (&conformance);
  gate_host_end (host, FALSE);
}

/* How long a decision waits for its effect is told once of each that begins, by the database's clock. */
static void
test_start_is_told (void)
{
  GateHost *host = started ("one");
  g_autofree char *held = gate_set (host, ws, "start-held", 300, "");
  g_autofree char *single = gate_set (host, ws, "start-single", 300, "");
  g_autofree char *batch = make_batch (host, "start", (const char *const[]){ "-", "x", "-", NULL });
  double began = rh_metric_value (RH_METRIC_EFFECT_START_SECONDS, NULL);
  double late = rh_metric_above (RH_METRIC_EFFECT_START_SECONDS, 60);

  gate_sql ("update workspaces set paused_actions = '{fake.set}' where workspace_id = %" G_GINT64_FORMAT, ws);
  approve (host, held);
  royal_test_spin (300);
  g_assert_cmpfloat (rh_metric_value (RH_METRIC_EFFECT_START_SECONDS, NULL), ==, began);
  gate_sql ("update proposals set decided_at = decided_at - interval '2 minutes' where uid = '%s'", held);
  gate_sql ("update workspaces set paused_actions = '{}' where workspace_id = %" G_GINT64_FORMAT, ws);
  approve (host, single);
  gate_wait (ws, held, "executed");
  gate_wait (ws, single, "executed");
  g_assert_cmpfloat (rh_metric_value (RH_METRIC_EFFECT_START_SECONDS, NULL), ==, began + 2);
  g_assert_cmpfloat (rh_metric_above (RH_METRIC_EFFECT_START_SECONDS, 60), ==, late + 1);
  approve (host, batch);
  gate_wait (ws, batch, "executed");
  g_assert_cmpfloat (rh_metric_value (RH_METRIC_EFFECT_START_SECONDS, NULL), ==, began + 4);
  g_assert_cmpfloat (rh_metric_above (RH_METRIC_EFFECT_START_SECONDS, 60), ==, late + 1);
  gate_host_end (host, FALSE);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/executor/batch", test_batch);
  g_test_add_func ("/executor/batch-ends", test_batch_ends);
  g_test_add_func ("/executor/batch-hosts", test_batch_hosts);
  g_test_add_data_func ("/executor/batch-withdrawn", GINT_TO_POINTER (TRUE), test_batch_held);
  g_test_add_data_func ("/executor/batch-paused", GINT_TO_POINTER (FALSE), test_batch_held);
  g_test_add_func ("/executor/hangs", test_hangs);
  g_test_add_func ("/executor/garbled", test_garbled);
  g_test_add_func ("/executor/throttle", test_throttle);
  g_test_add_func ("/executor/breaker", test_breaker);
  g_test_add_func ("/executor/rate", test_rate);
  g_test_add_func ("/executor/settle", test_settle);
  g_test_add_func ("/executor/settle-batch", test_settle_batch);
  g_test_add_func ("/executor/conforms", test_conforms);
  g_test_add_func ("/executor/hand-back", test_hand_back);
  g_test_add_func ("/executor/park-asks", test_park_asks);
  g_test_add_func ("/executor/start-is-told", test_start_is_told);
  return royal_test_run ();
}
