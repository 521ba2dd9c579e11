/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit/elf-maker.h"
#include "gate-host.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <rh-charter.h>
#include <rh-control.h>
#include <royal-json.h>
#include <string.h>

/* What is allowed is changed through the gate alone, and autonomy is earned and lost. */

static const char asks[] = "{'rules':[{'name':'asks','match':{'action':'fake.*'},'risk':'high','decision':'approve'}]}";
static const char passes[] = "{'rules':[{'name':'passes','match':{'action':'fake.*'},'risk':'low','decision':'auto'},"
                             "{'name':'opens','match':{'action':'*'},'risk':'low','decision':'auto'}]}";

static gint64 ws;

typedef struct {
  RhStore *store;
  GObject *fake;
  RhGate *gate;
  RhRegistry *registry;
  RhCharter *charter;
} Host;

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

static RhPolicy *
policy_new (const char *text)
{
  g_autoptr (JsonNode) document = gate_json (text);
  g_autoptr (GError) error = NULL;
  RhPolicy *policy = rh_policy_new (document, "policy", &error);

  g_assert_no_error (error);
  return policy;
}

static void
compare (Host *self, const char *text)
{
  g_autoptr (RhPolicy) policy = policy_new (text);

  rh_charter_compare (self->charter, policy);
}

static Host *
host_new (const char *workspace, const char *policy)
{
  g_autofree char *info = NULL;
  g_autofree char *modules = NULL;
  g_autoptr (RhConnectors) connectors = rh_connectors_new ();
  g_autoptr (RhControl) control = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  Host *self = g_new0 (Host, 1);

  ws = gate_workspace (workspace);
  info = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  modules = g_build_filename (royal_test_dir (), "modules", NULL);
  g_mkdir_with_parents (modules, 0700);
  self->store = rh_store_new (info, NULL, 3);
  self->fake = G_OBJECT (fake_connector_new (self->store));
  control = rh_control_new (self->store);
  rh_connectors_add (connectors, RH_CONNECTOR (self->fake));
  rh_connectors_add (connectors, RH_CONNECTOR (control));
  self->gate = rh_gate_new (self->store, connectors, "one");
  self->registry = rh_registry_new (modules, modules, modules);
  self->charter = rh_charter_new (self->store, self->gate, self->registry, ws, workspace);
  royal_test_wait_until (is_available, self->store, 5000);
  rh_charter_start_async (self->charter, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_assert_true (rh_charter_start_finish (self->charter, done, &error));
  rh_gate_start (self->gate);
  compare (self, policy);
  royal_test_spin (100);
  return self;
}

static void
host_free (Host *self)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) stopped = NULL;
  g_autoptr (GAsyncResult) closed = NULL;

  rh_gate_stop_async (self->gate, 5000, royal_test_result, &result);
  stopped = royal_test_wait (&result);
  (void)rh_gate_stop_finish (self->gate, stopped, NULL);
  rh_store_close_async (self->store, 2000, royal_test_result, &result);
  closed = royal_test_wait (&result);
  (void)rh_store_close_finish (self->store, closed, NULL);
  royal_test_spin (20);
  g_object_unref (self->charter);
  g_object_unref (self->registry);
  g_object_unref (self->gate);
  g_object_unref (self->fake);
  g_object_unref (self->store);
  g_free (self);
}

/* (transfer full): the outcome; @by NULL: the agent proposes. */
static JsonNode *
submit (Host *self, const char *agent, const char *by, const char *proposal, const char *grant, GError **error)
{
  g_autoptr (JsonNode) node = gate_json (proposal);
  g_autoptr (JsonNode) granted = gate_json (grant != NULL ? grant : "{}");
  RhSubmission submission = { .workspace = ws,
                              .workspace_name = "demo",
                              .agent = agent,
                              .agent_version = by == NULL ? "1" : "",
                              .agent_sha256 = by == NULL ? "00ff" : "",
                              .by = by,
                              .cluster = "c",
                              .grant = json_node_get_object (granted),
                              .proposal = json_node_get_object (node) };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  rh_gate_submit_async (self->gate, &submission, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  return rh_gate_submit_finish (self->gate, done, error);
}

/* (transfer full): the id; checks the decision. */
static char *
decided (Host *self, const char *agent, const char *by, const char *proposal, const char *grant, const char *decision)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = submit (self, agent, by, proposal, grant, &error);

  g_assert_no_error (error);
  if (strcmp (royal_json_string (json_node_get_object (outcome), "decision", ""), decision) != 0)
    g_error ("%s: %s, not %s: %s", proposal, royal_json_string (json_node_get_object (outcome), "decision", ""),
             decision, royal_json_string (json_node_get_object (outcome), "reason", ""));
  return g_strdup (royal_json_string (json_node_get_object (outcome), "proposal", ""));
}

