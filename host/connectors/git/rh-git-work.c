/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-git-work.h"

#include "rh-git-link.h"
#include "rh-ssh-agent.h"
#include "rh-ssh-key.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define KEY_LINE "Royal-Key: "
#define WALK_MAX 10000

G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_remote, git_remote_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_repository, git_repository_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_tree, git_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_revwalk, git_revwalk_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_signature, git_signature_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_reference, git_reference_free)

void
rh_git_view_free (RhGitView *self)
{
  if (self == NULL)
    return;
  g_free (self->head);
  g_free (self->base);
  g_free (self->default_branch);
  g_free (self);
}

/* What fails in the cache is this host's own: nothing was sent. */
static gboolean
check (const RhGitAccess *access, int code, const char *what, GError **error)
{
  const git_error *last = git_error_last ();

  if (code >= 0)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "%s: %s: %s", access->place->name, what,
               last != NULL && last->message != NULL ? last->message : "no reason was given");
  return FALSE;
}

gboolean
rh_git_start (const char *ca, GError **error)
{
  git_libgit2_init ();
  if (ca == NULL || git_libgit2_opts (GIT_OPT_SET_SSL_CERT_LOCATIONS, ca, NULL) >= 0)
    return TRUE;
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "/ca: expected a file of certificates, found %s", ca);
  return FALSE;
}

/* --- Looking ------------------------------------------------------------------------------------------------------ */

/* (nullable) (transfer full) */
static char *
find_head (const git_remote_head **heads, size_t n, const char *branch)
{
  g_autofree char *name = g_strconcat ("refs/heads/", branch, NULL);
  char hex[GIT_OID_HEXSZ + 1];

  for (size_t i = 0; i < n; i++)
    if (strcmp (heads[i]->name, name) == 0)
      return g_strdup (git_oid_tostr (hex, sizeof hex, &heads[i]->oid));
  return NULL;
}

RhGitView *
rh_git_look (const RhGitAccess *access, const char *branch, const char *base, GError **error)
{
  git_remote_connect_options options = GIT_REMOTE_CONNECT_OPTIONS_INIT;
  g_auto (RhGitLink) link = { 0 };
  g_autoptr (git_remote) remote = NULL;
  g_autoptr (RhGitView) view = g_new0 (RhGitView, 1);
  const git_remote_head **heads = NULL;
  git_buf name = { 0 };
  size_t n = 0;

  g_return_val_if_fail (access != NULL && branch != NULL, NULL);

  rh_git_link_init (&link, access, &options.callbacks);
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  if (!check (access, git_remote_create_detached (&remote, access->place->url), "its url", error) ||
      !rh_git_link_check (&link, git_remote_connect_ext (remote, GIT_DIRECTION_FETCH, &options), error) ||
      !rh_git_link_check (&link, git_remote_ls (&heads, &n, remote), error))
    return NULL;
  if (n > 0 && git_remote_default_branch (&name, remote) == 0 && g_str_has_prefix (name.ptr, "refs/heads/"))
    view->default_branch = g_strdup (name.ptr + strlen ("refs/heads/"));
  git_buf_dispose (&name);
  view->head = find_head (heads, n, branch);
  if (base == NULL)
    base = view->default_branch;
  view->base = base != NULL && view->head == NULL ? find_head (heads, n, base) : NULL;
  git_remote_disconnect (remote);
  return g_steal_pointer (&view);
}

/* --- The cache ---------------------------------------------------------------------------------------------------- */

static git_repository *
open_cache (const RhGitAccess *access, GError **error)
{
  git_repository *repository = NULL;

  if (git_repository_open_bare (&repository, access->folder) == 0 ||
      check (access, git_repository_init (&repository, access->folder, 1), "its cache", error))
    return repository;
  return NULL;
}

/* The url that the operator names, and no other: what a configuration puts in its place (insteadOf) is not asked for.
 * With libgit2 before 1.7 each line of it that does not match would leak 20 kB, too. */
static int
make_remote (git_remote **out, git_repository *repository, const char *url)
{
  git_remote_create_options options = GIT_REMOTE_CREATE_OPTIONS_INIT;

  options.repository = repository;
  options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
  return git_remote_create_with_opts (out, url, &options);
}

/* Brings the commit @hex of the server here, unless it is. */
static gboolean
fetch (const RhGitAccess *access, git_repository *repository, const char *hex, GError **error)
{
  static char all[] = "+refs/heads/*:refs/remotes/origin/*";
  char *specs[] = { all };
  const git_strarray wanted = { specs, 1 };
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  g_auto (RhGitLink) link = { 0 };
  g_autoptr (git_remote) remote = NULL;
  g_autoptr (git_commit) commit = NULL;
  git_oid id;

  if (!check (access, git_oid_fromstr (&id, hex), "the commit", error))
    return FALSE;
  if (git_commit_lookup (&commit, repository, &id) == 0)
    return TRUE;
  rh_git_link_init (&link, access, &options.callbacks);
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.prune = GIT_FETCH_PRUNE;
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  return check (access, make_remote (&remote, repository, access->place->url), "its url", error) &&
         rh_git_link_check (&link, git_remote_fetch (remote, &wanted, &options, NULL), error);
}

