/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-git-files.h"

#include "royal-json.h"

#include <git2.h>
#include <royal/error.h>
#include <string.h>

#define BYTES_MAX (32 * 1024 * 1024)

/* As git itself refuses them, on any system that might check them out: no way up, no .git, nothing that a shell or
 * another system would read as something else. */
static gboolean
is_part (const char *part)
{
  g_autofree char *folded = g_utf8_casefold (part, -1);

  if (part[0] == '\0' || strcmp (part, ".") == 0 || strcmp (part, "..") == 0)
    return FALSE;
  if (g_str_has_prefix (folded, "git~") || strcmp (folded, ".git") == 0 || g_str_has_prefix (folded, ".git ") ||
      strcmp (folded, ".git.") == 0)
    return FALSE;
  for (const char *p = part; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p) || *p == '\\' || *p == ':')
      return FALSE;
  return TRUE;
}

static gboolean
is_path (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    if (!is_part (parts[i]))
      return FALSE;
  return parts[0] != NULL;
}

static gboolean
is_branch (const char *branch)
{
  g_autofree char *name = g_strconcat ("refs/heads/", branch, NULL);
  int valid = 0;

  return branch[0] != '-' && git_reference_name_is_valid (&valid, name) == 0 && valid != 0;
}

static gboolean
check_branch (JsonObject *parameters, const char *member, GError **error)
{
  const char *branch = royal_json_string (parameters, member, NULL);

  if (branch == NULL || is_branch (branch))
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/%s: expected the name of a branch, found %.80s", member,
               branch);
  return FALSE;
}

/* (nullable): what was expected. */
static const char *
fault_of (JsonObject *file, GHashTable *seen, gsize *bytes)
{
  const char *path = royal_json_string (file, "path", "");
  const char *content = royal_json_string (file, "content", NULL);

  if (!is_path (path))
    return "/path: expected a path within the tree, such as a/b.json";
  if (!g_hash_table_add (seen, (gpointer)path))
    return "/path: expected each path once";
  if ((content != NULL) == royal_json_boolean (file, "delete", FALSE))
    return ": expected either content or delete";
  *bytes += content != NULL ? strlen (content) : 0;
  return *bytes > BYTES_MAX ? "/content: expected 32 MiB at most in all" : NULL;
}

gboolean
rh_git_files_check (JsonObject *parameters, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *files;
  gsize bytes = 0;

  g_return_val_if_fail (parameters != NULL, FALSE);

  if (!check_branch (parameters, "branch", error) || !check_branch (parameters, "base", error))
    return FALSE;
  if (strstr (royal_json_string (parameters, "message", ""), "Royal-Key:") != NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "/message: expected no line Royal-Key, which is the host's");
      return FALSE;
    }
  files = royal_json_array (parameters, "files");
  for (guint i = 0; files != NULL && i < json_array_get_length (files); i++)
    {
      const char *fault = fault_of (json_array_get_object_element (files, i), seen, &bytes);

      if (fault == NULL)
        continue;
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/files/%u%s", i, fault);
      return FALSE;
    }
  return TRUE;
}
