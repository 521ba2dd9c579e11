/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-http-endpoint.h"

G_BEGIN_DECLS

/**
 * RhGithubPlace:
 * @repository: `OWNER/NAME`
 * @token: the name of a secret
 * @endpoint: the REST interface, with what each request carries
 */
typedef struct {
  char *name;
  char *repository;
  char *token;
  RhHttpEndpoint *endpoint;
} RhGithubPlace;

void rh_github_place_free (RhGithubPlace *self);

/* All that a file names: name -> RhGithubPlace; none when the file is not there. %ROYAL_ERROR_INVALID names the place. */
GHashTable *rh_github_places_load (const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
