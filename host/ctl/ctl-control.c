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

/* --- Changes of what is allowed ----------------------------------------------------------------------------------- */

static char *policy_seen;

static const GOptionEntry policy_entries[] = {
  { "seen", 0, 0, G_OPTION_ARG_STRING, &policy_seen,
    "Refuse it unless the policy in force is the one that it was made of", "VERSION" },
  { NULL },
};

static const char *const outcome_columns[] = { "proposal", "state", "reason" };
static const char *const policy_columns[] = { "version",  "version",  "entries", "entries", "in force",
                                              "in_force", "since",    "since",   "by",      "by",
                                              "proposal", "proposal", NULL };
static const char *const envelope_columns[] = { "id",   "id",         "state",    "state",    "used",
                                                "used", "max",        "max",      "until",    "until",
                                                "by",   "granted_by", "proposal", "proposal", NULL };

int
ctl_propose (const CtlOptions *options,
             const char *action,
             const char *target,
             const char *title,
             JsonObject *parameters,
             JsonObject *seen)
{
  g_autoptr (JsonNode) answer = NULL;
  JsonNode *body = ctl_body ("action", action, "target", target, "title", title, NULL);
  int status;

  json_object_set_object_member (json_node_get_object (body), "parameters", parameters);
  if (seen != NULL)
    json_object_set_object_member (json_node_get_object (body), "seen", seen);
  status = ctl_call (options, "POST", "/control/changes", body, &answer);
  if (status != CTL_OK)
    return status;
  if (options->json)
    {
      ctl_print_json (answer);
      return CTL_OK;
    }
  for (guint i = 0; i < G_N_ELEMENTS (outcome_columns); i++)
    {
      g_autofree char *text = ctl_text (json_node_get_object (answer), outcome_columns[i]);

      ctl_print_field (outcome_columns[i], text);
    }
  return CTL_OK;
}

JsonObject *
ctl_seen_policy (const char *version)
{
  JsonObject *seen = version != NULL ? json_object_new () : NULL;

  if (seen != NULL)
    json_object_set_string_member (seen, "version", version);
  return seen;
}

/* (transfer full) (nullable): the JSON object in a file; what is wrong was printed. */
static JsonNode *
read_object (const char *path)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) error = NULL;
  JsonNode *node = NULL;

  if (g_file_get_contents (path, &text, &length, &error))
    node = royal_json_parse (text, (gssize)length, path, &error);
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    return node;
  ctl_fail (CTL_FAILED, "%s", error != NULL ? error->message : "expected a JSON object in the file");
  g_clear_pointer (&node, json_node_unref);
  return NULL;
}

static int
run_policy_set (const CtlOptions *options, char **arguments)
{
  JsonNode *document = read_object (arguments[0]);
  JsonObject *parameters;

  if (document == NULL)
    return CTL_FAILED;
  parameters = json_object_new ();
  json_object_set_member (parameters, "document", document);
  return ctl_propose (options, "policy.change", "policy", "Change the policy", parameters,
                      ctl_seen_policy (policy_seen));
}

static int
print_list (const CtlOptions *options, const char *method, const char *path, const char *const *columns)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, method, path, NULL, &answer);

  return status != CTL_OK ? status : ctl_print_list (options, answer, columns);
}

static int
run_policy_history (const CtlOptions *options, char **arguments)
{
  return print_list (options, "GET", "/policy/history", policy_columns);
}

static int
run_envelopes (const CtlOptions *options, char **arguments)
{
  return print_list (options, "GET", "/policy/envelopes", envelope_columns);
}

static int
run_envelope_grant (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) document = read_object (arguments[0]);
  g_autofree char *id = NULL;
  JsonObject *parameters;

  if (document == NULL)
    return CTL_FAILED;
  id = g_strdup (royal_json_string (json_node_get_object (document), "id", ""));
  parameters = json_object_new ();
  json_object_set_member (parameters, "envelope", g_steal_pointer (&document));
  return ctl_propose (options, "envelope.grant", id, "Let an agent do more by itself", parameters, NULL);
}

static int
run_envelope_revoke (const CtlOptions *options, char **arguments)
{
  g_autofree char *id = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/policy/envelopes/", id, NULL);

  return print_list (options, "DELETE", path, envelope_columns);
}

static int
run_restore (const CtlOptions *options, char **arguments)
{
  return ctl_propose (options, "breaker.restore", arguments[0], "Give an agent its autonomy back", json_object_new (),
                      NULL);
}

static int
run_key_trust (const CtlOptions *options, char **arguments)
{
  JsonObject *parameters = json_object_new ();

  json_object_set_string_member (parameters, "public_key", arguments[1]);
  return ctl_propose (options, "key.trust", arguments[0], "Trust a key", parameters, NULL);
}

static int
run_key_distrust (const CtlOptions *options, char **arguments)
{
  JsonObject *parameters = json_object_new ();

  json_object_set_null_member (parameters, "public_key");
  return ctl_propose (options, "key.trust", arguments[0], "Trust a key no more", parameters, NULL);
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
  { "policy", "set", "FILE", "Propose another policy", 1, 1, policy_entries, run_policy_set },
  { "policy", "history", NULL, "The policies that were in force", 0, 0, NULL, run_policy_history },
  { "envelope", "list", NULL, "What agents may do by themselves for a while", 0, 0, NULL, run_envelopes },
  { "envelope", "grant", "FILE", "Propose an envelope", 1, 1, NULL, run_envelope_grant },
  { "envelope", "revoke", "ID", "Revoke an envelope, at once", 1, 1, NULL, run_envelope_revoke },
  { "agents", "restore", "AGENT", "Propose that an agent gets its autonomy back", 1, 1, NULL, run_restore },
  { "key", "trust", "NAME KEY", "Propose to trust a key (64 hexadecimal digits)", 2, 2, NULL, run_key_trust },
  { "key", "distrust", "NAME", "Propose to trust a key no more", 1, 1, NULL, run_key_distrust },
  { NULL },
};
