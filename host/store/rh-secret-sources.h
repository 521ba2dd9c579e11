/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secret.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Secrets of this machine: from the environment, and from files. */
typedef struct _RhSecretSources RhSecretSources;

/* See rh_secrets_take_environment(). */
void rh_secret_sources_take_environment (void);

/* @folder: (nullable) */
RhSecretSources *rh_secret_sources_new (const char *folder) G_GNUC_WARN_UNUSED_RESULT;
void rh_secret_sources_free (RhSecretSources *self);

/* (transfer full) (nullable): NULL without @error when there is none. @ret_source: "environment" or "file". A newline at the end
 * of a file is not part of it. */
RhSecret *rh_secret_sources_find (RhSecretSources *self, const char *name, const char **ret_source, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none) (nullable): ROYAL_SECRETS_KEY, as it was in the environment. */
RhSecret *rh_secret_sources_key (RhSecretSources *self);
/* (transfer full) (nullable): the path of systemd's credential of that name, when there is one. */
char *rh_secret_sources_credential (RhSecretSources *self, const char *name);

/* (transfer full): where @name was looked for, for people. */
char *rh_secret_sources_places (RhSecretSources *self, const char *name) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full): [{ "name", "source" }], sorted. */
JsonArray *rh_secret_sources_list (RhSecretSources *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
