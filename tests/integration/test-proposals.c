/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-host.h"
#include "royal-test.h"

#include <rh-item.h>
#include <rh-proposal.h>
#include <royal-json.h>
#include <string.h>

static gint64 ws;

/* This host's time of day is wrong by more than any deadline: what the gate says of time must not follow from it. */
gint64
g_get_real_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return ((gint64)now.tv_sec - 40 * 86400) * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

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

static void
assert_says (GError **error, int code, const char *text)
{
  g_assert_error (*error, ROYAL_ERROR, code);
  if (strstr ((*error)->message, text) == NULL)
    g_error ("\"%s\" is not in \"%s\"", text, (*error)->message);
  g_clear_error (error);
}

/* As the owner, in the workspace. */
#define IN_WORKSPACE "select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false); "

static char *
submit (GateHost *host, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = gate_submit (host, ws, "setter", text, NULL, &error);

  g_assert_no_error (error);
  return g_strdup (royal_json_string (json_node_get_object (outcome), "proposal", ""));
}

static char *
digest_of (const char *id)
{
  return gate_sql_value ("select digest from proposals where uid = '%s'", id);
}

static JsonObject *
finish (GateHost *host, GAsyncResult **result, GError **error)
{
  g_autoptr (GAsyncResult) done = royal_test_wait (result);
  g_autoptr (JsonNode) node = rh_gate_answer_finish (host->gate, done, error);

  return node != NULL ? json_object_ref (json_node_get_object (node)) : NULL;
}

static JsonObject *
approve (GateHost *host, const char *who, const char *role, const char *id, const char *exclude, GError **error)
{
  RhActor actor = { .workspace = ws, .name = who, .via = "unix:1", .role = role };
  g_autoptr (JsonNode) list = exclude != NULL ? gate_json (exclude) : NULL;
  g_autofree char *digest = digest_of (id);
  GAsyncResult *result = NULL;

  rh_gate_approve_except_async (host->gate, &actor, id, digest, list != NULL ? json_node_get_array (list) : NULL, NULL,
                                royal_test_result, &result);
  return finish (host, &result, error);
}

static void
assert_approves (GateHost *host, const char *who, const char *role, const char *id, const char *state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer = approve (host, who, role, id, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (answer, "state", ""), ==, state);
}

static void
assert_refuses (GateHost *host, const char *who, const char *role, const char *id, int code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer = approve (host, who, role, id, NULL, &error);

  g_assert_null (answer);
  assert_says (&error, code, text);
}

static JsonObject *
modify (GateHost *host, const char *who, const char *id, const char *change, GError **error)
{
  RhActor actor = { .workspace = ws, .name = who, .via = "unix:1", .role = "approver" };
  g_autoptr (JsonNode) node = gate_json (change);
  g_autofree char *digest = digest_of (id);
  GAsyncResult *result = NULL;

  rh_gate_modify_async (host->gate, &actor, id, digest, json_node_get_object (node), "less, please", royal_test_result,
                        &result);
  return finish (host, &result, error);
}

static void
ask (const char *id, const char *asks)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (asks), "'", '"');

  gate_sql ("update proposals set asks = '%s' where uid = '%s'", quoted, id);
}

/* --- Batches ------------------------------------------------------------------------------------------------------ */

#define ITEM(target, value) "{'target':'" target "','parameters':{'value':" #value "}}"

static JsonArray *
items_of (const char *id)
{
  g_autofree char *text =
      gate_sql_value ("select jsonb_agg (item) from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false),"
                      " proposal_items_page ('%s', null, 1000)",
                      ws, id);
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "items", NULL);

  return json_array_ref (json_node_get_array (node));
}

