/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secret.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* Secrets by name: from the environment (ROYAL_SECRET_NAME), else from a file (systemd's $CREDENTIALS_DIRECTORY, then a mounted
 * folder), else from the database, where they are sealed. The environment and the files are the operator's of this
 * machine, and so the host's own workspace's alone. */
#define RH_TYPE_SECRETS (rh_secrets_get_type ())
G_DECLARE_FINAL_TYPE (RhSecrets, rh_secrets, RH, SECRETS, GObject)

/**
 * rh_secrets_take_environment:
 *
 * Takes every ROYAL_SECRET_… and ROYAL_SECRETS_KEY out of the environment, and wipes them there, so that neither a child nor
 * /proc/PID/environ has them. To be called first in main(), while there is one thread.
 */
void rh_secrets_take_environment (void);

/**
 * RhSecretsConfig:
 * @folder: (nullable): a folder with a file for each secret
 * @key_file: (nullable): the keys of what the database keeps; NULL: ROYAL_SECRETS_KEY, else the credential `secrets-key`,
 *   else there are none
 */
typedef struct {
  const char *folder;
  const char *key_file;
} RhSecretsConfig;

/* @store may be NULL: then nothing is looked for in a database. NULL with every fault of the configuration. */
RhSecrets *rh_secrets_new (RhStore *store, const RhSecretsConfig *config, gint64 own_workspace, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Reads the keys again. On failure the old ones go on serving. */
gboolean rh_secrets_reload (RhSecrets *self, GError **error);

/* %ROYAL_ERROR_NOT_FOUND names the secret and where it was looked for. No error ever holds a value. */
void rh_secrets_lookup_async (RhSecrets *self, gint64 workspace, const char *name, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
RhSecret *rh_secrets_lookup_finish (RhSecrets *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All of @names have to be there: else %ROYAL_ERROR_NOT_FOUND with each that is not, one a line. */
void rh_secrets_require_async (RhSecrets *self, gint64 workspace, const char *const *names,
                               GAsyncReadyCallback callback, gpointer data);
gboolean rh_secrets_require_finish (RhSecrets *self, GAsyncResult *result, GError **error);

/* Whether a value of @name that is set would be what is found: %ROYAL_ERROR_CONFLICT when this host has no key to seal it with, or
 * when its environment or a file holds another, which comes first. */
gboolean rh_secrets_can_set (RhSecrets *self, gint64 workspace, const char *name, GError **error);

/* Seals @secret and puts it into the database. Returns: (transfer full): what is told of it. */
void rh_secrets_set_async (RhSecrets *self, gint64 workspace, const char *name, RhSecret *secret, const char *actor,
                           GAsyncReadyCallback callback, gpointer data);
JsonNode *rh_secrets_set_finish (RhSecrets *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Seals what other keys seal with the current one, batch by batch, while all goes on; what was done stays done when it is
 * interrupted, and it can be begun again. Keys of persons are among them.
 * Returns: (transfer full): { "key", "secrets": how many }. */
void rh_secrets_rotate_async (RhSecrets *self, gint64 workspace, const char *actor, GAsyncReadyCallback callback,
                              gpointer data);
JsonNode *rh_secrets_rotate_finish (RhSecrets *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Seals what is no secret by name but is kept as one, such as another key, with the current key: (transfer full),
 * hexadecimal; @ret_key_id (transfer full) names the key. @name is bound to it, and is no secret's. NULL with
 * %ROYAL_ERROR_CONFLICT when this host has no key. */
char *rh_secrets_seal (RhSecrets *self, gint64 workspace, const char *name, RhSecret *secret, char **ret_key_id,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* NULL with %ROYAL_ERROR_CONFLICT, %ROYAL_ERROR_NOT_FOUND (another key) or %ROYAL_ERROR_INVALID. */
RhSecret *rh_secrets_open (RhSecrets *self, gint64 workspace, const char *name, const char *key_id, const char *sealed,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): names and where they are, of the environment and the files: [{ "name", "source" }]. */
JsonArray *rh_secrets_list_local (RhSecrets *self, gint64 workspace) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
