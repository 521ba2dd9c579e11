/* SPDX-License-Identifier: Apache-2.0 */
#include "host-fixture.h"
#include "royal-json.h"
#include "royal-test.h"

#include <signal.h>
#include <string.h>

#define WAIT_MS 15000

typedef struct {
  GAsyncResult *result;
  GCancellable *cancellable;
} Pending;

static void
begin (HostFixture *f, Pending *pending, const char *agent, const char *task, const char *input)
{
  g_autoptr (JsonObject) object = host_fixture_object (input);
  g_autofree char *run = g_uuid_string_random ();
  g_autofree char *job = g_uuid_string_random ();
  RhRunRequest request = {
    .workspace = f->workspace,
    .workspace_name = "test",
    .run = run,
    .job = job,
    .agent = agent,
    .task = task,
    .input = object,
  };

  pending->cancellable = g_cancellable_new ();
  rh_workers_run_async (f->workers, &request, pending->cancellable, royal_test_result, &pending->result);
}

static JsonNode *
end (HostFixture *f, Pending *pending, gboolean *ret_crashed, GError **error)
{
  g_autoptr (GAsyncResult) result = royal_test_wait (&pending->result);

  g_clear_object (&pending->cancellable);
  return rh_workers_run_finish (f->workers, result, ret_crashed, error);
}

static JsonNode *
run (HostFixture *f, const char *agent, const char *task, const char *input, gboolean *ret_crashed, GError **error)
{
  Pending pending = { 0 };

  begin (f, &pending, agent, task, input);
  return end (f, &pending, ret_crashed, error);
}

static void
expect_failure (HostFixture *f,
                const char *agent,
                const char *task,
                const char *input,
                gboolean crashed,
                RoyalError code,
                const char *part)
{
  g_autoptr (GError) error = NULL;
  gboolean has_crashed = !crashed;
  g_autoptr (JsonNode) result = run (f, agent, task, input, &has_crashed, &error);

  g_assert_null (result);
  g_assert_error (error, ROYAL_ERROR, (gint)code);
  if (strstr (error->message, part) == NULL)
    g_error ("expected `%s` in `%s`", part, error->message);
  g_assert_cmpint (has_crashed, ==, crashed);
}

static gint64
expect_int (HostFixture *f, const char *agent, const char *task, const char *input, const char *member)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) result = run (f, agent, task, input, NULL, &error);

  g_assert_no_error (error);
  return royal_json_int (json_node_get_object (result), member, -1);
}

static char *
state_of (HostFixture *f, const char *agent, guint *ret_workers, char **ret_error)
{
  g_autoptr (JsonNode) status = rh_workers_status (f->workers, agent);
  JsonObject *object = json_node_get_object (status);

  if (ret_workers != NULL)
    *ret_workers = json_array_get_length (json_object_get_array_member (object, "workers"));
  if (ret_error != NULL)
    *ret_error = g_strdup (royal_json_string (object, "error", NULL));
  return g_strdup (json_object_get_string_member (object, "state"));
}

typedef struct {
  HostFixture *f;
  const char *agent;
  const char *state;
  guint workers;
} Expected;

static gboolean
has_state (gpointer data)
{
  Expected *expected = data;
  guint n = 0;
  g_autofree char *state = state_of (expected->f, expected->agent, &n, NULL);

  return strcmp (state, expected->state) == 0 && (expected->workers == G_MAXUINT || n == expected->workers);
}

static gboolean
has_capacity (gpointer data)
{
  Expected *expected = data;

  return rh_workers_capacity (expected->f->workers, expected->agent) > 0;
}

static void
enable (HostFixture *f, const char *agent, const char *module, const char *rest)
{
  Expected expected = { f, agent, NULL, 0 };

  host_fixture_enable (f, agent, module, rest);
  host_fixture_load (f);
  royal_test_wait_until (has_capacity, &expected, WAIT_MS);
}

static void
test_run (HostFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) result = NULL;

  enable (f, "good", "good", NULL);
  result = run (f, "good", "echo", "{'a':[1,2.5,'x']}", NULL, &error);
  g_assert_no_error (error);
  g_autofree char *text = royal_json_to_string (result);
  g_assert_cmpstr (text, ==, "{\"a\":[1,2.5,\"x\"]}");
  expect_failure (f, "good", "fail", "{'code':'denied'}", FALSE, ROYAL_ERROR_DENIED, "told to fail with denied");
  expect_failure (f, "good", "nothing", "{}", FALSE, ROYAL_ERROR_INVALID, "has no task `nothing`");
  expect_failure (f, "good", "ask", "{'resource':3}", FALSE, ROYAL_ERROR_INVALID, "resource");
  expect_failure (f, "none", "echo", "{}", FALSE, ROYAL_ERROR_UNAVAILABLE, "no agent `none` is enabled");
}