static gboolean
answer (Host *self, const char *id, const char *role, GError **error)
{
  RhActor actor = { ws, "ann", "unix:1000", role, NULL };
  g_autofree char *digest = gate_sql_value ("select max (digest) from proposals where uid = '%s'", id);
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (JsonNode) node = NULL;

  rh_gate_approve_async (self->gate, &actor, id, digest, "fine", royal_test_result, &result);
  done = royal_test_wait (&result);
  node = rh_gate_answer_finish (self->gate, done, error);
  return node != NULL;
}

/* An administrator approves, and it is done and heard of. */
static void
carry_out (Host *self, const char *id)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (answer (self, id, "admin", &error));
  g_assert_no_error (error);
  gate_wait (ws, id, "executed");
  royal_test_spin (100);
}

static char *
undo (Host *self, const char *id)
{
  RhActor actor = { ws, "bob", "unix:1001", "operator", NULL };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;

  rh_gate_undo_async (self->gate, &actor, id, "it was wrong", royal_test_result, &result);
  done = royal_test_wait (&result);
  node = rh_gate_answer_finish (self->gate, done, &error);
  g_assert_no_error (error);
  return g_strdup (royal_json_string (json_node_get_object (node), "id", ""));
}

static char *
pending (const char *action)
{
  g_autofree char *id = NULL;

  for (guint i = 0; i < 200; i++)
    {
      g_free (id);
      id = gate_sql_value ("select max (uid::text) from proposals where workspace_id = %" G_GINT64_FORMAT
                           " and action = '%s' and state = 'pending'",
                           ws, action);
      if (*id != '\0')
        return g_steal_pointer (&id);
      royal_test_spin (20);
    }
  g_error ("no %s waits", action);
}

#define SET "{'action':'fake.set','target':'t','parameters':{'value':5}}"

static void
assert_in_force (const char *text)
{
  g_autoptr (RhPolicy) policy = policy_new (text);
  g_autofree char *version =
      gate_sql_value ("select max (version) from policies where workspace_id = %" G_GINT64_FORMAT " and in_force", ws);

  g_assert_cmpstr (version, ==, rh_policy_version (policy));
}

/* The first file is adopted; another one is proposed, once; it decides when an administrator has approved it; it is
 * undone. */
