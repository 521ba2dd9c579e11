/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-git-tree.h"

#include "royal-table-builder.h"

#include <git2.h>
#include <royal/error.h>
#include <string.h>

#define FILES_MAX 100000u
#define BYTES_MAX ((gsize)256 * 1024 * 1024)
#define CONTENT_MAX ((gsize)4 * 1024 * 1024)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_repository, git_repository_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_tree, git_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_tree_entry, git_tree_entry_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_blob, git_blob_free)

static const RoyalColumn columns[] = {
  { "path", ROYAL_COLUMN_STRING },
  { "oid", ROYAL_COLUMN_STRING },
  { "content", ROYAL_COLUMN_STRING },
  { "base64", ROYAL_COLUMN_STRING }, /* where it is asked for */
};

/* One walk over a tree. */
typedef struct {
  git_repository *repository;
  RoyalTableBuilder *table;
  const char *under; /* "", or with a slash at its end */
  gboolean with_binary;
  guint files;
  gsize bytes;
} Walk;

static void
add_content (Walk *self, const char *content, gsize length)
{
  gboolean is_large = length > CONTENT_MAX;
  gboolean is_text = !is_large && (length == 0 || g_utf8_validate_len (content, length, NULL));

  if (is_text)
    royal_table_builder_string (self->table, 2, length > 0 ? content : "", length);
  else
    royal_table_builder_null (self->table, 2);
  if (!self->with_binary)
    return;
  if (is_text || is_large)
    royal_table_builder_null (self->table, 3);
  else
    {
      g_autofree char *base64 = g_base64_encode ((const guchar *)content, length);

      royal_table_builder_string (self->table, 3, base64, strlen (base64));
    }
}

static int
on_entry (const char *root, const git_tree_entry *entry, void *data)
{
  Walk *self = data;
  g_autofree char *path = g_strconcat (self->under, root, git_tree_entry_name (entry), NULL);
  g_autoptr (git_blob) blob = NULL;
  char hex[GIT_OID_HEXSZ + 1];
  gsize length;

  if (git_tree_entry_type (entry) != GIT_OBJECT_BLOB || git_tree_entry_filemode (entry) == GIT_FILEMODE_LINK ||
      !g_utf8_validate (path, -1, NULL))
    return 0;
  if (git_blob_lookup (&blob, self->repository, git_tree_entry_id (entry)) < 0)
    return -1;
  length = (gsize)git_blob_rawsize (blob);
  self->files++;
  self->bytes += length;
  if (self->files > FILES_MAX || self->bytes > BYTES_MAX)
    return GIT_EUSER;
  royal_table_builder_string (self->table, 0, path, strlen (path));
  royal_table_builder_string (self->table, 1, git_oid_tostr (hex, sizeof hex, git_tree_entry_id (entry)),
                              GIT_OID_HEXSZ);
  add_content (self, git_blob_rawcontent (blob), length);
  return 0;
}

/* The tree of @under: (transfer full); NULL without an error when it is not there. */
static git_tree *
find_tree (const RhGitAccess *access, git_repository *repository, git_commit *commit, const char *under, GError **error)
{
  g_autoptr (git_tree) tree = NULL;
  g_autoptr (git_tree_entry) entry = NULL;
  git_tree *inner = NULL;

  if (git_commit_tree (&tree, commit) < 0)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: its cache has not all of a commit", access->place->name);
  else if (*under == '\0')
    return g_steal_pointer (&tree);
  else if (git_tree_entry_bypath (&entry, tree, under) == 0 && git_tree_entry_type (entry) == GIT_OBJECT_TREE)
    (void)git_tree_lookup (&inner, repository, git_tree_entry_id (entry));
  return inner;
}

static gboolean
walk_tree (const RhGitAccess *access, Walk *walk, git_tree *tree, GError **error)
{
  int code = git_tree_walk (tree, GIT_TREEWALK_PRE, on_entry, walk);

  if (code == 0)
    return TRUE;
  if (walk->files > FILES_MAX || walk->bytes > BYTES_MAX)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT, "%s: /under: expected at most %u files and 256 MiB",
                 access->place->name, FILES_MAX);
  else
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: its cache has not all of a commit", access->place->name);
  return FALSE;
}

int
rh_git_tree_read (const RhGitAccess *access,
                  const char *commit,
                  const char *under,
                  gboolean with_binary,
                  GError **error)
{
  g_autoptr (RoyalTableBuilder) table =
      royal_table_builder_new (columns, G_N_ELEMENTS (columns) - (with_binary ? 0 : 1));
  g_autoptr (git_repository) repository = NULL;
  g_autoptr (git_commit) found = NULL;
  g_autoptr (git_tree) tree = NULL;
  g_autoptr (GError) fault = NULL;
  g_autofree char *folder = *under != '\0' ? g_strconcat (under, "/", NULL) : g_strdup ("");
  Walk walk = { .table = table, .under = folder, .with_binary = with_binary };
  git_oid id;

  g_return_val_if_fail (access != NULL && commit != NULL && under != NULL, -1);

  if (strlen (commit) != GIT_OID_HEXSZ || git_oid_fromstr (&id, commit) < 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/commit: expected 40 hexadecimal digits");
      return -1;
    }
  repository = rh_git_cache (access, commit, error);
  if (repository == NULL)
    return -1;
  if (git_commit_lookup (&found, repository, &id) < 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND, "%s: no branch has the commit %s", access->place->name,
                   commit);
      return -1;
    }
  walk.repository = repository;
  tree = find_tree (access, repository, found, under, &fault);
  if (fault != NULL)
    g_propagate_error (error, g_steal_pointer (&fault));
  else if (tree == NULL || walk_tree (access, &walk, tree, error))
    return royal_table_builder_seal (table, error);
  return -1;
}
