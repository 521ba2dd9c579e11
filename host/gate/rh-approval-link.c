/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-approval-link.h"

#include <royal/error.h>
#include <sodium.h>
#include <string.h>

/* What else is signed with the same key is no link. */
#define CONTEXT "royal-approval-link-1"
#define MAC_TEXT sodium_base64_ENCODED_LEN (crypto_auth_hmacsha256_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)
#define DIGITS_MAX 18

/* @mac: its text. FALSE: the key is too short to be one. */
static gboolean
make_mac (RhSecret *key, gint64 workspace, const char *proposal, const RhApprovalLink *link, char mac[MAC_TEXT])
{
  g_autofree char *text = g_strdup_printf (CONTEXT " %" G_GINT64_FORMAT " %s %s %s %" G_GINT64_FORMAT, workspace,
                                           proposal, link->notice, link->digest, link->expires_s);
  guint8 bytes[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_state state;

  if (rh_secret_length (key) < RH_APPROVAL_LINK_KEY_MIN)
    return FALSE;
  crypto_auth_hmacsha256_init (&state, (const guint8 *)rh_secret_bytes (key), rh_secret_length (key));
  crypto_auth_hmacsha256_update (&state, (const guint8 *)text, strlen (text));
  crypto_auth_hmacsha256_final (&state, bytes);
  sodium_bin2base64 (mac, MAC_TEXT, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  sodium_memzero (&state, sizeof state);
  return TRUE;
}

char *
rh_approval_link_make (RhSecret *key,
                       gint64 workspace,
                       const char *proposal,
                       const RhApprovalLink *link,
                       GError **error)
{
  char mac[MAC_TEXT];

  g_return_val_if_fail (key != NULL && proposal != NULL && link != NULL, NULL);

  if (make_mac (key, workspace, proposal, link, mac))
    return g_strdup_printf ("%s.%s.%" G_GINT64_FORMAT ".%s", link->notice, link->digest, link->expires_s, mac);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "the key that links are signed with: expected %d bytes or more",
               RH_APPROVAL_LINK_KEY_MIN);
  return NULL;
}

static gboolean
is_made_of (const char *text, const char *set, gsize most)
{
  gsize length = strlen (text);

  return length > 0 && length <= most && strspn (text, set) == length;
}

/* Whether @text has the form of a link; nothing says yet that it is one. */
static gboolean
parse (const char *text, RhApprovalLink *link, char mac[MAC_TEXT])
{
  g_auto (GStrv) parts = g_strsplit (text, ".", 5);

  if (g_strv_length (parts) != 4 || !g_uuid_string_is_valid (parts[0]) || strlen (parts[0]) != 36 ||
      strlen (parts[1]) != 64 || !is_made_of (parts[1], "0123456789abcdef", 64) ||
      !is_made_of (parts[2], "0123456789", DIGITS_MAX) || strlen (parts[3]) != MAC_TEXT - 1)
    return FALSE;
  g_strlcpy (link->notice, parts[0], sizeof link->notice);
  g_strlcpy (link->digest, parts[1], sizeof link->digest);
  g_strlcpy (mac, parts[3], MAC_TEXT);
  return g_ascii_string_to_signed (parts[2], 10, 0, G_MAXINT64, &link->expires_s, NULL);
}

gboolean
rh_approval_link_open (RhSecret *key,
                       gint64 workspace,
                       const char *proposal,
                       const char *text,
                       RhApprovalLink *ret_link,
                       GError **error)
{
  RhApprovalLink link = { 0 };
  char found[MAC_TEXT], expected[MAC_TEXT];

  g_return_val_if_fail (key != NULL && proposal != NULL && text != NULL && ret_link != NULL, FALSE);

  if (!parse (text, &link, found))
    g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, "the link is not whole: it was cut or altered");
  else if (!make_mac (key, workspace, proposal, &link, expected) ||
           sodium_memcmp (found, expected, sizeof expected) != 0)
    g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_DENIED,
                         "the link was not signed here for this proposal: it was altered, or the key has changed");
  else
    {
      *ret_link = link;
      return TRUE;
    }
  return FALSE;
}
