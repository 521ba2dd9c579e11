/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-source.h"

#include <string.h>

/* As the action takes it. */
#define TEXT_MAX 262144   /* characters */
#define BASE64_MAX 349528 /* characters */
#define FOLDERS "assets|blocks|config|layout|locales|sections|snippets|templates"
#define PATH_PATTERN "^(" FOLDERS ")/[A-Za-z0-9_@.-]{1,128}(/[A-Za-z0-9_@.-]{1,128}){0,2}$"

gboolean
theme_source_of (RoyalRun *run, ThemeSource *ret_source, GError **error)
{
  JsonObject *config = royal_run_config (run);

  ret_source->repository = json_object_get_string_member_with_default (config, "repository", "");
  ret_source->shop = json_object_get_string_member_with_default (config, "shop", "");
  ret_source->folder = json_object_get_string_member_with_default (config, "folder", "");
  ret_source->keep = json_object_has_member (config, "keep") ? json_object_get_array_member (config, "keep") : NULL;
  if (*ret_source->repository != '\0' && *ret_source->shop != '\0')
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
               "config: expected `repository` and `shop` in the operator's manifest, to stage a theme");
  return FALSE;
}

char *
theme_source_head (const ThemeSource *self, RoyalRun *run, const char *branch, char **ret_branch, GError **error)
{
  g_autoptr (JsonObject) parameters = json_object_new ();
  g_autoptr (JsonNode) node = NULL;
  const char *head, *name;

  json_object_set_string_member (parameters, "repository", self->repository);
  if (*branch != '\0')
    json_object_set_string_member (parameters, "branch", branch);
  node = royal_run_get (run, "git.branch", parameters, error);
  if (node == NULL)
    return NULL;
  head = json_object_get_string_member_with_default (json_node_get_object (node), "head", NULL);
  name = json_object_get_string_member_with_default (json_node_get_object (node), "branch", NULL);
  if (head == NULL || name == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "the repository %s: expected a branch %s, there is none",
                   self->repository, branch);
      return NULL;
    }
  *ret_branch = g_strdup (name);
  return g_strdup (head);
}

/* --- One file ----------------------------------------------------------------------------------------------------- */

enum { GIT_PATH, GIT_CONTENT, GIT_BASE64 };
enum { PATH, CHECKSUM, SIZE, CONTENT };

typedef struct {
  const ThemeSource *source;
  const RoyalTable *git;
  gint git_columns[3];
  const RoyalTable *theme;
  gint columns[4];
  GHashTable *rows; /* path -> row of @theme */
  GHashTable *seen; /* paths of the commit */
  GRegex *allowed;
  ThemeDifference *result;
} Comparison;

/* (transfer full) (nullable): what a JSON file says. */
static JsonNode *
said_by (const char *text)
{
  const char *end;

  text += strspn (text, " \t\r\n");
  end = g_str_has_prefix (text, "/*") ? strstr (text, "*/") : NULL;
  return json_from_string (end != NULL ? end + 2 : text, NULL);
}

static gboolean
says_the_same (const char *path, const char *ours, const char *theirs)
{
  g_autoptr (JsonNode) said = NULL;
  g_autoptr (JsonNode) wanted = NULL;

  if (!g_str_has_suffix (path, ".json"))
    return FALSE;
  wanted = said_by (ours);
  said = wanted != NULL ? said_by (theirs) : NULL;
  return said != NULL && json_node_equal (wanted, said);
}

static char *
cell (const RoyalTable *table, gint column, guint64 row)
{
  gsize length;
  const char *text = royal_table_string (table, (guint)column, row, &length);

  return text != NULL ? g_strndup (text, length) : NULL;
}

static gboolean
has_checksum (const Comparison *self, guint64 row, const char *bytes, gsize length)
{
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, (const guchar *)bytes, length);
  g_autofree char *there = cell (self->theme, self->columns[CHECKSUM], row);

  return g_strcmp0 (sum, there) == 0;
}

/* Whether the theme has at @row what is @content, or @base64. */
static gboolean
is_same (const Comparison *self, const char *path, guint64 row, const char *content, const char *base64)
{
  g_autofree char *there = NULL;

  if (content == NULL)
    {
      gsize length;
      g_autofree guchar *bytes = g_base64_decode (base64, &length);

      return has_checksum (self, row, (const char *)bytes, length);
    }
  if (has_checksum (self, row, content, strlen (content)))
    return TRUE;
  there = cell (self->theme, self->columns[CONTENT], row);
  return there != NULL && *there != '\0' && (strcmp (there, content) == 0 || says_the_same (path, content, there));
}

static gboolean
is_kept (const ThemeSource *source, const char *path)
{
  for (guint i = 0; source->keep != NULL && i < json_array_get_length (source->keep); i++)
    if (g_pattern_match_simple (json_array_get_string_element (source->keep, i), path))
      return TRUE;
  return FALSE;
}

