/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <stdio.h>
#include <string.h>

/* The themes of the shops, as the host has pulled them, and what the agent `themes_ci` does with them. */

static gboolean run_check_now;
static char *sha;

static const GOptionEntry checks_entries[] = {
  { "run", 0, 0, G_OPTION_ARG_NONE, &run_check_now, "Check it now, and tell what is wrong", NULL },
  { "sha", 0, 0, G_OPTION_ARG_STRING, &sha, "With --run: the commit at which GitHub is told", "COMMIT" },
  { NULL },
};

/* @origin: (nullable) */
static void
add_origin (JsonObject *theme, JsonObject *origin)
{
  const char *of = royal_json_string (origin, "sha", "");
  g_autofree char *commit = g_strdup_printf ("%.10s%s", of, royal_json_boolean (origin, "current", TRUE) ? "" : "+");

  if (origin == NULL)
    return;
  json_object_set_string_member (theme, "branch", royal_json_string (origin, "branch", ""));
  json_object_set_string_member (theme, "commit", commit);
}

static int
run_list (const CtlOptions *options, char **arguments)
{
  static const char *const columns[] = { "theme",   "theme",   "name",   "name",   "role",   "role",     "files",
                                         "files",   "green",   "green",  "errors", "errors", "warnings", "warnings",
                                         "current", "current", "branch", "branch", "commit", "commit",   NULL };
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/themes", NULL, &answer);
  JsonArray *items = status == CTL_OK ? royal_json_array (json_node_get_object (answer), "items") : NULL;

  /* In a table, what the last check found, and of which commit it is, stands beside the theme. */
  for (guint i = 0; !options->json && items != NULL && i < json_array_get_length (items); i++)
    {
      static const char *const shown[] = { "green", "errors", "warnings", "current" };
      JsonObject *theme = json_array_get_object_element (items, i);
      JsonObject *checked = royal_json_object (theme, "checked");

      for (guint j = 0; checked != NULL && j < G_N_ELEMENTS (shown); j++)
        json_object_set_member (theme, shown[j], json_object_dup_member (checked, shown[j]));
      add_origin (theme, royal_json_object (theme, "origin"));
    }
  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

/* Runs a task of the agent with one member as its input, and waits; *@ret_result is (transfer none), of @job. */
static int
run_task (const CtlOptions *options, const char *task, JsonNode *input, JsonNode **job, JsonObject **ret_result)
{
  JsonNode *body = ctl_body ("agent", "themes_ci", "task", task, NULL);
  JsonObject *failure;
  int status;

  json_object_set_member (json_node_get_object (body), "input", input);
  status = ctl_run_job (options, body, job);
  if (status != CTL_OK)
    return status;
  *ret_result = royal_json_object (json_node_get_object (*job), "result");
  if (*ret_result != NULL)
    return CTL_OK;
  failure = royal_json_object (json_node_get_object (*job), "error");
  return ctl_fail (
      CTL_FAILED, "%s",
      royal_json_string (failure, "message", royal_json_string (json_node_get_object (*job), "state", "")));
}

static void
print_offences (JsonObject *result)
{
  JsonArray *offences = royal_json_array (result, "offences");

  for (guint i = 0; offences != NULL && i < json_array_get_length (offences); i++)
    {
      JsonObject *offence = json_array_get_object_element (offences, i);
      g_autofree char *path = ctl_clean (royal_json_string (offence, "path", ""));
      g_autofree char *line = ctl_text (offence, "line");
      g_autofree char *column = ctl_text (offence, "column");
      g_autofree char *severity = ctl_text (offence, "severity");
      g_autofree char *message = ctl_clean (royal_json_string (offence, "message", ""));
      g_autofree char *check = ctl_text (offence, "check");

      printf ("%s:%s:%s: %s: %s [%s]\n", path, line, column, severity, message, check);
    }
}

static void
print_counts (JsonObject *result)
{
  g_autofree char *name = ctl_clean (royal_json_string (result, "name", ""));
  g_autofree char *files = ctl_text (result, "files");
  g_autofree char *errors = ctl_text (result, "errors");
  g_autofree char *warnings = ctl_text (result, "warnings");
  JsonArray *unread = royal_json_array (result, "unread");

  for (guint i = 0; unread != NULL && i < json_array_get_length (unread); i++)
    {
      g_autofree char *path = ctl_clean (json_array_get_string_element (unread, i));

      printf ("%s: could not be read\n", path);
    }
  printf ("%s: %s files, %s errors, %s warnings\n", name, files, errors, warnings);
}

static int
check_now (const CtlOptions *options, const char *theme)
{
  g_autoptr (JsonNode) job = NULL;
  JsonObject *result = NULL;
  int status = run_task (options, "check", ctl_body ("theme", theme, "sha", sha, NULL), &job, &result);

  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (json_object_get_member (json_node_get_object (job), "result"));
  else
    {
      print_offences (result);
      print_counts (result);
    }
  return json_object_get_boolean_member_with_default (result, "green", FALSE) ? CTL_OK : CTL_FAILED;
}

static int
run_checks (const CtlOptions *options, char **arguments)
{
  static const char *const columns[] = { "job",      "job",      "task",    "task",       "state",    "state",
                                         "green",    "green",    "errors",  "errors",     "warnings", "warnings",
                                         "proposal", "proposal", "created", "created_at", NULL };
  const char *slash = strrchr (arguments[0], '/');
  g_autofree char *escaped = g_uri_escape_string (slash != NULL ? slash + 1 : arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/themes/", escaped, "/checks", NULL);
  g_autoptr (JsonNode) answer = NULL;
  int status;

  if (sha != NULL && !run_check_now)
    return ctl_fail (CTL_USAGE, "--sha: expected it with --run");
  if (run_check_now)
    return check_now (options, arguments[0]);
  status = ctl_call (options, "GET", path, NULL, &answer);
  return status == CTL_OK ? ctl_print_list (options, answer, columns) : status;
}

/* What a task that proposes to publish has come to. */
static int
publish (const CtlOptions *options, const char *task, JsonNode *input)
{
  g_autoptr (JsonNode) job = NULL;
  JsonObject *result = NULL;
  JsonObject *outcome;
  int status = run_task (options, task, input, &job, &result);

  if (status != CTL_OK)
    return status;
  outcome = royal_json_object (result, "outcome");
  if (options->json)
    ctl_print_json (json_object_get_member (json_node_get_object (job), "result"));
  else
    {
      g_autofree char *name = ctl_clean (royal_json_string (result, "name", ""));
      g_autofree char *reason = ctl_clean (royal_json_string (result, "reason", ""));

      print_offences (result);
      if (outcome != NULL)
        printf ("%s: %s, proposal %s\n", name, royal_json_string (outcome, "state", ""),
                royal_json_string (outcome, "proposal", ""));
      else
        printf ("%s: not proposed: %s\n", name, reason);
    }
  return outcome != NULL && strcmp (royal_json_string (outcome, "state", ""), "denied") != 0 ? CTL_OK : CTL_FAILED;
}

/* A run of the workflow that is shipped for it. */
static int
run_stage (const CtlOptions *options, char **arguments)
{
  JsonNode *body = ctl_body (NULL, NULL);
  JsonNode *input = ctl_body ("branch", arguments[0], NULL);
  g_autoptr (JsonNode) run = NULL;
  int status;

  json_object_set_member (json_node_get_object (body), "input", input);
  status = ctl_call (options, "POST", "/workflows/theme_staging", body, &run);
  return status == CTL_OK ? ctl_print_run (options, run) : status;
}

static int
run_promote (const CtlOptions *options, char **arguments)
{
  return publish (options, "promote", ctl_body ("theme", arguments[0], NULL));
}

static int
run_rollback (const CtlOptions *options, char **arguments)
{
  return publish (options, "rollback",
                  ctl_body (strchr (arguments[0], '/') != NULL ? "theme" : "shop", arguments[0], NULL));
}

const CtlCommand ctl_themes_commands[] = {
  { "theme", "list", NULL, "The shops' themes, with what the last check of each found", 0, 0, NULL, run_list },
  { "theme", "checks", "SHOP/NUMBER", "The checks of a theme, or with --run a new one", 1, 1, checks_entries,
    run_checks },
  { "theme", "stage", "[BRANCH]", "Bring a branch's theme to a copy of the live one, and check it", 0, 1, NULL,
    run_stage },
  { "theme", "promote", "SHOP/NUMBER", "Check a theme, and propose to publish it when nothing is wrong", 1, 1, NULL,
    run_promote },
  { "theme", "rollback", "SHOP|SHOP/NUMBER", "Propose to publish the theme that was live before, or that one", 1, 1,
    NULL, run_rollback },
  { NULL },
};
