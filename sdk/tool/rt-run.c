/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-commands.h"

#include "royal-json.h"
#include "rt-print.h"
#include "rt-session.h"

#include <royal/error.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_S 60

typedef struct {
  char *input;
  char *fixtures;
  char *config;
  char *answer;
  int timeout_s;
  gboolean no_sandbox;
  gboolean json;
  guint n_proposals;
  JsonArray *logs; /* with --json */
} Run;

static void
run_clear (Run *self)
{
  g_free (self->input);
  g_free (self->fixtures);
  g_free (self->config);
  g_free (self->answer);
  g_clear_pointer (&self->logs, json_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static void
on_start (int pid, gpointer data)
{
  const Run *self = data;

  if (self->no_sandbox)
    fprintf (stderr, "worker: process %d, WITHOUT its sandbox; gdb -p %d\n", pid, pid);
}

static void
on_log (const char *message, gpointer data)
{
  const Run *self = data;

  if (self->json)
    json_array_add_string_element (self->logs, message);
  else
    rt_print_line ("log", message);
}

static void
on_progress (double fraction, const char *message, gpointer data)
{
  const Run *self = data;
  g_autofree char *label = g_strdup_printf ("progress %3.0f %%", fraction * 100);

  if (!self->json)
    rt_print_line (label, message != NULL ? message : "");
}

static void
on_proposal (JsonObject *proposal, gpointer data)
{
  Run *self = data;

  self->n_proposals++;
  if (!self->json)
    rt_print_proposal (proposal, self->n_proposals);
}

/* What the manifest asks for and this run did not use. */
static JsonArray *
unused (const char *const *asked, GHashTable *used)
{
  JsonArray *names = json_array_new ();

  for (; *asked != NULL; asked++)
    if (!g_hash_table_contains (used, *asked))
      json_array_add_string_element (names, *asked);
  return names;
}

static void
print_unused (const char *kind, JsonArray *names)
{
  g_autoptr (JsonArray) owned = names;

  for (guint i = 0; i < json_array_get_length (owned); i++)
    printf ("unused: the manifest asks to %s %s; this run did not\n", kind, json_array_get_string_element (owned, i));
}

static const char *
code_of (const GError *error)
{
  return royal_error_code_name (error->domain == ROYAL_ERROR ? error->code : ROYAL_ERROR_FAILED);
}

static void
print_text (RtPlugin *plugin, RtOutcome *outcome)
{
  if (outcome->error != NULL)
    {
      g_autofree char *label = g_strdup_printf ("error (%s)", code_of (outcome->error));
      rt_print_line (label, outcome->error->message);
    }
  else
    {
      g_autofree char *text = rt_pretty (outcome->result);
      printf ("result: %s\n", text);
    }
  print_unused ("read", unused (royal_manifest_reads (plugin->manifest), outcome->reads));
  print_unused ("write", unused (royal_manifest_writes (plugin->manifest), outcome->writes));
}

static JsonObject *
error_object (const GError *error)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "code", code_of (error));
  json_object_set_string_member (object, "message", error->message);
  return object;
}

static void
print_json (Run *self, RtPlugin *plugin, const char *task, RtFixtures *fixtures, RtOutcome *outcome)
{
  JsonObject *object = json_object_new ();
  JsonObject *idle = json_object_new ();
  JsonArray *proposals = json_array_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (object, "agent", royal_manifest_id (plugin->manifest));
  json_object_set_string_member (object, "task", task);
  if (outcome->error != NULL)
    json_object_set_object_member (object, "error", error_object (outcome->error));
  else
    json_object_set_member (object, "result", json_node_copy (outcome->result));
  for (guint i = 0; i < outcome->proposals->len; i++)
    json_array_add_element (proposals, json_node_copy (g_ptr_array_index (outcome->proposals, i)));
  json_object_set_array_member (object, "proposals", proposals);
  json_object_set_array_member (object, "log", json_array_ref (self->logs));
  json_object_set_member (object, "state", rt_fixtures_state (fixtures));
  json_object_set_array_member (idle, "reads", unused (royal_manifest_reads (plugin->manifest), outcome->reads));
  json_object_set_array_member (idle, "writes", unused (royal_manifest_writes (plugin->manifest), outcome->writes));
  json_object_set_object_member (object, "unused", idle);
  json_node_take_object (node, object);
  g_autofree char *text = rt_pretty (node);
  printf ("%s\n", text);
}

