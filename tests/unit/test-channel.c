/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-channel.h"

#include "royal-json.h"
#include "royal-table-builder.h"

#include <royal/error.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* argv: royal-worker, the echo plugin, the worker that lies. */
static const char *worker_path, *echo_path, *forged_path;

typedef struct {
  RoyalChannel *channel;
  JsonObject *facts;
  JsonNode *result;
  GError *failure;
  GError *reason;
  int signal;
  gboolean done;
  gboolean closed;
  guint logs;
  char *log;
  double fraction;
  guint calls;
} Fixture;

static void
on_ready (RoyalChannel *channel, JsonObject *facts, gpointer data)
{
  ((Fixture *)data)->facts = json_object_ref (facts);
}

static void
answer_table (RoyalChannel *channel, guint64 id)
{
  static const RoyalColumn columns[] = { { "n", ROYAL_COLUMN_INT64 }, { "s", ROYAL_COLUMN_STRING } };
  g_autoptr (RoyalTableBuilder) builder = royal_table_builder_new (columns, G_N_ELEMENTS (columns));
  int fd;

  for (gint64 i = 1; i <= 1000; i++)
    {
      royal_table_builder_int64 (builder, 0, i);
      royal_table_builder_string (builder, 1, "dress", 5);
    }
  fd = royal_table_builder_seal (builder, NULL);
  g_assert_cmpint (fd, >=, 0);
  royal_channel_reply_table (channel, id, fd);
  close (fd);
}

static void
answer_text (RoyalChannel *channel, guint64 id, const char *text)
{
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "answer", NULL);

  royal_channel_reply (channel, id, node);
}

static void
answer_get (RoyalChannel *channel, guint64 id, JsonObject *params)
{
  const char *resource = royal_json_string (params, "resource", "");

  if (g_str_equal (resource, "not.granted"))
    {
      g_autoptr (GError) error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_NOT_GRANTED, "not.granted");

      royal_channel_reply_error (channel, id, error);
    }
  else
    {
      g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), royal_json_object (params, "params"));

      royal_channel_reply (channel, id, node);
    }
}

static void
on_call (RoyalChannel *channel, guint64 id, const char *method, JsonObject *params, gpointer data)
{
  Fixture *self = data;

  self->calls++;
  if (g_str_equal (method, "check"))
    royal_channel_reply (channel, id, NULL);
  else if (g_str_equal (method, "get"))
    answer_get (channel, id, params);
  else if (g_str_equal (method, "read"))
    answer_table (channel, id);
  else if (g_str_equal (method, "propose"))
    answer_text (channel, id, "{\"proposal\":\"p1\",\"state\":\"pending\",\"decision\":\"approve\"}");
  else if (g_str_equal (method, "state.get"))
    answer_text (channel, id, "{\"value\":{\"a\":1},\"version\":3}");
  else if (g_str_equal (method, "state.put"))
    answer_text (channel, id, "{\"version\":4}");
  else if (g_str_equal (method, "echo"))
    {
      g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), params);

      royal_channel_reply (channel, id, node);
    }
}

static void
on_log (RoyalChannel *channel, const char *message, gpointer data)
{
  Fixture *self = data;

  self->logs++;
  g_free (self->log);
  self->log = g_strdup (message);
}

static void
on_progress (RoyalChannel *channel, double fraction, const char *message, gpointer data)
{
  ((Fixture *)data)->fraction = fraction;
}

static void
on_done (RoyalChannel *channel, JsonNode *result, const GError *error, gpointer data)
{
  Fixture *self = data;

  self->result = result != NULL ? json_node_copy (result) : NULL;
  self->failure = error != NULL ? g_error_copy (error) : NULL;
  self->done = TRUE;
}

static void
on_closed (RoyalChannel *channel, const GError *error, int signal, gpointer data)
{
  Fixture *self = data;

  g_assert_false (self->closed);
  self->reason = error != NULL ? g_error_copy (error) : NULL;
  self->signal = signal;
  self->closed = TRUE;
}

