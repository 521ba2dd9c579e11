/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MS 200

static char *input, *key, *priority, *state, *cursor;
static char *of_agent;
static gboolean wait_for, all;

static const GOptionEntry run_entries[] = {
  { "input", 0, 0, G_OPTION_ARG_STRING, &input, "The task's input", "JSON" },
  { "priority", 0, 0, G_OPTION_ARG_STRING, &priority, "low, normal, high or critical", "PRIORITY" },
  { "key", 0, 0, G_OPTION_ARG_STRING, &key, "The same key gives the same job", "KEY" },
  { "wait", 0, 0, G_OPTION_ARG_NONE, &wait_for, "Wait for its end; fails unless it completes", NULL },
  { NULL },
};
static const GOptionEntry list_entries[] = {
  { "state", 0, 0, G_OPTION_ARG_STRING, &state, "all (the default), or states separated by commas", "STATES" },
  { "cursor", 0, 0, G_OPTION_ARG_STRING, &cursor, "The page after this one", "CURSOR" },
  { NULL },
};

static const GOptionEntry dead_entries[] = {
  { "agent", 0, 0, G_OPTION_ARG_STRING, &of_agent, "All of this agent", "AGENT" },
  { "all", 0, 0, G_OPTION_ARG_NONE, &all, "All", NULL },
  { "cursor", 0, 0, G_OPTION_ARG_STRING, &cursor, "The page after this one", "CURSOR" },
  { NULL },
};
static const GOptionEntry retry_entries[] = {
  { "agent", 0, 0, G_OPTION_ARG_STRING, &of_agent, "All of this agent", "AGENT" },
  { "all", 0, 0, G_OPTION_ARG_NONE, &all, "All", NULL },
  { "input", 0, 0, G_OPTION_ARG_STRING, &input, "Another input, for one job", "JSON" },
  { NULL },
};

static const char *const columns[] = { "id",      "id",         "state", "state",      "agent",
                                       "agent",   "task",       "task",  "attempt",    "attempt",
                                       "created", "created_at", "by",    "created_by", NULL };

static int
print_job (const CtlOptions *options, JsonNode *job)
{
  static const char *const fields[] = { "id", "state", "agent", "task", "priority", "created_by", "created_at", NULL };
  JsonObject *object = json_node_get_object (job);
  JsonArray *runs = royal_json_array (object, "runs");

  if (options->json)
    {
      ctl_print_json (job);
      return CTL_OK;
    }
  for (guint i = 0; fields[i] != NULL; i++)
    ctl_print_field (fields[i], royal_json_string (object, fields[i], "-"));
  ctl_print_object ("input", royal_json_object (object, "input"));
  ctl_print_object ("result", royal_json_object (object, "result"));
  ctl_print_object ("error", royal_json_object (object, "error"));
  if (runs != NULL && json_array_get_length (runs) > 0)
    {
      printf ("\n");
      ctl_print_table (runs, (const char *const[]){ "run", "id", "attempt", "attempt", "state", "state", "started",
                                                    "started_at", NULL });
    }
  return CTL_OK;
}

static char *
path_of (const char *id, const char *verb)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, TRUE);

  return g_strconcat ("/jobs/", escaped, verb, NULL);
}

static gboolean
has_ended (JsonNode *job)
{
  const char *now = royal_json_string (json_node_get_object (job), "state", "");

  return strcmp (now, "queued") != 0 && strcmp (now, "leased") != 0;
}

/* Until it has ended; *@job is what was known of it, then what is. */
static int
wait_job (const CtlOptions *options, JsonNode **job)
{
  g_autofree char *path = path_of (royal_json_string (json_node_get_object (*job), "id", ""), NULL);

  while (!has_ended (*job))
    {
      int status;

      g_usleep (WAIT_MS * 1000);
      g_clear_pointer (job, json_node_unref);
      status = ctl_call (options, "GET", path, NULL, job);
      if (status != CTL_OK)
        return status;
    }
  return CTL_OK;
}

int
ctl_run_job (const CtlOptions *options, JsonNode *body, JsonNode **ret_job)
{
  int status = ctl_call (options, "POST", "/jobs", body, ret_job);

  return status == CTL_OK ? wait_job (options, ret_job) : status;
}

static int
wait_and_print (const CtlOptions *options, JsonNode *made)
{
  g_autoptr (JsonNode) job = json_node_ref (made);
  int status = wait_job (options, &job);

  if (status != CTL_OK)
    return status;
  print_job (options, job);
  return strcmp (royal_json_string (json_node_get_object (job), "state", ""), "completed") == 0 ? CTL_OK : CTL_FAILED;
}