static void
test_batch (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = submit (host, "{'action':'fake.set','items':[" ITEM ("b1", 5) "," ITEM ("b2", 300) "," ITEM (
                                          "b3", 7) "],'title':'Many','claims':{'confidence':0.9}}");
  g_autoptr (JsonObject) proposal = gate_get (ws, id);
  g_autoptr (JsonArray) items = items_of (id);
  JsonObject *facts = royal_json_object (proposal, "facts");
  g_autofree char *digest = rh_proposal_digest (proposal);
  g_autofree char *root = rh_items_root (items);
  g_autoptr (JsonObject) approved = NULL;
  g_autoptr (GError) error = NULL;

  /* One item asks, so all ask. */
  g_assert_cmpstr (royal_json_string (proposal, "state", ""), ==, "pending");
  g_assert_cmpstr (royal_json_string (proposal, "decision", ""), ==, "approve");
  g_assert_true (g_str_has_prefix (royal_json_string (proposal, "reason", ""), "item 2:"));
  g_assert_cmpint (royal_json_int (facts, "items", 0), ==, 3);
  g_assert_cmpint (royal_json_int (facts, "to_sum", 0), ==, 312);
  g_assert_cmpint (royal_json_int (facts, "to_max", 0), ==, 300);
  g_assert_cmpint (royal_json_int (facts, "to_min", 0), ==, 5);
  g_assert_false (json_object_has_member (facts, "to"));
  g_assert_cmpuint (json_array_get_length (items), ==, 3);
  /* Whoever reads it can make the root and the digest again. */
  g_assert_cmpstr (root, ==, royal_json_string (proposal, "root", ""));
  g_assert_cmpstr (digest, ==, royal_json_string (proposal, "digest", ""));

  g_assert_null (approve (host, "ann", "approver", id, "[4]", &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "expected items of proposal");
  g_assert_null (approve (host, "ann", "approver", id, "[1,2,3]", &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "reject it");
  assert_value ("0", "select count(*) from proposal_items where excluded");
  approved = approve (host, "ann", "approver", id, "[2,2]", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (approved, "state", ""), ==, "approved");
  assert_value ("2", "select string_agg (item::text, ',') from proposal_items where excluded");
  gate_wait (ws, id, "executed");
  /* Each item once, and what was left out never. */
  assert_value (
      "b1 5, b3 7",
      "select string_agg (target || ' ' || value, ', ' order by target) from fake.world where target like 'b_'");
  assert_value (
      "1 3", "select string_agg (split_part (key, '/', 2), ' ' order by key) from fake.effects where key like '%s/%%'",
      id);
  gate_host_end (host, FALSE);
  assert_value ("[2]", "select data->>'excluded' from events where subject = '%s' and kind = 'approval.decided'", id);
  assert_value (root, "select data->>'root' from events where subject = '%s' and kind = 'approval.decided'", id);
}

/* What is wrong with one item refuses all, and says which. */
static void
test_batch_refuses (void)
{
  static const struct {
    const char *proposal;
    const char *message;
  } table[] = {
    { "{'action':'fake.set','items':[]}", "/items" },
    { "{'action':'fake.set'}", "target" },
    { "{'action':'fake.set','items':[" ITEM ("x1", 5) "],'parameters':{'value':1}}", "/parameters" },
    { "{'action':'fake.set','items':[" ITEM ("x1", 5) ",{'target':'x2'}]}", "parameters" },
    { "{'action':'fake.set','items':[" ITEM ("x1", 5) "," ITEM ("bad", 5) "]}", "item 2: proposal: /target" },
    { "{'action':'fake.set','items':[" ITEM ("x1", 5) "," ITEM ("x2", -5) "]}", "item 2: parameters: /value" },
    { "{'action':'fake.set','items':[{'target':'x1','parameters':{'value':1},'facts':{}}]}", "facts" },
    { "{'action':'fake.set','items':[" ITEM ("x\xe2\x80\xaey", 5) "]}", "/items/0/target" },
    { "{'action':'fake.burn','target':'x1','parameters':{'value':1},'revert_after_s':5}", "has no inverse" },
    { "{'action':'fake.set','target':'x1','parameters':{'value':1},'reverts_at':'2001-01-01T00:00:00Z'}", "to come" },
    { "{'action':'fake.set','target':'x1','parameters':{'value':1},'reverts_at':'2101-01-01T00:00:00Z',"
      "'revert_after_s':5}",
      "either" },
  };
  GateHost *host = started ("one");
  g_autoptr (GString) many = g_string_new ("{'action':'fake.set','items':[");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) outcome = gate_submit (host, ws, "setter", table[i].proposal, NULL, &error);

      if (outcome != NULL)
        g_error ("taken: %s", table[i].proposal);
      assert_says (&error, ROYAL_ERROR_INVALID, table[i].message);
    }
  for (guint i = 0; i <= 1000; i++)
    g_string_append_printf (many, "%s" ITEM ("x", 1), i > 0 ? "," : "");
  g_string_append (many, "]}");
  g_assert_null (gate_submit (host, ws, "setter", many->str, NULL, &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "/items");
  assert_value ("0", "select count(*) from proposals where target like 'x%%'");
  gate_host_end (host, FALSE);
}

/* A thousand items; and the grant's limits hold for each, and for the totals. */
static void
test_batch_large (void)
{
  GateHost *host = started ("one");
  g_autoptr (GString) text = g_string_new ("{'action':'fake.set','items':[");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) one = NULL, sum = NULL;
  g_autofree char *id = NULL;

  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (text, "%s{'target':'many%u','parameters':{'value':%u}}", i > 0 ? "," : "", i, i % 50);
  g_string_append (text, "]}");
  id = submit (host, text->str);
  assert_value ("auto", "select decision from proposals where uid = '%s'", id);
  assert_value ("1000",
                "select count(*) from proposal_items i join proposals p on p.id = i.proposal where p.uid = '%s'", id);
  one = gate_submit (host, ws, "setter", text->str, "{'action':'fake.set','limits':{'value':{'max':48}}}", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (json_node_get_object (one), "state", ""), ==, "denied");
  g_assert_cmpstr (royal_json_string (json_node_get_object (one), "reason", ""), ==,
                   "item 50: the grant allows value at most 48, this is 49");
  sum = gate_submit (host, ws, "setter", text->str, "{'action':'fake.set','limits':{'to_sum':{'max':1000}}}", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (json_node_get_object (sum), "state", ""), ==, "denied");
  gate_wait (ws, id, "executed");
  assert_value ("1000", "select count(*) from fake.effects where key like '%s/%%'", id);
  gate_host_end (host, FALSE);
}