static const RoyalChannelEvents events = { on_ready, on_call, on_log, on_progress, on_done, on_closed };

static void
launch (Fixture *self, const RoyalLaunch *with)
{
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->channel = royal_channel_launch (with, &events, self, &error);
  g_assert_no_error (error);
}

static void
launch_echo (Fixture *self)
{
  const RoyalLaunch with = { .worker = worker_path, .module = echo_path, .agent = "echo", .keep_off_cpu = 0 };

  launch (self, &with);
  while (self->facts == NULL && !self->closed)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (self->reason);
  g_assert_true (royal_channel_is_ready (self->channel));
}

static void
launch_forged (Fixture *self, const char *way)
{
  g_autofree char *module = g_strconcat ("/", way, NULL);
  RoyalLaunch with = { .worker = forged_path, .module = module, .keep_off_cpu = -1, .messages_per_s = 1000 };

  /* Its messages are few: it is to be held back for what they cost. */
  if (g_str_equal (way, "dense"))
    with.messages_per_s = 0;
  launch (self, &with);
}

static void
forget_run (Fixture *self)
{
  self->done = FALSE;
  g_clear_pointer (&self->result, json_node_unref);
  g_clear_error (&self->failure);
}

static void
start_run (Fixture *self, const char *task, const char *input)
{
  g_autofree char *text = g_strdup_printf (
      "{\"run\":\"r1\",\"task\":\"%s\",\"workspace\":\"w1\",\"agent\":\"echo\",\"config\":{\"floor\":1},\"input\":%s}",
      task, input);
  g_autoptr (JsonNode) request = royal_json_parse (text, -1, "run", NULL);
  g_autoptr (GError) error = NULL;

  forget_run (self);
  g_assert_true (royal_channel_run (self->channel, json_node_get_object (request), &error));
  g_assert_no_error (error);
}

static void
wait_run (Fixture *self)
{
  while (!self->done && !self->closed)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_closed (Fixture *self)
{
  while (!self->closed)
    g_main_context_iteration (NULL, TRUE);
}

static void
run (Fixture *self, const char *task, const char *input)
{
  start_run (self, task, input);
  wait_run (self);
}

static void
clear (Fixture *self)
{
  royal_channel_kill (self->channel, NULL);
  wait_closed (self);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->channel);
  forget_run (self);
  g_clear_pointer (&self->facts, json_object_unref);
  g_clear_error (&self->reason);
  g_free (self->log);
}

static void
test_ready (void)
{
  Fixture self;
  JsonObject *sandbox;

  launch_echo (&self);
  g_assert_cmpint (royal_json_int (self.facts, "abi", 0), ==, 1);
  g_assert_cmpint (json_array_get_length (royal_json_array (self.facts, "tasks")), ==, 11);
  g_assert_cmpint (royal_json_int (self.facts, "landlock_abi", 0), >=, 1);
  g_assert_true (royal_json_boolean (self.facts, "seccomp", FALSE));
  sandbox = royal_json_object (self.facts, "sandbox");
  g_assert_true (royal_json_boolean (sandbox, "no_new_privs", FALSE));
  g_assert_false (royal_json_boolean (sandbox, "capabilities", TRUE));
  g_assert_cmpint (royal_json_int (sandbox, "user_id", 0), !=, 0);
  royal_channel_shutdown (self.channel);
  wait_closed (&self);
  g_assert_no_error (self.reason);
  g_assert_cmpint (self.signal, ==, 0);
  clear (&self);
}

static void
test_echo (void)
{
  Fixture self;

  launch_echo (&self);
  for (int i = 0; i < 3; i++)
    {
      g_autofree char *text = NULL;

      run (&self, "echo", "{\"a\":[1,2.5,\"é\",null]}");
      g_assert_no_error (self.failure);
      text = royal_json_to_string (self.result);
      g_assert_cmpstr (text, ==, "{\"a\":[1,2.5,\"é\",null]}");
    }
  clear (&self);
}

