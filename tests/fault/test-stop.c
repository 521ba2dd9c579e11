/* SPDX-License-Identifier: Apache-2.0 */
#include "gate-host.h"
#include "royal-test.h"

#include <rh-halt.h>
#include <royal-json.h>
#include <string.h>

/* The emergency stop and the pause, under load: from the moment their call has returned no effect begins, on either of
 * two hosts. The connector counts where an effect begins, in the call of apply itself. */

#define STOPS 100
#define SUBMITTERS 24 /* a host */
#define QUIET_MS 10

static const RhStatement resume_statement = { "test.resume", "select control_resume ('ann')", 0, FALSE };
static const RhStatement unpause_statement = { "test.unpause", "select control_unpause ($1, $2, 'ann')", 2, FALSE };

static gint64 ws;
static guint begun; /* calls of apply in that workspace, of all connectors */

/* --- A connector that counts -------------------------------------------------------------------------------------- */

#define COUNT_TYPE_CONNECTOR (count_connector_get_type ())
G_DECLARE_FINAL_TYPE (CountConnector, count_connector, COUNT, CONNECTOR, GObject)

struct _CountConnector {
  GObject parent;
};

static void count_connector_iface_init (RhConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CountConnector,
                               count_connector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RH_TYPE_CONNECTOR, count_connector_iface_init))

static void
count_connector_class_init (CountConnectorClass *klass)
{
}

static void
count_connector_init (CountConnector *self)
{
}

static const char *
count_name (RhConnector *connector)
{
  return "count";
}

static const RhAction *
count_actions (RhConnector *connector)
{
  static const RhAction actions[] = { { .name = "count.up", .title = "Count" }, { .name = NULL } };

  return actions;
}

static void
count_assess_async (RhConnector *connector,
                    const RhEffect *effect,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  g_autoptr (GTask) task = g_task_new (connector, NULL, callback, data);

  g_task_return_pointer (task, g_new0 (RhAssessment, 1), (GDestroyNotify)rh_assessment_free);
}

static RhAssessment *
count_assess_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
on_applied (gpointer data)
{
  JsonNode *receipt = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (receipt, json_object_new ());
  g_task_return_pointer (data, receipt, (GDestroyNotify)json_node_unref);
  return G_SOURCE_REMOVE;
}

/* Some are away at first, so that attempts are under way too that come again by themselves. */
static void
count_apply_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (connector, NULL, callback, data);

  begun += effect->workspace == ws;
  if (g_random_int_range (0, 8) == 0)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "away");
      g_object_unref (task);
      return;
    }
  g_timeout_add_full (G_PRIORITY_DEFAULT, (guint)g_random_int_range (0, 4), on_applied, task, g_object_unref);
}

static JsonNode *
count_apply_finish (RhConnector *connector, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
count_verify_async (RhConnector *connector, const RhEffect *effect, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (connector, NULL, callback, data);

  g_task_return_boolean (task, FALSE);
}

static RhVerify
count_verify_finish (RhConnector *connector, GAsyncResult *result, JsonNode **ret_receipt, GError **error)
{
  return RH_VERIFY_ABSENT;
}

static void
count_connector_iface_init (RhConnectorInterface *iface)
{
  iface->name = count_name;
  iface->actions = count_actions;
  iface->assess_async = count_assess_async;
  iface->assess_finish = count_assess_finish;
  iface->apply_async = count_apply_async;
  iface->apply_finish = count_apply_finish;
  iface->verify_async = count_verify_async;
  iface->verify_finish = count_verify_finish;
}

/* --- Two hosts under load ----------------------------------------------------------------------------------------- */

typedef struct {
  RhStore *store;
  RhGate *gate;
  gboolean loaded;
  guint in_flight; /* submissions */
} Host;

static void submit_one (Host *self);

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

static Host *
host_new (const char *id)
{
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autoptr (RhConnectors) connectors = rh_connectors_new ();
  g_autoptr (GObject) count = g_object_new (COUNT_TYPE_CONNECTOR, NULL);
  g_autoptr (JsonNode) document =
      gate_json ("{'rules':[{'name':'all','match':{'action':'count.*'},'risk':'low','decision':'auto'}]}");
  Host *self = g_new0 (Host, 1);

  self->store = rh_store_new (info, NULL, 4);
  rh_connectors_add (connectors, RH_CONNECTOR (count));
  self->gate = rh_gate_new (self->store, connectors, id);
  rh_gate_set_policy (self->gate, rh_policy_new (document, "policy", NULL));
  royal_test_wait_until (is_available, self->store, 5000);
  rh_gate_start (self->gate);
  return self;
}

static gboolean
is_quiet (gpointer data)
{
  return ((Host *)data)->in_flight == 0;
}

static void
host_free (Host *self)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) stopped = NULL;
  g_autoptr (GAsyncResult) closed = NULL;

  self->loaded = FALSE;
  royal_test_wait_until (is_quiet, self, 10000);
  rh_gate_stop_async (self->gate, 5000, royal_test_result, &result);
  stopped = royal_test_wait (&result);
  (void)rh_gate_stop_finish (self->gate, stopped, NULL);
  rh_store_close_async (self->store, 2000, royal_test_result, &result);
  closed = royal_test_wait (&result);
  g_assert_true (rh_store_close_finish (self->store, closed, NULL));
  g_object_unref (self->gate);
  g_object_unref (self->store);
  g_free (self);
}

