/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-host.h"

#include "royal-test.h"

#include <glib/gstdio.h>
#include <royal-json.h>
#include <string.h>

static const char policy_text[] =
    "{'rules':["
    "{'name':'small','match':{'action':'fake.*'},'risk':'low','decision':'auto',"
    "  'when':{'facts.to':{'lt':100},'facts.inverse':{'eq':false}}},"
    "{'name':'middle','match':{'action':'fake.*'},'risk':'medium','decision':'notify',"
    "  'when':{'facts.to':{'gte':100,'lt':200}}},"
    "{'name':'large','match':{'action':'fake.*'},'risk':'high','decision':'approve','when':{'facts.to':{'gte':200}}},"
    "{'name':'huge','match':{'action':'fake.*'},'risk':'high','decision':'deny','when':{'facts.to':{'gte':1000}}},"
    "{'name':'hasty','match':{'action':'fake.*','agent':'hasty'},'risk':'low','decision':'approve','deadline_s':1},"
    "{'name':'undo','match':{'action':'fake.*'},'risk':'low','decision':'approve','when':{'facts.inverse':{'eq':true}}}"
    "]}";

JsonNode *
gate_json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "test", &error);

  g_assert_no_error (error);
  return node;
}

static char *
owner (void)
{
  return rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
}

char *
gate_sql_value (const char *format, ...)
{
  g_autofree char *info = owner ();
  g_autofree char *sql = NULL;
  va_list args;

  va_start (args, format);
  sql = g_strdup_vprintf (format, args);
  va_end (args);
  return royal_test_sql_value (info, sql);
}

void
gate_sql (const char *format, ...)
{
  g_autofree char *info = owner ();
  g_autofree char *sql = NULL;
  va_list args;

  va_start (args, format);
  sql = g_strdup_vprintf (format, args);
  va_end (args);
  royal_test_sql (info, sql);
}

gint64
gate_workspace (const char *name)
{
  static gboolean ready;
  g_autofree char *id = NULL;

  if (!ready)
    {
      royal_test_migrate ();
      gate_sql ("%s", fake_connector_schema);
    }
  ready = TRUE;
  id = gate_sql_value ("select workspace_id from workspace_open ('%s', true)", name);
  /* Tests fail, reject and undo a lot: their agent's autonomy is not taken away for it. */
  gate_sql ("insert into breakers (workspace_id, agent, failed, undone, rejected) values (%s, 'setter', 100000, "
            "100000, 100000)"
            " on conflict do nothing",
            id);
  return g_ascii_strtoll (id, NULL, 10);
}

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

static void
make_vault (GateHost *self)
{
  g_autofree char *path = g_build_filename (royal_test_dir (), "gate-keys", NULL);
  g_autoptr (RhVault) vault = NULL;
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, KEY, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  self->secrets = rh_secrets_new (self->store, &(RhSecretsConfig){ .key_file = path }, RH_NO_WORKSPACE, &error);
  g_assert_no_error (error);
  vault = rh_vault_new (self->store, self->secrets);
  rh_gate_set_vault (self->gate, vault);
}

GateHost *
gate_host_new (const char *host_id)
{
  return gate_host_new_with (host_id, NULL);
}

GateHost *
gate_host_new_with (const char *host_id, RhConnector *more)
{
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autoptr (RhConnectors) connectors = rh_connectors_new ();
  g_autoptr (JsonNode) document = gate_json (policy_text);
  g_autoptr (GError) error = NULL;
  GateHost *self = g_new0 (GateHost, 1);
  RhPolicy *policy = rh_policy_new (document, "policy", &error);

  g_assert_no_error (error);
  self->store = rh_store_new (info, NULL, 3);
  self->fake = fake_connector_new (self->store);
  rh_connectors_add (connectors, RH_CONNECTOR (self->fake));
  if (more != NULL)
    rh_connectors_add (connectors, more);
  self->gate = rh_gate_new (self->store, connectors, host_id);
  if (more != NULL)
    make_vault (self);
  rh_gate_set_policy (self->gate, policy);
  royal_test_wait_until (is_available, self->store, 5000);
  return self;
}

