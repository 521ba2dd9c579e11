/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "royal-json.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The host and its agents. */

static const char *const agent_columns[] = { "id",      "id",         "version", "version",   "cluster",
                                             "cluster", "workers",    "state",   "signature", "signed",
                                             "tasks",   "task_names", NULL };

/* One line for each of what holds something back: its name, who did it, why. */
static void
print_holds (const char *title, JsonObject *workspace, const char *list, const char *name, const char *by)
{
  JsonArray *items = royal_json_array (workspace, list);

  for (guint i = 0; items != NULL && i < json_array_get_length (items); i++)
    {
      JsonObject *item = json_array_get_object_element (items, i);
      g_autofree char *clean = ctl_clean (royal_json_string (item, "reason", "-"));
      g_autofree char *text = g_strdup_printf ("%s %s%s%s: %s", royal_json_string (item, "kind", "agent"),
                                               royal_json_string (item, name, "-"), by != NULL ? " by " : "",
                                               by != NULL ? royal_json_string (item, by, "-") : "", clean);

      ctl_print_field (title, text);
    }
}

static void
print_status (JsonObject *status)
{
  JsonObject *workspace = royal_json_object (status, "workspace");
  JsonObject *stopped = royal_json_object (workspace, "stopped");
  g_autofree char *agents = ctl_text (status, "agents");
  g_autofree char *pending = ctl_text (status, "pending_approvals");
  g_autofree char *outbox = ctl_text (status, "outbox");
  JsonObject *checks = royal_json_object (status, "checks");
  g_autoptr (GList) names = checks != NULL ? json_object_get_members (checks) : NULL;

  ctl_print_field ("version", royal_json_string (status, "version", "-"));
  ctl_print_field ("workspace", royal_json_string (workspace, "name", "-"));
  ctl_print_field ("caller", royal_json_string (royal_json_object (status, "caller"), "name", "-"));
  ctl_print_field ("agents", agents);
  ctl_print_field ("pending", pending);
  ctl_print_field ("outbox", outbox);
  if (stopped != NULL)
    {
      g_autofree char *why = g_strdup_printf ("by %s: %s", royal_json_string (stopped, "by", "-"),
                                              royal_json_string (stopped, "reason", "-"));

      ctl_print_field ("STOPPED", why);
    }
  print_holds ("PAUSED", workspace, "pauses", "name", "by");
  print_holds ("BREAKER OPEN", workspace, "breakers", "agent", NULL);
  ctl_print_object ("jobs", royal_json_object (status, "jobs"));
  if (names != NULL)
    printf ("\nchecks\n");
  for (GList *at = names; at != NULL; at = at->next)
    {
      JsonObject *check = royal_json_object (checks, at->data);
      g_autofree char *detail = ctl_clean (royal_json_string (check, "detail", ""));

      printf ("  %-24s %s %s\n", (char *)at->data, royal_json_boolean (check, "ok", FALSE) ? "ok" : "FAILS", detail);
    }
}

int
ctl_show_status (const CtlOptions *options, const char *method, const char *path, JsonNode *body)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, method, path, body, &answer);

  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    print_status (json_node_get_object (answer));
  return CTL_OK;
}

static int
run_status (const CtlOptions *options, char **arguments)
{
  return ctl_show_status (options, "GET", "/status", NULL);
}

static int
print_answer (const CtlOptions *options, const char *method, const char *path, const char *title)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, method, path, NULL, &answer);

  if (status != CTL_OK)
    return status;
  if (options->json)
    ctl_print_json (answer);
  else
    ctl_print_object (title, json_node_get_object (answer));
  return CTL_OK;
}

static int
run_alerts (const CtlOptions *options, char **arguments)
{
  static const char *const columns[] = { "alert", "name",    "severity", "severity", "since",
                                         "since", "summary", "summary",  NULL };
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/alerts", NULL, &answer);

  if (status != CTL_OK)
    return status;
  if (!options->json && json_array_get_length (royal_json_array (json_node_get_object (answer), "items")) == 0)
    {
      puts ("Nothing fires.");
      return CTL_OK;
    }
  return ctl_print_list (options, answer, columns);
}

static int
run_reload (const CtlOptions *options, char **arguments)
{
  return print_answer (options, "POST", "/control/reload", "reloaded");
}