git_repository *
rh_git_cache (const RhGitAccess *access, const char *commit, GError **error)
{
  g_autoptr (git_repository) repository = open_cache (access, error);

  return repository != NULL && fetch (access, repository, commit, error) ? g_steal_pointer (&repository) : NULL;
}

static gboolean
has_key (git_repository *repository, const git_oid *id, const char *line)
{
  g_autoptr (git_commit) commit = NULL;
  const char *message;
  const char *found;

  if (git_commit_lookup (&commit, repository, id) < 0)
    return FALSE;
  message = git_commit_message (commit);
  found = message != NULL ? strstr (message, line) : NULL;
  return found != NULL && (found[strlen (line)] == '\n' || found[strlen (line)] == '\0');
}

char *
rh_git_find (const RhGitAccess *access,
             const RhGitView *view,
             const char *branch,
             const char *since,
             const char *key,
             GError **error)
{
  g_autofree char *line = g_strconcat ("\n" KEY_LINE, key, NULL);
  g_autoptr (git_repository) repository = NULL;
  g_autoptr (git_revwalk) walk = NULL;
  git_oid id;

  g_return_val_if_fail (access != NULL && view != NULL && key != NULL, NULL);

  if (view->head == NULL || g_strcmp0 (view->head, since) == 0)
    return g_strdup ("");
  repository = open_cache (access, error);
  if (repository == NULL || !fetch (access, repository, view->head, error) ||
      !check (access, git_revwalk_new (&walk, repository), "its history", error) ||
      !check (access, git_oid_fromstr (&id, view->head), "the commit", error) ||
      !check (access, git_revwalk_push (walk, &id), "its history", error))
    return NULL;
  if (since != NULL && git_oid_fromstr (&id, since) == 0)
    (void)git_revwalk_hide (walk, &id); /* a history that was rewritten has it no more */
  for (guint i = 0; i < WALK_MAX && git_revwalk_next (&id, walk) == 0; i++)
    if (has_key (repository, &id, line))
      {
        char hex[GIT_OID_HEXSZ + 1];

        return g_strdup (git_oid_tostr (hex, sizeof hex, &id));
      }
  return g_strdup ("");
}

/* --- A commit ----------------------------------------------------------------------------------------------------- */