static void
test_calls (void)
{
  Fixture self;
  JsonObject *out;

  launch_echo (&self);
  run (&self, "calls", "{\"week\":6}");
  g_assert_no_error (self.failure);
  g_assert_no_error (self.reason);
  out = json_node_get_object (self.result);
  g_assert_cmpint (royal_json_int (royal_json_object (out, "document"), "week", 0), ==, 6);
  g_assert_true (royal_json_boolean (out, "denied", FALSE));
  g_assert_cmpint (royal_json_int (out, "sum", 0), ==, 500500);
  g_assert_cmpstr (royal_json_string (out, "first", NULL), ==, "dress");
  g_assert_cmpstr (royal_json_string (royal_json_object (out, "outcome"), "state", NULL), ==, "pending");
  g_assert_true (royal_json_boolean (out, "config", FALSE));
  g_assert_cmpint (royal_json_int (out, "version", 0), ==, 3);
  g_assert_cmpstr (self.log, ==, "hello from calls in w1");
  g_assert_cmpfloat (self.fraction, ==, 0.5);
  g_assert_cmpint (self.calls, ==, 7);
  clear (&self);
}

static void
test_task_errors (void)
{
  Fixture self;

  launch_echo (&self);
  run (&self, "fail", "{}");
  g_assert_true (royal_error_is_conflict (self.failure));
  g_assert_cmpstr (self.failure->message, ==, "not \xef\xbf\xbd today");
  run (&self, "neither", "{}");
  g_assert_error (self.failure, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  run (&self, "no-such-task", "{}");
  g_assert_true (royal_error_is_not_found (self.failure));
  run (&self, "threads", "{}");
  g_assert_no_error (self.failure);
  g_assert_true (json_node_get_boolean (self.result));
  clear (&self);
}

/* Longer than a packet, either way. */
static void
test_big (void)
{
  static const guint lengths[] = { 60000, 65536, 200000, 5000000 };
  Fixture self;

  launch_echo (&self);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *input = g_strdup_printf ("{\"n\":%u}", lengths[i]);

      run (&self, "big", input);
      g_assert_no_error (self.failure);
      g_assert_no_error (self.reason);
      g_assert_cmpuint (strlen (json_node_get_string (self.result)), ==, lengths[i]);
    }
  run (&self, "big", "{\"n\":17000000}");
  g_assert_error (self.failure, ROYAL_ERROR, ROYAL_ERROR_LIMIT);
  run (&self, "echo", "{}");
  g_assert_no_error (self.failure);
  clear (&self);
}

static void
test_cancel (void)
{
  Fixture self;

  launch_echo (&self);
  for (int i = 0; i < 3; i++)
    {
      start_run (&self, "poll", "{}");
      while (self.logs <= (guint)i)
        g_main_context_iteration (NULL, TRUE);
      royal_channel_cancel (self.channel);
      wait_run (&self);
      g_assert_true (royal_error_is_cancelled (self.failure));
    }
  run (&self, "checks", "{\"n\":10}");
  g_assert_no_error (self.failure);
  clear (&self);
}

static void
test_shutdown_in_run (void)
{
  Fixture self;

  launch_echo (&self);
  start_run (&self, "checks", "{\"n\":200}");
  royal_channel_shutdown (self.channel);
  wait_closed (&self);
  g_assert_true (self.done);
  g_assert_no_error (self.failure);
  g_assert_no_error (self.reason);
  clear (&self);
}

static void
test_crash (void)
{
  Fixture self;

  launch_echo (&self);
  run (&self, "crash", "{}");
  wait_closed (&self);
  g_assert_false (self.done);
  g_assert_error (self.reason, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  g_assert_nonnull (strstr (self.reason->message, "signal 6"));
  g_assert_cmpint (self.signal, ==, SIGABRT);
  clear (&self);
}

static void
test_kill (void)
{
  g_autoptr (GError) reason = g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "took too long");
  Fixture self;

  launch_echo (&self);
  start_run (&self, "spin", "{}");
  while (self.logs == 0)
    g_main_context_iteration (NULL, TRUE);
  royal_channel_kill (self.channel, reason);
  g_assert_false (self.closed);
  wait_closed (&self);
  g_assert_true (royal_error_is_timeout (self.reason));
  g_assert_cmpint (self.signal, ==, SIGKILL);
  clear (&self);
}

