/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

static char *name, *role, *expires;

static const GOptionEntry create_entries[] = {
  { "name", 0, 0, G_OPTION_ARG_STRING, &name, "What it is for", "NAME" },
  { "role", 0, 0, G_OPTION_ARG_STRING, &role, "viewer, approver, operator, developer or admin", "ROLE" },
  { "expires", 0, 0, G_OPTION_ARG_STRING, &expires, "When, such as 12h or 30d; never without it", "TIME" },
  { NULL },
};

static const char *const columns[] = { "id",      "id",         "name",       "name",       "role",
                                       "role",    "created",    "created_at", "by",         "created_by",
                                       "expires", "expires_at", "revoked",    "revoked_at", NULL };

static int
run_create (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  JsonNode *body;
  gint64 seconds = 0;
  int status;

  if (name == NULL || role == NULL)
    return ctl_fail (CTL_USAGE, "a token needs --name and --role");
  if (expires != NULL && !ctl_parse_duration (expires, &seconds))
    return ctl_fail (CTL_USAGE, "--expires: expected a number and s, m, h or d, found %s", expires);
  body = ctl_body ("name", name, "role", role, NULL);
  if (seconds > 0)
    json_object_set_int_member (json_node_get_object (body), "expires_s", seconds);
  status = ctl_call (options, "POST", "/tokens", body, &answer);
  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    {
      /* The secret alone on standard output, for scripts. */
      fprintf (stderr, "token %s; this is shown once:\n", royal_json_string (json_node_get_object (answer), "id", "-"));
      puts (royal_json_string (json_node_get_object (answer), "token", "-"));
    }
  return CTL_OK;
}

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/tokens", NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

static int
run_revoke (const CtlOptions *options, char **arguments)
{
  g_autofree char *id = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/tokens/", id, NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "DELETE", path, NULL, &answer);

  if (status == CTL_OK && options->json)
    ctl_print_json (answer);
  else if (status == CTL_OK)
    printf ("token %s is revoked\n", arguments[0]);
  return status;
}

const CtlCommand ctl_token_commands[] = {
  { "token", "list", NULL, "The workspace's tokens", 0, 0, NULL, run_list },
  { "token", "create", NULL, "Make a token; its secret is shown once", 0, 0, create_entries, run_create },
  { "token", "revoke", "ID", "Revoke a token, at once", 1, 1, NULL, run_revoke },
  { NULL },
};
