/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-commands.h"

#include "rt-print.h"
#include "rt-scenario.h"

#include <royal/error.h>
#include <stdio.h>
#include <string.h>

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gboolean
add_folder (GPtrArray *files, const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  const char *name;

  if (dir == NULL)
    return FALSE;
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".json"))
      g_ptr_array_add (found, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (found, compare_texts);
  for (guint i = 0; i < found->len; i++)
    g_ptr_array_add (files, g_ptr_array_index (found, i));
  return TRUE;
}

/* Paths are made absolute: what a file names is relative to it. */
static GPtrArray *
list_files (char **arguments, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);

  for (; *arguments != NULL; arguments++)
    {
      g_autofree char *path = g_canonicalize_filename (*arguments, NULL);
      if (!g_file_test (path, G_FILE_TEST_IS_DIR))
        g_ptr_array_add (files, g_steal_pointer (&path));
      else if (!add_folder (files, path, error))
        return NULL;
    }
  if (files->len > 0)
    return g_steal_pointer (&files);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "expected scenario files, found none");
  return NULL;
}

static gboolean
run_file (const char *path, const char *plugin_path, char **ret_name, GError **error)
{
  g_autoptr (RtScenario) scenario = rt_scenario_load (path, error);
  if (scenario == NULL)
    return FALSE;

  g_autofree char *own = rt_scenario_plugin (scenario);
  *ret_name = g_strdup (rt_scenario_name (scenario));
  if (plugin_path == NULL && own == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "no plugin: give --plugin, or \"plugin\" in %s", path);
      return FALSE;
    }
  g_autoptr (RtPlugin) plugin = rt_plugin_load (plugin_path != NULL ? plugin_path : own, error);
  return plugin != NULL && rt_scenario_run (scenario, plugin, error);
}

/* TAP: a # in a description would begin a directive. */
static void
print_result (gboolean ok, guint number, const char *name)
{
  g_autofree char *label = g_strdup_printf ("%s %u - %s", ok ? "ok" : "not ok", number, name);

  g_strdelimit (label, "#", ' ');
  rt_print_line ("", label);
}

int
rt_test (int argc, char **argv)
{
  g_autofree char *plugin = NULL;
  g_autoptr (GError) error = NULL;
  int status;
  guint failed = 0;
  const GOptionEntry entries[] = {
    { "plugin", 'p', 0, G_OPTION_ARG_FILENAME, &plugin, "The plugin, instead of the one that a file names", "PLUGIN" },
    { NULL },
  };

  if (!rt_options (&argc, &argv, entries, "DIR|FILE…",
                   "Runs scenario files, each in a sandboxed worker of its own, and prints the results as TAP.",
                   "A folder stands for every *.json in it. See royal-agent(1) for what a file holds.", 1, -1, &status))
    return status;

  g_autoptr (GPtrArray) files = list_files (argv + 1, &error);
  if (files == NULL)
    return rt_fail (g_steal_pointer (&error));
  printf ("1..%u\n", files->len);
  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *name = NULL;
      g_autoptr (GError) why = NULL;
      const char *path = g_ptr_array_index (files, i);
      gboolean ok = run_file (path, plugin, &name, &why);

      print_result (ok, i + 1, name != NULL ? name : path);
      if (!ok)
        {
          g_autofree char *comment = g_strconcat ("# ", why->message, NULL);
          rt_print_line ("", comment);
        }
      failed += !ok;
      fflush (stdout);
    }
  return failed == 0 ? RT_OK : RT_FAILED;
}
