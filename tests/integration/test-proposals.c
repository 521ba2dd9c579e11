/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-people.h"

#include <rh-item.h>
#include <rh-proposal.h>
#include <royal-json.h>
#include <string.h>

/* --- Batches ------------------------------------------------------------------------------------------------------ */

static JsonArray *
items_of (const char *id)
{
  g_autofree char *text =
      gate_sql_value ("select jsonb_agg (item) from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false),"
                      " proposal_items_page ('%s', null, 1000)",
                      people_ws, id);
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "items", NULL);

  return json_array_ref (json_node_get_array (node));
}

static void
test_batch (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id =
      people_submit (host, "{'action':'fake.set','items':[" ITEM ("b1", 5) "," ITEM ("b2", 300) "," ITEM (
                               "b3", 7) "],'title':'Many','claims':{'confidence':0.9}}");
  g_autoptr (JsonObject) proposal = gate_get (people_ws, id);
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

  g_assert_null (people_approve (host, "ann", "approver", id, "[4]", &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "expected items of proposal");
  g_assert_null (people_approve (host, "ann", "approver", id, "[1,2,3]", &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "reject it");
  assert_value ("0", "select count(*) from proposal_items where excluded");
  approved = people_approve (host, "ann", "approver", id, "[2,2]", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (approved, "state", ""), ==, "approved");
  assert_value ("2", "select string_agg (item::text, ',') from proposal_items where excluded");
  gate_wait (people_ws, id, "executed");
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
  GateHost *host = people_host ("one");
  g_autoptr (GString) many = g_string_new ("{'action':'fake.set','items':[");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) outcome = gate_submit (host, people_ws, "setter", table[i].proposal, NULL, &error);

      if (outcome != NULL)
        g_error ("taken: %s", table[i].proposal);
      assert_says (&error, ROYAL_ERROR_INVALID, table[i].message);
    }
  for (guint i = 0; i <= 1000; i++)
    g_string_append_printf (many, "%s" ITEM ("x", 1), i > 0 ? "," : "");
  g_string_append (many, "]}");
  g_assert_null (gate_submit (host, people_ws, "setter", many->str, NULL, &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "/items");
  assert_value ("0", "select count(*) from proposals where target like 'x%%'");
  gate_host_end (host, FALSE);
}

/* A thousand items; and the grant's limits hold for each, and for the totals. */
static void
test_batch_large (void)
{
  GateHost *host = people_host ("one");
  g_autoptr (GString) text = g_string_new ("{'action':'fake.set','items':[");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) one = NULL, sum = NULL;
  g_autofree char *id = NULL;

  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (text, "%s{'target':'many%u','parameters':{'value':%u}}", i > 0 ? "," : "", i, i % 50);
  g_string_append (text, "]}");
  id = people_submit (host, text->str);
  assert_value ("auto", "select decision from proposals where uid = '%s'", id);
  assert_value ("1000",
                "select count(*) from proposal_items i join proposals p on p.id = i.proposal where p.uid = '%s'", id);
  one =
      gate_submit (host, people_ws, "setter", text->str, "{'action':'fake.set','limits':{'value':{'max':48}}}", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (json_node_get_object (one), "state", ""), ==, "denied");
  g_assert_cmpstr (royal_json_string (json_node_get_object (one), "reason", ""), ==,
                   "item 50: the grant allows value at most 48, this is 49");
  sum = gate_submit (host, people_ws, "setter", text->str, "{'action':'fake.set','limits':{'to_sum':{'max':1000}}}",
                     &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (json_node_get_object (sum), "state", ""), ==, "denied");
  gate_wait (people_ws, id, "executed");
  assert_value ("1000", "select count(*) from fake.effects where key like '%s/%%'", id);
  gate_host_end (host, FALSE);
}

