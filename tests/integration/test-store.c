/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

#include <rh-call.h>
#include <rh-metrics.h>
#include <rh-reads.h>
#include <rh-store.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define N_CONNECTIONS 4

/* What the tests' statements work on, in place of the product's schema. */
static const char schema[] =
    "create table items (workspace_id bigint not null, id bigserial, note text);"
    "alter table items enable row level security;"
    "create policy w on items to royal_host"
    " using (workspace_id = nullif (current_setting ('royal.workspace', true), '')::bigint);"
    "grant all on items to royal_host; grant usage on sequence items_id_seq to royal_host;"
    "create function fail (state text) returns void language plpgsql as $$ begin"
    " raise exception using errcode = state, message = 'it failed', detail = 'at the item'; end $$;";

static const RhStatement echo = { "test.echo", "select $1::text as value, $2::bigint as n", 2, FALSE };
static const RhStatement backend = { "test.backend", "select pg_backend_pid () as pid", 0, FALSE };
static const RhStatement nap = { "test.nap", "select pg_sleep ($1::float8)", 1, FALSE };
static const RhStatement put = { "test.put", "insert into items (workspace_id, note) values ($1, $2)", 2, TRUE };
static const RhStatement get = { "test.get", "select count(*) as n, min (note) as note from items", 0, FALSE };
static const RhStatement fail = { "test.fail", "select fail ($1)", 1, TRUE };
static const RhStatement broken = { "test.broken", "select nothing from nowhere", 0, FALSE };
static const RhStatement types = {
  "test.types",
  "select null::text as nothing, true as yes, false as no, '{\"a\": [1]}'::jsonb as doc,"
  " (-9223372036854775808)::bigint as least, '' as empty",
  0, FALSE
};

static char *
conninfo (const char *role)
{
  return rh_cluster_conninfo (royal_test_cluster (), role);
}

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

static gboolean
has_all_connections (gpointer data)
{
  g_autofree char *text = rh_metrics_text ();
  g_autofree char *wanted = g_strdup_printf ("\nroyal_store_connections %u\n", GPOINTER_TO_UINT (data));

  return strstr (text, wanted) != NULL;
}

static RhStore *
open_store (guint n_connections)
{
  g_autofree char *info = conninfo ("royal_host");
  RhStore *store = rh_store_new (info, NULL, n_connections);

  g_assert_false (rh_store_is_available (store));
  royal_test_wait_until (has_all_connections, GUINT_TO_POINTER (n_connections), 5000);
  g_assert_true (rh_store_is_available (store));
  return store;
}

static void
close_store (RhStore *store)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  rh_store_close_async (store, 2000, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_assert_true (rh_store_close_finish (store, done, NULL));
  g_object_unref (store);
  g_assert_true (has_all_connections (NULL));
}

static RhRows *
call (RhStore *store, const RhStatement *statement, gint64 workspace, const char *const *params, GError **error)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  rh_store_call_async (store, statement, workspace, params, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  return rh_store_call_finish (store, done, error);
}