static int
run_agents (const CtlOptions *options, char **arguments)
{
  g_autoptr (JsonNode) answer = NULL;
  int status = ctl_call (options, "GET", "/agents", NULL, &answer);
  JsonArray *items;

  if (status != CTL_OK || options->json)
    return status != CTL_OK ? status : ctl_print_list (options, answer, agent_columns);
  items = royal_json_array (json_node_get_object (answer), "items");
  for (guint i = 0; items != NULL && i < json_array_get_length (items); i++)
    {
      JsonObject *agent = json_array_get_object_element (items, i);
      JsonArray *tasks = royal_json_array (agent, "tasks");
      g_autoptr (GString) names = g_string_new (NULL);

      for (guint t = 0; tasks != NULL && t < json_array_get_length (tasks); t++)
        g_string_append_printf (names, "%s%s", t > 0 ? " " : "", json_array_get_string_element (tasks, t));
      json_object_set_string_member (agent, "task_names", names->str);
      json_object_set_string_member (agent, "state",
                                     royal_json_string (royal_json_object (agent, "workers"), "state", "-"));
      json_object_set_string_member (agent, "signed",
                                     royal_json_string (royal_json_object (agent, "signature"), "state", "-"));
    }
  return ctl_print_list (options, answer, agent_columns);
}

static int
run_agent (const CtlOptions *options, char **arguments)
{
  g_autofree char *id = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/agents/", id, NULL);

  return print_answer (options, "GET", path, arguments[0]);
}

static char *reason;
static gboolean now;

static const GOptionEntry restart_entries[] = {
  { "now", 0, 0, G_OPTION_ARG_NONE, &now, "What runs begins again, instead of being waited for", NULL },
  { "reason", 0, 0, G_OPTION_ARG_STRING, &reason, "Why", "TEXT" },
  { NULL },
};

static int
run_restart (const CtlOptions *options, char **arguments)
{
  g_autofree char *id = g_uri_escape_string (arguments[0], NULL, TRUE);
  g_autofree char *path = g_strconcat ("/agents/", id, "/restart", NULL);
  g_autoptr (JsonNode) answer = NULL;
  JsonNode *body = ctl_body ("reason", reason, NULL);
  JsonObject *workers;
  int status;

  json_object_set_boolean_member (json_node_get_object (body), "now", now);
  status = ctl_call (options, "POST", path, body, &answer);
  if (status != CTL_OK)
    return status;
  workers = json_node_get_object (answer);
  if (options->json)
    ctl_print_json (answer);
  else
    printf ("agent %s %s\n", arguments[0],
            royal_json_boolean (workers, "restarting", FALSE)
                ? "is still being restarted: a worker has something in hand"
                : "is restarted");
  return CTL_OK;
}

/* The database is the host's to migrate: the program that knows where it is does it. */
static char *database_url, *data_dir;
static gboolean check_only;

static const GOptionEntry migrate_entries[] = {
  { "check", 0, 0, G_OPTION_ARG_NONE, &check_only, "Look, change nothing", NULL },
  { "database-url", 0, 0, G_OPTION_ARG_STRING, &database_url, "The database (royald's own setting otherwise)", "URL" },
  { "data-dir", 0, 0, G_OPTION_ARG_FILENAME, &data_dir, "The data directory of the private database", "DIR" },
  { NULL },
};

static int
run_migrate (const CtlOptions *options, char **arguments)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self != NULL ? g_path_get_dirname (self) : NULL;
  g_autofree char *beside = folder != NULL ? g_build_filename (folder, "royald", NULL) : NULL;
  gboolean has = beside != NULL && access (beside, X_OK) == 0;

  g_ptr_array_add (argv, g_strdup (has ? beside : "royald"));
  g_ptr_array_add (argv, g_strdup (check_only ? "--migrate=check" : "--migrate=apply"));
  if (database_url != NULL)
    g_ptr_array_add (argv, g_strconcat ("--database-url=", database_url, NULL));
  if (data_dir != NULL)
    g_ptr_array_add (argv, g_strconcat ("--data-dir=", data_dir, NULL));
  g_ptr_array_add (argv, NULL);
  execvp (argv->pdata[0], (char **)argv->pdata);
  return ctl_fail (CTL_FAILED, "royald cannot be started: %s", g_strerror (errno));
}

static int
run_version (const CtlOptions *options, char **arguments)
{
  puts ("royalctl " ROYAL_VERSION);
  return CTL_OK;
}

const CtlCommand ctl_host_commands[] = {
  { "status", NULL, NULL, "The host and the workspace at a glance", 0, 0, NULL, run_status },
  { "alerts", NULL, NULL, "The alerts that fire", 0, 0, NULL, run_alerts },
  { "agents", "list", NULL, "The enabled agents", 0, 0, NULL, run_agents },
  { "agents", "restart", "ID", "Replace an agent's workers; --now: without waiting for what runs", 1, 1,
    restart_entries, run_restart },
  { "agents", "show", "ID", "One agent: manifest, grants, limits, workers", 1, 1, NULL, run_agent },
  { "reload", NULL, NULL, "Read manifests and policy again", 0, 0, NULL, run_reload },
  { "migrate", NULL, NULL, "Bring the database up to this version (runs royald)", 0, 0, migrate_entries, run_migrate },
  { "version", NULL, NULL, "This program's version", 0, 0, NULL, run_version },
  { NULL },
};
