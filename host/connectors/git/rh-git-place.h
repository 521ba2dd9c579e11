/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * RhGitPlace:
 * @url: https, ssh or, for tests and mirrors, file; without a user's password
 * @user: whom the credential is of
 * @token, @ssh_key, @signing_key: (nullable): names of secrets; over ssh without @ssh_key the agent is asked
 * @agent_key: (nullable): the public key with which the agent signs, in place of @signing_key
 * @host_key: (nullable): SHA-256 of the server's ssh key in base64, as `ssh-keygen -l` shows it after `SHA256:`
 *
 * One named repository that git.branch.push may push to: docs/schema/git-repositories.schema.json.
 */
typedef struct {
  char *name;
  char *url;
  char *user;
  char *token;
  char *ssh_key;
  char *signing_key;
  char *agent_key;
  char *host_key;
  char *author;
  char *email;
} RhGitPlace;

void rh_git_place_free (RhGitPlace *self);

/* All that a file names: name -> RhGitPlace; none when the file is not there. @ret_ca (transfer full) (nullable): the
 * file of the authorities. %ROYAL_ERROR_INVALID names the place and what was expected. */
GHashTable *rh_git_places_load (const char *file, char **ret_ca, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