static void
test_values (void)
{
  RhStore *store = open_store (1);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = call (store, &echo, 1, (const char *[]){ "ä'\"\\", "42" }, &error);
  g_autoptr (RhRows) nulls = NULL;
  g_autoptr (RhRows) others = NULL;
  g_autoptr (JsonNode) doc = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (rh_rows_n (rows), ==, 1);
  g_assert_cmpstr (rh_rows_string (rows, 0, "value"), ==, "ä'\"\\");
  g_assert_cmpint (rh_rows_int64 (rows, 0, "n"), ==, 42);

  nulls = call (store, &echo, 1, (const char *[]){ NULL, NULL }, &error);
  g_assert_no_error (error);
  g_assert_true (rh_rows_is_null (nulls, 0, "value"));
  g_assert_null (rh_rows_string (nulls, 0, "value"));
  g_assert_cmpint (rh_rows_int64 (nulls, 0, "n"), ==, 0);

  others = call (store, &types, 1, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (rh_rows_boolean (others, 0, "yes"));
  g_assert_false (rh_rows_boolean (others, 0, "no"));
  g_assert_cmpint (rh_rows_int64 (others, 0, "least"), ==, G_MININT64);
  g_assert_cmpstr (rh_rows_string (others, 0, "empty"), ==, "");
  g_assert_null (rh_rows_json (others, 0, "nothing"));
  doc = rh_rows_json (others, 0, "doc");
  g_assert_true (json_object_has_member (json_node_get_object (doc), "a"));
  close_store (store);
}

static void
test_errors (void)
{
  static const struct {
    const char *state;
    RoyalError code;
  } cases[] = {
    { "RY400", ROYAL_ERROR_INVALID },  { "RY403", ROYAL_ERROR_DENIED },  { "RY404", ROYAL_ERROR_NOT_FOUND },
    { "RY409", ROYAL_ERROR_CONFLICT }, { "RY429", ROYAL_ERROR_LIMIT },   { "RY503", ROYAL_ERROR_UNAVAILABLE },
    { "23505", ROYAL_ERROR_FAILED },   { "57014", ROYAL_ERROR_TIMEOUT },
  };
  RhStore *store = open_store (1);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RhRows) rows = call (store, &fail, 1, (const char *[]){ cases[i].state }, &error);

      g_assert_null (rows);
      g_assert_error (error, ROYAL_ERROR, (int)cases[i].code);
      g_assert_cmpstr (error->message, ==, "it failed: at the item");
    }
  /* A statement that cannot be prepared says so each time, and the connection goes on. */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (call (store, &broken, 1, NULL, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
      g_assert_cmpstr (error->message, ==, "relation \"nowhere\" does not exist");
    }
  close_store (store);
}

typedef struct {
  RhStore *store;
  guint index;
  guint *n_done;
} Numbered;

static void
check_numbered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Numbered *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  /* Every fifth is broken, every seventh fails; they must not disturb their neighbours. */
  if (self->index % 5 == 0)
    g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  else if (self->index % 7 == 0)
    g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  else
    {
      g_assert_no_error (error);
      g_assert_cmpint (rh_rows_int64 (rows, 0, "n"), ==, self->index);
    }
  (*self->n_done)++;
}

typedef struct {
  guint *n_done;
  guint wanted;
} Count;

static gboolean
has_count (gpointer data)
{
  return *((Count *)data)->n_done >= ((Count *)data)->wanted;
}

static void
test_pipeline (void)
{
  const guint n = 5000;
  RhStore *store = open_store (N_CONNECTIONS);
  guint n_done = 0;
  Count count = { &n_done, n };
  gint64 start_us = g_get_monotonic_time ();

  for (guint i = 0; i < n; i++)
    {
      Numbered *numbered = g_new0 (Numbered, 1);
      g_autofree char *text = g_strdup_printf ("%u", i);
      const RhStatement *statement = i % 5 == 0 ? &broken : i % 7 == 0 ? &fail : &echo;

      *numbered = (Numbered){ store, i, &n_done };
      rh_store_call_async (store, statement, 1,
                           statement == &fail ? (const char *[]){ "RY409" } : (const char *[]){ "x", text }, NULL,
                           check_numbered, numbered);
    }
  royal_test_wait_until (has_count, &count, 20000);
  g_test_message ("%.0f calls per second", n * 1e6 / (g_get_monotonic_time () - start_us));
  close_store (store);
}

static void
test_workspace (void)
{
  RhStore *store = open_store (1);
  g_autoptr (GError) error = NULL;
  GAsyncResult *results[4] = { NULL };
  const char *first[] = { "1", "of one" };
  const char *second[] = { "2", "of two" };

  g_clear_pointer (&(RhRows *){ call (store, &put, 1, first, &error) }, rh_rows_free);
  g_assert_no_error (error);
  g_clear_pointer (&(RhRows *){ call (store, &put, 2, second, &error) }, rh_rows_free);
  g_assert_no_error (error);
  g_assert_null (call (store, &put, 1, second, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  g_clear_error (&error);

  /* On one connection, in flight together. */
  for (guint i = 0; i < 4; i++)
    rh_store_call_async (store, &get, i, NULL, NULL, royal_test_result, &results[i]);
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GAsyncResult) done = royal_test_wait (&results[i]);
      g_autoptr (RhRows) rows = rh_store_call_finish (store, done, &error);

      g_assert_no_error (error);
      g_assert_cmpint (rh_rows_int64 (rows, 0, "n"), ==, i == 1 || i == 2);
      g_assert_cmpstr (rh_rows_string (rows, 0, "note"), ==, i == 1 ? "of one" : i == 2 ? "of two" : NULL);
    }
  close_store (store);
}