/* One item fails: what was executed of the batch can be undone, by items. */
static void
test_batch_undo (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = submit (
      host, "{'action':'fake.set','items':[" ITEM ("u1", 5) "," ITEM (
                "u2", 6) ","
                         "{'target':'u3','parameters':{'value':7,'mode':'failed','times':1000}}],'title':'Three'}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) inverse = NULL, failed = NULL;
  g_autoptr (JsonArray) items = NULL;
  const char *undo;

  gate_wait (ws, id, "failed");
  failed = gate_get (ws, id);
  g_assert_cmpint (royal_json_int (royal_json_object (failed, "effects"), "executed", 0), ==, 2);
  g_assert_cmpint (royal_json_int (royal_json_object (failed, "effects"), "failed", 0), ==, 1);
  inverse = gate_undo (host, ws, id, &error);
  g_assert_no_error (error);
  undo = royal_json_string (inverse, "id", "");
  g_assert_cmpstr (royal_json_string (inverse, "via", ""), ==, "unix:1001");
  items = items_of (undo);
  g_assert_cmpuint (json_array_get_length (items), ==, 2);
  assert_approves (host, "ann", "approver", undo, "approved");
  gate_wait (ws, undo, "executed");
  gate_wait (ws, id, "undone");
  assert_value (
      "u1 0, u2 0",
      "select string_agg (target || ' ' || value, ', ' order by target) from fake.world where target like 'u_'");
  gate_host_end (host, FALSE);
}

/* --- Who answers -------------------------------------------------------------------------------------------------- */

static void
test_quorum (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "quorum", 300, "");

  ask (id, "{'quorum':2}");
  assert_approves (host, "ann", "approver", id, "pending");
  assert_refuses (host, "ann", "approver", id, ROYAL_ERROR_CONFLICT, "ann has approved");
  assert_value ("1", "select count(*) from approvals a join proposals p on p.id = a.proposal where p.uid = '%s'", id);
  assert_approves (host, "bob", "approver", id, "approved");
  assert_refuses (host, "carl", "approver", id, ROYAL_ERROR_CONFLICT, "not pending");
  gate_wait (ws, id, "executed");
  gate_host_end (host, FALSE);
}

/* Two hosts answer at once: the last one that was asked for decides, once; nobody counts twice. */
static void
test_quorum_race (void)
{
  GateHost *first = started ("first");
  GateHost *second = gate_host_new ("second");

  for (guint round = 0; round < 10; round++)
    {
      g_autofree char *target = g_strdup_printf ("race%u", round);
      g_autofree char *id = gate_set (first, ws, target, 300, "");
      g_autofree char *digest = digest_of (id);
      const char *names[] = { "ann", "bob", "ann", "bob" };
      GAsyncResult *results[4] = { NULL };
      guint approved = 0, taken = 0;

      ask (id, "{'quorum':2}");
      for (guint i = 0; i < 4; i++)
        {
          RhActor actor = { .workspace = ws, .name = names[i], .via = "unix:1", .role = "approver" };

          rh_gate_approve_async ((i & 1) != 0 ? first->gate : second->gate, &actor, id, digest, NULL, royal_test_result,
                                 &results[i]);
        }
      for (guint i = 0; i < 4; i++)
        {
          g_autoptr (JsonObject) answer = finish ((i & 1) != 0 ? first : second, &results[i], NULL);

          taken += answer != NULL;
          approved += g_strcmp0 (royal_json_string (answer, "state", ""), "approved") == 0;
        }
      g_assert_cmpuint (taken, ==, 2);
      g_assert_cmpuint (approved, ==, 1);
      gate_wait (ws, id, "executed");
      assert_value ("1", "select count(*) from fake.effects where key = '%s'", id);
    }
  gate_host_end (first, FALSE);
  gate_host_end (second, FALSE);
}

