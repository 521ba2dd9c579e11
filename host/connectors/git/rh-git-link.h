/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-git-work.h"

#include <git2.h>

G_BEGIN_DECLS

/**
 * RhGitLink:
 * @expected: (nullable): where the branch has to be when it is pushed to
 * @leases: whether @expected counts
 * @sent: a push has begun: what fails from here on may have arrived
 *
 * One conversation with a server, as the callbacks of libgit2 see it.
 */
typedef struct {
  const RhGitAccess *access;
  const char *expected;
  gboolean leases;
  gboolean sent;
  gboolean moved;
  gboolean refused;
  gboolean distrusted;
  guint asked;
  char *declined;
  GString *said;
} RhGitLink;

void rh_git_link_init (RhGitLink *self, const RhGitAccess *access, git_remote_callbacks *callbacks);
void rh_git_link_clear (RhGitLink *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RhGitLink, rh_git_link_clear)

/* TRUE when @code is none of a failure and the server declined nothing; else sets @error to what it means. */
gboolean rh_git_link_check (const RhGitLink *self, int code, GError **error);

G_END_DECLS