static void
test_detach (void)
{
  Fixture self;
  GPid pid;

  launch_echo (&self);
  pid = royal_channel_pid (self.channel);
  start_run (&self, "spin", "{}");
  royal_channel_detach (self.channel);
  while (kill (pid, 0) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (self.closed);
  g_assert_finalize_object (self.channel);
  g_clear_pointer (&self.facts, json_object_unref);
  g_free (self.log);
}

static void
test_attacks (void)
{
  static const struct {
    const char *way;
    int code; /* -1: ended by SIGSYS */
  } table[] = {
    { "passwd", EACCES }, { "proc", EACCES }, { "affinity", EPERM }, { "clone3", ENOSYS },  { "deathsig", EPERM },
    { "rlimit", EPERM },  { "library", 0 },   { "socket", -1 },      { "fork", -1 },        { "exec", -1 },
    { "write", -1 },      { "kill", -1 },     { "memfd", -1 },       { "exec-memory", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *input = g_strdup_printf ("{\"way\":\"%s\"}", table[i].way);
      Fixture self;

      g_test_message ("%s", table[i].way);
      launch_echo (&self);
      run (&self, "attack", input);
      if (table[i].code >= 0)
        {
          g_assert_no_error (self.reason);
          g_assert_cmpint (json_node_get_int (self.result), ==, table[i].code);
        }
      else
        {
          wait_closed (&self);
          g_assert_cmpint (self.signal, ==, SIGSYS);
          g_assert_nonnull (strstr (self.reason->message, "sandbox"));
        }
      clear (&self);
    }
}

static void
test_refused_modules (void)
{
  static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
  const struct {
    const char *module;
    const char *sha256;
    const char *message;
  } table[] = {
    { "/nonexistent/x.so", NULL, "No such file" },
    { "relative.so", NULL, "absolute path" },
    { echo_path, zeros, "expected the SHA-256 000" },
    { worker_path, NULL, "module: " },
    { "/usr/lib", NULL, "plain file" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      const RoyalLaunch with = { .worker = worker_path, .module = table[i].module, .sha256 = table[i].sha256 };
      Fixture self;

      launch (&self, &with);
      wait_closed (&self);
      g_assert_null (self.facts);
      g_assert_true (royal_error_is_invalid (self.reason));
      if (strstr (self.reason->message, table[i].message) == NULL)
        g_error ("%s: %s does not say %s", table[i].module, self.reason->message, table[i].message);
      clear (&self);
    }
}

static void
test_no_worker (void)
{
  const RoyalLaunch with = { .worker = "/nonexistent/royal-worker", .module = "/x.so" };
  g_autoptr (GError) error = NULL;

  g_assert_null (royal_channel_launch (&with, &events, NULL, &error));
  g_assert_true (royal_error_is_unavailable (error));
}

static void
test_protocol (void)
{
  static const char *const ways[] = {
    "early",     "idle-call",    "ready-twice", "late-failed", "host-type",  "wrong-run",     "no-outcome",
    "call-id",   "no-method",    "no-params",   "log-run",     "log-empty",  "fraction",      "fraction-text",
    "json",      "duplicate",    "utf8",        "array",       "magic",      "type",          "flags",
    "length",    "two-outcomes", "memfd-flag",  "log-pieces",  "empty-body", "broken-pieces", "descriptor",
    "two-calls", "done-in-call", "deaf",        "close",
  };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      Fixture self;

      launch_forged (&self, ways[i]);
      while (self.facts == NULL && !self.closed)
        g_main_context_iteration (NULL, TRUE);
      if (!self.closed && !g_str_equal (ways[i], "idle-call"))
        start_run (&self, "t", "{}");
      wait_closed (&self);
      g_test_message ("%s: %s", ways[i], self.reason->message);
      g_assert_error (self.reason, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);
      clear (&self);
    }
}

static void
test_failed (void)
{
  Fixture self;

  launch_forged (&self, "failed");
  wait_closed (&self);
  g_assert_true (royal_error_is_invalid (self.reason));
  g_assert_cmpstr (self.reason->message, ==, "no such thing");
  clear (&self);
}

static void
test_exit (void)
{
  Fixture self;

  launch_forged (&self, "exit");
  while (self.facts == NULL)
    g_main_context_iteration (NULL, TRUE);
  start_run (&self, "t", "{}");
  wait_closed (&self);
  g_assert_error (self.reason, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  g_assert_nonnull (strstr (self.reason->message, "without being asked"));
  clear (&self);
}

/* A worker that says more than it may is read no faster than it may. */
static void
test_flood (void)
{
  Fixture self;
  gint64 start;

  launch_forged (&self, "flood");
  while (self.facts == NULL)
    g_main_context_iteration (NULL, TRUE);
  start_run (&self, "t", "{}");
  start = g_get_monotonic_time ();
  while (g_get_monotonic_time () - start < G_USEC_PER_SEC / 2)
    g_main_context_iteration (NULL, TRUE);
  /* A second's worth at once, then half a second's worth at 1,000 a second. */
  g_assert_cmpuint (self.logs, >=, 1000);
  g_assert_cmpuint (self.logs, <=, 1600);
  g_assert_false (self.closed);
  clear (&self);
}

/* What a worker's messages take of the host's time is bounded, not only their number and size. */
static void
test_dense (void)
{
  Fixture self;
  gint64 start, busy = 0;

  launch_forged (&self, "dense");
  while (self.facts == NULL)
    g_main_context_iteration (NULL, TRUE);
  start_run (&self, "t", "{}");
  start = g_get_monotonic_time ();
  while (g_get_monotonic_time () - start < 3 * G_USEC_PER_SEC)
    {
      struct timespec before, after;

      clock_gettime (CLOCK_THREAD_CPUTIME_ID, &before);
      g_main_context_iteration (NULL, TRUE);
      clock_gettime (CLOCK_THREAD_CPUTIME_ID, &after);
      busy += (after.tv_sec - before.tv_sec) * G_USEC_PER_SEC + (after.tv_nsec - before.tv_nsec) / 1000;
    }
  g_assert_false (self.closed);
  g_assert_cmpuint (self.calls, >=, 1);
  g_test_message ("%u calls took %d %% of the loop", self.calls, (int)(busy * 100 / (3 * G_USEC_PER_SEC)));
  g_assert_cmpint (busy, <, G_USEC_PER_SEC);
  clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 4);
  worker_path = g_canonicalize_filename (argv[1], NULL);
  echo_path = g_canonicalize_filename (argv[2], NULL);
  forged_path = g_canonicalize_filename (argv[3], NULL);
  g_test_add_func ("/channel/ready", test_ready);
  g_test_add_func ("/channel/echo", test_echo);
  g_test_add_func ("/channel/calls", test_calls);
  g_test_add_func ("/channel/task-errors", test_task_errors);
  g_test_add_func ("/channel/big", test_big);
  g_test_add_func ("/channel/cancel", test_cancel);
  g_test_add_func ("/channel/shutdown-in-run", test_shutdown_in_run);
  g_test_add_func ("/channel/crash", test_crash);
  g_test_add_func ("/channel/kill", test_kill);
  g_test_add_func ("/channel/detach", test_detach);
  g_test_add_func ("/channel/attacks", test_attacks);
  g_test_add_func ("/channel/refused-modules", test_refused_modules);
  g_test_add_func ("/channel/no-worker", test_no_worker);
  g_test_add_func ("/channel/protocol", test_protocol);
  g_test_add_func ("/channel/failed", test_failed);
  g_test_add_func ("/channel/exit", test_exit);
  g_test_add_func ("/channel/flood", test_flood);
  g_test_add_func ("/channel/dense", test_dense);
  return g_test_run ();
}