static void
test_role (void)
{
  static const RhStatement who = { "test.who", "select current_user as name", 0, FALSE };
  g_autofree char *info = conninfo ("royal_admin");
  RhStore *store = rh_store_new (info, "royal_host", 1);
  g_autoptr (RhRows) rows = NULL;

  royal_test_wait_until (is_available, store, 5000);
  rows = call (store, &who, 1, NULL, NULL);
  g_assert_cmpstr (rh_rows_string (rows, 0, "name"), ==, "royal_host");
  close_store (store);
}

static int
backend_pid (RhStore *store)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = call (store, &backend, 1, NULL, &error);

  g_assert_no_error (error);
  return (int)rh_rows_int64 (rows, 0, "pid");
}

static void
note_availability (RhStore *store, gboolean available, gpointer data)
{
  g_string_append_c (data, available ? '+' : '-');
}

static void
test_lost_connection (void)
{
  RhStore *store = open_store (1);
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  int pid = backend_pid (store);

  g_signal_connect (store, "available", G_CALLBACK (note_availability), seen);
  rh_store_call_async (store, &nap, 1, (const char *[]){ "20" }, NULL, royal_test_result, &result);
  royal_test_spin (50);
  kill (pid, SIGTERM); /* as pg_terminate_backend() does */
  done = royal_test_wait (&result);
  g_assert_null (rh_store_call_finish (store, done, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE);
  g_assert_cmpstr (seen->str, ==, "-");
  g_clear_error (&error);

  /* Away: refused at once. */
  g_assert_null (call (store, &backend, 1, NULL, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE);

  royal_test_wait_until (is_available, store, 5000);
  g_assert_cmpint (backend_pid (store), !=, pid);
  g_assert_cmpstr (seen->str, ==, "-+");
  close_store (store);
}

static void
test_killed_server (void)
{
  RhStore *store = open_store (N_CONNECTIONS);

  backend_pid (store);
  kill (rh_cluster_pid (royal_test_cluster ()), SIGKILL);
  royal_test_spin (20);
  royal_test_wait_until (is_available, store, 20000);
  royal_test_wait_until (has_all_connections, GUINT_TO_POINTER (N_CONNECTIONS), 20000);
  backend_pid (store);
  close_store (store);
}

static gboolean
tick (gpointer data)
{
  gint64 *times_us = data; /* the last, the longest pause */
  gint64 now_us = g_get_monotonic_time ();

  times_us[1] = MAX (times_us[1], now_us - times_us[0]);
  times_us[0] = now_us;
  return G_SOURCE_CONTINUE;
}

static void
test_stalled_backend (void)
{
  RhStore *store = open_store (2);
  gint64 times_us[2] = { g_get_monotonic_time (), 0 };
  guint id = g_timeout_add (10, tick, times_us);
  int stopped = backend_pid (store);
  GAsyncResult *results[200] = { NULL };
  guint n_answered = 0;

  kill (stopped, SIGSTOP);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    rh_store_call_async (store, &backend, 1, NULL, NULL, royal_test_result, &results[i]);
  royal_test_spin (1500);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    n_answered += results[i] != NULL;
  g_assert_cmpuint (n_answered, ==, G_N_ELEMENTS (results) / 2);
  g_assert_cmpint (times_us[1], <, 100 * 1000);

  /* The stalled connection is avoided by now. */
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (backend_pid (store), !=, stopped);
  kill (stopped, SIGCONT);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GAsyncResult) done = royal_test_wait (&results[i]);
      g_autoptr (RhRows) rows = rh_store_call_finish (store, done, NULL);

      g_assert_nonnull (rows);
    }
  g_source_remove (id);
  close_store (store);
}

/* A backend that never answers: its first call times out, those behind it fail, and the connection is replaced. */
static void
test_timeout (void)
{
  RhStore *store = open_store (1);
  static const int expected[] = { ROYAL_ERROR_TIMEOUT, ROYAL_ERROR_UNAVAILABLE, ROYAL_ERROR_UNAVAILABLE };
  GAsyncResult *results[3] = { NULL };
  int stopped = backend_pid (store);

  rh_call_set_timeout (200);
  kill (stopped, SIGSTOP);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    rh_store_call_async (store, &backend, 1, NULL, NULL, royal_test_result, &results[i]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GAsyncResult) done = royal_test_wait (&results[i]);
      g_autoptr (GError) error = NULL;

      g_assert_null (rh_store_call_finish (store, done, &error));
      g_assert_error (error, ROYAL_ERROR, expected[i]);
    }
  rh_call_set_timeout (30000);
  royal_test_wait_until (is_available, store, 5000);
  g_assert_cmpint (backend_pid (store), !=, stopped);
  kill (stopped, SIGCONT);
  close_store (store);
}

