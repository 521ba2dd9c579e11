/* SPDX-License-Identifier: Apache-2.0 */

#include "gate-load.h"

#include "bench-cpu.h"
#include "bench.h"
#include "null-connector.h"
#include "rh-gate.h"
#include "rh-migrations.h"
#include "royal-json.h"
#include "royal-test.h"

#include <string.h>
#include <time.h>

struct _GateLoad {
  RhStore *store;
  RhGate *gate;
  JsonObject *proposal;
  gint64 workspace;
  char *conninfo; /* as one who sees every workspace */
  guint clients;
  guint open;
  gboolean stopping;
};

static void submit (GateLoad *self);

static void
on_submitted (GObject *source, GAsyncResult *result, gpointer data)
{
  GateLoad *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = rh_gate_submit_finish (RH_GATE (source), result, &error);

  if (outcome == NULL)
    g_error ("a submission failed: %s", error->message);
  if (g_strcmp0 (royal_json_string (json_node_get_object (outcome), "state", NULL), "approved") != 0)
    g_error ("a submission was not approved by policy");
  self->open--;
  if (!self->stopping)
    submit (self);
}

static void
submit (GateLoad *self)
{
  RhSubmission submission = {
    .workspace = self->workspace,
    .workspace_name = "bench",
    .agent = "bench",
    .agent_version = "1.0.0",
    .agent_sha256 = "",
    .cluster = "",
    .proposal = self->proposal,
  };

  self->open++;
  rh_gate_submit_async (self->gate, &submission, NULL, on_submitted, self);
}

static gint64
count (GateLoad *self, const char *sql)
{
  g_autofree char *text = royal_test_sql_value (self->conninfo, sql);

  return g_ascii_strtoll (text, NULL, 10);
}

static gboolean
is_idle (gpointer data)
{
  return ((GateLoad *)data)->open == 0;
}

GateCpu
gate_load_cpu (void)
{
  struct timespec own;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &own);
  return (GateCpu){ own.tv_sec + own.tv_nsec / 1e9, bench_cpu_of_database () };
}

double
gate_load_measure (GateLoad *self, double seconds, GateCpu *ret_cpu_us)
{
  static const char executed[] = "select count (*) from effects where state = 'executed'";
  gint64 before = count (self, executed), after;
  double start = bench_now_us (), took;
  GateCpu cpu = gate_load_cpu (), cpu_after;

  self->stopping = FALSE;
  for (guint i = 0; i < self->clients; i++)
    submit (self);
  royal_test_spin ((guint)(seconds * 1000));
  cpu_after = gate_load_cpu ();
  after = count (self, executed);
  took = (bench_now_us () - start) / 1e6;
  self->stopping = TRUE;
  royal_test_wait_until (is_idle, self, 30000);
  while (count (self, "select count (*) from outbox") > 0 ||
         count (self, "select count (*) from proposals where state in ('approved', 'executing')") > 0)
    royal_test_spin (50);
  if (ret_cpu_us != NULL)
    *ret_cpu_us = (GateCpu){ (cpu_after.host - cpu.host) * 1e6 / (double)(after - before),
                             (cpu_after.database - cpu.database) * 1e6 / (double)(after - before) };
  return (double)(after - before) / took;
}

static void
migrate (const char *conninfo)
{
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult *waiting = NULL;
  g_autoptr (GError) error = NULL;

  rh_migrations_run_async (conninfo, FALSE, NULL, royal_test_result, &waiting);
  result = royal_test_wait (&waiting);
  if (!rh_migrations_run_finish (result, NULL, &error))
    g_error ("%s", error->message);
}

static RhPolicy *
auto_policy (void)
{
  static const char text[] = "{\"rules\":[{\"name\":\"all\",\"match\":{\"action\":\"bench.*\"},\"risk\":\"low\","
                             "\"decision\":\"auto\"}]}";
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "policy", NULL);
  g_autoptr (GError) error = NULL;
  RhPolicy *policy = rh_policy_new (node, "policy", &error);

  if (policy == NULL)
    g_error ("%s", error->message);
  return policy;
}

static JsonObject *
make_proposal (void)
{
  static const char text[] = "{\"action\":\"bench.null\",\"target\":\"nothing\",\"parameters\":{\"n\":1},"
                             "\"title\":\"Do nothing\"}";
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "proposal", NULL);

  return json_object_ref (json_node_get_object (node));
}

static gboolean
is_available (gpointer data)
{
  return rh_store_is_available (data);
}

GateLoad *
gate_load_new (guint clients)
{
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  g_autofree char *host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autoptr (RhConnectors) connectors = rh_connectors_new ();
  g_autoptr (RhConnector) null_connector = null_connector_new ();
  GateLoad *self = g_new0 (GateLoad, 1);

  migrate (owner);
  self->clients = clients;
  self->conninfo = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  self->workspace = count (self, "select workspace_id from workspace_open ('bench', true)");
  self->store = rh_store_new (host, NULL, 8);
  royal_test_wait_until (is_available, self->store, 10000);
  rh_connectors_add (connectors, null_connector);
  self->gate = rh_gate_new (self->store, connectors, "bench-host");
  self->proposal = make_proposal ();
  rh_gate_set_policy (self->gate, auto_policy ());
  rh_gate_start (self->gate);
  return self;
}

void
gate_load_free (GateLoad *self)
{
  if (self == NULL)
    return;
  g_object_unref (self->gate);
  g_object_unref (self->store);
  json_object_unref (self->proposal);
  g_free (self->conninfo);
  g_free (self);
}
