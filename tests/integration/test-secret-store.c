/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-secrets.h"
#include "royal-json.h"
#include "royal-test.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <string.h>

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define KEY_B "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"
#define MANY 250

typedef struct {
  RhStore *store;
  RhSecrets *secrets;
  char *keys;
  char *owner;
  gint64 workspace;
  gint64 other;
} Fixture;

static void
put_keys (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (f->keys, text, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (f->keys, 0600), ==, 0);
}

static gint64
workspace_of (Fixture *f, const char *name)
{
  g_autofree char *sql = g_strdup_printf ("select workspace_id from workspace_open ('%s', true)", name);
  g_autofree char *found = royal_test_sql_value (f->owner, sql);

  return g_ascii_strtoll (found, NULL, 10);
}

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *host = NULL;
  g_autoptr (GError) error = NULL;

  royal_test_migrate ();
  f->owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  royal_test_sql (f->owner, "truncate secrets, outbox");
  host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  f->workspace = workspace_of (f, "one");
  f->other = workspace_of (f, "two");
  f->keys = g_build_filename (royal_test_dir (), "keys", NULL);
  put_keys (f, KEY_A);
  f->store = rh_store_new (host, NULL, 2);
  royal_test_wait_until (is_available, f->store, 10000);
  f->secrets = rh_secrets_new (f->store, &(RhSecretsConfig){ .key_file = f->keys }, f->workspace, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  rh_store_close_async (f->store, 1000, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  g_assert_true (rh_store_close_finish (f->store, result, NULL));
  g_assert_finalize_object (f->secrets);
  g_clear_object (&f->store);
  g_free (f->keys);
  g_free (f->owner);
}

static void
set (Fixture *f, gint64 workspace, const char *name, const char *value)
{
  g_autoptr (RhSecret) secret = rh_secret_new (value, strlen (value));
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) told = NULL;

  rh_secrets_set_async (f->secrets, workspace, name, secret, "test", royal_test_result, &pending);
  result = royal_test_wait (&pending);
  told = rh_secrets_set_finish (f->secrets, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_json_string (json_node_get_object (told), "name", ""), ==, name);
}

/* (transfer full): its value, or the error's message. */
static char *
look_up (Fixture *f, gint64 workspace, const char *name)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecret) secret = NULL;

  rh_secrets_lookup_async (f->secrets, workspace, name, NULL, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  secret = rh_secrets_lookup_finish (f->secrets, result, &error);
  return g_strdup (secret != NULL ? rh_secret_bytes (secret) : error->message);
}

static void
expect (Fixture *f, gint64 workspace, const char *name, const char *value)
{
  g_autofree char *found = look_up (f, workspace, name);

  g_assert_cmpstr (found, ==, value);
}

static void
reload (Fixture *f, const char *keys)
{
  g_autoptr (GError) error = NULL;

  put_keys (f, keys);
  g_assert_true (rh_secrets_reload (f->secrets, &error));
  g_assert_no_error (error);
}

static void
test_store (Fixture *f, gconstpointer data)
{
  g_autofree char *found = NULL;

  set (f, f->workspace, "shop", "first");
  set (f, f->other, "shop", "of another");
  expect (f, f->workspace, "shop", "first");
  expect (f, f->other, "shop", "of another");
  set (f, f->workspace, "shop", "second");
  expect (f, f->workspace, "shop", "second");
  expect (f, f->workspace, "none",
          "secret `none` is not found: neither in the environment (ROYAL_SECRET_NONE), nor in the database");
  found =
      royal_test_sql_value (f->owner, "select count(*) from secrets where position ('second'::bytea in sealed) > 0");
  g_assert_cmpstr (found, ==, "0");
  /* What stands in one place does not open in another. */
  royal_test_sql (f->owner,
                  "update secrets s set sealed = t.sealed from secrets t where s.workspace_id <> t.workspace_id");
  expect (f, f->workspace, "shop", "secret `shop` cannot be opened: it was altered or moved");
}

static void
test_no_key (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  set (f, f->workspace, "shop", "first");
  put_keys (f, "nonsense");
  g_assert_false (rh_secrets_reload (f->secrets, &error));
  g_assert_nonnull (strstr (error->message, "line 1: expected a key, 32 bytes in base64"));
  /* The old ones go on serving. */
  expect (f, f->workspace, "shop", "first");
  reload (f, KEY_B);
  {
    g_autofree char *told = look_up (f, f->workspace, "shop");

    g_assert_true (g_str_has_prefix (told, "secret `shop` is sealed with key "));
    g_assert_true (g_str_has_suffix (told, ", which this host has not"));
  }
}

static gint64
rotate (Fixture *f)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) told = NULL;

  rh_secrets_rotate_async (f->secrets, f->workspace, "test", royal_test_result, &pending);
  result = royal_test_wait (&pending);
  told = rh_secrets_rotate_finish (f->secrets, result, &error);
  g_assert_no_error (error);
  return royal_json_int (json_node_get_object (told), "secrets", -1);
}

/* A look-up that begins anew when it has ended, until it is told to stop. */
typedef struct {
  Fixture *f;
  guint n;
  gboolean stop;
  gboolean busy;
} Reader;

