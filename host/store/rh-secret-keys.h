/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secret.h"

G_BEGIN_DECLS

/* The keys that seal what the database keeps: a text of one key a line, 32 bytes in base64; lines that begin with # are passed over.
 * The first seals; the others open what was sealed before. A key's id is made from the key.
 *
 * Sealing is XChaCha20-Poly1305: its nonces are long enough to be drawn at random whatever is sealed (with AES-256-GCM the count
 * would have to be watched, across hosts), and it opens on every CPU, where libsodium's AES-256-GCM needs one that
 * has the instructions. Workspace, name and key id are bound to what is sealed: it opens in no other place. */
typedef struct _RhSecretKeys RhSecretKeys;

#define RH_SECRET_KEY_ID_LENGTH 16

/* @what: for messages, which never hold a part of @text. */
RhSecretKeys *rh_secret_keys_parse (const char *text, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Refuses a file that everybody may read. */
RhSecretKeys *rh_secret_keys_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_secret_keys_free (RhSecretKeys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSecretKeys, rh_secret_keys_free)

/* The id of the key that seals. */
const char *rh_secret_keys_current (RhSecretKeys *self);

/* (transfer full): hexadecimal, sealed with the current key. */
char *rh_secret_keys_seal (RhSecretKeys *self, gint64 workspace, const char *name, RhSecret *secret)
    G_GNUC_WARN_UNUSED_RESULT;
/* NULL with %ROYAL_ERROR_NOT_FOUND when the key is not there, %ROYAL_ERROR_INVALID when it does not open. */
RhSecret *rh_secret_keys_open (RhSecretKeys *self, gint64 workspace, const char *name, const char *key_id,
                               const char *sealed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
