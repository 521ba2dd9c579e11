/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* git.branch.push: one commit on a branch of a repository that the operator names in connectors/git.json. */
#define RH_TYPE_GIT (rh_git_get_type ())
G_DECLARE_FINAL_TYPE (RhGit, rh_git, RH, GIT, GObject)

/* @file: see docs/schema/git-repositories.schema.json; none configured when it is not there. @folder: of the caches.
 * @secrets: (nullable) to check only. */
RhGit *rh_git_new (const char *file, const char *folder, RhSecrets *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