static void
on_found (GObject *source, GAsyncResult *result, gpointer data)
{
  Reader *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhSecret) secret = rh_secrets_lookup_finish (RH_SECRETS (source), result, &error);
  g_autofree char *name = g_strdup_printf ("s%u", ++self->n % MANY);

  g_assert_no_error (error);
  self->busy = !self->stop;
  if (self->busy)
    rh_secrets_lookup_async (self->f->secrets, self->f->workspace, name, NULL, on_found, self);
}

static gboolean
is_idle (gpointer data)
{
  return !((Reader *)data)->busy;
}

static void
test_rotate (Fixture *f, gconstpointer data)
{
  Reader reader = { f, 0, FALSE, TRUE };
  g_autofree char *stale = NULL;
  g_autofree char *told = NULL;

  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i);

      set (f, f->workspace, name, name);
    }
  set (f, f->other, "theirs", "theirs");
  reload (f, KEY_B KEY_A);
  /* It was begun before, and interrupted: a part is done. */
  set (f, f->workspace, "s7", "s7");
  rh_secrets_lookup_async (f->secrets, f->workspace, "s0", NULL, on_found, &reader);
  g_assert_cmpint (rotate (f), ==, MANY - 1);
  reader.stop = TRUE;
  royal_test_wait_until (is_idle, &reader, 5000);
  g_test_message ("%u look-ups meanwhile", reader.n);
  g_assert_cmpuint (reader.n, >, 0);
  g_assert_cmpint (rotate (f), ==, 0);
  reload (f, KEY_B);
  for (guint i = 0; i < MANY; i += 10)
    {
      g_autofree char *name = g_strdup_printf ("s%u", i);

      expect (f, f->workspace, name, name);
    }
  stale = royal_test_sql_value (f->owner, "select count(distinct key_id) || ' ' || count(*) from secrets");
  g_assert_cmpstr (stale, ==, "2 251");
  told =
      royal_test_sql_value (f->owner, "select string_agg (data->>'secrets', ' ' order by id) from outbox where kind = "
                                      "'secret.rotated'");
  g_assert_cmpstr (told, ==, "249 0");
}

/* A secret that is set while it is being sealed anew is not put back. */
static void
test_rotate_race (Fixture *f, gconstpointer data)
{
  g_autofree char *n = NULL;

  set (f, f->workspace, "shop", "first");
  set (f, f->workspace, "shop", "second");
  n = royal_test_sql_value (
      f->owner,
      "select set_config ('royal.workspace', (select workspace_id::text from workspaces where name = 'one'), "
      "false); select secret_rewrap ('0123456789abcdef', jsonb_build_array (jsonb_build_object ('name', 'shop', "
      "'before', '00', 'sealed', '00')))");
  g_assert_cmpstr (n, ==, "0");
  expect (f, f->workspace, "shop", "second");
}

/* Another host that has the old key still sets one while the rotation is past its name. */
static void
test_rotate_late (Fixture *f, gconstpointer data)
{
  g_autofree char *keys = NULL;

  set (f, f->workspace, "a", "first");
  set (f, f->workspace, "z", "last");
  royal_test_sql (f->owner,
                  "create table late as select * from secrets where name = 'a';"
                  "create function set_late () returns trigger language plpgsql as $$ begin"
                  " update secrets s set key_id = l.key_id, sealed = l.sealed from late l where s.name = l.name;"
                  " delete from late; return null; end $$;"
                  "create trigger set_late after update on secrets for each row when (new.name = 'z')"
                  " execute function set_late ()");
  reload (f, KEY_B KEY_A);
  g_assert_cmpint (rotate (f), ==, 3);
  royal_test_sql (f->owner, "drop trigger set_late on secrets; drop function set_late (); drop table late");
  keys = royal_test_sql_value (f->owner, "select count(distinct key_id) from secrets where name in ('a', 'z')");
  g_assert_cmpstr (keys, ==, "1");
  reload (f, KEY_B);
  expect (f, f->workspace, "a", "first");
}

static void
test_require (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "shop", "one", "two", NULL };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  set (f, f->workspace, "shop", "first");
  rh_secrets_require_async (f->secrets, f->workspace, names, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  g_assert_false (rh_secrets_require_finish (f->secrets, result, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==,
                   "secret `one` is not found: neither in the environment (ROYAL_SECRET_ONE), nor in the database\n"
                   "secret `two` is not found: neither in the environment (ROYAL_SECRET_TWO), nor in the database");
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add ("/secret-store/store", Fixture, NULL, set_up, test_store, tear_down);
  g_test_add ("/secret-store/no-key", Fixture, NULL, set_up, test_no_key, tear_down);
  g_test_add ("/secret-store/rotate", Fixture, NULL, set_up, test_rotate, tear_down);
  g_test_add ("/secret-store/rotate-race", Fixture, NULL, set_up, test_rotate_race, tear_down);
  g_test_add ("/secret-store/rotate-late", Fixture, NULL, set_up, test_rotate_late, tear_down);
  g_test_add ("/secret-store/require", Fixture, NULL, set_up, test_require, tear_down);
  return royal_test_run ();
}