static void
test_grants (HostFixture *f, gconstpointer data)
{
  enable (f, "good", "good", "'grants':{'reads':['test.document','test.table'],'writes':[{'action':'test.write'}]}");
  g_assert_cmpint (expect_int (f, "good", "ask", "{'resource':'test.document'}", "workspace"), ==, f->workspace);
  g_assert_cmpint (expect_int (f, "good", "ask", "{'resource':'test.table','table':1}", "rows"), ==, 100);
  expect_failure (f, "good", "ask", "{'resource':'test.table'}", FALSE, ROYAL_ERROR_INVALID, "is a table");
  expect_failure (f, "good", "ask", "{'resource':'test.secret'}", FALSE, ROYAL_ERROR_NOT_GRANTED,
                  "agent `good` asked for `test.secret`, which the operator has not granted");
  expect_failure (f, "good", "ask", "{'resource':'other.secret'}", FALSE, ROYAL_ERROR_NOT_GRANTED,
                  "which its manifest does not ask for");
  expect_failure (f, "good", "offer", "{'action':'test.other'}", FALSE, ROYAL_ERROR_NOT_GRANTED,
                  "which the operator has not granted");
  expect_failure (f, "good", "offer", "{'action':'root.shell'}", FALSE, ROYAL_ERROR_NOT_GRANTED,
                  "which its manifest does not ask for");
}

static void
test_state (HostFixture *f, gconstpointer data)
{
  host_fixture_sql ("delete from agent_state");
  enable (f, "good", "good", NULL);
  for (gint64 i = 1; i <= 3; i++)
    g_assert_cmpint (expect_int (f, "good", "count", "{}", "count"), ==, i);
  expect_failure (f, "good", "stale", "{}", FALSE, ROYAL_ERROR_CONFLICT, "state `stale` is at version 1, not 0");
}

static void
test_crash (HostFixture *f, gconstpointer data)
{
  enable (f, "bad", "bad", NULL);
  expect_failure (f, "bad", "crash", "{}", TRUE, ROYAL_ERROR_FAILED, "SIGSEGV");
  expect_failure (f, "bad", "abort", "{}", TRUE, ROYAL_ERROR_FAILED, "SIGABRT");
  expect_failure (f, "bad", "forbidden", "{}", TRUE, ROYAL_ERROR_FAILED, "a system call that the sandbox forbids");
  expect_failure (f, "bad", "quit", "{}", TRUE, ROYAL_ERROR_FAILED, "exit");
  g_assert_cmpint (expect_int (f, "bad", "echo", "{'a':7}", "a"), ==, 7);
}

#define BLAMED 8

/* Several runs at once, of which the one at @place is of @task; all but that are well. @crashed: it is blamed for a
 * death. */
static void
expect_blame (HostFixture *f, guint place, const char *task, gboolean crashed)
{
  Pending pending[BLAMED] = { { NULL, NULL } };

  /* Short runs, so that the next are handed ahead. */
  for (guint i = 0; i < 40; i++)
    g_assert_cmpint (expect_int (f, "bad", "echo", "{'a':7}", "a"), ==, 7);
  for (guint i = 0; i < BLAMED; i++)
    begin (f, &pending[i], "bad", i == place ? task : "echo", "{'others':0}");
  for (guint i = 0; i < BLAMED; i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean blamed = FALSE;
      g_autoptr (JsonNode) result = end (f, &pending[i], &blamed, &error);

      g_assert_cmpint (blamed, ==, crashed && i == place);
      g_assert_true ((result == NULL) == blamed);
      if (blamed)
        g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
      else
        g_assert_no_error (error);
    }
}

/* A worker's death is blamed on a run only when that was alone in it from its start: not on one of several, whatever
 * the worker says of where it was. */
static void
test_blame (HostFixture *f, gconstpointer data)
{
  enable (f, "bad", "bad", "'limits':{'workers':1}");
  expect_blame (f, 0, "crash", TRUE);
  expect_blame (f, 3, "crash", TRUE);
  expect_blame (f, 0, "blame", FALSE);
}

