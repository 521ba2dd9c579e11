/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MAX "200"

static char *kind, *cursor;

static const GOptionEntry list_entries[] = {
  { "kind", 0, 0, G_OPTION_ARG_STRING, &kind, "schedule, webhook, event, database, file or email", "KIND" },
  { "cursor", 0, 0, G_OPTION_ARG_STRING, &cursor, "The page after this one", "CURSOR" },
  { NULL },
};

static const char *const columns[] = { "name",   "name",      "kind",   "kind",   "fired", "fired",
                                       "missed", "missed",    "failed", "failed", "last",  "fired_at",
                                       "paused", "paused_at", "error",  "error",  NULL };
static const char *const schedule_columns[] = { "name",   "name",      "next",   "next_at", "fired",
                                                "fired",  "missed",    "missed", "last",    "fired_at",
                                                "paused", "paused_at", "error",  "error",   NULL };

static int
list (const CtlOptions *options, const char *of_kind, const char *const *shown)
{
  g_autoptr (GString) path = g_string_new ("/triggers?limit=" PAGE_MAX);
  g_autoptr (JsonNode) answer = NULL;
  int status;

  if (of_kind != NULL)
    g_string_append_uri_escaped (g_string_append (path, "&kind="), of_kind, NULL, TRUE);
  if (cursor != NULL)
    g_string_append_uri_escaped (g_string_append (path, "&cursor="), cursor, NULL, TRUE);
  status = ctl_call (options, "GET", path->str, NULL, &answer);
  return status == CTL_OK ? ctl_print_list (options, answer, shown) : status;
}

static int
run_list (const CtlOptions *options, char **arguments)
{
  return list (options, kind, columns);
}

static int
run_schedules (const CtlOptions *options, char **arguments)
{
  return list (options, "schedule", schedule_columns);
}

static int
call (const CtlOptions *options, const char *method, const char *name, const char *verb, JsonNode **ret_trigger)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, TRUE);
  g_autofree char *path = g_strconcat ("/triggers/", escaped, verb, NULL);

  return ctl_call (options, method, path, NULL, ret_trigger);
}

static void
print_next (JsonArray *times)
{
  for (guint i = 0; times != NULL && i < json_array_get_length (times); i++)
    {
      const char *time = json_array_get_string_element (times, i);
      g_autofree char *when = ctl_when (time);

      printf ("%s  %s\n", time, when);
    }
}

static int
print_trigger (const CtlOptions *options, JsonNode *trigger)
{
  static const char *const fields[] = { "name",   "kind",     "next_at", "paused_at", "paused_by", "fired", "missed",
                                        "failed", "fired_at", "started", "error",     "error_at",  NULL };
  JsonObject *object = json_node_get_object (trigger);

  if (options->json)
    {
      ctl_print_json (trigger);
      return CTL_OK;
    }
  for (guint i = 0; fields[i] != NULL; i++)
    {
      g_autofree char *text = ctl_text (object, fields[i]);

      if (text != NULL && *text != '\0' && strcmp (text, "-") != 0)
        ctl_print_field (fields[i], text);
    }
  ctl_print_object ("target", royal_json_object (object, "target"));
  ctl_print_object ("definition", royal_json_object (object, "definition"));
  if (royal_json_array (object, "next") != NULL)
    {
      printf ("\nnext\n");
      print_next (royal_json_array (object, "next"));
    }
  return CTL_OK;
}

static int
call_and_print (const CtlOptions *options, const char *method, const char *name, const char *verb)
{
  g_autoptr (JsonNode) trigger = NULL;
  int status = call (options, method, name, verb, &trigger);

  return status == CTL_OK ? print_trigger (options, trigger) : status;
}

static int
run_show (const CtlOptions *options, char **arguments)
{
  return call_and_print (options, "GET", arguments[0], NULL);
}

static int
run_pause (const CtlOptions *options, char **arguments)
{
  return call_and_print (options, "POST", arguments[0], "/pause");
}

static int
run_resume (const CtlOptions *options, char **arguments)
{
  return call_and_print (options, "POST", arguments[0], "/resume");
}

static int
run_next (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) trigger = NULL;
  int status = call (options, "GET", arguments[0], NULL, &trigger);
  JsonArray *times;

  if (status != CTL_OK)
    return status;
  times = royal_json_array (json_node_get_object (trigger), "next");
  if (times == NULL)
    return ctl_fail (CTL_FAILED, "%s is no schedule", arguments[0]);
  if (options->json)
    ctl_print_json (json_object_get_member (json_node_get_object (trigger), "next"));
  else
    print_next (times);
  return CTL_OK;
}

const CtlCommand ctl_triggers_commands[] = {
  { "trigger", "list", NULL, "What starts jobs by itself", 0, 0, list_entries, run_list },
  { "trigger", "show", "NAME", "One trigger, with what it is declared as", 1, 1, NULL, run_show },
  { "trigger", "pause", "NAME", "Pause it: what happens meanwhile is passed over", 1, 1, NULL, run_pause },
  { "trigger", "resume", "NAME", "Let it go on", 1, 1, NULL, run_resume },
  { "schedule", "list", NULL, "Schedules, with when each is due next", 0, 0, NULL, run_schedules },
  { "schedule", "next", "NAME", "The next times of a schedule, in its zone", 1, 1, NULL, run_next },
  { "schedule", "pause", "NAME", "Pause a schedule", 1, 1, NULL, run_pause },
  { "schedule", "resume", "NAME", "Let a schedule go on", 1, 1, NULL, run_resume },
  { NULL },
};
