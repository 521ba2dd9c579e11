/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-commands.h"

#include "royal-elf.h"
#include "royal-json.h"
#include "royal-suggest.h"

#include <glib/gstdio.h>
#include <locale.h>
#include <royal/error.h>
#include <royal/version.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  int (*func) (int argc, char **argv);
  const char *summary;
} commands[] = {
  { "new", rt_new, "write a project of its own for a new agent" },
  { "check", rt_check, "check a plugin or a manifest" },
  { "run", rt_run, "run a task with fixtures instead of a host" },
  { "test", rt_test, "run scenario files, as TAP" },
  { "keygen", rt_keygen, "make a key that signs plugins" },
  { "sign", rt_sign, "sign a plugin" },
};

gboolean
rt_options (int *argc,
            char ***argv,
            const GOptionEntry *entries,
            const char *usage,
            const char *summary,
            const char *description,
            int least,
            int most,
            int *ret_status)
{
  g_autofree char *name = g_strdup_printf ("royal-agent %s", (*argv)[0]);
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_autoptr (GError) error = NULL;
  gboolean help = FALSE;
  const GOptionEntry more[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Say how to use this command", NULL },
    { NULL },
  };

  g_set_prgname (name);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, more, NULL);
  gboolean ok = g_option_context_parse (context, argc, argv, &error);
  if (help)
    {
      g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);
      g_print ("%s", text);
      *ret_status = RT_OK;
      return FALSE;
    }
  if (ok && *argc - 1 >= least && (most < 0 || *argc - 1 <= most))
    return TRUE;
  if (error != NULL)
    g_printerr ("%s: %s\n", name, error->message);
  else
    g_printerr ("%s: expected %s\n", name, usage);
  g_printerr ("Try `%s --help`.\n", name);
  *ret_status = RT_USAGE;
  return FALSE;
}

int
rt_fail (GError *error)
{
  g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  g_error_free (error);
  return RT_FAILED;
}

/* Until its end; pipes have no size to ask for. */
static char *
read_stdin (void)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  size_t n;

  while ((n = fread (buffer, 1, sizeof buffer, stdin)) > 0)
    g_string_append_len (text, buffer, (gssize)n);
  return g_string_free (text, FALSE);
}

JsonNode *
rt_json_argument (const char *argument, const char *what, GError **error)
{
  if (argument == NULL)
    argument = "{}";

  const char *first = argument + strspn (argument, " \t\r\n");
  g_autofree char *text = NULL;
  gsize length;

  if (*first == '{' || *first == '[')
    return royal_json_parse (argument, -1, what, error);
  if (g_str_equal (argument, "-"))
    {
      text = read_stdin ();
      return royal_json_parse (text, -1, what, error);
    }
  g_autoptr (GBytes) bytes = royal_elf_read (argument, error);
  if (bytes == NULL)
    return NULL;
  const char *data = g_bytes_get_data (bytes, &length);
  return royal_json_parse (data != NULL ? data : "", (gssize)length, argument, error);
}

static void
print_usage (FILE *stream)
{
  fputs (
      "Usage:\n  royal-agent COMMAND [OPTION…] …\n\nMakes, checks, runs and tests agents for Royal, without a host.\n"
      "\nCommands:\n",
      stream);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (stream, "  %-8s %s\n", commands[i].name, commands[i].summary);
  fputs ("\nOptions:\n  --help     Say this; after a command: how to use it\n  --version  Print the version\n\n"
         "Exit status: 0 well, 1 something is wrong with the agent, 2 wrong usage. See royal-agent(1).\n",
         stream);
}

static int
refuse_command (const char *name)
{
  const char *names[G_N_ELEMENTS (commands) + 1] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i].name;
  const char *near = royal_suggest (name, names);
  g_printerr ("royal-agent: unknown command `%s`%s%s%s\nTry `royal-agent --help`.\n", name,
              near != NULL ? "; did you mean `" : "", near != NULL ? near : "", near != NULL ? "`?" : "");
  return RT_USAGE;
}

int
main (int argc, char **argv)
{
  setlocale (LC_CTYPE, "");
  g_set_prgname ("royal-agent");
  if (argc < 2)
    {
      print_usage (stderr);
      return RT_USAGE;
    }
  if (g_str_equal (argv[1], "--version"))
    {
      g_print ("royal-agent %s (ABI %u)\n", ROYAL_VERSION, ROYAL_ABI);
      return RT_OK;
    }
  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") || g_str_equal (argv[1], "help"))
    {
      print_usage (stdout);
      return RT_OK;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, argv[1]))
      return commands[i].func (argc - 1, argv + 1);
  return refuse_command (argv[1]);
}