void
gate_host_end (GateHost *self, gboolean crash)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) stopped = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GError) error = NULL;

  rh_gate_stop_async (self->gate, crash ? 50 : 5000, royal_test_result, &result);
  stopped = royal_test_wait (&result);
  if (!rh_gate_stop_finish (self->gate, stopped, &error) && !crash)
    g_error ("%s", error->message);
  rh_store_close_async (self->store, 2000, royal_test_result, &result);
  closed = royal_test_wait (&result);
  g_assert_true (rh_store_close_finish (self->store, closed, NULL));
  fake_connector_give_up (self->fake);
  royal_test_spin (20);
  g_object_unref (self->gate);
  g_clear_object (&self->secrets);
  g_object_unref (self->fake);
  g_object_unref (self->store);
  g_free (self);
}

JsonNode *
gate_submit (GateHost *self,
             gint64 workspace,
             const char *agent,
             const char *proposal,
             const char *grant,
             GError **error)
{
  g_autoptr (JsonNode) node = gate_json (proposal);
  g_autoptr (JsonNode) granted = gate_json (grant != NULL ? grant : "{}");
  RhSubmission submission = { .workspace = workspace,
                              .workspace_name = "demo",
                              .agent = agent,
                              .agent_version = "1.0.0",
                              .agent_sha256 = "00ff",
                              .cluster = "product",
                              .run = "01940000-0000-7000-8000-000000000000",
                              .grant = json_node_get_object (granted),
                              .proposal = json_node_get_object (node) };
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  rh_gate_submit_async (self->gate, &submission, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  return rh_gate_submit_finish (self->gate, done, error);
}

char *
gate_set (GateHost *self, gint64 workspace, const char *target, int value, const char *extra)
{
  g_autofree char *text = g_strdup_printf ("{'action':'fake.set','target':'%s','parameters':{'value':%d%s},"
                                           "'title':'Set it','claims':{'confidence':0.7,'lift':1.5}}",
                                           target, value, extra);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = gate_submit (self, workspace, "setter", text, NULL, &error);

  g_assert_no_error (error);
  return g_strdup (royal_json_string (json_node_get_object (outcome), "proposal", NULL));
}

JsonObject *
gate_get (gint64 workspace, const char *id)
{
  g_autofree char *text = gate_sql_value (
      "select proposal_get ('%s') from set_config ('royal.workspace', '%" G_GINT64_FORMAT "', false)", id, workspace);
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "proposal", NULL);

  return json_object_ref (json_node_get_object (node));
}

void
gate_wait (gint64 workspace, const char *id, const char *state)
{
  g_autofree char *now = NULL;

  for (guint i = 0; i < 500; i++)
    {
      g_free (now);
      now = gate_sql_value ("select state from proposals where uid = '%s'", id);
      if (strcmp (now, state) == 0)
        return;
      royal_test_spin (20);
    }
  g_error ("proposal %s is %s, not %s", id, now, state);
}

static JsonObject *
finish (GateHost *self, GAsyncResult **result, GError **error)
{
  g_autoptr (GAsyncResult) done = royal_test_wait (result);
  g_autoptr (JsonNode) node = rh_gate_answer_finish (self->gate, done, error);

  return node != NULL ? json_object_ref (json_node_get_object (node)) : NULL;
}

JsonObject *
gate_approve (GateHost *self, gint64 workspace, const char *id, const char *digest, GError **error)
{
  RhActor actor = { workspace, "ann", "unix:1000", "approver" };
  g_autofree char *right =
      digest == NULL ? gate_sql_value ("select max (digest) from proposals where uid = '%s'", id) : g_strdup (digest);
  GAsyncResult *result = NULL;

  rh_gate_approve_async (self->gate, &actor, id, right, "fine", royal_test_result, &result);
  return finish (self, &result, error);
}

JsonObject *
gate_reject (GateHost *self, gint64 workspace, const char *id, const char *reason, GError **error)
{
  RhActor actor = { workspace, "ann", "unix:1000", "approver" };
  GAsyncResult *result = NULL;

  rh_gate_reject_async (self->gate, &actor, id, reason, royal_test_result, &result);
  return finish (self, &result, error);
}

JsonObject *
gate_undo (GateHost *self, gint64 workspace, const char *id, GError **error)
{
  RhActor actor = { workspace, "bob", "unix:1001", "operator" };
  GAsyncResult *result = NULL;

  rh_gate_undo_async (self->gate, &actor, id, "it was wrong", royal_test_result, &result);
  return finish (self, &result, error);
}
