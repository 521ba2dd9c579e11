/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-host.h"
#include "royal-test.h"

#include <rh-proposal.h>
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
#define WORLD(target, wanted) assert_value (wanted, "select value from fake.world where target = '%s'", target)
#define EFFECTS(id, wanted) assert_value (wanted, "select count(*) from fake.effects where key = '%s'", id)

/* Each decision, to its end. */
static void
test_decisions (void)
{
  static const struct {
    int value;
    const char *decision;
    const char *risk;
    const char *state; /* at the end */
    const char *effects;
  } table[] = {
    { 10, "auto", "low", "executed", "1" },
    { 150, "notify", "medium", "executed", "1" },
    { 500, "approve", "high", "pending", "0" },
    { 5000, "deny", "high", "denied", "0" },
  };
  GateHost *host = started ("one");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *id = gate_set (host, ws, "decisions", table[i].value, "");
      g_autoptr (JsonObject) proposal = NULL;

      gate_wait (ws, id, table[i].state);
      proposal = gate_get (ws, id);
      g_assert_cmpstr (royal_json_string (proposal, "decision", ""), ==, table[i].decision);
      g_assert_cmpstr (royal_json_string (proposal, "risk", ""), ==, table[i].risk);
      EFFECTS (id, table[i].effects);
    }
  gate_host_end (host, FALSE);
}

/* What a proposal must not say, and what its action does not take: refused, with the place, and nothing is kept. */
static void
test_refuses (void)
{
  static const struct {
    const char *proposal;
    const char *message;
  } table[] = {
    { "{'action':'fake.set','target':'x','parameters':{'value':1},'facts':{'to':1}}", "facts" },
    { "{'action':'fake.set','target':'x','parameters':{'value':1},'risk':'low'}", "risk" },
    { "{'action':'fake.set','target':'x','parameters':{'value':1},'decision':'auto'}", "decision" },
    { "{'action':'fake.set','target':'x','parameters':{'value':1},'agent':'boss'}", "agent" },
    { "{'action':'fake.set','target':'x','parameters':{'value':1},'workspace':2}", "workspace" },
    { "{'action':'fake.set','target':'x','parameters':{'value':1},'claims':{'confidence':1.5}}", "/claims/confidence" },
    { "{'action':'fake.set','target':'x','parameters':{'value':1},'claims':{'facts.to':1}}", "/claims" },
    { "{'action':'fake.set','target':'x','parameters':{'value':1},'deadline_s':0}", "/deadline_s" },
    { "{'action':'fake.set','parameters':{'value':1}}", "target" },
    { "{'action':'fake.set','target':'','parameters':{'value':1}}", "/target" },
    { "{'action':'fake.set','target':'bad','parameters':{'value':1}}", "expected a good one" },
    { "{'action':'fake.set','target':'x','parameters':{'value':'1'}}", "parameters: /value" },
    { "{'action':'fake.set','target':'x','parameters':{'value':-1}}", "parameters: /value" },
    { "{'action':'fake.set','target':'x','parameters':{'value':1,'to':1}}", "parameters: " },
    { "{'action':'fake.other','target':'x','parameters':{}}",
      "expected one of fake.burn, fake.nudge, fake.set, found fake.other" },
  };
  GateHost *host = started ("one");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) outcome = gate_submit (host, ws, "setter", table[i].proposal, NULL, &error);

      if (outcome != NULL)
        g_error ("taken: %s", table[i].proposal);
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      if (strstr (error->message, table[i].message) == NULL)
        g_error ("\"%s\" is not in \"%s\"", table[i].message, error->message);
    }
  assert_value ("0", "select count(*) from proposals where target in ('%s', 'bad', '')", "x");
  gate_host_end (host, FALSE);
}