/* What no theme has: README.md and the like, and what is hidden. */
static gboolean
is_of_a_theme (const char *path)
{
  static const char *const folders[] = { "assets/",  "blocks/",   "config/",   "layout/",
                                         "locales/", "sections/", "snippets/", "templates/" };

  if (strstr (path, "/.") != NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    if (g_str_has_prefix (path, folders[i]))
      return TRUE;
  return FALSE;
}

static gboolean
want (Comparison *self, const char *path, const char *content, const char *base64, GError **error)
{
  JsonObject *binary;

  if (content == NULL ? strlen (base64) > BASE64_MAX : g_utf8_strlen (content, -1) > TEXT_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "%s: expected 256 KiB at most of a file that is brought in",
                   path);
      return FALSE;
    }
  if (content != NULL)
    {
      json_object_set_string_member (self->result->wanted, path, content);
      return TRUE;
    }
  binary = json_object_new ();
  json_object_set_string_member (binary, "base64", base64);
  json_object_set_object_member (self->result->wanted, path, binary);
  return TRUE;
}

static gboolean
compare_file (Comparison *self, guint64 row, GError **error)
{
  g_autofree char *whole = cell (self->git, self->git_columns[GIT_PATH], row);
  gsize cut = *self->source->folder != '\0' ? strlen (self->source->folder) + 1 : 0;
  const char *path = whole != NULL && strlen (whole) > cut ? whole + cut : "";
  g_autofree char *content = NULL;
  g_autofree char *base64 = NULL;
  gpointer there = NULL;
  gboolean is_there;

  if (!is_of_a_theme (path))
    return TRUE;
  if (!g_regex_match (self->allowed, path, 0, NULL))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: expected a name that a theme's file can have, of letters, digits and _ @ . -", path);
      return FALSE;
    }
  self->result->files++;
  is_there = g_hash_table_lookup_extended (self->rows, path, NULL, &there);
  g_hash_table_add (self->seen, g_strdup (path));
  if (is_kept (self->source, path))
    {
      self->result->kept++;
      return TRUE;
    }
  content = cell (self->git, self->git_columns[GIT_CONTENT], row);
  base64 = cell (self->git, self->git_columns[GIT_BASE64], row);
  if (content == NULL && base64 == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "%s: expected 4 MiB at most", path);
      return FALSE;
    }
  return (is_there && is_same (self, path, GPOINTER_TO_UINT (there), content, base64)) ||
         want (self, path, content, base64, error);
}

/* What the theme has and the commit has not. */
static void
remove_others (Comparison *self)
{
  for (guint row = 0; row < royal_table_n_rows (self->theme); row++)
    {
      g_autofree char *path = cell (self->theme, self->columns[PATH], row);

      if (path != NULL && !g_hash_table_contains (self->seen, path) && !is_kept (self->source, path) &&
          g_regex_match (self->allowed, path, 0, NULL))
        json_object_set_null_member (self->result->wanted, path);
    }
}

/* --- All of them -------------------------------------------------------------------------------------------------- */

void
theme_difference_free (ThemeDifference *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->wanted, json_object_unref);
  g_free (self->digest);
  g_free (self);
}

static RoyalTable *
read_git (Comparison *self, RoyalRun *run, const char *commit, GError **error)
{
  static const char *const names[] = { "path", "content", "base64" };
  g_autoptr (JsonObject) parameters = json_object_new ();
  g_autoptr (RoyalTable) table = NULL;

  json_object_set_string_member (parameters, "repository", self->source->repository);
  json_object_set_string_member (parameters, "commit", commit);
  json_object_set_string_member (parameters, "encoding", "base64");
  if (*self->source->folder != '\0')
    json_object_set_string_member (parameters, "under", self->source->folder);
  table = royal_run_read (run, "git.files", parameters, error);
  if (table == NULL ||
      !theme_find_columns (table, "git.files", names, G_N_ELEMENTS (names), 0, self->git_columns, error))
    return NULL;
  return g_steal_pointer (&table);
}

static gboolean
compare_all (Comparison *self, GError **error)
{
  for (guint row = 0; row < royal_table_n_rows (self->theme); row++)
    g_hash_table_insert (self->rows, cell (self->theme, self->columns[PATH], row), GUINT_TO_POINTER (row));
  for (guint64 row = 0; row < royal_table_n_rows (self->git); row++)
    if (!compare_file (self, row, error))
      return FALSE;
  if (self->result->files == 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "the repository %s: expected a theme's folders (layout, sections, …) %s%s, found none of them",
                   self->source->repository, *self->source->folder != '\0' ? "in " : "at its root",
                   self->source->folder);
      return FALSE;
    }
  remove_others (self);
  return TRUE;
}

ThemeDifference *
theme_source_compare (const ThemeSource *source, RoyalRun *run, const char *commit, const char *theme, GError **error)
{
  g_autoptr (GHashTable) rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GRegex) allowed = g_regex_new (PATH_PATTERN, 0, 0, NULL);
  g_autoptr (ThemeDifference) result = g_new0 (ThemeDifference, 1);
  g_autoptr (RoyalTable) git = NULL;
  g_autoptr (RoyalTable) files = NULL;
  Comparison comparison = { .source = source, .rows = rows, .seen = seen, .allowed = allowed, .result = result };

  result->wanted = json_object_new ();
  comparison.git = git = read_git (&comparison, run, commit, error);
  if (git == NULL)
    return NULL;
  comparison.theme = files = theme_shop_read_files (run, theme, comparison.columns, &result->digest, error);
  if (files == NULL || !compare_all (&comparison, error))
    return NULL;
  return g_steal_pointer (&result);
}
