/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <string.h>

/* What holds agents back: the emergency stop, pauses, limits. */

static const char *const limit_columns[] = { "limit",    "name",     "of",         "key",      "used", "used",
                                             "reserved", "reserved", "max",        "max",      "over", "window",
                                             "then",     "decision", "next frees", "frees_at", NULL };

static int
run_stop (const CtlOptions *options, char **arguments)
{
  return ctl_show_status (options, "POST", "/control/stop", ctl_body ("reason", arguments[0], NULL));
}

static int
run_resume (const CtlOptions *options, char **arguments)
{
  return ctl_show_status (options, "POST", "/control/resume", NULL);
}

static int
run_pause_agent (const CtlOptions *options, char **arguments)
{
  return ctl_show_status (options, "POST", "/control/pause",
                          ctl_body ("kind", "agent", "name", arguments[0], "reason", arguments[1], NULL));
}

static int
run_pause_action (const CtlOptions *options, char **arguments)
{
  return ctl_show_status (options, "POST", "/control/pause",
                          ctl_body ("kind", "action", "name", arguments[0], "reason", arguments[1], NULL));
}

static int
run_resume_agent (const CtlOptions *options, char **arguments)
{
  return ctl_show_status (options, "POST", "/control/unpause", ctl_body ("kind", "agent", "name", arguments[0], NULL));
}

static int
run_resume_action (const CtlOptions *options, char **arguments)
{
  return ctl_show_status (options, "POST", "/control/unpause", ctl_body ("kind", "action", "name", arguments[0], NULL));
}

/* Seconds as people say them: the largest unit that divides them. */
static char *
span (gint64 seconds)
{
  static const struct {
    gint64 seconds;
    const char *unit;
  } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (seconds >= units[i].seconds && seconds % units[i].seconds == 0)
      return g_strdup_printf ("%" G_GINT64_FORMAT " %s", seconds / units[i].seconds, units[i].unit);
  return g_strdup ("0 s");
}

static int
run_limits (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/policy/limits", NULL, &answer);
  JsonArray *items;

  if (status != CTL_OK || options->json)
    return status != CTL_OK ? status : ctl_print_list (options, answer, limit_columns);
  items = royal_json_array (json_node_get_object (answer), "items");
  for (guint i = 0; items != NULL && i < json_array_get_length (items); i++)
    {
      JsonObject *limit = json_array_get_object_element (items, i);
      g_autofree char *window = span (royal_json_int (limit, "window_s", 0));

      json_object_set_string_member (limit, "window", window);
    }
  return ctl_print_list (options, answer, limit_columns);
}

const CtlCommand ctl_control_commands[] = {
  { "stop", NULL, "REASON", "Emergency stop: no effect starts any more", 1, 1, NULL, run_stop },
  { "resume", "agent", "AGENT", "End an agent's pause", 1, 1, NULL, run_resume_agent },
  { "resume", "action", "ACTION", "End an action's pause", 1, 1, NULL, run_resume_action },
  { "resume", NULL, NULL, "End the emergency stop", 0, 0, NULL, run_resume },
  { "pause", "agent", "AGENT REASON", "Hold an agent's jobs and effects", 2, 2, NULL, run_pause_agent },
  { "pause", "action", "ACTION REASON", "Hold an action's effects (* stands for anything)", 2, 2, NULL,
    run_pause_action },
  { "limits", "list", NULL, "What accumulates: used, reserved, and when it frees", 0, 0, NULL, run_limits },
  { NULL },
};