static void
test_cancel (void)
{
  RhStore *store = open_store (1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  gint64 start_us = g_get_monotonic_time ();

  rh_store_call_async (store, &nap, 1, (const char *[]){ "0.3" }, cancellable, royal_test_result, &result);
  royal_test_spin (20);
  g_cancellable_cancel (cancellable);
  done = royal_test_wait (&result);
  g_assert_cmpint (g_get_monotonic_time () - start_us, <, 200 * 1000);
  g_assert_null (rh_store_call_finish (store, done, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  backend_pid (store);
  close_store (store);
}

static void
close_on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  g_assert_nonnull (rows);
  rh_store_close_async (RH_STORE (source), 2000, royal_test_result, data);
}

/* The connection that is at work with the answer goes away under it. */
static void
test_close_on_answer (void)
{
  RhStore *store = open_store (1);
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  rh_store_call_async (store, &echo, 1, (const char *[]){ "last", "1" }, NULL, close_on_answer, &result);
  done = royal_test_wait (&result);
  g_assert_true (rh_store_close_finish (store, done, NULL));
  g_clear_object (&done);
  g_object_unref (store);
}

static void
test_close_waits (void)
{
  RhStore *store = open_store (1);
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (RhRows) rows = NULL;

  rh_store_call_async (store, &nap, 1, (const char *[]){ "0.2" }, NULL, royal_test_result, &result);
  g_object_ref (store);
  close_store (store);
  done = royal_test_wait (&result);
  rows = rh_store_call_finish (store, done, NULL);
  g_assert_nonnull (rows);
  g_object_unref (store);
}

/* The table of a prepared statement changes while the host runs, as another host's migration does it. */
static void
test_changed_result (void)
{
  static const RhStatement all = { "test.all", "select * from changing", 0, FALSE };
  RhStore *store = open_store (1);
  g_autofree char *owner = conninfo ("royal_owner");

  royal_test_sql (owner, "create table changing as select 1 as a; grant select on changing to royal_host");
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RhRows) rows = call (store, &all, 1, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (rh_rows_int64 (rows, 0, i == 0 ? "a" : "b"), ==, i == 0 ? 1 : 2);
      if (i == 0)
        royal_test_sql (owner, "alter table changing add b int default 2");
    }
  close_store (store);
}

/* A pooler in transaction mode hands out sessions that do not know our prepared statements. */
static void
test_forgotten_statements (void)
{
  static const RhStatement forget = { "test.forget", "deallocate all", 0, FALSE };
  RhStore *store = open_store (1);

  backend_pid (store);
  g_clear_pointer (&(RhRows *){ call (store, &forget, 1, NULL, NULL) }, rh_rows_free);
  for (guint i = 0; i < 3; i++)
    backend_pid (store);
  close_store (store);
}

static void
note_notify (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  g_string_append_printf (data, "%s=%s;", channel, payload != NULL ? payload : "(connected)");
}

typedef struct {
  GString *seen;
  const char *wanted;
} Seen;

static gboolean
has_seen (gpointer data)
{
  return strstr (((Seen *)data)->seen->str, ((Seen *)data)->wanted) != NULL;
}

static void
wait_seen (GString *seen, const char *wanted)
{
  royal_test_wait_until (has_seen, &(Seen){ seen, wanted }, 5000);
}

static void
test_listen (void)
{
  RhStore *store = open_store (1);
  g_autofree char *owner = conninfo ("royal_owner");
  g_autofree char *admin = conninfo ("royal_admin");
  g_autoptr (GString) seen = g_string_new (NULL);

  rh_store_listen (store, "royal.events", note_notify, seen);
  wait_seen (seen, "royal.events=(connected);");
  rh_store_listen (store, "we\"ird", note_notify, seen);
  wait_seen (seen, "we\"ird=(connected);");
  royal_test_sql (owner, "select pg_notify ('royal.events', 'one'), pg_notify ('we\"ird', '')");
  wait_seen (seen, "royal.events=one;we\"ird=;");

  g_string_truncate (seen, 0);
  royal_test_sql (admin, "select pg_terminate_backend (pid) from pg_stat_activity where query like 'do %listen%'");
  wait_seen (seen, "royal.events=(connected);we\"ird=(connected);");
  royal_test_sql (owner, "select pg_notify ('royal.events', 'two')");
  wait_seen (seen, "royal.events=two;");
  close_store (store);
}

/* Stops listening for itself and for another of the same channel. */
static void
note_last (RhStore *store, const char *channel, const char *payload, gpointer data)
{
  GPtrArray *all = data;

  if (payload == NULL)
    return;
  g_string_append (all->pdata[0], "last;");
  for (guint i = 0; i < all->len; i++)
    rh_store_unlisten (store, i == 0 ? all : all->pdata[i]);
}

/* Who stopped listening hears nothing more, also of what is being told just now; the others do. */
static void
test_unlisten (void)
{
  RhStore *store = open_store (1);
  g_autofree char *owner = conninfo ("royal_owner");
  g_autoptr (GString) heard = g_string_new (NULL), gone = g_string_new (NULL), stays = g_string_new (NULL);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  g_ptr_array_add (all, heard);
  g_ptr_array_add (all, gone);
  rh_store_unlisten (store, all); /* nobody listens yet */
  rh_store_listen (store, "royal.events", note_last, all);
  rh_store_listen (store, "royal.events", note_notify, gone);
  rh_store_listen (store, "royal.events", note_notify, stays);
  wait_seen (gone, "royal.events=(connected);");
  wait_seen (stays, "royal.events=(connected);");
  g_string_truncate (gone, 0);
  royal_test_sql (owner, "select pg_notify ('royal.events', 'one')");
  wait_seen (stays, "royal.events=one;");
  royal_test_sql (owner, "select pg_notify ('royal.events', 'two')");
  wait_seen (stays, "royal.events=two;");
  g_assert_cmpstr (heard->str, ==, "last;");
  g_assert_cmpstr (gone->str, ==, "");
  close_store (store);
}

/* Runs in a child, which the crash points end. */
static void
write_five (const char *info)
{
  RhStore *store = rh_store_new (info, NULL, 2);
  guint n_done = 0;

  royal_test_wait_until (is_available, store, 5000);
  for (n_done = 0; n_done < 5; n_done++)
    {
      g_autofree char *note = g_strdup_printf ("crash %u", n_done);
      g_autoptr (RhRows) rows = call (store, &put, 9, (const char *[]){ "9", note }, NULL);

      g_assert_nonnull (rows);
    }
  exit (0);
}

static void
test_crash_points (void)
{
  g_autofree char *info = conninfo ("royal_host");
  g_autofree char *owner = conninfo ("royal_owner");
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *log = g_build_filename (royal_test_dir (), "steps", NULL);
  const char *argv[] = { self, "--write-five", info, NULL };

  for (guint at = 0; at <= 5; at++)
    for (guint before = 0; before < 2; before++)
      {
        g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "ROYAL_CRASH_WHEN", before ? "before" : "after", TRUE);
        g_autofree char *number = g_strdup_printf ("%u", at);
        g_autofree char *n = NULL;
        g_autofree char *expected = g_strdup_printf ("%u", at == 0 ? 5 : before ? at - 1 : at);
        int wait_status = 0;

        royal_test_sql (owner, "truncate items");
        env = g_environ_setenv (env, "ROYAL_CRASH_AT", number, TRUE);
        env = g_environ_setenv (env, "ROYAL_CRASH_LOG", log, TRUE);
        g_assert_true (g_spawn_sync (NULL, (char **)argv, env, 0, NULL, NULL, NULL, NULL, &wait_status, NULL));
        g_assert_cmpint (WIFSIGNALED (wait_status) ? WTERMSIG (wait_status) : 0, ==, at == 0 ? 0 : SIGKILL);
        n = royal_test_sql_value (owner, "select count(*) from items");
        g_assert_cmpstr (n, ==, expected);
      }
  {
    g_autofree char *text = NULL;

    g_assert_true (g_file_get_contents (log, &text, NULL, NULL));
    g_assert_true (g_str_has_prefix (text, "test.put\ntest.put\n"));
    g_assert_cmpuint (strlen (text), ==, 2 * (5 + 1 + 2 + 3 + 4 + 5) * strlen ("test.put\n"));
  }
}

