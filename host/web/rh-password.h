/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Passwords, as Argon2id hashes in the PHC text form (RFC 9106; libsodium's crypto_pwhash_str() with its interactive
 * limits). One takes 64 MiB and some tens of milliseconds: they are made in threads, two at a time, and when too many
 * wait for them the next is %ROYAL_ERROR_LIMIT. */

#define RH_PASSWORD_MIN 12
#define RH_PASSWORD_MAX 256

/* @password is copied, and wiped when it was looked at. */
void rh_password_hash_async (const char *password, GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): the hash; NULL with @error set. */
char *rh_password_hash_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_password_check_async:
 * @hash: (nullable): NULL = there is none to be right about: it takes as long, and fails
 */
void rh_password_check_async (const char *hash, const char *password, GAsyncReadyCallback callback, gpointer data);
/* Sets @ret_right; FALSE with @error set when it could not be told. */
gboolean rh_password_check_finish (GAsyncResult *result, gboolean *ret_right, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): a random one, of 24 letters and digits, for a person to type once. */
char *rh_password_make (void) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
