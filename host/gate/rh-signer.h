/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The key by which a host signs what it says of the audit: Ed25519, its seed in a file as 64 hexadecimal digits. */
typedef struct _RhSigner RhSigner;

/**
 * rh_signer_open:
 * @path: the file; made, with mode 0600, when it is not there
 *
 * Returns: (transfer full): the key; NULL with %ROYAL_ERROR_INVALID when the file holds none, %ROYAL_ERROR_DENIED when others may
 *   read it, %ROYAL_ERROR_FAILED when it cannot be read or made.
 */
RhSigner *rh_signer_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_signer_free (RhSigner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSigner, rh_signer_free)

/* (transfer none): the first 16 hexadecimal digits of the SHA-256 of the public key. */
const char *rh_signer_id (const RhSigner *self);

/* (transfer none): the public key, 64 hexadecimal digits. */
const char *rh_signer_public (const RhSigner *self);

/* (transfer full): the signature of @text, 128 hexadecimal digits. */
char *rh_signer_sign (const RhSigner *self, const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @signature is that of @text, by this key. */
gboolean rh_signer_verify (const RhSigner *self, const char *text, const char *signature) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
