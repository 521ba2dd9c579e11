/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Signatures as `ssh-keygen -Y sign` makes them (PROTOCOL.sshsig of OpenSSH), whoever has the key. */

/* Appends a string as SSH writes it (RFC 4251, section 5): its length, then its bytes. */
void rh_ssh_put (GByteArray *out, gconstpointer bytes, gsize length);

/* (transfer full): what is signed in place of @length bytes at @data: the purpose keeps a signature from being taken for
 * another's. */
GByteArray *rh_ssh_signed (const char *purpose, gconstpointer data, gsize length) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): the armoured signature; @public and @signature are blobs with their types. */
char *rh_ssh_armour (gconstpointer public, gsize public_length, const char *purpose, gconstpointer signature,
                     gsize signature_length) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