/* The trees of the files on that of @parent (nullable). What is to be deleted has to be there. */
static gboolean
make_tree (const RhGitAccess *access,
           git_repository *repository,
           git_commit *parent,
           JsonArray *files,
           git_oid *ret_tree,
           GError **error)
{
  guint n = json_array_get_length (files);
  g_autofree git_tree_update *updates = g_new0 (git_tree_update, n);
  g_autoptr (git_tree) tree = NULL;

  if (parent != NULL && !check (access, git_commit_tree (&tree, parent), "the tree", error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      JsonObject *file = json_array_get_object_element (files, i);
      const char *content = royal_json_string (file, "content", NULL);
      git_tree_update *update = &updates[i];

      update->path = royal_json_string (file, "path", "");
      update->filemode = GIT_FILEMODE_BLOB;
      update->action = content != NULL ? GIT_TREE_UPDATE_UPSERT : GIT_TREE_UPDATE_REMOVE;
      if (content != NULL &&
          !check (access, git_blob_create_from_buffer (&update->id, repository, content, strlen (content)),
                  update->path, error))
        return FALSE;
    }
  return check (access, git_tree_create_updated (ret_tree, repository, tree, n, updates), "the files", error);
}

/* (transfer full): the signature of a commit's @text; NULL with @error. */
static char *
sign (const RhGitAccess *access, const git_buf *text, GError **error)
{
  g_autoptr (RhSshKey) key = NULL;

  if (access->signing_key == NULL)
    {
      char *signature =
          rh_ssh_agent_sign (g_getenv ("SSH_AUTH_SOCK"), access->place->agent_key, "git", text->ptr, text->size, error);

      if (signature == NULL)
        g_prefix_error (error, "/agent_key: ");
      return signature;
    }
  key = rh_ssh_key_new (rh_secret_bytes (access->signing_key), rh_secret_length (access->signing_key), error);
  if (key != NULL)
    return rh_ssh_key_sign (key, "git", text->ptr, text->size);
  g_prefix_error (error, "the secret %s: ", access->place->signing_key);
  return NULL;
}

static gboolean
make_commit (const RhGitAccess *access,
             git_repository *repository,
             git_commit *parent,
             git_tree *tree,
             const char *message,
             git_oid *ret_id,
             GError **error)
{
  const git_commit *parents[] = { parent };
  g_autoptr (git_signature) author = NULL;
  g_autofree char *signature = NULL;
  git_buf text = { 0 };
  gboolean wanted;
  gboolean good;

  if (!check (access, git_signature_now (&author, access->place->author, access->place->email), "its author", error) ||
      !check (access,
              git_commit_create_buffer (&text, repository, author, author, NULL, message, tree, parent != NULL ? 1 : 0,
                                        parents),
              "the commit", error))
    return FALSE;
  wanted = access->signing_key != NULL || access->place->agent_key != NULL;
  signature = wanted ? sign (access, &text, error) : NULL;
  good = (signature != NULL || !wanted) &&
         check (access,
                git_commit_create_with_signature (ret_id, repository, text.ptr, signature,
                                                  signature != NULL ? "gpgsig" : NULL),
                "the commit", error);
  git_buf_dispose (&text);
  return good;
}

/* --- Pushing ------------------------------------------------------------------------------------------------------ */

/* @id: (nullable): NULL takes the branch away. What is pushed needs a name here, which is nobody else's. */
static gboolean
push (const RhGitAccess *access,
      git_repository *repository,
      const char *branch,
      const char *expected,
      const git_oid *id,
      GError **error)
{
  g_autofree char *unique = g_uuid_string_random ();
  g_autofree char *local = g_strconcat ("refs/royal/", unique, NULL);
  g_autofree char *spec =
      id != NULL ? g_strdup_printf ("+%s:refs/heads/%s", local, branch) : g_strconcat (":refs/heads/", branch, NULL);
  git_push_options options = GIT_PUSH_OPTIONS_INIT;
  const git_strarray specs = { &spec, 1 };
  g_auto (RhGitLink) link = { 0 };
  g_autoptr (git_remote) remote = NULL;
  g_autoptr (git_reference) name = NULL;
  gboolean good;

  rh_git_link_init (&link, access, &options.callbacks);
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  link.leases = TRUE;
  link.expected = expected;
  if (!check (access, make_remote (&remote, repository, access->place->url), "its url", error) ||
      (id != NULL &&
       !check (access, git_reference_create (&name, repository, local, id, 1, "push"), "its cache", error)))
    return FALSE;
  good = rh_git_link_check (&link, git_remote_push (remote, &specs, &options), error);
  if (name != NULL)
    (void)git_reference_delete (name);
  return good;
}

/* With the line by which the commit is found again. */
static char *
message_of (JsonObject *parameters, const char *key)
{
  g_autofree char *text = g_strchomp (g_strdup (royal_json_string (parameters, "message", "")));

  return g_strconcat (text, "\n\n" KEY_LINE, key, "\n", NULL);
}

char *
rh_git_push (const RhGitAccess *access, const RhGitView *view, JsonObject *parameters, const char *key, GError **error)
{
  const char *from = view->head != NULL ? view->head : view->base;
  const char *branch = royal_json_string (parameters, "branch", "");
  g_autofree char *message = message_of (parameters, key);
  g_autoptr (git_repository) repository = open_cache (access, error);
  g_autoptr (git_commit) parent = NULL;
  g_autoptr (git_tree) tree = NULL;
  char hex[GIT_OID_HEXSZ + 1];
  git_oid id;

  if (repository == NULL || (from != NULL && !fetch (access, repository, from, error)) ||
      (from != NULL && (!check (access, git_oid_fromstr (&id, from), "the commit", error) ||
                        !check (access, git_commit_lookup (&parent, repository, &id), "the commit", error))) ||
      !make_tree (access, repository, parent, royal_json_array (parameters, "files"), &id, error))
    return NULL;
  if (view->head != NULL && git_oid_equal (git_commit_tree_id (parent), &id))
    return g_strdup (view->head);
  if (!check (access, git_tree_lookup (&tree, repository, &id), "the tree", error) ||
      !make_commit (access, repository, parent, tree, message, &id, error) ||
      !push (access, repository, branch, view->head, &id, error))
    return NULL;
  return g_strdup (git_oid_tostr (hex, sizeof hex, &id));
}

gboolean
rh_git_put_back (const RhGitAccess *access, const char *branch, const char *from, const char *to, GError **error)
{
  g_autoptr (git_repository) repository = open_cache (access, error);
  git_oid id;

  if (repository == NULL || !fetch (access, repository, from, error))
    return FALSE;
  if (to != NULL && !check (access, git_oid_fromstr (&id, to), "the commit", error))
    return FALSE;
  return push (access, repository, branch, from, to != NULL ? &id : NULL, error);
}
