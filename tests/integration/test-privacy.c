/* SPDX-License-Identifier: Apache-2.0 */
/* Canaries are planted in personal fields; all that a proposal can come to is done to them, and then every table of the
 * database is searched. */
#include "fake-letter.h"
#include "gate-people.h"
#include "rh-audit.h"
#include "rh-proposal.h"

#include <glib/gstdio.h>
#include <royal-json.h>
#include <string.h>

#define CUSTOMER "canary-customer-41"
#define MAIL "canary-mail@example.org"
#define PIN "canary-pin-4711"
#define BORN "19620317"
#define LETTER                                                                                                         \
  "{'action':'fake.letter','target':'order/9','parameters':{'amount':%d,'customer':'" CUSTOMER "','mail':'" MAIL       \
  "','born':" BORN ",'pin':'" PIN "'%s},'title':'Write to " MAIL "','reasoning':'born " BORN "','risks':['" CUSTOMER   \
  "']}"

static const char *const canaries[] = { CUSTOMER, MAIL, PIN, BORN, FAKE_LETTER_CITY, FAKE_LETTER_TRACKING };

/* The names of the tables that hold a text, in any column. */
static const char search[] =
    "create or replace function fake.holding (needle text) returns text language plpgsql as $$"
    " declare r record; n bigint; found text := ''; begin"
    "  for r in select c.oid::regclass as t from pg_class c where c.relkind = 'r' and c.relnamespace = "
    "'public'::regnamespace loop"
    "   execute format ('select count (*) from %s x where position (%L in x::text) > 0', r.t, needle) into n;"
    "   if n > 0 then found := found || r.t || ' '; end if;"
    "  end loop; return found; end $$";

static FakeLetter *letter;

static GateHost *
started (const char *host_id)
{
  GateHost *host;

  people_ws = gate_workspace ("privacy");
  gate_sql ("%s", search);
  letter = fake_letter_new ();
  host = gate_host_new_with (host_id, RH_CONNECTOR (letter));
  rh_gate_start (host->gate);
  return host;
}

static gboolean
is_told (gpointer data)
{
  g_autofree char *n = gate_sql_value ("select count (*) from outbox");

  return strcmp (n, "0") == 0;
}

static void
ended (GateHost *host)
{
  royal_test_wait_until (is_told, NULL, 5000);
  gate_host_end (host, FALSE);
  g_clear_object (&letter);
}

/* Nothing that is stored holds one, but for the names of those whose key there is. */
static void
assert_hidden (void)
{
  royal_test_wait_until (is_told, NULL, 5000);
  for (guint i = 0; i < G_N_ELEMENTS (canaries); i++)
    assert_value (i == 0 ? "privacy_keys " : "", "select fake.holding ('%s')", canaries[i]);
}

static char *
propose (GateHost *host, int amount, const char *extra)
{
  g_autofree char *text = g_strdup_printf (LETTER, amount, extra);

  return people_submit (host, text);
}

static void
assert_chain_holds (GateHost *host)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) report = NULL;

  royal_test_wait_until (is_told, NULL, 5000);
  rh_audit_verify_async (host->store, people_ws, NULL, NULL, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  report = rh_audit_verify_finish (done, &error);
  g_assert_no_error (error);
  g_assert_true (royal_json_boolean (json_node_get_object (report), "ok", FALSE));
}

/* The connector has it in the open, in all that it is handed; nobody else has. */
static void
test_apply (void)
{
  GateHost *host = started ("one");
  g_autofree char *id = propose (host, 10, "");
  g_autoptr (JsonObject) proposal = NULL;
  g_autofree char *digest = NULL;

  gate_wait (people_ws, id, "executed");
  for (guint i = 0; i < 5; i++)
    g_assert_nonnull (strstr (fake_letter_sent (letter), canaries[i]));
  assert_hidden ();
  proposal = gate_get (people_ws, id);
  digest = rh_proposal_digest (proposal);
  g_assert_cmpstr (digest, ==, royal_json_string (proposal, "digest", ""));
  g_assert_cmpstr (royal_json_string (royal_json_object (proposal, "words"), "title", ""), ==, "Write to (personal)");
  assert_value ("t", "select count (*) > 1 from audit where subject = '%s' and record like '%%\"sealed\":\"%%'", id);
  /* A fact that is none of theirs is one. */
  g_assert_cmpint (royal_json_int (royal_json_object (proposal, "facts"), "to", 0), ==, 10);
  assert_chain_holds (host);
  ended (host);
}