static void
test_limits (HostFixture *f, gconstpointer data)
{
  gint64 begun_us;

  enable (f, "bad", "bad", "'limits':{'wall_s':1,'cpu_s':1}");
  expect_failure (f, "bad", "spin", "{}", FALSE, ROYAL_ERROR_TIMEOUT, "1 s");
  begun_us = g_get_monotonic_time ();
  expect_failure (f, "bad", "sleep", "{}", FALSE, ROYAL_ERROR_TIMEOUT, "the run took longer than its 1 s");
  g_assert_cmpint (g_get_monotonic_time () - begun_us, >, 2 * G_USEC_PER_SEC);
  g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 6 * G_USEC_PER_SEC);
  g_assert_cmpint (expect_int (f, "bad", "echo", "{'a':7}", "a"), ==, 7);
  /* A sanitizer's worker has all the address space that it wants. */
  if (g_strcmp0 (g_getenv ("ROYAL_TEST_SANITIZED"), "1") != 0)
    {
      enable (f, "bad", "bad", "'limits':{'memory_mb':256}");
      expect_failure (f, "bad", "hog", "{}", TRUE, ROYAL_ERROR_LIMIT, "its memory ceiling of 256 MiB");
      g_assert_cmpint (expect_int (f, "bad", "echo", "{'a':7}", "a"), ==, 7);
    }
  enable (f, "bad", "bad", "'limits':{'wall_s':60,'cpu_s':1}");
  expect_failure (f, "bad", "spin", "{}", FALSE, ROYAL_ERROR_TIMEOUT, "the run used its 1 s of CPU time");
  /* A run that listens ends at its deadline without losing its worker. */
  enable (f, "good", "good", "'limits':{'wall_s':1}");
  expect_failure (f, "good", "wait", "{}", FALSE, ROYAL_ERROR_TIMEOUT, "the run took longer than its 1 s");
}

static void
test_cancel (HostFixture *f, gconstpointer data)
{
  Pending first = { 0 };
  Pending second = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean crashed = TRUE;

  enable (f, "good", "good", "'limits':{'workers':1}");
  begin (f, &first, "good", "wait", "{}");
  begin (f, &second, "good", "echo", "{}");
  royal_test_spin (100);
  g_assert_null (first.result);
  g_assert_cmpuint (rh_workers_capacity (f->workers, "good"), ==, 0);
  g_cancellable_cancel (second.cancellable);
  g_assert_null (end (f, &second, &crashed, &error));
  g_assert_true (royal_error_is_cancelled (error));
  g_clear_error (&error);
  g_assert_null (first.result);
  g_cancellable_cancel (first.cancellable);
  g_assert_null (end (f, &first, &crashed, &error));
  g_assert_true (royal_error_is_cancelled (error));
  g_assert_false (crashed);
}

static void
test_start_fails (HostFixture *f, gconstpointer data)
{
  Expected failed = { f, "dead", "failed", 0 };
  Expected odd = { f, "odd", "failed", 0 };
  g_autofree char *why = NULL;
  g_autofree char *state = NULL;

  host_fixture_enable (f, "dead", "dead", NULL);
  host_fixture_enable (f, "odd", "odd", NULL);
  host_fixture_load (f);
  royal_test_wait_until (has_state, &failed, WAIT_MS);
  royal_test_wait_until (has_state, &odd, WAIT_MS);
  expect_failure (f, "dead", "echo", "{}", FALSE, ROYAL_ERROR_UNAVAILABLE, "agent `dead` cannot be started: ");
  g_assert_cmpuint (rh_workers_capacity (f->workers, "dead"), ==, 0);
  state = state_of (f, "odd", NULL, &why);
  g_assert_cmpstr (why, ==, "the module serves 1 tasks, its manifest names 2");
}