/* One item fails: what was executed of the batch can be undone, by items. */
static void
test_batch_undo (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = people_submit (
      host, "{'action':'fake.set','items':[" ITEM ("u1", 5) "," ITEM (
                "u2", 6) ","
                         "{'target':'u3','parameters':{'value':7,'mode':'failed','times':1000}}],'title':'Three'}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) inverse = NULL, failed = NULL;
  g_autoptr (JsonArray) items = NULL;
  const char *undo;

  gate_wait (people_ws, id, "failed");
  failed = gate_get (people_ws, id);
  g_assert_cmpint (royal_json_int (royal_json_object (failed, "effects"), "executed", 0), ==, 2);
  g_assert_cmpint (royal_json_int (royal_json_object (failed, "effects"), "failed", 0), ==, 1);
  inverse = gate_undo (host, people_ws, id, &error);
  g_assert_no_error (error);
  undo = royal_json_string (inverse, "id", "");
  g_assert_cmpstr (royal_json_string (inverse, "via", ""), ==, "unix:1001");
  items = items_of (undo);
  g_assert_cmpuint (json_array_get_length (items), ==, 2);
  assert_approves (host, "ann", "approver", undo, "approved");
  gate_wait (people_ws, undo, "executed");
  gate_wait (people_ws, id, "undone");
  assert_value (
      "u1 0, u2 0",
      "select string_agg (target || ' ' || value, ', ' order by target) from fake.world where target like 'u_'");
  gate_host_end (host, FALSE);
}

/* What the parameters of an item say it does from now on. */
static void
set_item (const char *id, int item, const char *parameters)
{
  gate_sql ("update proposal_items i set parameters = '%s' from proposals p where p.id = i.proposal and p.uid = '%s'"
            " and i.item = %d",
            parameters, id, item);
}

/* An inverse that failed has undone something: the next one undoes the rest, and nothing twice. */
static void
test_batch_undo_again (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = people_submit (host, "{'action':'fake.set','items':[" ITEM ("v1", 5) "," ITEM ("v2", 6) "]}");
  g_autofree char *first = NULL, *second = NULL;
  g_autoptr (JsonObject) inverse = NULL, again = NULL;
  g_autoptr (JsonArray) items = NULL;
  g_autoptr (GError) error = NULL;

  gate_wait (people_ws, id, "executed");
  set_item (id, 2, "{\"value\": 6, \"mode\": \"failed\", \"times\": 1000}");
  inverse = gate_undo (host, people_ws, id, &error);
  g_assert_no_error (error);
  first = g_strdup (royal_json_string (inverse, "id", ""));
  assert_approves (host, "ann", "approver", first, "approved");
  gate_wait (people_ws, first, "failed");
  assert_value ("0", "select value from fake.world where target = 'v1'");
  set_item (id, 2, "{\"value\": 6}");

  again = gate_undo (host, people_ws, id, &error);
  g_assert_no_error (error);
  second = g_strdup (royal_json_string (again, "id", ""));
  items = items_of (second);
  g_assert_cmpuint (json_array_get_length (items), ==, 1);
  g_assert_cmpint (royal_json_int (json_array_get_object_element (items, 0), "item", 0), ==, 2);
  assert_approves (host, "ann", "approver", second, "approved");
  gate_wait (people_ws, id, "undone");
  assert_value ("1",
                "select count (*) from effects e join proposals p on p.id = e.proposal join proposals o"
                " on o.id = p.undoes where o.uid = '%s' and e.item = 1",
                id);
  gate_host_end (host, FALSE);
}

/* What an approver leaves out of an inverse stands, and can be undone later. */
static void
test_batch_undo_partly (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = people_submit (host, "{'action':'fake.set','items':[" ITEM ("x1", 5) "," ITEM ("x2", 6) "]}");
  g_autofree char *first = NULL, *second = NULL;
  g_autoptr (JsonObject) inverse = NULL, approved = NULL, again = NULL;
  g_autoptr (JsonArray) items = NULL;
  g_autoptr (GError) error = NULL;

  gate_wait (people_ws, id, "executed");
  inverse = gate_undo (host, people_ws, id, &error);
  g_assert_no_error (error);
  first = g_strdup (royal_json_string (inverse, "id", ""));
  approved = people_approve (host, "ann", "approver", first, "[2]", &error);
  g_assert_no_error (error);
  gate_wait (people_ws, first, "executed");
  assert_value ("0 6", "select string_agg (value::text, ' ' order by target) from fake.world where target like 'x_'");
  assert_value ("executed", "select state from proposals where uid = '%s'", id);

  again = gate_undo (host, people_ws, id, &error);
  g_assert_no_error (error);
  second = g_strdup (royal_json_string (again, "id", ""));
  items = items_of (second);
  g_assert_cmpuint (json_array_get_length (items), ==, 1);
  g_assert_cmpint (royal_json_int (json_array_get_object_element (items, 0), "item", 0), ==, 2);
  assert_approves (host, "ann", "approver", second, "approved");
  gate_wait (people_ws, id, "undone");
  assert_value ("0 0", "select string_agg (value::text, ' ' order by target) from fake.world where target like 'x_'");
  gate_host_end (host, FALSE);
}

/* --- Revisions ---------------------------------------------------------------------------------------------------- */

static void
test_modify (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "modify", 300, "");
  g_autofree char *seen = people_digest (id);
  g_autofree char *chain = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) second = NULL, third = NULL;
  g_autoptr (JsonNode) revisions = NULL;
  const char *last;
  JsonArray *list;

  /* What policy denies, and what is no good, changes nothing. */
  g_assert_null (people_modify (host, "ann", id, "{'parameters':{'value':5000}}", &error));
  assert_says (&error, ROYAL_ERROR_DENIED, "policy denies it");
  g_assert_null (people_modify (host, "ann", id, "{'parameters':{'value':'x'}}", &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "/value");
  g_assert_null (people_modify (host, "ann", id, "{'inputs':{'stock':1}}", &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "not made by a job");
  assert_value ("pending", "select state from proposals where uid = '%s'", id);

  gate_sql ("update proposals set context = '{\"step\": 7}' where uid = '%s'", id);
  second = people_modify (host, "ann", id, "{'parameters':{'value':250}}", &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (second, "revision", 0), ==, 2);
  g_assert_cmpstr (royal_json_string (second, "supersedes", ""), ==, id);
  g_assert_cmpstr (royal_json_string (second, "created_by", ""), ==, "ann");
  g_assert_cmpstr (royal_json_string (second, "via", ""), ==, "unix:1");
  g_assert_cmpuint (json_object_get_size (royal_json_object (second, "claims")), ==, 0);
  gate_wait (people_ws, id, "superseded");
  assert_value ("7", "select context->>'step' from proposals where uid = '%s'", royal_json_string (second, "id", ""));

  /* Whoever still looks at the first is told what became of it. */
  assert_refuses (host, "bob", "approver", id, ROYAL_ERROR_CONFLICT, "parameters.value was 300 and is 250");
  third = people_modify (host, "bob", royal_json_string (second, "id", ""), "{'parameters':{'value':50}}", &error);
  g_assert_no_error (error);
  last = royal_json_string (third, "id", "");
  gate_wait (people_ws, last, "executed");
  assert_value ("50", "select value from fake.world where target = 'modify'");

  chain =
      gate_sql_value (IN_WORKSPACE "select proposal_revisions ('%s')", people_ws, royal_json_string (second, "id", ""));
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
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "wrong", 300, "");
  g_autofree char *seen = people_digest (id);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) second = people_modify (host, "ann", id, "{'parameters':{'value':400}}", &error);
  RhActor actor = { .workspace = people_ws, .name = "bob", .via = "unix:1", .role = "approver" };
  GAsyncResult *result = NULL;

  g_assert_no_error (error);
  rh_gate_approve_async (host->gate, &actor, royal_json_string (second, "id", ""), seen, NULL, royal_test_result,
                         &result);
  g_assert_null (people_finish (host, &result, &error));
  assert_says (&error, ROYAL_ERROR_CONFLICT, "of revision 1: ");
  gate_host_end (host, FALSE);
}