static void
test_policy (void)
{
  Host *host = host_new ("policy", asks);
  g_autofree char *first = NULL;
  g_autofree char *change = NULL;
  g_autofree char *n = NULL;
  g_autofree char *second = NULL;
  g_autofree char *inverse = NULL;
  g_autofree char *third = NULL;
  g_autoptr (JsonObject) shown = NULL;
  g_autofree char *changes = NULL;
  g_autoptr (GError) error = NULL;

  assert_in_force (asks);
  first = decided (host, "setter", NULL, SET, NULL, "approve");
  compare (host, passes);
  change = pending ("policy.change");
  compare (host, passes);
  royal_test_spin (200);
  n = gate_sql_value (
      "select count(*) from proposals where workspace_id = %" G_GINT64_FORMAT " and action = 'policy.change'", ws);
  g_assert_cmpstr (n, ==, "1");
  assert_in_force (asks);
  changes = gate_sql_value (
      "select string_agg (c->>'label', ', ') from proposals, jsonb_array_elements (preview->'changes') c"
      " where uid = '%s'",
      change);
  g_assert_cmpstr (changes, ==, "rules asks, rules opens, rules passes");

  g_assert_false (answer (host, change, "approver", &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
  assert_in_force (asks);
  carry_out (host, change);
  assert_in_force (passes);
  second = decided (host, "setter", NULL, SET, NULL, "auto");

  inverse = undo (host, change);
  g_assert_cmpstr (inverse, !=, change);
  carry_out (host, inverse);
  assert_in_force (asks);
  third = decided (host, "setter", NULL, SET, NULL, "approve");
  host_free (host);
}

/* @key: (nullable) */
static JsonNode *
propose (Host *self, const char *proposal, JsonNode *seen, const char *key, GError **error)
{
  g_autoptr (JsonNode) node = gate_json (proposal);
  RhSubmission submission = { .workspace = ws,
                              .workspace_name = "demo",
                              .agent = "host",
                              .by = "ann",
                              .cluster = "platform",
                              .key = key,
                              .seen = seen,
                              .proposal = json_node_get_object (node) };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  rh_gate_submit_async (self->gate, &submission, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  return rh_gate_submit_finish (self->gate, done, error);
}

static JsonNode *
version_of (const char *text)
{
  g_autoptr (RhPolicy) policy = policy_new (text);
  g_autofree char *seen = g_strdup_printf ("{'version':'%s'}", rh_policy_version (policy));

  return gate_json (seen);
}

#define CHANGE                                                                                                         \
  "{'action':'policy.change','target':'policy','parameters':{'document':{'rules':[{'name':'mine','match':"             \
  "{'action':'*'},'risk':'low','decision':'deny'}]}}}"

/* Who wrote a policy from one that is in force no more would take back what was changed meanwhile, and is told. */
static void
test_seen (void)
{
  Host *host = host_new ("seen", asks);
  g_autoptr (JsonNode) old = version_of (asks);
  g_autoptr (JsonNode) new = version_of (passes);
  g_autoptr (JsonNode) refused = NULL;
  g_autoptr (JsonNode) made = NULL;
  g_autofree char *change = NULL;
  g_autofree char *n = NULL;
  g_autoptr (GError) error = NULL;

  compare (host, passes);
  change = pending ("policy.change");
  carry_out (host, change);
  assert_in_force (passes);
  refused = propose (host, CHANGE, old, NULL, &error);
  g_assert_null (refused);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_assert_nonnull (strstr (error->message, "changed meanwhile"));
  n = gate_sql_value ("select count (*) from proposals where workspace_id = %" G_GINT64_FORMAT, ws);
  g_assert_cmpstr (n, ==, "1");
  g_clear_error (&error);
  made = propose (host, CHANGE, new, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (json_node_get_object (made), "decision", ""), ==, "approve");
  host_free (host);
}

/* A change that is asked for twice with one key is one. */
static void
test_keyed (void)
{
  static const char key[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
  Host *host = host_new ("keyed", asks);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) first = propose (host, CHANGE, NULL, key, &error);
  g_autoptr (JsonNode) again = propose (host, CHANGE, NULL, key, &error);
  g_autofree char *n = gate_sql_value ("select count (*) from proposals where workspace_id = %" G_GINT64_FORMAT, ws);

  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (json_node_get_object (first), "proposal", ""), ==,
                   royal_json_string (json_node_get_object (again), "proposal", "-"));
  g_assert_cmpstr (n, ==, "1");
  host_free (host);
}

static gboolean
decides (gpointer data)
{
  RhPolicy *policy = rh_gate_policy (((Host *)data)->gate, ws);
  g_autoptr (RhPolicy) wanted = policy_new (passes);

  return policy != NULL && strcmp (rh_policy_version (policy), rh_policy_version (wanted)) == 0;
}

/* Every host adopts what one of them carries out; one whose own file says something else keeps to what is in force. */
static void
test_two_hosts (void)
{
  Host *one = host_new ("hosts", asks);
  Host *two = host_new ("hosts", asks);
  g_autofree char *change = NULL;
  Host *three;

  compare (one, passes);
  change = pending ("policy.change");
  carry_out (one, change);
  royal_test_wait_until (decides, two, 5000);
  three = host_new ("hosts", asks);
  g_assert_true (decides (three));
  host_free (three);
  host_free (two);
  host_free (one);
}

/* A host that has not heard yet decides by what is not in force any more: the database knows better. */
static void
test_behind (void)
{
  Host *host = host_new ("behind", passes);
  g_autofree char *first = decided (host, "setter", NULL, SET, NULL, "auto");
  g_autofree char *second = NULL, *third = NULL, *fourth = NULL, *silence = NULL, *told = NULL;

  gate_sql ("insert into grants (workspace_id, agent, grants, changed_by) values (%" G_GINT64_FORMAT
            ", 'setter', '{\"reads\": [], \"writes\": [{\"action\": \"fake.burn\"}]}', 'ann')",
            ws);
  second = decided (host, "setter", NULL, SET, NULL, "deny");
  gate_sql ("update grants set grants = '{\"reads\": [], \"writes\": [{\"action\": \"fake.set\"}]}'"
            " where workspace_id = %" G_GINT64_FORMAT,
            ws);
  third = decided (host, "setter", NULL, SET, NULL, "auto");
  gate_sql ("update policies set in_force = false where workspace_id = %" G_GINT64_FORMAT, ws);
  gate_sql ("insert into policies (workspace_id, version, document, in_force) values (%" G_GINT64_FORMAT
            ", repeat ('0', 64), '{}', true)",
            ws);
  fourth = decided (host, "setter", NULL, SET, NULL, "approve");

  /* Who is asked for any such reason is not answered for by silence. */
  silence = gate_sql_value (
      "select decision_tighten ('{\"decision\":\"approve\",\"risk\":\"low\",\"rules\":[],\"reason\":\"r\","
      "\"asks\":{\"at_deadline\":\"approve\"}}', 'approve', 'medium', 'breaker', 'open')->'asks'->>'at_deadline'");
  g_assert_cmpstr (silence, ==, "expire");
  gate_sql ("select set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false);"
            " select breaker_narrow ('setter', '{\"failed\": 7, \"undone\": 7, \"rejected\": 7, \"window_s\": 7}')",
            ws);
  royal_test_spin (300);
  told = gate_sql_value (
      "select count (*) from audit where kind = 'breaker.configured' and workspace_id = %" G_GINT64_FORMAT
      " and record like '%%\"failed\":7%%'",
      ws);
  g_assert_cmpstr (told, ==, "1");
  host_free (host);
}

/* No rule lets a change of the rules pass, none is needed for it to be asked, and one can deny it. */
static void
test_always_asks (void)
{
  static const char change[] = "{'action':'policy.change','target':'policy','parameters':{'document':"
                               "{'rules':[{'name':'x','match':{'action':'y'},'risk':'low','decision':'auto'}]}}}";
  static const char *const wrong[] = {
    "{'action':'policy.change','target':'policy','parameters':{'document':{'rules':3}}}",
    "{'action':'policy.change','target':'other','parameters':{'document':{'rules':[]}}}",
    "{'action':'policy.change','target':'policy','parameters':{}}",
    "{'action':'grant.change','target':'a','parameters':{'grants':{'reads':[1],'writes':[]}}}",
    ("{'action':'envelope.grant','target':'a','parameters':{'envelope':{'id':'b','match':{'agent':'a','action':'b'},"
     "'until':'2100-01-01T00:00:00Z'}}}"),
    "{'action':'breaker.restore','target':'nobody','parameters':{}}",
    "{'action':'key.trust','target':'k','parameters':{'public_key':'00'}}",
    "{'action':'breaker.change','target':'a','parameters':{'breaker':{'failed':0,'undone':1,'rejected':1,'window_s':1}}"
    "}",
    "{'action':'breaker.change','target':'a','parameters':{'breaker':{'failed':1,'undone':1,'rejected':1}}}",
  };
  Host *host = host_new ("always", passes);
  g_autofree char *open G_GNUC_UNUSED = decided (host, "setter", NULL, change, NULL, "approve");
  g_autofree char *roles = gate_sql_value ("select max (asks->>'roles') from proposals where uid = '%s'", open);

  g_assert_nonnull (strstr (roles, "admin"));
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) outcome = submit (host, "host", "ann", wrong[i], NULL, &error);

      if (outcome != NULL)
        g_error ("taken: %s", wrong[i]);
    }
  rh_gate_set_standing (host->gate, ws, policy_new ("{'rules':[]}"),
                        g_ptr_array_new_with_free_func ((GDestroyNotify)rh_envelope_free));
  {
    g_autofree char *none G_GNUC_UNUSED = decided (host, "host", "ann", change, NULL, "approve");
  }
  rh_gate_set_standing (
      host->gate, ws,
      policy_new ("{'rules':[{'name':'no','match':{'action':'policy.*'},'risk':'high','decision':'deny'}]}"),
      g_ptr_array_new_with_free_func ((GDestroyNotify)rh_envelope_free));
  {
    g_autofree char *denied G_GNUC_UNUSED = decided (host, "host", "ann", change, NULL, "deny");
  }
  host_free (host);
}

