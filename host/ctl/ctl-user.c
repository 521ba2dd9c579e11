/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

static char *roles, *full_name, *email;

static const GOptionEntry add_entries[] = {
  { "roles", 0, 0, G_OPTION_ARG_STRING, &roles, "Some of viewer, approver, operator, developer, admin", "ROLE,…" },
  { "name", 0, 0, G_OPTION_ARG_STRING, &full_name, "The name for people to read", "NAME" },
  { "email", 0, 0, G_OPTION_ARG_STRING, &email, "Where mail reaches the user", "ADDRESS" },
  { NULL },
};

static const char *const columns[] = { "user",   "user",         "name",     "name",     "roles",
                                       "roles",  "disabled",     "disabled", "sessions", "sessions",
                                       "locked", "locked_until", NULL };

static int
run_list (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/auth/users", NULL, &answer);

  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

/* The password alone on standard output, for scripts. */
static void
print_password (const CtlOptions *options, JsonNode *answer, const char *user)
{
  if (options->json)
    {
      ctl_print_json (answer);
      return;
    }
  if (royal_json_boolean (json_node_get_object (answer), "joined", FALSE))
    {
      fprintf (stderr, "user %s is in this workspace too, with the same password\n", user);
      return;
    }
  fprintf (stderr, "user %s; this password is shown once, and to be changed at the first login:\n", user);
  puts (royal_json_string (json_node_get_object (answer), "password", "-"));
}

static int
run_add (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  g_auto (GStrv) list = NULL;
  JsonNode *body;
  int status;

  if (roles == NULL)
    return ctl_fail (CTL_USAGE, "a user needs --roles");
  list = g_strsplit (roles, ",", -1);
  body = ctl_body ("user", arguments[0], "name", full_name, "email", email, NULL);
  json_object_set_array_member (json_node_get_object (body), "roles", royal_json_strings ((const char *const *)list));
  status = ctl_call (options, "POST", "/auth/users", body, &answer);
  if (status == CTL_OK)
    print_password (options, answer, arguments[0]);
  return status;
}

/* (transfer full) */
static char *
path_of (const char *user, const char *rest)
{
  g_autofree char *escaped = g_uri_escape_string (user, NULL, TRUE);

  return g_strconcat ("/auth/users/", escaped, rest, NULL);
}

/* Sets one flag of the user. */
static int
change (const CtlOptions *options, const char *user, const char *flag, JsonNode **ret_answer)
{
  g_autofree char *path = path_of (user, "");
  JsonNode *body = ctl_body (NULL, NULL);

  json_object_set_boolean_member (json_node_get_object (body), flag, TRUE);
  return ctl_call (options, "PATCH", path, body, ret_answer);
}

static int
say (const CtlOptions *options, int status, JsonNode *answer, const char *user, const char *what)
{
  if (status == CTL_OK && options->json)
    ctl_print_json (answer);
  else if (status == CTL_OK)
    printf ("user %s %s\n", user, what);
  return status;
}

static int
run_disable (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = change (options, arguments[0], "disabled", &answer);

  return say (options, status, answer, arguments[0], "is disabled");
}

static int
run_unlock (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = change (options, arguments[0], "unlock", &answer);

  return say (options, status, answer, arguments[0], "may try again");
}

static int
run_password (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = change (options, arguments[0], "reset_password", &answer);

  if (status == CTL_OK)
    print_password (options, answer, arguments[0]);
  return status;
}

static int
run_revoke (const CtlOptions *options, char **arguments)
{
  g_autofree char *path = path_of (arguments[0], "/sessions");
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "DELETE", path, NULL, &answer);

  return say (options, status, answer, arguments[0], "has no session any more");
}

const CtlCommand ctl_user_commands[] = {
  { "user", "list", NULL, "The workspace's users", 0, 0, NULL, run_list },
  { "user", "add", "USER", "Make a user; the one-time password is shown once", 1, 1, add_entries, run_add },
  { "user", "disable", "USER", "Let a user log in no more; every session ends", 1, 1, NULL, run_disable },
  { "user", "password", "USER", "Give a user a new one-time password; every session ends", 1, 1, NULL, run_password },
  { "user", "revoke", "USER", "End every session of a user", 1, 1, NULL, run_revoke },
  { "user", "unlock", "USER", "Let a user try again who tried too often", 1, 1, NULL, run_unlock },
  { NULL },
};
