/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-ssh-signature.h"

#include <sodium.h>
#include <string.h>

#define MAGIC "SSHSIG"
#define LINE 70

void
rh_ssh_put (GByteArray *out, gconstpointer bytes, gsize length)
{
  guint32 size = GUINT32_TO_BE ((guint32)length);

  g_return_if_fail (out != NULL);

  g_byte_array_append (out, (const guint8 *)&size, sizeof size);
  if (length > 0)
    g_byte_array_append (out, bytes, (guint)length);
}

static void
put_text (GByteArray *out, const char *text)
{
  rh_ssh_put (out, text, strlen (text));
}

GByteArray *
rh_ssh_signed (const char *purpose, gconstpointer data, gsize length)
{
  GByteArray *out = g_byte_array_new ();
  guint8 hash[crypto_hash_sha512_BYTES];

  g_return_val_if_fail (purpose != NULL && data != NULL, out);

  crypto_hash_sha512 (hash, data, length);
  g_byte_array_append (out, (const guint8 *)MAGIC, strlen (MAGIC));
  put_text (out, purpose);
  put_text (out, "");
  put_text (out, "sha512");
  rh_ssh_put (out, hash, sizeof hash);
  return out;
}

char *
rh_ssh_armour (gconstpointer public,
               gsize public_length,
               const char *purpose,
               gconstpointer signature,
               gsize signature_length)
{
  static const guint8 version[] = { 0, 0, 0, 1 };
  g_autoptr (GByteArray) blob = g_byte_array_new ();
  GString *out = g_string_new ("-----BEGIN SSH SIGNATURE-----\n");
  g_autofree char *text = NULL;

  g_byte_array_append (blob, (const guint8 *)MAGIC, strlen (MAGIC));
  g_byte_array_append (blob, version, sizeof version);
  rh_ssh_put (blob, public, public_length);
  put_text (blob, purpose);
  put_text (blob, "");
  put_text (blob, "sha512");
  rh_ssh_put (blob, signature, signature_length);
  text = g_base64_encode (blob->data, blob->len);
  for (gsize at = 0; at < strlen (text); at += LINE)
    g_string_append_printf (out, "%.*s\n", LINE, text + at);
  g_string_append (out, "-----END SSH SIGNATURE-----");
  return g_string_free (out, FALSE);
}