/* The database looks for the approval itself: whoever calls without one does nothing. */
static void
test_unapproved (void)
{
  Host *host = host_new ("unapproved", asks);
  g_autofree char *change = decided (host, "host", "ann",
                                     "{'action':'key.trust','target':'k','parameters':{'public_key':'"
                                     "0000000000000000000000000000000000000000000000000000000000000001'}}",
                                     NULL, "approve");
  g_autofree char *told = NULL;

  gate_sql ("update proposals set state = 'executing' where uid = '%s'", change);
  told = gate_sql_value ("create or replace function pg_temp.try () returns text language plpgsql as $$ begin"
                         " perform set_config ('royal.workspace', '%" G_GINT64_FORMAT "', true);"
                         " perform control_apply ('%s', 'key.trust', 'k', '{\"public_key\": \"00\"}', null, "
                         "'{\"public_key\": null}', null);"
                         " return 'done'; exception when others then return sqlstate; end $$; select pg_temp.try ()",
                         ws, change);
  g_assert_cmpstr (told, ==, "RY403");
  host_free (host);
}

#define KEY "00000000000000000000000000000000000000000000000000000000000000aa"

static void
assert_key (const char *expected)
{
  g_autofree char *keys = gate_sql_value (
      "select string_agg (concat_ws (' ', k->>'name', right (k->>'public_key', 2), k->>'trusted'), ', ')"
      " from standing_load () s, jsonb_array_elements (s.keys) k where s.workspace_id = %" G_GINT64_FORMAT,
      ws);

  g_assert_cmpstr (keys, ==, expected);
}