static void
test_reload (HostFixture *f, gconstpointer data)
{
  Pending pending[4] = { 0 };
  g_autoptr (GError) error = NULL;

  enable (f, "good", "good", "'limits':{'workers':2,'warm':0}");
  for (guint i = 0; i < G_N_ELEMENTS (pending); i++)
    begin (f, &pending[i], "good", "version", "{'ms':400}");
  royal_test_spin (300);
  host_fixture_enable (f, "good", "good2", "'limits':{'workers':2,'warm':0}");
  host_fixture_load (f);
  for (guint i = 0; i < G_N_ELEMENTS (pending); i++)
    {
      g_autoptr (JsonNode) result = end (f, &pending[i], NULL, &error);
      g_assert_no_error (error);
      /* Two were running, two waited and went over to the new version. */
      g_assert_cmpint (royal_json_int (json_node_get_object (result), "version", 0), ==, i < 2 ? 1 : 2);
    }
  g_assert_cmpint (expect_int (f, "good", "version", "{}", "version"), ==, 2);
  host_fixture_load (f);
  g_assert_cmpint (expect_int (f, "good", "version", "{}", "version"), ==, 2);
  host_fixture_enable (f, "good", NULL, NULL);
  host_fixture_load (f);
  expect_failure (f, "good", "version", "{}", FALSE, ROYAL_ERROR_UNAVAILABLE, "no agent `good` is enabled");
}

/* (transfer full): "PID STATE" of each worker of `good`, in order. */
static char *
workers_of (HostFixture *f)
{
  g_autoptr (JsonNode) status = rh_workers_status (f->workers, "good");
  JsonArray *workers = json_object_get_array_member (json_node_get_object (status), "workers");
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (workers); i++)
    {
      JsonObject *worker = json_array_get_object_element (workers, i);

      g_string_append_printf (text, "%s%d %s", i > 0 ? ", " : "", (int)royal_json_int (worker, "pid", 0),
                              royal_json_string (worker, "state", ""));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
is_busy (gpointer data)
{
  g_autofree char *workers = workers_of (data);

  return g_str_has_suffix (workers, " busy");
}

static gboolean
restart (HostFixture *f, const char *agent, gboolean now, guint wait_ms, GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  rh_workers_restart_async (f->workers, agent, now, wait_ms, royal_test_result, &pending);
  result = royal_test_wait (&pending);
  return rh_workers_restart_finish (f->workers, result, error);
}

/* There is one worker afterwards, and another one. */
static void
expect_restart (HostFixture *f, gboolean now)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = workers_of (f);
  g_autofree char *after = NULL;
  g_auto (GStrv) old = NULL;
  g_auto (GStrv) new = NULL;

  g_assert_true (restart (f, "good", now, WAIT_MS, &error));
  g_assert_no_error (error);
  after = workers_of (f);
  g_assert_cmpstr (after, !=, "");
  g_assert_null (strchr (after, ','));
  old = g_strsplit (before, " ", 2);
  new = g_strsplit (after, " ", 2);
  g_assert_cmpstr (old[0], !=, new[0]);
}

static void
test_restart (HostFixture *f, gconstpointer data)
{
  Pending slow = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) result = NULL;
  gboolean crashed = TRUE;

  enable (f, "good", "good", "'limits':{'workers':1,'warm':0}");
  /* Of none there is one, so that it is known that it can be started. */
  expect_restart (f, FALSE);
  expect_restart (f, TRUE);
  begin (f, &slow, "good", "version", "{'ms':600}");
  royal_test_wait_until (is_busy, f, WAIT_MS);
  g_assert_false (restart (f, "good", FALSE, 0, &error));
  g_assert_true (royal_error_is_timeout (error));
  g_clear_error (&error);
  g_assert_null (slow.result);
  expect_restart (f, FALSE);
  result = end (f, &slow, &crashed, &error);
  g_assert_no_error (error);
  g_assert_false (crashed);
  /* What is ended under way begins again, and is told so by nobody. */
  begin (f, &slow, "good", "version", "{'ms':600}");
  royal_test_wait_until (is_busy, f, WAIT_MS);
  g_clear_pointer (&result, json_node_unref);
  expect_restart (f, TRUE);
  result = end (f, &slow, &crashed, &error);
  g_assert_no_error (error);
  g_assert_false (crashed);
  /* But for one that nobody wants any more. */
  begin (f, &slow, "good", "wait", "{}");
  royal_test_wait_until (is_busy, f, WAIT_MS);
  g_cancellable_cancel (slow.cancellable);
  expect_restart (f, TRUE);
  g_assert_null (end (f, &slow, &crashed, &error));
  g_assert_true (royal_error_is_cancelled (error));
  g_assert_false (crashed);
}

