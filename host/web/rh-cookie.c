/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-cookie.h"

#include "rh-auth.h"

#include <string.h>

#define COOKIE "royal_session"
#define CSRF_FOR "royal csrf 1:"

char *
rh_cookie_get (RhRequest *request, const char *name)
{
  const char *header = rh_request_header (request, "Cookie");
  g_auto (GStrv) pairs = header != NULL ? g_strsplit (header, ";", 64) : NULL;
  gsize length;

  g_return_val_if_fail (name != NULL, NULL);

  length = strlen (name);
  for (guint i = 0; pairs != NULL && pairs[i] != NULL; i++)
    if (g_str_has_prefix (g_strstrip (pairs[i]), name) && pairs[i][length] == '=')
      return g_strdup (pairs[i] + length + 1);
  return NULL;
}

char *
rh_cookie_of (RhRequest *request)
{
  return rh_cookie_get (request, COOKIE);
}

char *
rh_cookie_csrf (const char *secret)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (secret != NULL, NULL);

  text = g_strconcat (CSRF_FOR, secret, NULL);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

void
rh_cookie_set (RhRequest *request, const char *secret)
{
  g_autofree char *text =
      g_strdup_printf (COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/%s%s", secret != NULL ? secret : "",
                       secret == NULL ? "; Max-Age=0" : "", rh_request_client (request)->is_secure ? "; Secure" : "");

  rh_request_set_header (request, "Set-Cookie", text);
}

gboolean
rh_cookie_is_same_origin (RhRequest *request)
{
  const char *site = rh_request_header (request, "Sec-Fetch-Site");
  const char *origin = rh_request_header (request, "Origin");
  const char *host = rh_request_header (request, "Host");
  const char *authority;

  if (site != NULL && strcmp (site, "same-origin") != 0 && strcmp (site, "none") != 0)
    return FALSE;
  if (origin == NULL)
    return TRUE;
  authority = strstr (origin, "://");
  return authority != NULL && host != NULL && g_ascii_strcasecmp (authority + strlen ("://"), host) == 0;
}