/* A key that a person trusts is known to hosts as such, and, when that ends, as one that was. */
static void
test_key (void)
{
  static const char trust[] = "{'action':'key.trust','target':'%s','parameters':{'public_key':'" KEY "'}}";
  static const char end[] = "{'action':'key.trust','target':'%s','parameters':{'public_key':null}}";
  const struct {
    const char *format, *name, *keys;
  } steps[] = {
    { trust, "ann", "ann aa true" }, { trust, "bob", "ann aa true, bob aa true" },
    { end, "ann", "bob aa true" },   { end, "bob", "bob aa false" },
    { trust, "ann", "ann aa true" },
  };
  Host *host = host_new ("key", asks);

  assert_key ("");
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (GString) proposal = g_string_new (steps[i].format);
      g_autofree char *change = NULL;

      g_string_replace (proposal, "%s", steps[i].name, 0);
      change = decided (host, "host", "ann", proposal->str, NULL, "approve");
      carry_out (host, change);
      assert_key (steps[i].keys);
    }
  host_free (host);
}

/* The manifest of an agent `clerk` whose breaker has these numbers is read, and compared with what stands. */
static void
breaker_file (Host *host, int failed, int rejected, int window_s)
{
  g_autofree char *folder = g_build_filename (royal_test_dir (), "modules", NULL);
  g_autofree char *module = g_build_filename (folder, "clerk.so", NULL);
  g_autofree char *manifest = g_build_filename (folder, "clerk.json", NULL);
  g_autoptr (GByteArray) bytes =
      elf_maker_new ("{\"id\":\"clerk\",\"name\":\"C\",\"version\":\"1.0.0\",\"description\":\"D.\",\"abi\":1,"
                     "\"tasks\":{\"one\":{\"description\":\"One.\"}}}");
  g_autofree char *text = g_strdup_printf ("{\"agent\":\"clerk\",\"module\":\"clerk.so\",\"breaker\":{\"failed\":%d,"
                                           "\"rejected\":%d,\"window_s\":%d}}",
                                           failed, rejected, window_s);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (module, (const char *)bytes->data, bytes->len, &error));
  g_assert_true (g_file_set_contents (manifest, text, -1, &error));
  g_assert_true (rh_registry_load (host->registry, &error));
  compare (host, asks);
  royal_test_spin (300);
  g_remove (manifest);
}