static void
test_restart_fails (HostFixture *f, gconstpointer data)
{
  Expected failed = { f, "dead", "failed", 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (restart (f, "good", FALSE, WAIT_MS, &error));
  g_assert_true (royal_error_is_unavailable (error));
  g_clear_error (&error);
  host_fixture_enable (f, "dead", "dead", NULL);
  host_fixture_load (f);
  royal_test_wait_until (has_state, &failed, WAIT_MS);
  g_assert_false (restart (f, "dead", FALSE, WAIT_MS, &error));
  g_assert_true (royal_error_is_unavailable (error));
  g_assert_nonnull (strstr (error->message, "agent `dead` cannot be started: "));
}

static void
test_scale (HostFixture *f, gconstpointer data)
{
  Expected none = { f, "good", "ready", 0 };
  guint n = 0;

  enable (f, "good", "good", "'limits':{'workers':3,'warm':0}");
  expect_int (f, "good", "version", "{}", "version");
  g_free (state_of (f, "good", &n, NULL));
  g_assert_cmpuint (n, ==, 1);
  royal_test_wait_until (has_state, &none, WAIT_MS);
  g_assert_cmpint (expect_int (f, "good", "version", "{}", "version"), ==, 1);
}

static gboolean
told_twice (gpointer data)
{
  g_autofree char *n = host_fixture_value ("select count (*) from outbox where kind = 'agent.progress'");
  g_autofree char *last =
      host_fixture_value ("select data->>'message' from outbox where kind = 'agent.progress' order by id desc limit 1");

  return strcmp (n, "2") == 0 && strcmp (last, "last") == 0;
}

static void
test_progress (HostFixture *f, gconstpointer data)
{
  enable (f, "good", "good", NULL);
  g_assert_cmpint (expect_int (f, "good", "tell", "{'n':20}", "told"), ==, 20);
  royal_test_wait_until (told_twice, NULL, WAIT_MS);
}

static void
test_stop (HostFixture *f, gconstpointer data)
{
  Pending quick = { 0 };
  Pending slow = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) result = NULL;
  gboolean crashed = TRUE;

  enable (f, "good", "good", "'limits':{'workers':2}");
  begin (f, &quick, "good", "wait", "{'ms':200}");
  begin (f, &slow, "good", "wait", "{}");
  royal_test_spin (100);
  host_fixture_stop_workers (f, 1000);
  result = end (f, &quick, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (end (f, &slow, &crashed, &error));
  g_assert_true (royal_error_is_unavailable (error));
  g_assert_false (crashed);
}

static void
test_sandbox (HostFixture *f, gconstpointer data)
{
  RhWorkersConfig config = { .worker = "/bin/true", .keep_off_cpu = -1 };
  RhWorkers *usual = f->workers;
  g_autoptr (JsonNode) facts = NULL;
  Expected expected = { f, "good", NULL, 0 };

  enable (f, "good", "good", NULL);
  facts = rh_workers_sandbox (f->workers);
  g_assert_true (royal_json_boolean (json_node_get_object (facts), "known", FALSE));
  g_assert_cmpint (royal_json_int (royal_json_object (json_node_get_object (facts), "facts"), "landlock_abi", 0), >=,
                   1);
  /* A probe that says nothing. */
  f->workers = rh_workers_new (&config, f->registry, f->store, f->connectors, NULL);
  rh_workers_start (f->workers);
  royal_test_wait_until (has_capacity, &expected, WAIT_MS);
  expect_failure (f, "good", "echo", "{}", FALSE, ROYAL_ERROR_UNAVAILABLE, "the sandbox could not be probed");
  g_object_unref (f->workers);
  f->workers = usual;
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (HostFixture *f, gconstpointer data);
  } tests[] = {
    { "/workers/run", test_run },
    { "/workers/grants", test_grants },
    { "/workers/state", test_state },
    { "/workers/crash", test_crash },
    { "/workers/blame", test_blame },
    { "/workers/limits", test_limits },
    { "/workers/cancel", test_cancel },
    { "/workers/start-fails", test_start_fails },
    { "/workers/reload", test_reload },
    { "/workers/scale", test_scale },
    { "/workers/progress", test_progress },
    { "/workers/stop", test_stop },
    { "/workers/sandbox", test_sandbox },
    { "/workers/restart", test_restart },
    { "/workers/restart-fails", test_restart_fails },
  };

  royal_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, HostFixture, NULL, host_fixture_set_up, tests[i].test, host_fixture_tear_down);
  return royal_test_run ();
}
