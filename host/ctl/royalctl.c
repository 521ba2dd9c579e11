/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const CtlCommand *const tables[] = {
  ctl_host_commands,        ctl_control_commands,  ctl_sandbox_commands, ctl_approvals_commands, ctl_revisions_commands,
  ctl_delegations_commands, ctl_effects_commands,  ctl_jobs_commands,    ctl_shopify_commands,   ctl_triggers_commands,
  ctl_audit_commands,       ctl_season_commands,   ctl_plan_commands,    ctl_secret_commands,    ctl_token_commands,
  ctl_user_commands,        ctl_manifest_commands, ctl_policy_commands,  ctl_workflows_commands, ctl_simulate_commands,
  ctl_privacy_commands,     ctl_theme_commands,    ctl_catalog_commands, ctl_themes_commands,    ctl_sync_commands,
  ctl_notify_commands,
};

static CtlOptions options;

static const GOptionEntry global_entries[] = {
  { "socket", 0, 0, G_OPTION_ARG_FILENAME, &options.socket, "The host's Unix socket ($ROYAL_SOCKET)", "PATH" },
  { "url", 0, 0, G_OPTION_ARG_STRING, &options.url, "The host's address, with the token in $ROYAL_TOKEN", "URL" },
  { "workspace", 0, 0, G_OPTION_ARG_STRING, &options.workspace, "The workspace, over the Unix socket (default)",
    "NAME" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON", NULL },
  { NULL },
};

/* (transfer full): the words that call it. */
static char *
usage_of (const CtlCommand *command)
{
  g_autoptr (GString) text = g_string_new (command->group);

  if (command->verb != NULL)
    g_string_append_printf (text, " %s", command->verb);
  if (command->arguments != NULL)
    g_string_append_printf (text, " %s", command->arguments);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
print_usage (FILE *out)
{
  fprintf (out, "usage: royalctl [--socket PATH | --url URL] [--workspace NAME] [--json] COMMAND …\n\n");
  for (guint t = 0; t < G_N_ELEMENTS (tables); t++)
    for (const CtlCommand *command = tables[t]; command->group != NULL; command++)
      {
        g_autofree char *words = usage_of (command);

        fprintf (out, "  %-36s %s\n", words, command->summary);
      }
  fprintf (out, "\nEvery command has --help. Statuses: 0 done, 1 failed, 2 usage, 3 the host cannot be reached.\n");
}

/* (nullable): the command that the first words name, and how many words that takes. */
static const CtlCommand *
find_command (int argc, char **argv, int *ret_words, gboolean *ret_group)
{
  const CtlCommand *otherwise = NULL;
  const char *verb = argc > 2 && *argv[2] != '-' ? argv[2] : NULL;

  for (guint t = 0; t < G_N_ELEMENTS (tables); t++)
    for (const CtlCommand *command = tables[t]; command->group != NULL; command++)
      {
        if (strcmp (command->group, argv[1]) != 0)
          continue;
        *ret_group = TRUE;
        *ret_words = command->verb == NULL ? 1 : 2;
        if (command->verb == NULL || g_strcmp0 (command->verb, verb) == 0)
          return command;
        if (strcmp (command->verb, "list") == 0)
          otherwise = command;
      }
  *ret_words = 1;
  return verb == NULL ? otherwise : NULL;
}

static void
fill_defaults (void)
{
  const char *run = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *own = run != NULL ? g_build_filename (run, "royal", "royald.sock", NULL) : NULL;

  if (options.socket == NULL)
    options.socket = g_strdup (g_getenv ("ROYAL_SOCKET"));
  if (options.socket == NULL && own != NULL && access (own, F_OK) == 0)
    options.socket = g_steal_pointer (&own);
  if (options.socket == NULL)
    options.socket = g_strdup ("/run/royal/royald.sock");
  if (options.url != NULL && g_str_has_suffix (options.url, "/"))
    options.url[strlen (options.url) - 1] = '\0';
}

static int
run_command (const CtlCommand *command, char **arguments)
{
  g_autofree char *name = usage_of (command);
  g_autoptr (GOptionContext) context = g_option_context_new (name);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = g_strdupv (arguments);
  guint n;

  g_option_context_set_summary (context, command->summary);
  if (command->entries != NULL)
    g_option_context_add_main_entries (context, command->entries, NULL);
  g_option_context_add_main_entries (context, global_entries, NULL);
  if (!g_option_context_parse_strv (context, &argv, &error))
    return ctl_fail (CTL_USAGE, "%s", error->message);
  n = g_strv_length (argv) - 1;
  if (n < command->n_least || n > command->n_most)
    return ctl_fail (CTL_USAGE, "usage: royalctl %s (see --help)", name);
  fill_defaults ();
  return command->run (&options, argv + 1);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean group = FALSE;
  const CtlCommand *command;
  int words;

  setlocale (LC_ALL, "");
  g_set_prgname ("royalctl");
  /* Options before the command; its own come after it. */
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, global_entries, NULL);
  if (argc > 1 && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0))
    {
      print_usage (stdout);
      return CTL_OK;
    }
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return ctl_fail (CTL_USAGE, "%s", error->message);
  if (argc < 2)
    {
      print_usage (stderr);
      return CTL_USAGE;
    }
  command = find_command (argc, argv, &words, &group);
  if (command == NULL)
    return ctl_fail (CTL_USAGE, "no command is named %s%s%s (see --help)", argv[1], group && argc > 2 ? " " : "",
                     group && argc > 2 ? argv[2] : "");
  /* The last word stands for the program's name. */
  return run_command (command, argv + words);
}