static void
test_limits (void)
{
  static const struct {
    const char *grant;
    const char *state;
    const char *reason;
  } table[] = {
    { "{'action':'fake.set','limits':{'value':{'max':5}}}", "approved", "" },
    { "{'action':'fake.set','limits':{'value':{'max':4}}}", "denied", "the grant allows value at most 4, this is 5" },
    { "{'action':'fake.set','limits':{'to':{'max':4}}}", "denied", "the grant allows to at most 4, this is 5" },
    { "{'action':'fake.set','limits':{'to':{'min':6,'max':9}}}", "denied", "at least 6" },
    { "{'action':'fake.set','limits':{'margin':{'min':0}}}", "denied", "neither a parameter nor a fact" },
  };
  GateHost *host = started ("one");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) outcome =
          gate_submit (host, ws, "setter", "{'action':'fake.set','target':'limits','parameters':{'value':5}}",
                       table[i].grant, &error);
      JsonObject *object;

      g_assert_no_error (error);
      object = json_node_get_object (outcome);
      g_assert_cmpstr (royal_json_string (object, "state", ""), ==, table[i].state);
      if (strstr (royal_json_string (object, "reason", ""), table[i].reason) == NULL)
        g_error ("\"%s\" is not in \"%s\"", table[i].reason, royal_json_string (object, "reason", ""));
    }
  gate_host_end (host, FALSE);
}

static void
assert_refused (JsonObject *proposal, GError **error, int code)
{
  g_assert_null (proposal);
  g_assert_error (*error, ROYAL_ERROR, code);
  g_clear_error (error);
}

static void
test_approve (void)
{
  GateHost *host = started ("one");
  gint64 other = gate_workspace ("other");
  g_autofree char *id = gate_set (host, ws, "approve", 300, "");
  g_autofree char *wrong = g_strnfill (64, 'a');
  g_autofree char *digest = NULL;
  g_autoptr (JsonObject) proposal = gate_get (ws, id);
  g_autoptr (JsonObject) approved = NULL;
  g_autoptr (GError) error = NULL;

  /* Whoever reads it can make the digest again. */
  digest = rh_proposal_digest (proposal);
  g_assert_cmpstr (digest, ==, royal_json_string (proposal, "digest", ""));
  g_assert_cmpint (royal_json_int (royal_json_object (proposal, "facts"), "to", 0), ==, 300);
  g_assert_false (royal_json_boolean (royal_json_object (proposal, "facts"), "inverse", TRUE));
  g_assert_cmpfloat (royal_json_double (royal_json_object (proposal, "claims"), "confidence", 0), ==, 0.7);
  g_assert_false (json_object_has_member (royal_json_object (proposal, "facts"), "confidence"));

  assert_refused (gate_approve (host, ws, id, wrong, &error), &error, ROYAL_ERROR_CONFLICT);
  assert_refused (gate_approve (host, other, id, NULL, &error), &error, ROYAL_ERROR_NOT_FOUND);
  assert_refused (gate_approve (host, ws, "01940000-0000-7000-8000-000000000000", wrong, &error), &error,
                  ROYAL_ERROR_NOT_FOUND);
  assert_refused (gate_approve (host, ws, "' or true", wrong, &error), &error, ROYAL_ERROR_NOT_FOUND);
  assert_value ("pending", "select state from proposals where uid = '%s'", id);

  approved = gate_approve (host, ws, id, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (approved, "decided_by", ""), ==, "ann");
  assert_refused (gate_approve (host, ws, id, NULL, &error), &error, ROYAL_ERROR_CONFLICT);
  gate_wait (ws, id, "executed");
  assert_refused (gate_approve (host, ws, id, NULL, &error), &error, ROYAL_ERROR_CONFLICT);
  EFFECTS (id, "1");
  WORLD ("approve", "300");
  gate_host_end (host, FALSE);
}

static void
test_reject (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "reject", 300, "");
  g_autoptr (JsonObject) rejected = NULL;
  g_autoptr (GError) error = NULL;

  assert_refused (gate_reject (host, ws, id, NULL, &error), &error, ROYAL_ERROR_INVALID);
  assert_refused (gate_reject (host, ws, id, "  ", &error), &error, ROYAL_ERROR_INVALID);
  rejected = gate_reject (host, ws, id, "too much", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (rejected, "state", ""), ==, "rejected");
  assert_refused (gate_approve (host, ws, id, NULL, &error), &error, ROYAL_ERROR_CONFLICT);
  EFFECTS (id, "0");
  gate_host_end (host, FALSE);
}

