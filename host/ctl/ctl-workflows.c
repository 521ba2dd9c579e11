/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MS 200

static char *input, *key, *state, *cursor, *note;
static gboolean wait_for, compensate;

static const GOptionEntry start_entries[] = {
  { "input", 0, 0, G_OPTION_ARG_STRING, &input, "The run's input", "JSON" },
  { "key", 0, 0, G_OPTION_ARG_STRING, &key, "The same key gives the same run", "KEY" },
  { "wait", 0, 0, G_OPTION_ARG_NONE, &wait_for, "Wait for its end; fails unless it completes", NULL },
  { NULL },
};
static const GOptionEntry list_entries[] = {
  { "state", 0, 0, G_OPTION_ARG_STRING, &state, "all (the default), or states separated by commas", "STATES" },
  { "cursor", 0, 0, G_OPTION_ARG_STRING, &cursor, "The page after this one", "CURSOR" },
  { NULL },
};
static const GOptionEntry cancel_entries[] = {
  { "compensate", 0, 0, G_OPTION_ARG_NONE, &compensate, "Take back what was done, where the workflow says how", NULL },
  { NULL },
};
static const GOptionEntry decide_entries[] = {
  { "note", 0, 0, G_OPTION_ARG_STRING, &note, "Why", "TEXT" },
  { NULL },
};

static char *
path_of (const char *id, const char *verb)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, TRUE);

  return g_strconcat ("/workflows/", escaped, verb, NULL);
}

/* What a step waits for, in a word. (transfer full) */
static char *
waits_for (JsonObject *step)
{
  JsonObject *what = royal_json_object (step, "waits_for");
  JsonArray *proposals = royal_json_array (what, "proposals");
  const char *question = royal_json_string (what, "question", NULL);

  if (proposals != NULL && json_array_get_length (proposals) > 0)
    return g_strdup_printf ("approval %s%s", json_array_get_string_element (proposals, 0),
                            json_array_get_length (proposals) > 1 ? " …" : "");
  if (question != NULL)
    return g_strdup (question);
  if (royal_json_object (what, "event") != NULL)
    return g_strdup_printf ("event %s", royal_json_string (royal_json_object (what, "event"), "kind", ""));
  if (what != NULL)
    return g_strdup_printf ("until %s", royal_json_string (step, "until", "-"));
  return g_strdup (royal_json_string (step, "job", royal_json_string (step, "run", "-")));
}

/* Adds what tables show of lists of steps. */
static void
add_waits (JsonArray *steps)
{
  for (guint i = 0; steps != NULL && i < json_array_get_length (steps); i++)
    {
      JsonObject *step = json_array_get_object_element (steps, i);
      g_autofree char *waits = waits_for (step);

      json_object_set_string_member (step, "waits", waits);
    }
}

int
ctl_print_run (const CtlOptions *options, JsonNode *run)
{
  static const char *const fields[] = { "id", "workflow", "state", "created_by", "created_at", NULL };
  JsonObject *object = json_node_get_object (run);
  JsonArray *steps = royal_json_array (object, "steps");
  g_autofree char *result = NULL;

  if (options->json)
    {
      ctl_print_json (run);
      return CTL_OK;
    }
  for (guint i = 0; fields[i] != NULL; i++)
    ctl_print_field (fields[i], royal_json_string (object, fields[i], "-"));
  result = ctl_text (object, "result");
  if (strcmp (result, "-") != 0)
    ctl_print_field ("result", result);
  ctl_print_object ("input", royal_json_object (object, "input"));
  ctl_print_object ("error", royal_json_object (object, "error"));
  if (steps == NULL || json_array_get_length (steps) == 0)
    return CTL_OK;
  add_waits (steps);
  printf ("\n");
  ctl_print_table (steps, (const char *const[]){ "step", "path", "kind", "kind", "state", "state", "attempt", "attempt",
                                                 "started", "started_at", "waits for", "waits", NULL });
  return CTL_OK;
}

gboolean
ctl_run_is_over (JsonNode *run)
{
  static const char *const over[] = { "completed", "failed", "cancelled", NULL };

  return g_strv_contains (over, royal_json_string (json_node_get_object (run), "state", ""));
}

int
ctl_wait_run (const CtlOptions *options, const char *path, JsonNode **run)
{
  int status = CTL_OK;

  while (status == CTL_OK && !ctl_run_is_over (*run))
    {
      g_usleep (WAIT_MS * 1000);
      g_clear_pointer (run, json_node_unref);
      status = ctl_call (options, "GET", path, NULL, run);
    }
  return status;
}