static void
test_roles (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "roles", 300, "");
  g_autofree char *other = gate_set (host, ws, "roles", 301, "");

  assert_refuses (host, "vic", "viewer", id, ROYAL_ERROR_DENIED, "vic is viewer");
  assert_refuses (host, "odd", NULL, id, ROYAL_ERROR_DENIED, "odd is nothing");
  ask (id, "{'roles':['operator']}");
  assert_refuses (host, "ann", "approver", id, ROYAL_ERROR_DENIED, "answered by one of: admin, operator");
  assert_approves (host, "oli", "operator", id, "approved");
  ask (other, "{'roles':['operator']}");
  assert_approves (host, "root", "admin", other, "approved");
  gate_host_end (host, FALSE);
}

static void
test_four_eyes (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "eyes", 300, "");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) revision = modify (host, "ann", id, "{'parameters':{'value':250}}", &error);
  g_autoptr (JsonObject) again = NULL;
  const char *second, *third;

  g_assert_no_error (error);
  second = royal_json_string (revision, "id", "");
  ask (second, "{'four_eyes':true}");
  assert_refuses (host, "ann", "approver", second, ROYAL_ERROR_DENIED, "takes four eyes");
  /* Nor by way of a later revision, which somebody else made. */
  again = modify (host, "bob", second, "{'parameters':{'value':240}}", &error);
  g_assert_no_error (error);
  third = royal_json_string (again, "id", "");
  ask (third, "{'four_eyes':true}");
  assert_refuses (host, "bob", "approver", third, ROYAL_ERROR_DENIED, "takes four eyes");
  assert_refuses (host, "ann", "admin", third, ROYAL_ERROR_DENIED, "takes four eyes");
  assert_refuses (host, "setter", "approver", third, ROYAL_ERROR_DENIED, "takes four eyes");
  assert_approves (host, "carl", "approver", third, "approved");
  gate_host_end (host, FALSE);
}

static void
test_delegation (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "deleg", 300, "");
  g_autofree char *other = gate_set (host, ws, "deleg", 301, "");
  g_autofree char *made = gate_sql_value (
      IN_WORKSPACE "select delegation_add ('vic', 3600, 'away', 'ann', 'unix:1', 'approver')->>'id'", ws);

  ask (id, "{'quorum':2}");
  assert_approves (host, "vic", "viewer", id, "pending");
  assert_value ("ann", "select on_behalf from approvals where actor = 'vic'");
  /* Both are one of the two. */
  assert_refuses (host, "ann", "approver", id, ROYAL_ERROR_CONFLICT, "ann has approved");
  assert_refuses (host, "vic", "approver", id, ROYAL_ERROR_CONFLICT, "vic has approved");
  gate_sql (IN_WORKSPACE "select delegation_revoke ('%s', 'ann', 'approver')", ws, made);
  assert_refuses (host, "vic", "viewer", other, ROYAL_ERROR_DENIED, "vic is viewer");
  gate_sql ("update delegations set revoked_at = null, ends_at = now ()");
  assert_refuses (host, "vic", "viewer", other, ROYAL_ERROR_DENIED, "vic is viewer");
  /* Who may not approve cannot have it done. */
  gate_sql ("update delegations set ends_at = now () + interval '1 hour', role = 'viewer' where false;"
            "update delegations set ends_at = now () + interval '1 hour', delegator = 'setter'");
  ask (other, "{'four_eyes':true}");
  assert_refuses (host, "vic", "viewer", other, ROYAL_ERROR_DENIED, "vic is viewer");
  gate_host_end (host, FALSE);
  assert_value ("ann", "select data->>'on_behalf' from events where subject = '%s' and kind = 'approval.given'", id);
}