typedef struct {
  char *value; /* what came; NULL until then */
  char *error;
} Told;

static void
on_told (RhRows *rows, const GError *error, gpointer data)
{
  Told *told = data;

  g_assert_true (told->value == NULL && told->error == NULL);
  if (rows != NULL)
    told->value = g_strdup (rh_rows_string (rows, 0, "at"));
  else
    told->error = g_strdup (error->message);
}

static gboolean
are_told (gpointer data)
{
  const Told *told = data;

  for (guint i = 0; i < 8; i++)
    if (told[i].value == NULL && told[i].error == NULL)
      return FALSE;
  return TRUE;
}

static void
told_clear (Told *told)
{
  for (guint i = 0; i < 8; i++)
    {
      g_clear_pointer (&told[i].value, g_free);
      g_clear_pointer (&told[i].error, g_free);
    }
}

/* What many ask at once is asked once, but never before the last of them asked. */
static void
test_reads (void)
{
  static const RhStatement when = { "test.when",
                                    "select clock_timestamp ()::text as at, pg_sleep ($1::float8), $2 as x", 2,
                                    RH_READS };
  RhStore *store = open_store (N_CONNECTIONS);
  const char *params[] = { "0.5", NULL };
  const char *other[] = { "0.5", "" };
  const char *bad[] = { "a", NULL };
  Told told[8] = { 0 };

  for (guint i = 0; i < 4; i++)
    rh_reads_call (store, &when, 1, params, on_told, &told[i]);
  rh_reads_call (store, &when, 2, params, on_told, &told[5]);
  rh_reads_call (store, &when, 1, other, on_told, &told[6]);
  rh_reads_call (store, &when, 1, bad, on_told, &told[7]);
  royal_test_spin (40);
  g_assert_null (told[0].value);
  rh_reads_call (store, &when, 1, params, on_told, &told[4]); /* the call is under way */
  royal_test_wait_until (are_told, told, 5000);
  for (guint i = 1; i < 4; i++)
    g_assert_cmpstr (told[i].value, ==, told[0].value);
  g_assert_cmpstr (told[0].value, <, told[4].value);
  for (guint i = 5; i < 7; i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr (told[i].value, !=, told[j].value);
  g_assert_nonnull (told[7].error);

  /* Nothing is kept. */
  for (guint i = 0; i < 7; i++)
    {
      g_clear_pointer (&told[i].value, g_free);
      rh_reads_call (store, &when, i, params, on_told, &told[i]);
    }
  royal_test_wait_until (are_told, told, 5000);
  told_clear (told);
  close_store (store);
}

int
main (int argc, char **argv)
{
  g_autofree char *owner = NULL;
  int status;

  royal_test_init (&argc, &argv);
  if (argc == 3 && strcmp (argv[1], "--write-five") == 0)
    write_five (argv[2]);

  owner = conninfo ("royal_owner");
  royal_test_sql (owner, schema);
  g_test_add_func ("/store/values", test_values);
  g_test_add_func ("/store/errors", test_errors);
  g_test_add_func ("/store/reads", test_reads);
  g_test_add_func ("/store/pipeline", test_pipeline);
  g_test_add_func ("/store/workspace", test_workspace);
  g_test_add_func ("/store/role", test_role);
  g_test_add_func ("/store/lost-connection", test_lost_connection);
  g_test_add_func ("/store/killed-server", test_killed_server);
  g_test_add_func ("/store/stalled-backend", test_stalled_backend);
  g_test_add_func ("/store/timeout", test_timeout);
  g_test_add_func ("/store/cancel", test_cancel);
  g_test_add_func ("/store/close-waits", test_close_waits);
  g_test_add_func ("/store/close-on-answer", test_close_on_answer);
  g_test_add_func ("/store/changed-result", test_changed_result);
  g_test_add_func ("/store/forgotten-statements", test_forgotten_statements);
  g_test_add_func ("/store/listen", test_listen);
  g_test_add_func ("/store/unlisten", test_unlisten);
  g_test_add_func ("/store/crash-points", test_crash_points);
  status = royal_test_run ();
  return status;
}