int
ctl_set_json (JsonNode *body, const char *member, const char *text, const char *what)
{
  g_autoptr (GError) error = NULL;
  JsonNode *parsed = text != NULL ? royal_json_parse (text, -1, what, &error) : NULL;

  if (error != NULL)
    return ctl_fail (CTL_USAGE, "%s", error->message);
  if (parsed != NULL)
    json_object_set_member (json_node_get_object (body), member, parsed);
  return CTL_OK;
}

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (GString) path = g_string_new ("/workflows?state=");
  g_autoptr (JsonNode) answer = NULL;
  JsonArray *items;
  int status;

  g_string_append_uri_escaped (path, state != NULL ? state : "all", NULL, TRUE);
  if (cursor != NULL)
    g_string_append_uri_escaped (g_string_append (path, "&cursor="), cursor, NULL, TRUE);
  status = ctl_call (options, "GET", path->str, NULL, &answer);
  if (status != CTL_OK)
    return status;
  items = royal_json_array (json_node_get_object (answer), "items");
  for (guint i = 0; !options->json && i < json_array_get_length (items); i++)
    {
      JsonObject *run = json_array_get_object_element (items, i);
      JsonArray *now = royal_json_array (run, "now");
      JsonObject *step = now != NULL && json_array_get_length (now) > 0 ? json_array_get_object_element (now, 0) : NULL;
      g_autofree char *waits = step != NULL ? waits_for (step) : g_strdup ("-");

      json_object_set_string_member (run, "step", royal_json_string (step, "step", "-"));
      json_object_set_string_member (run, "since_at", royal_json_string (step, "since", "-"));
      json_object_set_string_member (run, "waits", waits);
    }
  return ctl_print_list (options, answer,
                         (const char *const[]){ "id", "id", "workflow", "workflow", "state", "state", "step", "step",
                                                "since", "since_at", "waits for", "waits", "created", "created_at",
                                                NULL });
}

static int
run_definitions (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/workflows/definitions", NULL, &answer);

  return status != CTL_OK
             ? status
             : ctl_print_list (options, answer,
                               (const char *const[]){ "name", "name", "description", "description", NULL });
}

/* Takes @body. */
static int
call_and_print (const CtlOptions *options, const char *method, const char *id, const char *verb, JsonNode *body)
{
  g_autofree char *path = path_of (id, verb);
  g_autoptr (JsonNode) run = NULL;
  int status = ctl_call (options, method, path, body, &run);

  return status == CTL_OK ? ctl_print_run (options, run) : status;
}

static int
run_show (const CtlOptions *options, char **arguments)
{
  return call_and_print (options, "GET", arguments[0], NULL, NULL);
}

/* --- watching ----------------------------------------------------------------------------------------------------- */

static gboolean completed; /* as far as is known of the run that is watched */

static void
note_state (const char *name)
{
  completed = strcmp (name, "completed") == 0;
}

static void
greet (const CtlOptions *options, JsonObject *hello, gboolean first)
{
  note_state (royal_json_string (royal_json_object (hello, "run"), "state", ""));
  if (!first || options->json)
    return;
  ctl_print_run (options, json_object_get_member (hello, "run"));
  printf ("\n");
  fflush (stdout);
}

static void
hear (JsonObject *event)
{
  const char *kind = royal_json_string (event, "kind", "");

  if (g_str_has_prefix (kind, "workflow."))
    note_state (kind + strlen ("workflow."));
}

/* What an event says beside its kind: its step and how that is, how far a job is, or what it is of. (transfer full) */
static char *
words_of (JsonObject *event)
{
  JsonObject *data = royal_json_object (event, "data");
  g_autofree char *step = ctl_text (data, "step");
  g_autofree char *step_state = ctl_text (data, "state");
  g_autofree char *message = ctl_text (data, "message");

  if (royal_json_string (data, "step", NULL) != NULL)
    return g_strdup_printf ("%s %s", step, strcmp (step_state, "-") != 0 ? step_state : "");
  if (json_object_has_member (data, "fraction"))
    return g_strdup_printf ("%3.0f %% %s", json_object_get_double_member (data, "fraction") * 100, message);
  return ctl_text (event, "subject");
}

static void
print_event (JsonObject *event)
{
  g_autofree char *at = ctl_text (event, "at");
  g_autofree char *kind = ctl_text (event, "kind");
  g_autofree char *words = words_of (event);

  printf ("%.19s  %-22s %s\n", at, kind, words);
}