/* What was sealed is opened, changed, observed again, undone and verified. */
static void
test_life (void)
{
  GateHost *host = started ("two");
  g_autofree char *pending = propose (host, 500, "");
  g_autofree char *lost = propose (host, 10, ",'mode':'lost'");
  g_autofree char *revised = NULL;
  g_autoptr (JsonObject) undone = NULL;
  g_autoptr (JsonObject) modified = NULL;
  g_autoptr (JsonObject) approved = NULL;
  g_autoptr (GError) error = NULL;

  gate_wait (people_ws, lost, "executed");
  g_assert_cmpuint (fake_letter_verifies (letter), ==, 1);
  modified =
      people_modify (host, "ann", pending,
                     "{'parameters':{'amount':600,'customer':'" CUSTOMER "','mail':'" MAIL ".changed'}}", &error);
  g_assert_no_error (error);
  assert_hidden ();
  revised = g_strdup (royal_json_string (modified, "id", ""));
  approved = gate_approve (host, people_ws, revised, NULL, &error);
  g_assert_no_error (error);
  gate_wait (people_ws, revised, "executed");
  g_assert_nonnull (strstr (fake_letter_sent (letter), MAIL ".changed"));
  undone = gate_undo (host, people_ws, revised, &error);
  g_assert_no_error (error);
  approved = (json_object_unref (approved),
              gate_approve (host, people_ws, royal_json_string (undone, "id", ""), NULL, &error));
  g_assert_no_error (error);
  gate_wait (people_ws, revised, "undone");
  g_assert_nonnull (strstr (fake_letter_undone (letter), "\"sent\":\"letter to " MAIL ".changed\""));
  g_assert_nonnull (strstr (fake_letter_undone (letter), FAKE_LETTER_TRACKING));
  assert_hidden ();
  assert_chain_holds (host);
  ended (host);
}