static void
test_escalation (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "escal", 300, "");

  ask (id, "{'roles':['admin'],'escalate':[{'after_s':1,'roles':['operator'],'notify':['ops']},{'after_s':900,"
           "'roles':['approver']}]}");
  assert_refuses (host, "oli", "operator", id, ROYAL_ERROR_DENIED, "one of: admin;");
  royal_test_spin (1100);
  gate_sql ("select proposal_expire ()");
  gate_sql ("select proposal_expire ()");
  assert_refuses (host, "ann", "approver", id, ROYAL_ERROR_DENIED, "one of: admin, operator");
  assert_approves (host, "oli", "operator", id, "approved");
  gate_host_end (host, FALSE);
  assert_value ("1 [\"ops\"]",
                "select count(*) || ' ' || max (data->>'notify') from events where subject = '%s'"
                " and kind = 'approval.escalated'",
                id);
}

/* Silence is an approval where the rule says so, and nowhere else. */
static void
test_silence (void)
{
  GateHost *host = started ("one");
  g_autofree char *taken = gate_set (host, ws, "silence1", 300, "");
  g_autofree char *expired = gate_set (host, ws, "silence2", 300, "");

  ask (taken, "{'at_deadline':'approve'}");
  ask (expired, "{'at_deadline':'expire'}");
  gate_sql ("update proposals set expires_at = now () where uid in ('%s', '%s')", taken, expired);
  assert_refuses (host, "ann", "approver", taken, ROYAL_ERROR_CONFLICT, "expired at");
  gate_sql ("select proposal_expire ()");
  gate_wait (ws, taken, "executed");
  gate_wait (ws, expired, "expired");
  assert_value ("deadline", "select decided_by from proposals where uid = '%s'", taken);
  gate_host_end (host, FALSE);
}

/* The deadline is the database's, whatever this host takes the time to be. */
static void
test_clock (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "clock", 300, "");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = NULL;
  gint64 us = g_get_real_time ();

  assert_value ("t", "select %" G_GINT64_FORMAT " < extract (epoch from now () - interval '39 days') * 1000000", us);
  assert_value ("t",
                "select abs (extract (epoch from expires_at - now () - interval '1 day')) < 5 from proposals"
                " where uid = '%s'",
                id);
  outcome =
      gate_submit (host, ws, "hasty", "{'action':'fake.set','target':'hasty','parameters':{'value':5}}", NULL, &error);
  g_assert_no_error (error);
  gate_wait (ws, royal_json_string (json_node_get_object (outcome), "proposal", ""), "expired");
  gate_host_end (host, FALSE);
}

/* --- Revisions ---------------------------------------------------------------------------------------------------- */