static gboolean
run_task (Run *self, const char *path, const char *task, gboolean *ret_ok, GError **error)
{
  g_autoptr (RtPlugin) plugin = rt_plugin_load (path, error);
  g_autoptr (JsonNode) input = plugin != NULL ? rt_json_argument (self->input, "input", error) : NULL;
  g_autoptr (JsonNode) given = input != NULL ? rt_json_argument (self->config, "config", error) : NULL;
  g_autoptr (JsonNode) config = given != NULL ? rt_plugin_config (plugin, given, "config", error) : NULL;

  if (config == NULL || !rt_plugin_check_input (plugin, task, input, "input", error))
    return FALSE;

  g_autoptr (RtFixtures) fixtures = rt_fixtures_new (self->fixtures, NULL, NULL, error);
  const RtSession session = {
    .plugin = plugin,
    .task = task,
    .input = input,
    .config = config,
    .fixtures = fixtures,
    .answer = self->answer != NULL ? self->answer : "pending",
    .sandbox = !self->no_sandbox,
    /* Nobody hurries a person in a debugger. */
    .timeout_s = self->timeout_s >= 0 ? (guint)self->timeout_s
                 : self->no_sandbox   ? 0
                                      : TIMEOUT_S,
    .on_start = on_start,
    .on_log = on_log,
    .on_progress = on_progress,
    .on_proposal = on_proposal,
    .data = self,
  };
  g_autoptr (RtOutcome) outcome = fixtures != NULL ? rt_session_run (&session, error) : NULL;
  if (outcome == NULL)
    return FALSE;

  if (self->json)
    print_json (self, plugin, task, fixtures, outcome);
  else
    print_text (plugin, outcome);
  *ret_ok = outcome->error == NULL;
  return TRUE;
}

int
rt_run (int argc, char **argv)
{
  g_auto (Run) run = { .timeout_s = -1, .logs = json_array_new () };
  GError *error = NULL;
  gboolean ok = FALSE;
  int status;
  const GOptionEntry entries[] = {
    { "input", 'i', 0, G_OPTION_ARG_STRING, &run.input, "The job's input: JSON, a file, or - (default {})",
      "JSON|FILE" },
    { "fixtures", 'f', 0, G_OPTION_ARG_FILENAME, &run.fixtures, "Answers reads from files in DIR", "DIR" },
    { "config", 'c', 0, G_OPTION_ARG_STRING, &run.config, "The agent's configuration (default {})", "JSON|FILE" },
    { "answer", 0, 0, G_OPTION_ARG_STRING, &run.answer, "The gate's answer: pending, approved or denied", "STATE" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &run.timeout_s, "Seconds until the worker is ended, 0 = never (default 60)",
      "S" },
    { "no-sandbox", 0, 0, G_OPTION_ARG_NONE, &run.no_sandbox, "Leave the sandbox out, for a debugger", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &run.json, "Print all as one JSON object", NULL },
    { NULL },
  };

  if (!rt_options (&argc, &argv, entries, "PLUGIN TASK",
                   "Runs a task of a plugin in a sandboxed worker, with no host and no database.",
                   "Reads are answered from DIR/<resource>.json (documents) and DIR/<resource>.csv (tables, whose "
                   "first line\nnames columns as week:int64,units:double,store:string). Proposals are printed, not "
                   "carried out.",
                   2, 2, &status))
    return status;
  if (run.answer != NULL &&
      !g_strv_contains ((const char *const[]){ "pending", "approved", "denied", NULL }, run.answer))
    {
      g_printerr ("royal-agent run: --answer: expected pending, approved or denied, found %s\n", run.answer);
      return RT_USAGE;
    }
  if (!run_task (&run, argv[1], argv[2], &ok, &error))
    return rt_fail (error);
  return ok ? RT_OK : RT_FAILED;
}
