/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* An Ed25519 key as ssh-keygen writes it without a passphrase (PROTOCOL.key of OpenSSH), which signs as `ssh-keygen -Y
 * sign` does (PROTOCOL.sshsig). In memory that is wiped when it goes. */
typedef struct _RhSshKey RhSshKey;

/* %ROYAL_ERROR_INVALID says what is wrong with @text, and holds nothing of it. */
RhSshKey *rh_ssh_key_new (const char *text, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_ssh_key_free (RhSshKey *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSshKey, rh_ssh_key_free)

/* (transfer full): the armoured signature of @length bytes at @data, for a purpose such as `git`. */
char *rh_ssh_key_sign (const RhSshKey *self, const char *purpose, gconstpointer data,
                       gsize length) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