static void
test_modify (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "modify", 300, "");
  g_autofree char *seen = digest_of (id);
  g_autofree char *chain = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) second = NULL, third = NULL;
  g_autoptr (JsonNode) revisions = NULL;
  const char *last;
  JsonArray *list;

  /* What policy denies, and what is no good, changes nothing. */
  g_assert_null (modify (host, "ann", id, "{'parameters':{'value':5000}}", &error));
  assert_says (&error, ROYAL_ERROR_DENIED, "policy denies it");
  g_assert_null (modify (host, "ann", id, "{'parameters':{'value':'x'}}", &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "/value");
  g_assert_null (modify (host, "ann", id, "{'inputs':{'stock':1}}", &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "not made by a job");
  assert_value ("pending", "select state from proposals where uid = '%s'", id);

  gate_sql ("update proposals set context = '{\"step\": 7}' where uid = '%s'", id);
  second = modify (host, "ann", id, "{'parameters':{'value':250}}", &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (second, "revision", 0), ==, 2);
  g_assert_cmpstr (royal_json_string (second, "supersedes", ""), ==, id);
  g_assert_cmpstr (royal_json_string (second, "created_by", ""), ==, "ann");
  g_assert_cmpstr (royal_json_string (second, "via", ""), ==, "unix:1");
  g_assert_cmpuint (json_object_get_size (royal_json_object (second, "claims")), ==, 0);
  gate_wait (ws, id, "superseded");
  assert_value ("7", "select context->>'step' from proposals where uid = '%s'", royal_json_string (second, "id", ""));

  /* Whoever still looks at the first is told what became of it. */
  assert_refuses (host, "bob", "approver", id, ROYAL_ERROR_CONFLICT, "parameters.value was 300 and is 250");
  third = modify (host, "bob", royal_json_string (second, "id", ""), "{'parameters':{'value':50}}", &error);
  g_assert_no_error (error);
  last = royal_json_string (third, "id", "");
  gate_wait (ws, last, "executed");
  assert_value ("50", "select value from fake.world where target = 'modify'");

  chain = gate_sql_value (IN_WORKSPACE "select proposal_revisions ('%s')", ws, royal_json_string (second, "id", ""));
  revisions = royal_json_parse (chain, -1, "revisions", NULL);
  list = royal_json_array (json_node_get_object (revisions), "items");
  g_assert_cmpuint (json_array_get_length (list), ==, 3);
  g_assert_cmpstr (royal_json_string (json_array_get_object_element (list, 0), "digest", ""), ==, seen);
  g_assert_cmpstr (royal_json_string (json_array_get_object_element (list, 2), "id", ""), ==, last);
  g_assert_nonnull (strstr (chain, "less, please"));
  gate_host_end (host, FALSE);
}

/* A digest of another revision: refused, with what differs. */
static void
test_wrong_digest (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = gate_set (host, ws, "wrong", 300, "");
  g_autofree char *seen = digest_of (id);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) second = modify (host, "ann", id, "{'parameters':{'value':400}}", &error);
  RhActor actor = { .workspace = ws, .name = "bob", .via = "unix:1", .role = "approver" };
  GAsyncResult *result = NULL;

  g_assert_no_error (error);
  rh_gate_approve_async (host->gate, &actor, royal_json_string (second, "id", ""), seen, NULL, royal_test_result,
                         &result);
  g_assert_null (finish (host, &result, &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "of revision 1: ");
  gate_host_end (host, FALSE);
}

static void
test_modify_batch (void)
{
  GateHost *host = started ("one");
  g_autofree char *id =
      submit (host, "{'action':'fake.set','items':[" ITEM ("m1", 5) "," ITEM ("m2", 300) "],'title':'Two'}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) second = NULL;
  g_autoptr (JsonArray) items = NULL;

  g_assert_null (modify (host, "ann", id, "{'items':[{'item':3,'parameters':{'value':1}}]}", &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "/items");
  g_assert_null (modify (host, "ann", id, "{'parameters':{'value':1}}", &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "/items");
  second = modify (host, "ann", id, "{'items':[{'item':2,'parameters':{'value':400}}]}", &error);
  g_assert_no_error (error);
  items = items_of (royal_json_string (second, "id", ""));
  g_assert_cmpuint (json_array_get_length (items), ==, 2);
  g_assert_cmpint (
      royal_json_int (royal_json_object (json_array_get_object_element (items, 1), "parameters"), "value", 0), ==, 400);
  assert_refuses (host, "bob", "approver", id, ROYAL_ERROR_CONFLICT, "item 2.parameters was");
  gate_host_end (host, FALSE);
}

static char *
submit_for_job (GateHost *host, const char *target, int value, const char *job, const char *context, GError **error)
{
  g_autofree char *text =
      g_strdup_printf ("{'action':'fake.set','target':'%s','parameters':{'value':%d},'title':'Set'}", target, value);
  g_autoptr (JsonNode) proposal = gate_json (text);
  g_autoptr (JsonNode) attached = context != NULL ? gate_json (context) : NULL;
  g_autofree char *key_text = g_strdup_printf ("%s %s %d", job, target, value);
  g_autofree char *key = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key_text, -1);
  RhSubmission submission = { .workspace = ws,
                              .workspace_name = "demo",
                              .agent = "setter",
                              .agent_version = "1.0.0",
                              .agent_sha256 = "00ff",
                              .cluster = "",
                              .key = key,
                              .job = job,
                              .context = attached != NULL ? json_node_get_object (attached) : NULL,
                              .proposal = json_node_get_object (proposal) };
  GAsyncResult *waiting = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (JsonNode) outcome = NULL;

  rh_gate_submit_async (host->gate, &submission, NULL, royal_test_result, &waiting);
  result = royal_test_wait (&waiting);
  outcome = rh_gate_submit_finish (host->gate, result, error);
  return outcome != NULL ? g_strdup (royal_json_string (json_node_get_object (outcome), "proposal", "")) : NULL;
}

/* Other inputs: the job runs again, and what it proposes on the same takes the first one's place. */
static void
test_rerun (void)
{
  GateHost *host = started ("one");
  g_autofree char *job = gate_sql_value (
      IN_WORKSPACE
      "select job_enqueue ('{\"agent\":\"setter\",\"task\":\"t\",\"input\":{\"a\":1,\"b\":2}}', 'x')->>'id'",
      ws);
  g_autoptr (GError) error = NULL;
  g_autofree char *id = submit_for_job (host, "rerun", 300, job, "{'step':9}", &error);
  g_autofree char *other = submit_for_job (host, "rerun2", 300, job, NULL, &error);
  g_autoptr (JsonObject) waiting = modify (host, "ann", id, "{'inputs':{'b':3}}", &error);
  g_autofree char *context = g_strdup_printf ("{'revises':'%s'}", id);
  g_autofree char *again = NULL, *aside = NULL, *twice = NULL;
  const char *rerun;

  g_assert_no_error (error);
  rerun = royal_json_string (waiting, "revising", "");
  g_assert_cmpstr (royal_json_string (waiting, "state", ""), ==, "pending");
  assert_value ("{\"a\": 1, \"b\": 3}", "select input from jobs where uid = '%s'", rerun);
  assert_value (id, "select context->>'revises' from jobs where uid = '%s' and not context ? 'step'", rerun);
  assert_refuses (host, "bob", "approver", id, ROYAL_ERROR_CONFLICT, "is being revised");
  g_assert_null (modify (host, "ann", id, "{'inputs':{'b':4}}", &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "is being revised already");

  /* What the job proposes beside it is a proposal of its own. */
  aside = submit_for_job (host, "rerun2", 260, rerun, context, &error);
  again = submit_for_job (host, "rerun", 250, rerun, context, &error);
  twice = submit_for_job (host, "rerun", 250, rerun, context, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, twice);
  assert_value ("superseded", "select state from proposals where uid = '%s'", id);
  assert_value ("pending", "select state from proposals where uid = '%s'", other);
  assert_value ("1", "select revision from proposals where uid = '%s'", aside);
  assert_value ("2 9", "select revision || ' ' || (context->>'step') from proposals where uid = '%s'", again);
  /* The place is taken. */
  g_assert_null (submit_for_job (host, "rerun", 251, rerun, context, &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "nothing can take its place");
  gate_host_end (host, FALSE);
}

/* --- The world moves ---------------------------------------------------------------------------------------------- */

/* Approved, and then the world moved: it is assessed anew. Where the decision asks, a person is asked again; otherwise
 * it goes on. */
static void
test_stale (void)
{
  GateHost *host = started ("one");
  g_autofree char *asks = gate_set (host, ws, "stale1", 300, "");
  g_autofree char *goes_on = gate_set (host, ws, "stale2", 300, "");
  g_autofree char *next = NULL;

  gate_sql ("insert into fake.world values (%" G_GINT64_FORMAT ", 'stale1', 8), (%" G_GINT64_FORMAT ", 'stale2', 8)",
            ws, ws);
  /* The rules have changed meanwhile, for this one. */
  gate_sql ("update proposals set parameters = '{\"value\": 30}' where uid = '%s'", goes_on);
  assert_approves (host, "ann", "approver", asks, "approved");
  assert_approves (host, "ann", "approver", goes_on, "approved");
  gate_wait (ws, asks, "stale");
  gate_wait (ws, goes_on, "stale");
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *n = gate_sql_value ("select count(*) from proposals where supersedes is not null"
                                           " and target in ('stale1', 'stale2')");

      if (strcmp (n, "2") == 0)
        break;
      royal_test_spin (50);
    }
  next =
      gate_sql_value ("select uid from proposals where supersedes = (select id from proposals where uid = '%s')", asks);
  gate_wait (ws, next, "pending");
  assert_value ("8", "select before->>'value' from proposals where uid = '%s'", next);
  assert_value ("2", "select revision from proposals where uid = '%s'", next);
  assert_approves (host, "ann", "approver", next, "approved");
  gate_wait (ws, next, "executed");
  g_free (next);
  next = gate_sql_value ("select uid from proposals where supersedes = (select id from proposals where uid = '%s')",
                         goes_on);
  gate_wait (ws, next, "executed");
  assert_value ("300 30",
                "select string_agg (value::text, ' ' order by target) from fake.world where target like 'stale%%'");
  /* Once. */
  royal_test_spin (300);
  assert_value ("4", "select count(*) from proposals where target in ('stale1', 'stale2')");
  gate_host_end (host, FALSE);
}

/* What moved within the action's tolerance is still what was approved: once, and not step by step. */
static void
test_tolerance (void)
{
  static const struct {
    const char *target;
    int now;
    const char *decision;
  } table[] = { { "tol1", 1090, "notify" }, { "tol2", 1110, "approve" } };
  GateHost *host = started ("one");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "{'action':'fake.nudge','target':'%s','parameters':{'value':300},'title':'Set'}", table[i].target);
      g_autofree char *id = NULL, *next = NULL;

      gate_sql ("insert into fake.world values (%" G_GINT64_FORMAT ", '%s', 1000)", ws, table[i].target);
      id = submit (host, text);
      gate_sql ("update fake.world set value = %d where target = '%s'", table[i].now, table[i].target);
      assert_approves (host, "ann", "approver", id, "approved");
      gate_wait (ws, id, "stale");
      for (guint n = 0; n < 100; n++)
        {
          g_free (next);
          next = gate_sql_value ("select coalesce (max (uid::text), '') from proposals where target = '%s' and"
                                 " supersedes is not null",
                                 table[i].target);
          if (*next != '\0')
            break;
          royal_test_spin (20);
        }
      assert_value (table[i].decision, "select decision from proposals where uid = '%s'", next);
      if (i == 0)
        gate_wait (ws, next, "executed");
    }
  gate_host_end (host, FALSE);
}

/* --- Effects that end --------------------------------------------------------------------------------------------- */

static void
test_revert (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = submit (
      host, "{'action':'fake.set','target':'revert','parameters':{'value':300},'revert_after_s':1,'title':'For now'}");
  g_autofree char *kept = submit (
      host, "{'action':'fake.set','target':'keep','parameters':{'value':301},'revert_after_s':1,'title':'For now'}");
  g_autofree char *seen = digest_of (id);
  RhActor actor = { .workspace = ws, .name = "ann", .via = "unix:1", .role = "approver" };
  g_autoptr (JsonObject) executed = NULL;
  g_autofree char *digest = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  assert_approves (host, "ann", "approver", id, "approved");
  assert_approves (host, "ann", "approver", kept, "approved");
  gate_wait (ws, id, "executed");
  gate_wait (ws, kept, "executed");
  rh_gate_keep_async (host->gate, &actor, kept, "it sells", royal_test_result, &result);
  g_clear_pointer (&executed, json_object_unref);
  executed = finish (host, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (executed, "kept_by", ""), ==, "ann");
  /* The time was set when it was executed, and the digest is what it was. */
  g_assert_nonnull (royal_json_string (executed, "reverts_at", NULL));
  digest = rh_proposal_digest (executed);
  g_assert_cmpstr (digest, ==, royal_json_string (executed, "digest", ""));
  rh_gate_keep_async (host->gate, &actor, kept, NULL, royal_test_result, &result);
  g_assert_null (finish (host, &result, &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "nothing is to end it");

  /* Nobody is there when the time comes; another host does it. */
  gate_host_end (host, FALSE);
  royal_test_spin (1100);
  assert_value ("300", "select value from fake.world where target = 'revert'");
  host = started ("two");
  gate_wait (ws, id, "undone");
  assert_value ("0", "select value from fake.world where target = 'revert'");
  assert_value ("notify schedule", "select decision || ' ' || created_by from proposals where kind = 'undo'"
                                   " and target = 'revert'");
  royal_test_spin (300);
  assert_value ("301", "select value from fake.world where target = 'keep'");
  assert_value ("1", "select count(*) from proposals where kind = 'undo' and target in ('revert', 'keep')");
  gate_host_end (host, FALSE);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/proposals/batch", test_batch);
  g_test_add_func ("/proposals/batch-refuses", test_batch_refuses);
  g_test_add_func ("/proposals/batch-large", test_batch_large);
  g_test_add_func ("/proposals/batch-undo", test_batch_undo);
  g_test_add_func ("/proposals/quorum", test_quorum);
  g_test_add_func ("/proposals/quorum-race", test_quorum_race);
  g_test_add_func ("/proposals/roles", test_roles);
  g_test_add_func ("/proposals/four-eyes", test_four_eyes);
  g_test_add_func ("/proposals/delegation", test_delegation);
  g_test_add_func ("/proposals/escalation", test_escalation);
  g_test_add_func ("/proposals/silence", test_silence);
  g_test_add_func ("/proposals/clock", test_clock);
  g_test_add_func ("/proposals/modify", test_modify);
  g_test_add_func ("/proposals/wrong-digest", test_wrong_digest);
  g_test_add_func ("/proposals/modify-batch", test_modify_batch);
  g_test_add_func ("/proposals/rerun", test_rerun);
  g_test_add_func ("/proposals/stale", test_stale);
  g_test_add_func ("/proposals/tolerance", test_tolerance);
  g_test_add_func ("/proposals/revert", test_revert);
  return royal_test_run ();
}