static void
on_submitted (GObject *source, GAsyncResult *result, gpointer data)
{
  Host *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome G_GNUC_UNUSED = rh_gate_submit_finish (self->gate, result, &error);

  g_assert_no_error (error);
  self->in_flight--;
  if (self->loaded)
    submit_one (self);
}

static void
submit_one (Host *self)
{
  g_autoptr (JsonNode) node = gate_json ("{'action':'count.up','target':'x','parameters':{}}");
  RhSubmission submission = { .workspace = ws,
                              .workspace_name = "stop",
                              .agent = "counter",
                              .agent_version = "1",
                              .agent_sha256 = "00ff",
                              .cluster = "c",
                              .proposal = json_node_get_object (node) };

  self->in_flight++;
  rh_gate_submit_async (self->gate, &submission, NULL, on_submitted, self);
}

static void
load (Host *self)
{
  self->loaded = TRUE;
  while (self->in_flight < SUBMITTERS)
    submit_one (self);
}

static void
call (Host *self, const RhStatement *statement, const char *const *params)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;

  rh_store_call_async (self->store, statement, ws, params, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  rh_rows_free (rh_store_call_finish (self->store, done, &error));
  g_assert_no_error (error);
}

/* How often apply had been called when the answer was there. */
typedef struct {
  gboolean done;
  guint begun;
  JsonNode *answer;
} Halted;

static void
on_halted (GObject *source, GAsyncResult *result, gpointer data)
{
  Halted *self = data;
  g_autoptr (GError) error = NULL;

  self->answer = rh_halt_finish (result, &error);
  g_assert_no_error (error);
  self->begun = begun;
  self->done = TRUE;
}

static gboolean
is_halted (gpointer data)
{
  return ((Halted *)data)->done;
}

static guint
unconfirmed (const Halted *halted)
{
  return json_array_get_length (royal_json_array (json_node_get_object (halted->answer), "unconfirmed"));
}

static gboolean
has_begun (gpointer wanted)
{
  return begun >= GPOINTER_TO_UINT (wanted);
}

static void
test_stop (void)
{
  Host *hosts[2];
  guint begun_total = 0;
  gint64 longest_us = 0;

  ws = gate_workspace ("stop");
  hosts[0] = host_new ("one");
  hosts[1] = host_new ("two");
  for (guint i = 0; i < STOPS; i++)
    {
      gboolean pauses = i % 4 == 3;
      RhHalt halt = { ws, NULL, NULL, "test", "ann" };
      Halted halted = { 0 };
      gint64 start_us;

      if (pauses)
        {
          halt.kind = i % 8 == 3 ? "agent" : "action";
          halt.name = i % 8 == 3 ? "counter" : "count.*";
        }
      load (hosts[0]);
      load (hosts[1]);
      royal_test_wait_until (has_begun, GUINT_TO_POINTER (begun + 10 + (guint)g_random_int_range (0, 40)), 10000);
      start_us = g_get_monotonic_time ();
      rh_halt_async (hosts[i % 2]->store, &halt, on_halted, &halted);
      royal_test_wait_until (is_halted, &halted, 10000);
      longest_us = MAX (longest_us, g_get_monotonic_time () - start_us);
      royal_test_spin (QUIET_MS);
      if (begun != halted.begun)
        g_error ("%u effects began after stop %u had returned", begun - halted.begun, i);
      g_assert_cmpuint (unconfirmed (&halted), ==, 0);
      json_node_unref (halted.answer);
      begun_total = begun;
      if (pauses)
        call (hosts[0], &unpause_statement, (const char *const[]){ halt.kind, halt.name });
      else
        call (hosts[0], &resume_statement, NULL);
    }
  g_test_message ("%u effects began; the slowest stop took %.1f ms", begun_total, (double)longest_us / 1000);
  gate_sql ("update workspaces set stopped_at = now () where workspace_id = %" G_GINT64_FORMAT, ws);
  host_free (hosts[0]);
  host_free (hosts[1]);
}