static int
run_watch (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0], "/stream");
  g_autofree char *look = path_of (arguments[0], NULL);
  g_autoptr (JsonNode) run = NULL;
  CtlFeed feed = { .path = path, .after = -1, .ends = TRUE, .greet = greet, .hear = hear, .print = print_event };
  int status = ctl_call (options, "GET", look, NULL, &run);

  if (status == CTL_OK)
    status = ctl_follow (options, &feed);
  return status == CTL_OK && !completed ? CTL_FAILED : status;
}

static int
run_start (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0], NULL);
  g_autofree char *own = NULL;
  g_autoptr (JsonNode) run = NULL;
  JsonNode *body = ctl_body ("key", key, NULL);
  int status = ctl_set_json (body, "input", input, "--input");

  if (status != CTL_OK)
    {
      json_node_unref (body);
      return status;
    }
  status = ctl_call (options, "POST", path, body, &run);
  if (status != CTL_OK || !wait_for)
    return status == CTL_OK ? ctl_print_run (options, run) : status;
  own = path_of (royal_json_string (json_node_get_object (run), "id", ""), NULL);
  status = ctl_wait_run (options, own, &run);
  if (status != CTL_OK)
    return status;
  ctl_print_run (options, run);
  return strcmp (royal_json_string (json_node_get_object (run), "state", ""), "completed") == 0 ? CTL_OK : CTL_FAILED;
}

static int
run_cancel (const CtlOptions *options, char **arguments)
{
  JsonNode *body = ctl_body (NULL, NULL);

  json_object_set_boolean_member (json_node_get_object (body), "compensate", compensate);
  return call_and_print (options, "POST", arguments[0], "/cancel", body);
}

static int
run_retry (const CtlOptions *options, char **arguments)
{
  return call_and_print (options, "POST", arguments[0], "/retry", NULL);
}

static int
run_decide (const CtlOptions *options, char **arguments)
{
  return call_and_print (options, "POST", arguments[0], "/decide",
                         ctl_body ("step", arguments[1], "choice", arguments[2], "note", note, NULL));
}

GBytes *
ctl_read_bytes (const char *path, int *ret_status)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, &error);

  *ret_status = file != NULL ? CTL_OK : ctl_fail (CTL_FAILED, "%s", error->message);
  return file != NULL ? g_mapped_file_get_bytes (file) : NULL;
}

JsonNode *
ctl_read_json (const char *path, int *ret_status)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *node = NULL;
  gsize length;

  *ret_status = CTL_OK;
  if (g_file_get_contents (path, &text, &length, &error))
    node = royal_json_parse (text, (gssize)length, path, &error);
  if (node == NULL)
    *ret_status = ctl_fail (CTL_FAILED, "%s", error->message);
  return node;
}

static int
run_check (const CtlOptions *options, char **arguments)
{
  int worst = CTL_OK;

  for (guint i = 0; arguments[i] != NULL; i++)
    {
      int status;
      JsonNode *definition = ctl_read_json (arguments[i], &status);
      g_autoptr (JsonNode) answer = NULL;
      JsonNode *body;

      if (definition != NULL)
        {
          body = ctl_body ("file", arguments[i], NULL);
          json_object_set_member (json_node_get_object (body), "definition", definition);
          status = ctl_call (options, "POST", "/workflows/check", body, &answer);
        }
      if (status == CTL_OK)
        printf ("%s: ok\n", arguments[i]);
      worst = MAX (worst, status);
    }
  return worst;
}

const CtlCommand ctl_workflows_commands[] = {
  { "workflow", "list", NULL, "Runs of workflows, newest first", 0, 0, list_entries, run_list },
  { "workflow", "definitions", NULL, "The workflows that can be started", 0, 0, NULL, run_definitions },
  { "workflow", "start", "NAME", "Start a workflow", 1, 1, start_entries, run_start },
  { "workflow", "show", "ID", "One run, with its steps", 1, 1, NULL, run_show },
  { "workflow", "watch", "ID", "A run as it goes, to its end; fails unless it completes", 1, 1, NULL, run_watch },
  { "workflow", "decide", "ID STEP CHOICE", "Choose, for a step that asks", 3, 3, decide_entries, run_decide },
  { "workflow", "cancel", "ID", "End a run", 1, 1, cancel_entries, run_cancel },
  { "workflow", "retry", "ID", "Go on with a run that failed, where it failed", 1, 1, NULL, run_retry },
  { "workflow", "check", "FILE...", "Check definitions, with the agents of the host", 1, 10000, NULL, run_check },
  { NULL },
};
