/* SPDX-License-Identifier: Apache-2.0 */
#include "null-connector.h"
#include "royal-test.h"

#include <rh-gate.h>
#include <rh-log.h>
#include <royal-json.h>
#include <stdlib.h>
#include <string.h>

/* Proposals that policy lets pass, from submission to their effect's receipt in the audit chain, all durable; beside
 * pgbench committing single rows with as many clients to the same server. */

#define CLIENTS "32"
#define PROPOSALS 5000
#define YARDSTICK_S "5"

static RhGate *gate;
static JsonObject *proposal, *grant;
static gint64 workspace;
static guint submitted;
static guint failed;

static char *
owner_value (const char *sql)
{
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");

  return royal_test_sql_value (info, sql);
}

static void submit_next (void);

static void
on_submitted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) outcome = rh_gate_submit_finish (gate, result, &error);

  if (outcome == NULL)
    {
      g_printerr ("%s\n", error->message);
      failed++;
    }
  submit_next ();
}

static void
submit_next (void)
{
  RhSubmission submission = { .workspace = workspace,
                              .workspace_name = "bench",
                              .agent = "bench",
                              .agent_version = "1",
                              .agent_sha256 = "00",
                              .cluster = "bench",
                              .grant = grant,
                              .proposal = proposal };

  if (submitted >= PROPOSALS)
    return;
  submitted++;
  rh_gate_submit_async (gate, &submission, NULL, on_submitted, NULL);
}

/* Everything executed, and everything told. Asked rarely, so as to be no load. */
static gboolean
is_over (gpointer data)
{
  static gint64 next_us;
  g_autofree char *left = NULL;

  if (submitted < PROPOSALS || g_get_monotonic_time () < next_us)
    return FALSE;
  next_us = g_get_monotonic_time () + 20000;
  left = owner_value ("select exists (select from outbox)"
                      " or (select count(*) from effects where state = 'executed') < " G_STRINGIFY (PROPOSALS));
  return strcmp (left, "f") == 0 || failed > 0;
}

static gboolean
is_available (gpointer store)
{
  return rh_store_is_available (store);
}

static double
measure_gate (void)
{
  static const char policy_text[] =
      "{\"rules\":[{\"name\":\"all\",\"match\":{\"action\":\"null.*\"},\"risk\":\"low\",\"decision\":\"auto\"}]}";
  static const char proposal_text[] = "{\"action\":\"null.write\",\"target\":\"nothing\",\"parameters\":{\"value\":1},"
                                      "\"title\":\"Write\",\"claims\":{\"confidence\":0.9}}";
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autoptr (JsonNode) policy = royal_json_parse (policy_text, -1, "policy", NULL);
  g_autoptr (JsonNode) said = royal_json_parse (proposal_text, -1, "proposal", NULL);
  g_autoptr (RhConnectors) connectors = rh_connectors_new ();
  g_autoptr (RhConnector) connector = g_object_new (NULL_TYPE_CONNECTOR, NULL);
  g_autoptr (JsonObject) granted = json_object_new ();
  g_autoptr (RhStore) store = rh_store_new (info, NULL, 4);
  g_autofree char *id = owner_value ("select workspace_id from workspace_open ('bench', true)");
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) stopped = NULL;
  gint64 start_us, end_us;

  workspace = g_ascii_strtoll (id, NULL, 10);
  proposal = json_node_get_object (said);
  grant = granted;
  rh_connectors_add (connectors, connector);
  gate = rh_gate_new (store, connectors, "bench");
  rh_gate_set_policy (gate, rh_policy_new (policy, "policy", NULL));
  royal_test_wait_until (is_available, store, 5000);
  rh_gate_start (gate);

  start_us = g_get_monotonic_time ();
  for (int i = 0; i < atoi (CLIENTS); i++)
    submit_next ();
  royal_test_wait_until (is_over, NULL, 600000);
  end_us = g_get_monotonic_time ();

  rh_gate_stop_async (gate, 5000, royal_test_result, &result);
  stopped = royal_test_wait (&result);
  if (!rh_gate_stop_finish (gate, stopped, NULL))
    failed++;
  g_object_unref (gate);
  return PROPOSALS / ((double)(end_us - start_us) / G_USEC_PER_SEC);
}

/* Single-row commits per second by pgbench, which is PostgreSQL's own yardstick. */
static double
measure_commits (void)
{
  g_autofree char *info = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  g_autofree char *script = g_build_filename (royal_test_dir (), "commit.sql", NULL);
  g_autofree char *output = NULL;
  const char *argv[] = { "/usr/lib/postgresql/15/bin/pgbench",
                         "-n",
                         "-c",
                         CLIENTS,
                         "-j",
                         "2",
                         "-T",
                         YARDSTICK_S,
                         "-M",
                         "prepared",
                         "-f",
                         script,
                         info,
                         NULL };
  const char *tps;

  royal_test_sql (info, "create table yardstick (id bigserial primary key, n int)");
  if (!g_file_set_contents (script, "insert into yardstick (n) values (1);\n", -1, NULL) ||
      !g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, NULL, NULL))
    return 0;
  tps = strstr (output, "tps = ");
  return tps != NULL ? g_ascii_strtod (tps + strlen ("tps = "), NULL) : 0;
}

int
main (int argc, char **argv)
{
  double per_s, commits;

  royal_test_init (&argc, &argv);
  rh_log_init (RH_LOG_WARNING, FALSE);
  royal_test_migrate ();
  commits = measure_commits ();
  per_s = measure_gate ();
  if (royal_test_run () != 0 || failed > 0 || commits <= 0)
    return 1;
  g_print ("%-46s %10.0f /s\n%-46s %10.0f /s\n", "proposals decided, executed and audited", per_s,
           "single-row commits (pgbench, " CLIENTS " clients)", commits);
  g_print ("{\"bench\": \"gate\", \"per_s\": %.0f, \"commits_per_s\": %.0f, \"ratio_commit\": %.3f}\n", per_s, commits,
           per_s / commits);
  return 0;
}