/* Errors tell no more than the rest. */
static void
test_faults (void)
{
  GateHost *host = started ("three");
  g_autofree char *refused = propose (host, 10, ",'mode':'refuse'");
  g_autofree char *away = NULL;
  g_autoptr (GError) error = NULL;

  gate_wait (people_ws, refused, "failed");
  assert_value ("the post does not know (personal)", "select max (error) from effects where key = '%s'", refused);
  away = g_strdup_printf (LETTER, 10, ",'mode':'away'");
  g_assert_null (gate_submit (host, people_ws, "setter", away, NULL, &error));
  assert_says (&error, ROYAL_ERROR_UNAVAILABLE, "nobody knows (personal)");
  g_assert_null (gate_submit (host, people_ws, "setter",
                              "{'action':'fake.letter','target':'to/" MAIL
                              "','parameters':{'amount':1,'customer':'" CUSTOMER "','mail':'" MAIL "'},'title':'x'}",
                              NULL, &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "proposal: /target: expected nothing personal");
  g_assert_null (
      gate_submit (host, people_ws, "setter",
                   "{'action':'fake.letter','target':'o','parameters':{'amount':1,'customer':'x','mail':'" MAIL
                   "','born':123456789},'title':'x'}",
                   NULL, &error));
  g_assert_null (strstr (error->message, "123456789"));
  g_clear_error (&error);
  assert_hidden ();
  ended (host);
}

#define TOKEN "{'sealed':'0123456789abcdef0123456789abcdef','value':'AA=='}"

/* What is sealed is opened for connectors: nobody brings in what he was not shown. */
static void
test_forged (void)
{
  GateHost *host = started ("forged");
  g_autofree char *pending = propose (host, 500, "");
  g_autofree char *change = gate_sql_value ("select jsonb_build_object ('parameters', jsonb_build_object ('amount', 1, "
                                            "'customer', 'x', 'mail', parameters->'pin'))"
                                            " from proposals where uid = '%s'",
                                            pending);
  g_autoptr (GError) error = NULL;

  g_assert_null (gate_submit (
      host, people_ws, "setter",
      "{'action':'fake.letter','target':'o','parameters':{'amount':1,'customer':'x','mail':" TOKEN "},'title':'x'}",
      NULL, &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "proposal: expected values, found a sealed one");
  g_assert_null (people_modify (host, "ann", pending, change, &error));
  assert_says (&error, ROYAL_ERROR_INVALID, "expected values, found a sealed one");
  ended (host);
}

/* Whoever is forgotten is so everywhere; what was decided stays decided, and cannot be done any more. */
static void
test_erase (void)
{
  GateHost *host = started ("four");
  g_autofree char *pending = propose (host, 500, "");
  g_autofree char *key = gate_sql_value ("select max (id) from privacy_keys where subject = '" CUSTOMER "'");
  g_autofree char *told = NULL;
  g_autofree char *n = NULL;
  g_autoptr (JsonObject) approved = NULL;
  g_autoptr (GError) error = NULL;

  gate_wait (people_ws, pending, "pending");
  n = gate_sql_value (IN_WORKSPACE "select count (*) > 3 from privacy_held ('" CUSTOMER "', 100)", people_ws);
  g_assert_cmpstr (n, ==, "t");
  told = gate_sql_value (IN_WORKSPACE "select privacy_erase ('" CUSTOMER "', 'ann')->>'key'", people_ws);
  g_assert_cmpstr (told, ==, key);
  assert_value ("", "select fake.holding ('" CUSTOMER "')");
  assert_value ("t", "select sealed is null and erased_at is not null from privacy_keys where id = '%s'", key);
  royal_test_wait_until (is_told, NULL, 5000);
  assert_value ("ann", "select actor from audit where kind = 'privacy.erased' and subject = '%s'", key);
  approved = gate_approve (host, people_ws, pending, NULL, &error);
  g_assert_no_error (error);
  gate_wait (people_ws, pending, "failed");
  assert_value ("t", "select error like 'the personal data in it was erased%%' from effects where key = '%s'", pending);
  g_assert_cmpstr (fake_letter_sent (letter), ==, "");
  assert_chain_holds (host);
  /* The next one about the same person begins anew. */
  g_free (propose (host, 500, ""));
  assert_value ("t", "select max (id) <> '%s' from privacy_keys where subject = '" CUSTOMER "'", key);
  ended (host);
}

/* Keys of persons go along when the host's key is changed, and a host without one takes nothing that it would have to
 * seal. */
static void
test_keys (void)
{
  GateHost *host = started ("five");
  g_autofree char *path = g_build_filename (royal_test_dir (), "gate-keys", NULL);
  g_autofree char *id = propose (host, 500, "");
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (JsonObject) approved = NULL;
  g_autoptr (JsonNode) rotated = NULL;
  g_autoptr (GError) error = NULL;

  g_file_set_contents (
      path, "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", -1, NULL);
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_true (rh_secrets_reload (host->secrets, NULL));
  rh_secrets_rotate_async (host->secrets, people_ws, "ann", royal_test_result, &result);
  done = royal_test_wait (&result);
  rotated = rh_secrets_rotate_finish (host->secrets, done, &error);
  g_assert_no_error (error);
  g_assert_cmpint (royal_json_int (json_node_get_object (rotated), "secrets", 0), >, 0);
  assert_value ("1", "select count (distinct key_id) from privacy_keys where erased_at is null");
  approved = gate_approve (host, people_ws, id, NULL, &error);
  g_assert_no_error (error);
  gate_wait (people_ws, id, "executed");
  g_assert_nonnull (strstr (fake_letter_sent (letter), MAIL));
  ended (host);
}

/* A batch holds what is of several persons, each with the key of his own. */
static void
test_batch (void)
{
  GateHost *host = started ("six");
  g_autofree char *id = people_submit (
      host, "{'action':'fake.letter','target':'two','title':'Two letters','items':["
            "{'target':'a','parameters':{'amount':1,'customer':'" CUSTOMER "-a','mail':'" MAIL ".a'}},"
            "{'target':'b','parameters':{'amount':2,'customer':'" CUSTOMER "-b','mail':'" MAIL ".b'}}]}");

  gate_wait (people_ws, id, "executed");
  assert_hidden ();
  assert_value ("2", "select count (distinct parameters->'mail'->>'sealed') from proposal_items");
  assert_value ("2",
                "select count (*) from proposal_items i join privacy_keys k on k.id = i.parameters->'mail'->>'sealed'"
                " where k.subject = '" CUSTOMER "-' || i.target");
  assert_value ("2", "select count (*) from proposal_items i join effects e using (workspace_id, proposal, item)"
                     " where e.receipt->'tracking'->>'sealed' = i.parameters->'mail'->>'sealed'");
  ended (host);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/privacy/apply", test_apply);
  g_test_add_func ("/privacy/life", test_life);
  g_test_add_func ("/privacy/faults", test_faults);
  g_test_add_func ("/privacy/forged", test_forged);
  g_test_add_func ("/privacy/erase", test_erase);
  g_test_add_func ("/privacy/keys", test_keys);
  g_test_add_func ("/privacy/batch", test_batch);
  return royal_test_run ();
}