static void
test_expired (void)
{
  GateHost *host = started ("one");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = gate_submit (
      host, ws, "hasty", "{'action':'fake.set','target':'expired','parameters':{'value':5}}", NULL, &error);
  const char *id = royal_json_string (json_node_get_object (outcome), "proposal", "");

  gate_wait (ws, id, "expired");
  assert_refused (gate_approve (host, ws, id, NULL, &error), &error, ROYAL_ERROR_CONFLICT);
  EFFECTS (id, "0");
  gate_host_end (host, FALSE);
}

/* An answer that was sent in time but comes after the deadline, for having waited in its transaction, is late. */
static void
test_late (void)
{
  GateHost *host;
  g_autofree char *id = NULL;
  g_autofree char *told = NULL;

  ws = gate_workspace ("demo");
  host = gate_host_new ("late");
  id = gate_set (host, ws, "late", 300, "");
  gate_sql ("update proposals set expires_at = clock_timestamp () + interval '200 milliseconds' where uid = '%s'", id);
  told = gate_sql_value ("create function pg_temp.late () returns text language plpgsql as $$ declare d text; begin"
                         " perform set_config ('royal.workspace', '%" G_GINT64_FORMAT "', true);"
                         " select digest into d from proposals where uid = '%s' and expires_at > now ();"
                         " perform pg_sleep (0.4); perform proposal_answer ('%s', 'approve', d, 'x', 'x', null);"
                         " return 'approved'; exception when sqlstate 'RY409' then return sqlerrm; end $$;"
                         " select pg_temp.late ()",
                         ws, id, id);
  g_assert_nonnull (strstr (told, "expired at"));
  gate_host_end (host, FALSE);
}

/* The world moved after it was observed. */
static void
test_stale (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "stale", 300, "");
  g_autofree char *first = gate_set (host, ws, "stale", 7, "");
  g_autoptr (JsonObject) approved = NULL;
  g_autoptr (GError) error = NULL;

  gate_wait (ws, first, "executed");
  approved = gate_approve (host, ws, id, NULL, &error);
  g_assert_no_error (error);
  gate_wait (ws, id, "stale");
  EFFECTS (id, "0");
  WORLD ("stale", "7");
  gate_host_end (host, FALSE);
}

static void
test_faults (void)
{
  static const struct {
    const char *extra;
    const char *state;
    const char *effects;
    const char *error;
  } table[] = {
    { ",'mode':'unavailable','times':2", "executed", "1", "" },
    { ",'mode':'lost','times':2", "executed", "1", "" },
    { ",'mode':'failed'", "failed", "0", "it will not" },
    { ",'mode':'foreign','times':2", "executed", "1", "" },
    { ",'mode':'blind'", "unknown", "0", "it cannot be told whether this was done" },
  };
  GateHost *host = started ("one");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *target = g_strdup_printf ("fault%u", i);
      g_autofree char *id = gate_set (host, ws, target, 5, table[i].extra);
      g_autofree char *error = NULL;

      gate_wait (ws, id, table[i].state);
      EFFECTS (id, table[i].effects);
      error = gate_sql_value ("select coalesce (error, '') from effects where key = '%s'", id);
      if (strstr (error, table[i].error) == NULL)
        g_error ("\"%s\" is not in \"%s\"", table[i].error, error);
    }
  gate_host_end (host, FALSE);
}