static int
run_run (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) parsed = NULL;
  g_autoptr (JsonNode) job = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *body =
      ctl_body ("agent", arguments[0], "task", arguments[1], "priority", priority, "idempotency_key", key, NULL);
  int status;

  if (input != NULL)
    {
      parsed = royal_json_parse (input, -1, "--input", &error);
      if (parsed == NULL)
        {
          json_node_unref (body);
          return ctl_fail (CTL_USAGE, "%s", error->message);
        }
      json_object_set_member (json_node_get_object (body), "input", g_steal_pointer (&parsed));
    }
  status = ctl_call (options, "POST", "/jobs", body, &job);
  if (status != CTL_OK)
    return status;
  return wait_for ? wait_and_print (options, job) : print_job (options, job);
}

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (GString) path = g_string_new ("/jobs?state=");
  g_autoptr (JsonNode) answer = NULL;
  int status;

  g_string_append_uri_escaped (path, state != NULL ? state : "all", NULL, TRUE);
  if (cursor != NULL)
    g_string_append_uri_escaped (g_string_append (path, "&cursor="), cursor, NULL, TRUE);
  status = ctl_call (options, "GET", path->str, NULL, &answer);
  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

static int
call_and_print (const CtlOptions *options, const char *method, const char *id, const char *verb)
{
  g_autofree char *path = path_of (id, verb);
  g_autoptr (JsonNode) job = NULL;
  int status = ctl_call (options, method, path, NULL, &job);

  return status == CTL_OK ? print_job (options, job) : status;
}

static int
run_show (const CtlOptions *options, char **arguments)
{
  return call_and_print (options, "GET", arguments[0], NULL);
}

static int
run_cancel (const CtlOptions *options, char **arguments)
{
  return call_and_print (options, "POST", arguments[0], "/cancel");
}

/* Named by their ids, or all of an agent, or simply all. */
static int
run_dead_letters (const CtlOptions *options, char **arguments, const char *path)
{
  g_autoptr (JsonNode) answer = NULL;
  JsonNode *body = ctl_body ("agent", of_agent, NULL);
  JsonObject *object = json_node_get_object (body);
  int status;

  if (arguments[0] != NULL)
    {
      JsonArray *ids = json_array_new ();

      for (guint i = 0; arguments[i] != NULL; i++)
        json_array_add_string_element (ids, arguments[i]);
      json_object_set_array_member (object, "jobs", ids);
    }
  if (all)
    json_object_set_boolean_member (object, "all", TRUE);
  status = ctl_call (options, "POST", path, body, &answer);
  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    printf ("%" G_GINT64_FORMAT "\n", royal_json_int (json_node_get_object (answer), "n", 0));
  return CTL_OK;
}

static int
run_dead (const CtlOptions *options, char **arguments)
{
  g_autoptr (GString) path = g_string_new ("/dead-letters?limit=200");
  g_autoptr (JsonNode) answer = NULL;
  int status;

  if (of_agent != NULL)
    g_string_append_uri_escaped (g_string_append (path, "&agent="), of_agent, NULL, TRUE);
  if (cursor != NULL)
    g_string_append_uri_escaped (g_string_append (path, "&cursor="), cursor, NULL, TRUE);
  status = ctl_call (options, "GET", path->str, NULL, &answer);
  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

static int
run_retry (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) job = NULL;
  g_autoptr (JsonNode) parsed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *id = NULL;
  JsonNode *body;
  int status;

  if (input == NULL)
    return run_dead_letters (options, arguments, "/dead-letters/retry");
  if (arguments[0] == NULL || arguments[1] != NULL)
    return ctl_fail (CTL_USAGE, "--input goes with one ID");
  parsed = royal_json_parse (input, -1, "--input", &error);
  if (parsed == NULL)
    return ctl_fail (CTL_USAGE, "%s", error->message);
  id = g_uri_escape_string (arguments[0], NULL, TRUE);
  path = g_strconcat ("/dead-letters/", id, "/edit", NULL);
  body = ctl_body (NULL, NULL);
  json_object_set_member (json_node_get_object (body), "input", g_steal_pointer (&parsed));
  status = ctl_call (options, "POST", path, body, &job);
  return status == CTL_OK ? print_job (options, job) : status;
}

static int
run_discard (const CtlOptions *options, char **arguments)
{
  return run_dead_letters (options, arguments, "/dead-letters/discard");
}

const CtlCommand ctl_jobs_commands[] = {
  { "jobs", "list", NULL, "Jobs, newest first", 0, 0, list_entries, run_list },
  { "jobs", "run", "AGENT TASK", "Ask an agent to run a task", 2, 2, run_entries, run_run },
  { "jobs", "show", "ID", "One job, with its runs", 1, 1, NULL, run_show },
  { "jobs", "cancel", "ID", "Cancel a job", 1, 1, NULL, run_cancel },
  { "jobs", "dead", NULL, "Jobs that ended without success and wait for a person", 0, 0, dead_entries, run_dead },
  { "jobs", "retry", "[ID...]", "Try dead letters again; with --input one of them, as a new job", 0, 100, retry_entries,
    run_retry },
  { "jobs", "discard", "[ID...]", "Put dead letters aside for good", 0, 100, dead_entries, run_discard },
  { NULL },
};
