/* SPDX-License-Identifier: Apache-2.0 */
#include "rt-commands.h"

#include "rt-resource.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <royal/error.h>
#include <stdio.h>
#include <string.h>

#define ID_PATTERN "^[a-z][a-z0-9_-]{0,62}$"

/* Each file of the template: where it lies in the resource, and where it goes. @NAME@ is the agent's id. */
static const struct {
  const char *resource;
  const char *path;
} files[] = {
  { "meson.build.in", "meson.build" },
  { "manifest.json.in", "manifest.json" },
  { "agent.c.in", "@NAME@.c" },
  { "scenario-low.json.in", "tests/low.json" },
  { "scenario-high.json.in", "tests/high.json" },
  { "season.json.in", "fixtures/retail.season.json" },
  { "operator.json.in", "operator.json" },
  { "README.md.in", "README.md" },
  { "gitignore.in", ".gitignore" },
};

/* markdown_watch → Markdown watch */
static char *
title_of (const char *name)
{
  char *title = g_strdelimit (g_strdup (name), "_-", ' ');

  title[0] = g_ascii_toupper (title[0]);
  return title;
}

static char *
fill_in (const char *text, const char *name)
{
  GString *filled = g_string_new (text);
  g_autofree char *title = title_of (name);

  g_string_replace (filled, "@NAME@", name, 0);
  g_string_replace (filled, "@TITLE@", title, 0);
  return g_string_free (filled, FALSE);
}

static gboolean
write_file (const char *folder, const char *resource, const char *path, const char *name, GError **error)
{
  g_autofree char *source = g_strconcat ("/royal/template/", resource, NULL);
  g_autofree char *relative = fill_in (path, name);
  g_autofree char *target = g_build_filename (folder, relative, NULL);
  g_autofree char *parent = g_path_get_dirname (target);
  g_autoptr (GBytes) bytes = g_resource_lookup_data (rt_get_resource (), source, 0, error);

  if (bytes == NULL)
    return FALSE;
  g_autofree char *text = fill_in (g_bytes_get_data (bytes, NULL), name);
  if (g_mkdir_with_parents (parent, 0777) != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot make %s: %s", parent, g_strerror (errno));
      return FALSE;
    }
  if (!g_file_set_contents_full (target, text, -1, G_FILE_SET_CONTENTS_NONE, 0666, error))
    return FALSE;
  printf ("wrote %s\n", target);
  return TRUE;
}

/* An existing folder may be anybody's work. */
static gboolean
make_folder (const char *folder, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (folder);

  if (g_mkdir_with_parents (parent, 0777) == 0 && g_mkdir (folder, 0777) == 0)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "cannot make %s: %s", folder, g_strerror (errno));
  return FALSE;
}

int
rt_new (int argc, char **argv)
{
  g_autofree char *dir = NULL;
  g_autoptr (GError) error = NULL;
  int status;
  const GOptionEntry entries[] = {
    { "dir", 'd', 0, G_OPTION_ARG_FILENAME, &dir, "The folder to make (default: NAME)", "DIR" },
    { NULL },
  };

  if (!rt_options (&argc, &argv, entries, "NAME",
                   "Writes a project for a new agent: source, manifest, scenarios, fixtures and a meson.build that "
                   "builds and tests it.",
                   "NAME is the agent's id: lower-case letters, digits, _ and -, beginning with a letter.", 1, 1,
                   &status))
    return status;
  if (!g_regex_match_simple (ID_PATTERN, argv[1], G_REGEX_DOLLAR_ENDONLY, 0))
    {
      g_printerr ("royal-agent new: expected a lower-case name (a-z, 0-9, _ and -), found \"%s\"\n", argv[1]);
      return RT_USAGE;
    }

  const char *folder = dir != NULL ? dir : argv[1];
  gboolean ok = make_folder (folder, &error);
  for (gsize i = 0; ok && i < G_N_ELEMENTS (files); i++)
    ok = write_file (folder, files[i].resource, files[i].path, argv[1], &error);
  if (!ok)
    return rt_fail (g_steal_pointer (&error));
  printf ("\nNext:\n  cd %s\n  meson setup build\n  meson test -C build\n", folder);
  return RT_OK;
}