static void
test_undo (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "undo", 42, "");
  g_autoptr (JsonObject) inverse = NULL;
  g_autoptr (JsonObject) approved = NULL;
  g_autoptr (JsonNode) burnt = NULL;
  g_autoptr (GError) error = NULL;
  const char *undo, *burn;

  gate_wait (ws, id, "executed");
  WORLD ("undo", "42");
  inverse = gate_undo (host, ws, id, &error);
  g_assert_no_error (error);
  undo = royal_json_string (inverse, "id", "");
  g_assert_cmpstr (royal_json_string (inverse, "state", ""), ==, "pending");
  g_assert_cmpstr (royal_json_string (inverse, "kind", ""), ==, "undo");
  g_assert_cmpstr (royal_json_string (inverse, "undoes", ""), ==, id);
  g_assert_cmpstr (royal_json_string (inverse, "created_by", ""), ==, "bob");
  g_assert_true (royal_json_boolean (royal_json_object (inverse, "facts"), "inverse", FALSE));
  /* Once: not while it is asked for, and not after. */
  assert_refused (gate_undo (host, ws, id, &error), &error, ROYAL_ERROR_CONFLICT);
  approved = gate_approve (host, ws, undo, NULL, &error);
  g_assert_no_error (error);
  gate_wait (ws, undo, "executed");
  gate_wait (ws, id, "undone");
  WORLD ("undo", "0");
  assert_refused (gate_undo (host, ws, id, &error), &error, ROYAL_ERROR_CONFLICT);
  assert_refused (gate_undo (host, ws, undo, &error), &error, ROYAL_ERROR_CONFLICT);

  burnt =
      gate_submit (host, ws, "setter", "{'action':'fake.burn','target':'b','parameters':{'value':5}}", NULL, &error);
  g_assert_no_error (error);
  burn = royal_json_string (json_node_get_object (burnt), "proposal", "");
  gate_wait (ws, burn, "executed");
  assert_refused (gate_undo (host, ws, burn, &error), &error, ROYAL_ERROR_INVALID);
  gate_host_end (host, FALSE);
}

#define AS_WORKSPACE "select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false); "

static char *
submit_with_key (GateHost *host, const char *target, char key)
{
  g_autofree char *text =
      g_strdup_printf ("{'action':'fake.set','target':'%s','parameters':{'value':7},'title':'Set'}", target);
  g_autofree char *digits = g_strnfill (64, key);
  g_autoptr (JsonNode) proposal = gate_json (text);
  RhSubmission submission = {
    .workspace = ws,
    .workspace_name = "gate",
    .agent = "setter",
    .agent_version = "1.0.0",
    .agent_sha256 = "",
    .cluster = "",
    .key = digits,
    .proposal = json_node_get_object (proposal),
  };
  GAsyncResult *waiting = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (JsonNode) outcome = NULL;
  g_autoptr (GError) error = NULL;

  rh_gate_submit_async (host->gate, &submission, NULL, royal_test_result, &waiting);
  result = royal_test_wait (&waiting);
  outcome = rh_gate_submit_finish (host->gate, result, &error);
  g_assert_no_error (error);
  return g_strdup (royal_json_string (json_node_get_object (outcome), "proposal", ""));
}

/* A job that is tried again proposes again what it had proposed: the gate answers with the first one. */
static void
test_key (void)
{
  GateHost *host = started ("one");
  g_autofree char *first = submit_with_key (host, "keyed", 'a');
  g_autofree char *again = submit_with_key (host, "keyed", 'a');
  g_autofree char *other = submit_with_key (host, "keyed-too", 'b');
  g_autofree char *late = NULL;
  g_autofree char *n = NULL;

  g_assert_cmpstr (first, ==, again);
  g_assert_cmpstr (first, !=, other);
  gate_wait (ws, first, "executed");
  late = submit_with_key (host, "keyed", 'a');
  g_assert_cmpstr (first, ==, late);
  /* Also where it could not be proposed any more: the world cannot be observed. */
  gate_sql ("alter function fake.observe (text) rename to hidden");
  g_clear_pointer (&late, g_free);
  late = submit_with_key (host, "keyed", 'a');
  gate_sql ("alter function fake.hidden (text) rename to observe");
  g_assert_cmpstr (first, ==, late);
  n = gate_sql_value ("select count (*) from proposals where target like 'keyed%%'");
  g_assert_cmpstr (n, ==, "2");
  gate_host_end (host, FALSE);
}