static void
assert_breaker (const char *numbers, const char *pending)
{
  g_autofree char *stands = gate_sql_value ("select concat_ws (' ', failed, undone, rejected, window_s) from breakers"
                                            " where agent = 'clerk' and workspace_id = %" G_GINT64_FORMAT,
                                            ws);
  g_autofree char *asked = gate_sql_value ("select count (*) from proposals where action = 'breaker.change' and state ="
                                           " 'pending' and workspace_id = %" G_GINT64_FORMAT,
                                           ws);

  g_assert_cmpstr (stands, ==, numbers);
  g_assert_cmpstr (asked, ==, pending);
}

/* What a file says first stands; then it may be stricter by itself, and anything else waits for a person. */
static void
test_breaker_file (void)
{
  Host *host = host_new ("breaker-file", asks);
  g_autofree char *change = NULL;

  breaker_file (host, 5, 5, 86400);
  assert_breaker ("5 3 5 86400", "0");
  breaker_file (host, 4, 5, 90000);
  assert_breaker ("4 3 5 90000", "0");
  breaker_file (host, 9, 2, 3600);
  assert_breaker ("4 3 2 90000", "1");
  breaker_file (host, 9, 2, 3600);
  assert_breaker ("4 3 2 90000", "1");
  change = gate_sql_value (
      "select uid from proposals where action = 'breaker.change' and workspace_id = %" G_GINT64_FORMAT, ws);
  carry_out (host, change);
  assert_breaker ("9 3 2 3600", "0");
  breaker_file (host, 9, 2, 3600);
  assert_breaker ("9 3 2 3600", "0");
  host_free (host);
}

/* An envelope lets pass what it bounds, as often as it says, and not any more from the moment that it is revoked. */
static void
test_envelope (void)
{
  static const char grant[] =
      "{'action':'envelope.grant','target':'spring','parameters':{'envelope':{'id':'spring','match':{"
      "'agent':'setter','action':'fake.set'},'when':{'facts.to':{'lte':50}},'max':2,"
      "'until':'2100-01-01T00:00:00Z'}}}";
  static const char wide[] =
      "{'action':'envelope.grant','target':'wide','parameters':{'envelope':{'id':'wide','match':{"
      "'agent':'*','action':'*'},'until':'2100-01-01T00:00:00Z'}}}";
  static const char large[] = "{'action':'fake.set','target':'t','parameters':{'value':60}}";
  Host *host = host_new ("envelope", asks);
  g_autofree char *asked = decided (host, "setter", NULL, SET, NULL, "approve");
  g_autofree char *given = decided (host, "host", "ann", grant, NULL, "approve");
  g_autofree char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *e = NULL, *other = NULL, *wider = NULL;

  carry_out (host, given);
  a = decided (host, "setter", NULL, SET, NULL, "notify");
  b = decided (host, "setter", NULL, large, NULL, "approve");
  c = decided (host, "other", NULL, SET, NULL, "approve");
  d = decided (host, "setter", NULL, SET, NULL, "notify");
  e = decided (host, "setter", NULL, SET, NULL, "approve");

  /* One that covers everything covers no change of what is allowed. */
  wider = decided (host, "host", "ann", wide, NULL, "approve");
  carry_out (host, wider);
  other = decided (host, "other", NULL, SET, NULL, "notify");
  {
    g_autofree char *more G_GNUC_UNUSED = decided (host, "other", NULL,
                                                   "{'action':'envelope.grant','target':'own','parameters':{'envelope':"
                                                   "{'id':'own','match':{'agent':'other','action':'*'},"
                                                   "'until':'2100-01-01T00:00:00Z'}}}",
                                                   NULL, "approve");
  }
  /* This host has not heard of it yet: nothing has turned its loop. */
  gate_sql ("select envelope_revoke ('wide', 'ann') from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false)",
            ws);
  {
    g_autofree char *late = decided (host, "other", NULL, SET, NULL, "approve");
    g_autofree char *reason = gate_sql_value ("select max (reason) from proposals where uid = '%s'", late);

    g_assert_nonnull (strstr (reason, "asks"));
  }
  host_free (host);
}

