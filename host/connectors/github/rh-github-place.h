/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-github-app.h"

G_BEGIN_DECLS

/**
 * RhGithubPlace:
 * @repository: `OWNER/NAME`
 * @secret: the name of the one that it needs: a token, or an App's key
 * @account: who asks, for lanes
 * @app: (nullable): what the tokens are from; shared by all places with the same installation
 * @endpoint: the REST interface, with what each request carries
 */
typedef struct {
  char *name;
  char *repository;
  char *secret;
  char *account;
  RhGithubApp *app;
  RhHttpEndpoint *endpoint;
} RhGithubPlace;

void rh_github_place_free (RhGithubPlace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhGithubPlace, rh_github_place_free)

/* All that a file names: name -> RhGithubPlace; none when the file is not there. %ROYAL_ERROR_INVALID names the place. */
GHashTable *rh_github_places_load (const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