static void
test_stop (void)
{
  GateHost *host = started ("one");
  g_autofree char *retried = NULL;
  g_autofree char *id = NULL;

  /* One that is between two attempts when the stop comes, and one that comes after it. */
  retried = gate_set (host, ws, "stop1", 5, ",'mode':'unavailable','times':4");
  gate_wait (ws, retried, "executing");
  gate_sql (AS_WORKSPACE "select control_stop ('test', 'ann')", ws);
  id = gate_set (host, ws, "stop2", 5, "");
  royal_test_spin (1500);
  assert_value ("approved", "select state from proposals where uid = '%s'", id);
  assert_value ("executing", "select state from proposals where uid = '%s'", retried);
  EFFECTS (retried, "0");
  gate_sql (AS_WORKSPACE "select control_resume ('ann')", ws);
  gate_wait (ws, id, "executed");
  gate_wait (ws, retried, "executed");
  gate_host_end (host, FALSE);
}

/* A host dies after it did it, before it did it, and where nobody can tell; it comes back. */
static void
test_take_over (void)
{
  static const struct {
    const char *extra;
    const char *state;
    const char *effects;
  } table[] = {
    { ",'mode':'hang'", "executed", "1" },
    { ",'mode':'silent'", "executed", "1" },
  };
  GateHost *host = started ("crasher");
  char *ids[G_N_ELEMENTS (table)];

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *target = g_strdup_printf ("take-over%u", i);

      ids[i] = gate_set (host, ws, target, 5, table[i].extra);
      gate_wait (ws, ids[i], "executing");
    }
  royal_test_spin (200);
  EFFECTS (ids[0], "1");
  EFFECTS (ids[1], "0");
  gate_host_end (host, TRUE);
  assert_value ("executing", "select state from proposals where uid = '%s'", ids[0]);

  host = started ("crasher");
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      gate_wait (ws, ids[i], table[i].state);
      EFFECTS (ids[i], table[i].effects);
      g_free (ids[i]);
    }
  g_assert_cmpuint (fake_connector_verifies (host->fake), ==, 2);
  g_assert_cmpuint (fake_connector_attempts (host->fake), ==, 1);
  gate_host_end (host, FALSE);
}

/* A host freezes. Another one takes its effect only when the lease has run out; the first one, when it wakes, has
 * nothing left to say. */
static void
test_lease (void)
{
  GateHost *first = started ("first");
  GateHost *second;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) frozen = NULL;
  g_autofree char *id = gate_set (first, ws, "lease", 5, ",'mode':'hang'");

  gate_wait (ws, id, "executing");
  royal_test_spin (200);
  rh_gate_stop_async (first->gate, 10, royal_test_result, &result);
  frozen = royal_test_wait (&result);
  g_assert_false (rh_gate_stop_finish (first->gate, frozen, NULL));
  second = started ("second");
  royal_test_spin (1200);
  assert_value ("first", "select owner from effects where key = '%s'", id);
  gate_sql ("update effects set lease_until = now () where key = '%s'", id);
  gate_wait (ws, id, "executed");
  assert_value ("second", "select owner from effects where key = '%s'", id);
  fake_connector_give_up (first->fake);
  royal_test_spin (100);
  assert_value ("executed", "select state from proposals where uid = '%s'", id);
  EFFECTS (id, "1");
  gate_host_end (first, FALSE);
  gate_host_end (second, FALSE);
}

static gboolean
all_done (gpointer data)
{
  static guint calls;
  g_autofree char *left = NULL;

  if (calls++ % 20 != 0)
    return FALSE;
  left = gate_sql_value ("select count(*) from proposals where target like 'race%%' and state <> 'executed'");
  return strcmp (left, "0") == 0;
}

static gboolean
outbox_empty (gpointer data)
{
  static guint calls;
  g_autofree char *left = NULL;

  if (calls++ % 20 != 0)
    return FALSE;
  left = gate_sql_value ("select count(*) from outbox");
  return strcmp (left, "0") == 0;
}

