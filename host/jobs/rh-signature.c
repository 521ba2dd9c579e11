/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-signature.h"

#include <sodium.h>
#include <string.h>

/* As many as a sender that changes its key would ever send. */
#define SIGNATURES_MAX 8

typedef void (*Take) (gpointer state, const void *bytes, gsize length);

static void
take_text (gpointer state, Take take, const char *text)
{
  take (state, text, strlen (text));
}

/* Hands the parts to @take, in order. A part is put in once, and nothing in it is a part. */
static void
put_together (const RhSigned *self, Take take, gpointer state)
{
  const char *timestamp = self->timestamp != NULL ? self->timestamp : "";
  const char *id = self->id != NULL ? self->id : "";
  gsize length;
  gconstpointer bytes = g_bytes_get_data (self->body, &length);

  for (const char *p = self->content; *p != '\0';)
    if (g_str_has_prefix (p, "{body}"))
      {
        take (state, bytes != NULL ? bytes : "", length);
        p += strlen ("{body}");
      }
    else if (g_str_has_prefix (p, "{timestamp}"))
      {
        take_text (state, take, timestamp);
        p += strlen ("{timestamp}");
      }
    else if (g_str_has_prefix (p, "{id}"))
      {
        take_text (state, take, id);
        p += strlen ("{id}");
      }
    else
      take (state, p++, 1);
}

static void
take_mac (gpointer state, const void *bytes, gsize length)
{
  crypto_auth_hmacsha256_update (state, bytes, length);
}

void
rh_signature_make (const RhSigned *text, RhSecret *secret, guint8 ret_mac[RH_SIGNATURE_BYTES])
{
  crypto_auth_hmacsha256_state state;

  g_return_if_fail (text != NULL && text->content != NULL && text->body != NULL && secret != NULL);

  crypto_auth_hmacsha256_init (&state, (const guint8 *)rh_secret_bytes (secret), rh_secret_length (secret));
  put_together (text, take_mac, &state);
  crypto_auth_hmacsha256_final (&state, ret_mac);
  sodium_memzero (&state, sizeof state);
}

static void
take_hash (gpointer state, const void *bytes, gsize length)
{
  g_checksum_update (state, bytes, (gssize)length);
}

char *
rh_signature_key (const RhSigned *text)
{
  g_autoptr (GChecksum) hash = g_checksum_new (G_CHECKSUM_SHA256);

  g_return_val_if_fail (text != NULL && text->content != NULL && text->body != NULL, NULL);

  put_together (text, take_hash, hash);
  return g_strndup (g_checksum_get_string (hash), 40);
}

static gboolean
decode (const char *text, gboolean base64, guint8 ret_mac[RH_SIGNATURE_BYTES])
{
  gsize found = 0;
  const char *end = NULL;
  int refused;

  if (base64)
    refused = sodium_base642bin (ret_mac, RH_SIGNATURE_BYTES, text, strlen (text), NULL, &found, &end,
                                 sodium_base64_VARIANT_ORIGINAL);
  else
    refused = sodium_hex2bin (ret_mac, RH_SIGNATURE_BYTES, text, strlen (text), NULL, &found, &end);
  return refused == 0 && found == RH_SIGNATURE_BYTES && *end == '\0';
}

gboolean
rh_signature_matches (const char *header, const char *prefix, gboolean base64, const guint8 mac[RH_SIGNATURE_BYTES])
{
  g_auto (GStrv) words = NULL;
  gboolean matches = FALSE;

  g_return_val_if_fail (prefix != NULL, FALSE);

  words = g_strsplit (header != NULL ? header : "", " ", SIGNATURES_MAX + 1);
  for (guint i = 0; i < SIGNATURES_MAX && words[i] != NULL; i++)
    {
      guint8 found[RH_SIGNATURE_BYTES] = { 0 };
      gboolean sound = g_str_has_prefix (words[i], prefix) && decode (words[i] + strlen (prefix), base64, found);

      matches |= sodium_memcmp (found, mac, sizeof found) == 0 && sound;
    }
  return matches;
}

gboolean
rh_signature_is (const char *header, const char *prefix, gboolean base64, const guint8 mac[RH_SIGNATURE_BYTES])
{
  char text[2 * RH_SIGNATURE_BYTES + 1];
  g_autofree char *wanted = NULL;
  gsize length;

  g_return_val_if_fail (prefix != NULL, FALSE);

  if (base64)
    sodium_bin2base64 (text, sizeof text, mac, RH_SIGNATURE_BYTES, sodium_base64_VARIANT_ORIGINAL);
  else
    sodium_bin2hex (text, sizeof text, mac, RH_SIGNATURE_BYTES);
  wanted = g_strconcat (prefix, text, NULL);
  length = strlen (wanted);
  return header != NULL && strlen (header) == length && sodium_memcmp (header, wanted, length) == 0;
}
