/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>

static char *to, *note;
static int hours;

static const GOptionEntry add_entries[] = {
  { "to", 0, 0, G_OPTION_ARG_STRING, &to, "Who may answer then, by name", "NAME" },
  { "hours", 0, 0, G_OPTION_ARG_INT, &hours, "For how long", "HOURS" },
  { "note", 0, 0, G_OPTION_ARG_STRING, &note, "Why, for the audit", "TEXT" },
  { NULL },
};

static const char *const columns[] = { "id",   "id",      "from",  "from",  "role",    "role",       "to", "to",
                                       "ends", "ends_at", "holds", "holds", "revoked", "revoked_at", NULL };

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/delegations", NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

static int
run_add (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  JsonNode *body;
  int status;

  if (to == NULL || hours <= 0 || hours > 90 * 24)
    return ctl_fail (CTL_USAGE, "give --to and --hours, at most %d", 90 * 24);
  body = ctl_body ("to", to, "note", note, NULL);
  json_object_set_int_member (json_node_get_object (body), "for_s", (gint64)hours * 3600);
  status = ctl_call (options, "POST", "/delegations", body, &answer);
  if (status == CTL_OK && options->json)
    ctl_print_json (answer);
  else if (status == CTL_OK)
    printf ("delegation %s: %s may answer until %s\n", royal_json_string (json_node_get_object (answer), "id", "-"), to,
            royal_json_string (json_node_get_object (answer), "ends_at", "-"));
  return status;
}

static int
run_revoke (const CtlOptions *options, char **arguments)
{
  g_autofree char *id = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/delegations/", id, NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "DELETE", path, NULL, &answer);

  if (status == CTL_OK && options->json)
    ctl_print_json (answer);
  else if (status == CTL_OK)
    printf ("delegation %s is revoked\n", arguments[0]);
  return status;
}

const CtlCommand ctl_delegations_commands[] = {
  { "delegations", "list", NULL, "Whose queue is in whose hands", 0, 0, NULL, run_list },
  { "delegations", "add", NULL, "Hand what you may answer to another, for a time", 0, 0, add_entries, run_add },
  { "delegations", "revoke", "ID", "Take it back", 1, 1, NULL, run_revoke },
  { NULL },
};