/* Holds the row that a claim locks, for half a second. */
static gpointer
hold (gpointer data)
{
  gate_sql ("begin; select from workspaces where workspace_id = %" G_GINT64_FORMAT
            " for update; select pg_sleep (0.5); commit",
            ws);
  return NULL;
}

/* A host that was frozen between the commit of a claim and its answer, for longer than it may begin on it: when it
 * wakes it asks anew. */
static void
test_frozen (void)
{
  static const char executing[] = "select count(*) from effects e join workspaces w using (workspace_id)"
                                  " where w.name = 'frozen' and e.state = 'executing' and e.owner = 'freezes'";
  g_autofree char *waiting = NULL;
  g_autofree char *claimed = NULL;
  GThread *holder;
  Host *host;
  guint before;

  ws = gate_workspace ("frozen");
  gate_sql ("update workspaces set stopped_at = now () where workspace_id = %" G_GINT64_FORMAT, ws);
  host = host_new ("freezes");
  load (host);
  host->loaded = FALSE;
  royal_test_wait_until (is_quiet, host, 10000);
  gate_sql ("update workspaces set stopped_at = null where workspace_id = %" G_GINT64_FORMAT, ws);
  before = begun;
  holder = g_thread_new ("hold", hold, NULL);
  g_usleep (100000);
  gate_sql ("select pg_notify ('royal_effects', '')");
  royal_test_spin (100);
  waiting = gate_sql_value ("%s", executing);
  g_assert_cmpstr (waiting, ==, "0");
  /* From here on nothing turns its loop. */
  g_thread_join (holder);
  g_usleep (100000);
  claimed = gate_sql_value ("%s", executing);
  g_assert_cmpint ((int)g_ascii_strtoll (claimed, NULL, 10), ==, SUBMITTERS);
  gate_sql ("update workspaces set stopped_at = now () where workspace_id = %" G_GINT64_FORMAT, ws);
  g_usleep ((RH_HALT_BEGIN_MS + 100) * 1000);
  royal_test_spin (200);
  g_assert_cmpuint (begun, ==, before);
  gate_sql ("update workspaces set stopped_at = null where workspace_id = %" G_GINT64_FORMAT, ws);
  royal_test_wait_until (has_begun, GUINT_TO_POINTER (before + SUBMITTERS), 10000);
  host_free (host);
}

/* A host that holds effects and answers nothing: the call waits until it could begin nothing, and names it. */
static void
test_silent (void)
{
  RhHalt halt = { 0, NULL, NULL, "test", "ann" };
  Halted halted = { 0 };
  Host *host;
  gint64 start_us, took_us;
  JsonArray *silent;

  ws = gate_workspace ("silent");
  halt.workspace = ws;
  gate_sql ("update workspaces set stopped_at = now () where workspace_id = %" G_GINT64_FORMAT, ws);
  host = host_new ("loud");
  load (host);
  host->loaded = FALSE;
  royal_test_wait_until (is_quiet, host, 10000);
  gate_sql ("update workspaces set stopped_at = null where workspace_id = %" G_GINT64_FORMAT, ws);
  gate_sql ("select effect_claim ('ghost', 30, 1000)");
  start_us = g_get_monotonic_time ();
  rh_halt_async (host->store, &halt, on_halted, &halted);
  royal_test_wait_until (is_halted, &halted, 10000);
  took_us = g_get_monotonic_time () - start_us;
  silent = royal_json_array (json_node_get_object (halted.answer), "unconfirmed");
  g_assert_cmpuint (json_array_get_length (silent), ==, 1);
  g_assert_cmpstr (json_array_get_string_element (silent, 0), ==, "ghost");
  g_assert_cmpint (took_us, >=, RH_HALT_BEGIN_MS * 1000);
  g_assert_cmpint (took_us, <, 2 * RH_HALT_BEGIN_MS * 1000);
  json_node_unref (halted.answer);
  host_free (host);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/stop/under-load", test_stop);
  g_test_add_func ("/stop/frozen", test_frozen);
  g_test_add_func ("/stop/silent", test_silent);
  return royal_test_run ();
}
