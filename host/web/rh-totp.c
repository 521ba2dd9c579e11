/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-totp.h"

#include <sodium.h>
#include <string.h>

#define MODULUS 1000000
#define SHA1_BYTES 20

char *
rh_totp_code (const guint8 *key, gsize length, guint64 step)
{
  g_autoptr (GHmac) hmac = NULL;
  guint64 counter = GUINT64_TO_BE (step);
  guint8 digest[SHA1_BYTES];
  gsize n = sizeof digest;
  guint offset;
  guint32 word;

  g_return_val_if_fail (key != NULL && length > 0, NULL);

  hmac = g_hmac_new (G_CHECKSUM_SHA1, key, length);
  g_hmac_update (hmac, (const guchar *)&counter, sizeof counter);
  g_hmac_get_digest (hmac, digest, &n);
  /* Dynamic truncation, RFC 4226, section 5.3. */
  offset = digest[SHA1_BYTES - 1] & 0xf;
  word = (guint32)(digest[offset] & 0x7f) << 24 | (guint32)digest[offset + 1] << 16 | (guint32)digest[offset + 2] << 8 |
         (guint32)digest[offset + 3];
  return g_strdup_printf ("%0*u", RH_TOTP_DIGITS, word % MODULUS);
}

gboolean
rh_totp_check (const guint8 *key, gsize length, const char *code, gint64 now_s, gint64 *ret_step)
{
  gint64 now = now_s / RH_TOTP_STEP_S;

  g_return_val_if_fail (key != NULL && code != NULL && ret_step != NULL && now_s >= RH_TOTP_STEP_S, FALSE);

  if (strlen (code) != RH_TOTP_DIGITS)
    return FALSE;
  for (gint64 step = now - 1; step <= now + 1; step++)
    {
      g_autofree char *right = rh_totp_code (key, length, (guint64)step);

      if (sodium_memcmp (right, code, RH_TOTP_DIGITS) == 0)
        {
          *ret_step = step;
          return TRUE;
        }
    }
  return FALSE;
}

char *
rh_totp_base32 (const guint8 *bytes, gsize length)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  g_autoptr (GString) text = g_string_new (NULL);
  guint32 held = 0;
  guint bits = 0;

  for (gsize i = 0; i < length; i++)
    {
      held = held << 8 | bytes[i];
      for (bits += 8; bits >= 5; bits -= 5)
        g_string_append_c (text, letters[held >> (bits - 5) & 31]);
      held &= (1u << bits) - 1;
    }
  if (bits > 0)
    g_string_append_c (text, letters[held << (5 - bits) & 31]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
