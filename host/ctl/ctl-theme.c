/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <theme-check.h>

/* The check of a theme's folder, on this machine: the host is not asked. */

#define FILE_MAX (32 * 1024 * 1024)
#define DEPTH_MAX 8
#define TOLD_MAX 5000

static gint64 scripts_kb;
static gint64 styles_kb;

static const GOptionEntry check_entries[] = {
  { "scripts-kb", 0, 0, G_OPTION_ARG_INT64, &scripts_kb, "Most that the scripts may have together", "KB" },
  { "styles-kb", 0, 0, G_OPTION_ARG_INT64, &styles_kb, "Most that the style sheets may have together", "KB" },
  { NULL },
};

static gboolean
add_file (ThemeFiles *files, const char *full, const char *path, const GStatBuf *status, GError **error)
{
  g_autofree char *bytes = NULL;
  gsize length = 0;

  if (status->st_size > FILE_MAX)
    {
      theme_files_add (files, path, NULL, 0, (guint64)status->st_size);
      return TRUE;
    }
  if (!g_file_get_contents (full, &bytes, &length, error))
    return FALSE;
  theme_files_add (files, path, bytes, length, length);
  return TRUE;
}

/* Adds what is below @folder; hidden files and links are no part of a theme. */
static gboolean
add_folder (ThemeFiles *files, const char *folder, const char *below, guint depth, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  const char *name;

  if (dir == NULL)
    return FALSE;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *full = g_build_filename (folder, name, NULL);
      g_autofree char *path = *below != '\0' ? g_strdup_printf ("%s/%s", below, name) : g_strdup (name);
      GStatBuf status;

      if (*name == '.' || strcmp (name, "node_modules") == 0 || g_lstat (full, &status) != 0)
        continue;
      if (S_ISDIR (status.st_mode) && depth < DEPTH_MAX && !add_folder (files, full, path, depth + 1, error))
        return FALSE;
      if (S_ISREG (status.st_mode) && !add_file (files, full, path, &status, error))
        return FALSE;
    }
  return TRUE;
}

static void
print_report (ThemeReport *report, guint n_files)
{
  for (guint i = 0; i < theme_report_n (report); i++)
    {
      const ThemeOffence *offence = theme_report_nth (report, i);
      const ThemeCheckInfo *info = theme_check_info (offence->check);
      g_autofree char *path = ctl_clean (offence->path);
      g_autofree char *message = ctl_clean (offence->message);

      printf ("%s:%u:%u: %s: %s [%s]\n", path, offence->line, offence->column, theme_severity_name (info->severity),
              message, info->name);
    }
  printf ("%u files, %u errors, %u warnings\n", n_files, theme_report_count (report, THEME_ERROR),
          theme_report_count (report, THEME_WARNING));
}

static int
run_check (const CtlOptions *options, char **arguments)
{
  g_autoptr (ThemeFiles) files = theme_files_new ();
  g_autoptr (ThemeReport) report = NULL;
  g_autoptr (GError) error = NULL;
  ThemeBudget budget = { (guint64)MAX (scripts_kb, 0) * 1024, (guint64)MAX (styles_kb, 0) * 1024 };

  if (!add_folder (files, arguments[0], "", 0, &error))
    return ctl_fail (CTL_FAILED, "%s", error->message);
  report = theme_check (files, &budget);
  if (options->json)
    {
      g_autoptr (JsonNode) node = json_node_alloc ();

      json_node_init_object (node, NULL);
      json_node_take_object (node, theme_report_to_json (report, TOLD_MAX));
      ctl_print_json (node);
    }
  else
    print_report (report, theme_files_n (files));
  return theme_report_count (report, THEME_ERROR) > 0 ? CTL_FAILED : CTL_OK;
}

const CtlCommand ctl_theme_commands[] = {
  { "theme", "check", "DIR", "check a theme's folder, without a host", 1, 1, check_entries, run_check },
  { NULL },
};
