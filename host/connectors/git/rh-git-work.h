/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-git-place.h"
#include "rh-secret.h"

#include <gio/gio.h>
#include <git2.h>

G_BEGIN_DECLS

/* What blocks: libgit2 over the net and the bare cache of a repository. Only for threads. Errors: %ROYAL_ERROR_DENIED (the
 * credential, the certificate), %ROYAL_ERROR_NOT_FOUND (the repository), %ROYAL_ERROR_CONFLICT (a branch is not where it was
 * expected), %ROYAL_ERROR_FAILED (the server declined it, with the words of its hook), %ROYAL_ERROR_UNAVAILABLE (nothing was
 * sent), %ROYAL_ERROR_PROTOCOL (it may have arrived). None holds a secret. */

/**
 * RhGitAccess:
 * @folder: of the cache, made when it is not there
 * @token, @ssh_key, @signing_key: (nullable)
 * @cancellable: (nullable)
 */
typedef struct {
  const RhGitPlace *place;
  const char *folder;
  RhSecret *token;
  RhSecret *ssh_key;
  RhSecret *signing_key;
  GCancellable *cancellable;
} RhGitAccess;

/**
 * RhGitView:
 * @head: (nullable): the commit of the branch, in hexadecimal
 * @base: (nullable): that of the branch where a new one begins
 * @default_branch: (nullable): its name; NULL when the repository is empty
 *
 * A branch as the server has it now.
 */
typedef struct {
  char *head;
  char *base;
  char *default_branch;
} RhGitView;

void rh_git_view_free (RhGitView *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhGitView, rh_git_view_free)

/* @base: (nullable): the default branch. */
RhGitView *rh_git_look (const RhGitAccess *access, const char *branch, const char *base,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The commit with @key among those of the branch after @since (nullable): (transfer full); "" when there is none. */
char *rh_git_find (const RhGitAccess *access, const RhGitView *view, const char *branch, const char *since,
                   const char *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a commit of the parameters on what @view shows and pushes it, if the branch is still there. (transfer full): its
 * id; that of the head when it would change nothing. */
char *rh_git_push (const RhGitAccess *access, const RhGitView *view, JsonObject *parameters, const char *key,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts the branch, which is at @from, back to @to, or away when @to is NULL. */
gboolean rh_git_put_back (const RhGitAccess *access, const char *branch, const char *from, const char *to,
                          GError **error);

/* (transfer full): the cache, after a fetch unless it has @commit already; whether it has it then is the caller's to see. */
git_repository *rh_git_cache (const RhGitAccess *access, const char *commit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Once: the authorities of https, in place of the system's; it holds for the whole process. */
gboolean rh_git_start (const char *ca, GError **error);

G_END_DECLS