/* Two hosts, two hundred approved proposals: each is applied once, and what both wrote is one chain. */
static void
test_race (void)
{
  GateHost *first, *second;

  ws = gate_workspace ("demo");
  first = gate_host_new ("first");
  second = gate_host_new ("second");
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *target = g_strdup_printf ("race%u", i);
      g_autofree char *id = gate_set (i % 2 ? first : second, ws, target, 5, "");
    }
  rh_gate_start (first->gate);
  rh_gate_start (second->gate);
  royal_test_wait_until (all_done, NULL, 20000);
  g_assert_cmpuint (fake_connector_attempts (first->fake) + fake_connector_attempts (second->fake), ==, 200);
  assert_value (
      "200", "select count(*) from fake.effects e join proposals p on e.key = p.uid::text where target like 'race%%'");
  royal_test_wait_until (outbox_empty, NULL, 10000);
  gate_host_end (first, FALSE);
  gate_host_end (second, FALSE);

  /* Nothing was lost, nothing is there twice, and the numbers have no holes. */
  assert_value ("600",
                "select count(*) from events e join proposals p on e.subject = p.uid::text where target like 'race%%'");
  assert_value ("600",
                "select count(*) from audit a join proposals p on a.subject = p.uid::text where target like 'race%%'");
  assert_value ("t", "select count(*) = max (seq) and count(*) = count (distinct hash) from audit");
  assert_value ("t", "select count(*) = count (distinct id) and count(*) = max (id) from events");
  /* Cause before effect, in the order of ids. */
  assert_value (
      "0", "select count(*) from events a join events b on a.subject = b.subject"
           " where a.kind = 'proposal.approved' and b.kind in ('effect.started', 'effect.executed') and a.id > b.id");
}

/* The database goes away in the middle of it, and comes back: no effect is lost, none is doubled, no receipt either. */
static void
test_database_away (void)
{
  GateHost *host;

  ws = gate_workspace ("demo");
  host = gate_host_new ("away");
  for (guint i = 0; i < 60; i++)
    {
      g_autofree char *target = g_strdup_printf ("race-away%u", i);
      g_autofree char *id = gate_set (host, ws, target, 5, i % 3 == 0 ? ",'mode':'lost'" : "");
    }
  rh_gate_start (host->gate);
  royal_test_spin (60);
  royal_test_stop_cluster (royal_test_cluster ());
  royal_test_spin (300);
  royal_test_start_cluster (royal_test_cluster ());
  /* What was claimed in a transaction whose answer was lost is found again long before its lease runs out. */
  royal_test_wait_until (all_done, NULL, 20000);
  royal_test_wait_until (outbox_empty, NULL, 10000);
  assert_value ("60", "select count(*) from fake.effects e join proposals p on e.key = p.uid::text"
                      " where target like 'race-away%%'");
  assert_value ("60", "select count(*) from audit a join proposals p on a.subject = p.uid::text"
                      " where target like 'race-away%%' and a.kind = 'effect.executed'");
  gate_host_end (host, FALSE);
}

/* What cannot be observed in time is not decided. */
static void
test_slow (void)
{
  GateHost *host = started ("one");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = NULL;

  outcome = gate_submit (host, ws, "setter",
                         "{'action':'fake.set','target':'slow','parameters':{'value':5,'mode':'slow'}}", NULL, &error);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_TIMEOUT);
  gate_host_end (host, FALSE);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/gate/decisions", test_decisions);
  g_test_add_func ("/gate/refuses", test_refuses);
  g_test_add_func ("/gate/limits", test_limits);
  g_test_add_func ("/gate/approve", test_approve);
  g_test_add_func ("/gate/reject", test_reject);
  g_test_add_func ("/gate/expired", test_expired);
  g_test_add_func ("/gate/late", test_late);
  g_test_add_func ("/gate/stale", test_stale);
  g_test_add_func ("/gate/faults", test_faults);
  g_test_add_func ("/gate/undo", test_undo);
  g_test_add_func ("/gate/key", test_key);
  g_test_add_func ("/gate/stop", test_stop);
  g_test_add_func ("/gate/take-over", test_take_over);
  g_test_add_func ("/gate/lease", test_lease);
  g_test_add_func ("/gate/race", test_race);
  g_test_add_func ("/gate/database-away", test_database_away);
  g_test_add_func ("/gate/slow", test_slow);
  return royal_test_run ();
}