/* An agent that fails too often asks for everything, until a person gives it back what it may do. */
static void
test_breaker (void)
{
  static const char fails[] = "{'action':'fake.set','target':'b','parameters':{'value':5,'mode':'failed','times':99}}";
  Host *host = host_new ("breaker", passes);
  g_autofree char *restore = NULL;
  g_autofree char *asked = NULL;
  g_autofree char *free = NULL;
  g_autofree char *events = NULL;

  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *id = decided (host, "clumsy", NULL, fails, NULL, "auto");

      gate_wait (ws, id, "failed");
    }
  asked = decided (host, "clumsy", NULL, SET, NULL, "approve");
  {
    g_autofree char *reason = gate_sql_value ("select max (reason) from proposals where uid = '%s'", asked);
    g_autofree char *others G_GNUC_UNUSED = decided (host, "setter", NULL, SET, NULL, "auto");

    g_assert_nonnull (strstr (reason, "the breaker of agent clumsy is open (5 of its proposals were failed"));
  }
  restore =
      decided (host, "host", "ann", "{'action':'breaker.restore','target':'clumsy','parameters':{}}", NULL, "approve");
  carry_out (host, restore);
  free = decided (host, "clumsy", NULL, SET, NULL, "auto");
  {
    /* What it did before is not held against it twice. */
    g_autofree char *id = decided (host, "clumsy", NULL, fails, NULL, "auto");
    g_autofree char *again = NULL;

    gate_wait (ws, id, "failed");
    again = decided (host, "clumsy", NULL, SET, NULL, "auto");
  }
  host_free (host);
}

/* A one-shot grant is used up by what was executed, not by what failed, and counts anew when it is given again. */
static void
test_once (void)
{
  static const char once[] = "{'action':'fake.set','once':true,'serial':1}";
  static const char again[] = "{'action':'fake.set','once':true,'serial':2}";
  static const char fails[] = "{'action':'fake.set','target':'o','parameters':{'value':5,'mode':'failed'}}";
  Host *host = host_new ("once", passes);
  g_autofree char *first = decided (host, "setter", NULL, fails, once, "auto");
  g_autofree char *second = NULL, *third = NULL, *fourth = NULL;

  gate_wait (ws, first, "failed");
  second = decided (host, "setter", NULL, SET, once, "auto");
  gate_wait (ws, second, "executed");
  third = decided (host, "setter", NULL, SET, once, "deny");
  fourth = decided (host, "setter", NULL, SET, again, "auto");
  host_free (host);
}

/* What a host that knows nothing of it has paused: an agent's effect waits, and another's does not. */
static void
test_pause (void)
{
  Host *host = host_new ("pause", passes);
  g_autofree char *held = NULL, *state = NULL, *other = NULL;

  gate_sql ("select control_pause ('agent', 'held', 'test', 'ann'), control_pause ('action', 'fake.b*', 'test', 'ann')"
            " from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false)",
            ws);
  held = decided (host, "held", NULL, SET, NULL, "auto");
  other = decided (host, "free", NULL, "{'action':'fake.set','target':'u','parameters':{'value':5}}", NULL, "auto");
  {
    g_autofree char *burn =
        decided (host, "free", NULL, "{'action':'fake.burn','target':'u2','parameters':{'value':5}}", NULL, "auto");

    gate_wait (ws, other, "executed");
    state = gate_sql_value ("select string_agg (state, ' ') from proposals where uid in ('%s', '%s')", held, burn);
    g_assert_cmpstr (state, ==, "approved approved");
    gate_sql ("select control_unpause ('agent', 'held', 'ann'), control_unpause ('action', 'fake.b*', 'ann')"
              " from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false)",
              ws);
    gate_wait (ws, held, "executed");
    gate_wait (ws, burn, "executed");
  }
  host_free (host);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/control/policy", test_policy);
  g_test_add_func ("/control/two-hosts", test_two_hosts);
  g_test_add_func ("/control/seen", test_seen);
  g_test_add_func ("/control/keyed", test_keyed);
  g_test_add_func ("/control/behind", test_behind);
  g_test_add_func ("/control/always-asks", test_always_asks);
  g_test_add_func ("/control/unapproved", test_unapproved);
  g_test_add_func ("/control/key", test_key);
  g_test_add_func ("/control/breaker-file", test_breaker_file);
  g_test_add_func ("/control/envelope", test_envelope);
  g_test_add_func ("/control/breaker", test_breaker);
  g_test_add_func ("/control/once", test_once);
  g_test_add_func ("/control/pause", test_pause);
  return royal_test_run ();
}