static void
test_modify_batch (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id =
      people_submit (host, "{'action':'fake.set','items':[" ITEM ("m1", 5) "," ITEM ("m2", 300) "],'title':'Two'}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) second = NULL;
  g_autoptr (JsonArray) items = NULL;

  g_assert_null (people_modify (host, "ann", id, "{'items':[{'item':3,'parameters':{'value':1}}]}", &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "/items");
  g_assert_null (people_modify (host, "ann", id, "{'parameters':{'value':1}}", &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "/items");
  second = people_modify (host, "ann", id, "{'items':[{'item':2,'parameters':{'value':400}}]}", &error);
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
  RhSubmission submission = { .workspace = people_ws,
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
  GateHost *host = people_host ("one");
  g_autofree char *job = gate_sql_value (
      IN_WORKSPACE
      "select job_enqueue ('{\"agent\":\"setter\",\"task\":\"t\",\"input\":{\"a\":1,\"b\":2}}', 'x')->>'id'",
      people_ws);
  g_autoptr (GError) error = NULL;
  g_autofree char *id = submit_for_job (host, "rerun", 300, job, "{'step':9}", &error);
  g_autofree char *other = submit_for_job (host, "rerun2", 300, job, NULL, &error);
  g_autoptr (JsonObject) waiting = people_modify (host, "ann", id, "{'inputs':{'b':3}}", &error);
  g_autofree char *context = g_strdup_printf ("{'revises':'%s'}", id);
  g_autofree char *again = NULL, *aside = NULL, *twice = NULL;
  const char *rerun;

  g_assert_no_error (error);
  rerun = royal_json_string (waiting, "revising", "");
  g_assert_cmpstr (royal_json_string (waiting, "state", ""), ==, "pending");
  assert_value ("{\"a\": 1, \"b\": 3}", "select input from jobs where uid = '%s'", rerun);
  assert_value (id, "select context->>'revises' from jobs where uid = '%s' and not context ? 'step'", rerun);
  assert_refuses (host, "bob", "approver", id, ROYAL_ERROR_CONFLICT, "is being revised");
  g_assert_null (people_modify (host, "ann", id, "{'inputs':{'b':4}}", &error));
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
  people_ask (aside, "{'four_eyes':true}");
  assert_refuses (host, "ann", "approver", aside, ROYAL_ERROR_DENIED, "takes four eyes");
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
  GateHost *host = people_host ("one");
  g_autofree char *asks = gate_set (host, people_ws, "stale1", 300, "");
  g_autofree char *goes_on = gate_set (host, people_ws, "stale2", 300, "");
  g_autofree char *next = NULL;

  gate_sql ("insert into fake.world values (%" G_GINT64_FORMAT ", 'stale1', 8), (%" G_GINT64_FORMAT ", 'stale2', 8)",
            people_ws, people_ws);
  /* The rules have changed meanwhile, for this one. */
  gate_sql ("update proposals set parameters = '{\"value\": 30}' where uid = '%s'", goes_on);
  assert_approves (host, "ann", "approver", asks, "approved");
  assert_approves (host, "ann", "approver", goes_on, "approved");
  gate_wait (people_ws, asks, "stale");
  gate_wait (people_ws, goes_on, "stale");
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
  gate_wait (people_ws, next, "pending");
  assert_value ("8", "select before->>'value' from proposals where uid = '%s'", next);
  assert_value ("2", "select revision from proposals where uid = '%s'", next);
  assert_approves (host, "ann", "approver", next, "approved");
  gate_wait (people_ws, next, "executed");
  g_free (next);
  next = gate_sql_value ("select uid from proposals where supersedes = (select id from proposals where uid = '%s')",
                         goes_on);
  gate_wait (people_ws, next, "executed");
  assert_value ("300 30",
                "select string_agg (value::text, ' ' order by target) from fake.world where target like 'stale%%'");
  /* Once. */
  royal_test_spin (300);
  assert_value ("4", "select count(*) from proposals where target in ('stale1', 'stale2')");
  gate_host_end (host, FALSE);
}

/* A target that never stands still is not chased for ever. */
static void
test_restless (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = NULL;
  g_autofree char *told = NULL;

  gate_sql ("create function fake.restless () returns trigger language plpgsql as $$ begin"
            " raise exception 'it moved' using errcode = 'RY409'; end $$;"
            "create trigger restless before insert on fake.world for each row when (new.target = 'restless')"
            " execute function fake.restless ()");
  id = gate_set (host, people_ws, "restless", 5, "");
  for (guint i = 0; i < 200; i++)
    {
      g_free (told);
      told = gate_sql_value ("select coalesce (max (data->>'reason'), '') from events where kind = 'proposal.stale'"
                             " and data->>'target' = 'restless'");
      if (*told != '\0')
        break;
      royal_test_spin (50);
    }
  g_assert_cmpstr (told, ==, "the world moved each time, 6 times in all");
  royal_test_spin (200);
  assert_value ("6 6", "select count(*) || ' ' || max (revision) from proposals where target = 'restless'");
  gate_host_end (host, FALSE);
}

/* The grant is taken away between approval and execution: nothing starts, nothing takes its place, and it says why. */
static void
test_withdrawn (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *id = gate_set (host, people_ws, "withdrawn", 300, "");
  g_autofree char *other = gate_set (host, people_ws, "withdrawn", 301, "");
  g_autofree char *told = NULL;

  gate_sql (IN_WORKSPACE "select control_stop ('test', 'ann')", people_ws);
  assert_approves (host, "ann", "approver", id, "approved");
  gate_sql ("insert into grants (workspace_id, agent, grants, changed_by) values (%" G_GINT64_FORMAT
            ", 'setter', '{\"writes\": [{\"action\": \"fake.burn\"}]}', 'ann')",
            people_ws);
  assert_value ("stale", "select state from proposals where uid = '%s'", id);
  assert_refuses (host, "ann", "approver", other, ROYAL_ERROR_CONFLICT, "not granted fake.set any more");
  gate_sql (IN_WORKSPACE "select control_resume ('ann')", people_ws);
  for (guint i = 0; i < 100; i++)
    {
      g_free (told);
      told = gate_sql_value ("select coalesce (max (data->>'reason'), '') from events where subject = '%s'"
                             " and kind = 'proposal.stale'",
                             id);
      if (*told != '\0')
        break;
      royal_test_spin (50);
    }
  g_assert_nonnull (strstr (told, "agent setter is not granted fake.set any more"));
  assert_value ("0", "select count(*) from fake.world where target = 'withdrawn'");
  assert_value ("2", "select count(*) from proposals where target = 'withdrawn'");
  gate_sql ("delete from grants");
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
  GateHost *host = people_host ("one");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "{'action':'fake.nudge','target':'%s','parameters':{'value':300},'title':'Set'}", table[i].target);
      g_autofree char *id = NULL, *next = NULL;

      gate_sql ("insert into fake.world values (%" G_GINT64_FORMAT ", '%s', 1000)", people_ws, table[i].target);
      id = people_submit (host, text);
      gate_sql ("update fake.world set value = %d where target = '%s'", table[i].now, table[i].target);
      assert_approves (host, "ann", "approver", id, "approved");
      gate_wait (people_ws, id, "stale");
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
        gate_wait (people_ws, next, "executed");
    }
  gate_host_end (host, FALSE);
}

/* A list tells of each proposal what is told of it alone: of all that the tests before this one have left. */
static void
test_told_alike (void)
{
  GateHost *host = people_host ("one");
  g_autofree char *first = people_submit (host, "{'action':'fake.set','target':'alike-1','parameters':{'value':300}}");
  g_autofree char *second = people_submit (host, "{'action':'fake.set','target':'alike-2','parameters':{'value':301}}");
  g_autofree char *all = gate_sql_value (IN_WORKSPACE "select count(*) from proposals where workspace_id"
                                                      " = royal_workspace ()",
                                         people_ws);

  assert_value (all,
                IN_WORKSPACE "select count(*) from proposal_list (null, null, 1000000) l join proposals p"
                             " on p.workspace_id = royal_workspace () and p.id = l.cursor"
                             " where l.proposal::jsonb = proposal_json (p)",
                people_ws);
  /* Newest first, from where the page before has ended, of the states that were asked for. */
  assert_value ("alike-2 alike-1",
                IN_WORKSPACE "select string_agg (proposal->>'target', ' ')"
                             " from proposal_list ('{pending}', null, 2)",
                people_ws);
  assert_value ("alike-1",
                IN_WORKSPACE "select proposal->>'target' from proposal_list (null, (select id from proposals"
                             " where target = 'alike-2'), 1)",
                people_ws);
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
  g_test_add_func ("/proposals/batch-undo-again", test_batch_undo_again);
  g_test_add_func ("/proposals/batch-undo-partly", test_batch_undo_partly);
  g_test_add_func ("/proposals/modify", test_modify);
  g_test_add_func ("/proposals/wrong-digest", test_wrong_digest);
  g_test_add_func ("/proposals/modify-batch", test_modify_batch);
  g_test_add_func ("/proposals/rerun", test_rerun);
  g_test_add_func ("/proposals/stale", test_stale);
  g_test_add_func ("/proposals/restless", test_restless);
  g_test_add_func ("/proposals/withdrawn", test_withdrawn);
  g_test_add_func ("/proposals/tolerance", test_tolerance);
  g_test_add_func ("/proposals/told-alike", test_told_alike);
  return royal_test_run ();
}
