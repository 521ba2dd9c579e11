/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-request.h"

G_BEGIN_DECLS

/* The cookie `royal_session`, by which a browser says which session it is in. Its value is the session's secret; what a
 * request has to send as `X-CSRF-Token` is derived from it, so that no other origin knows it. */

/* (transfer full) (nullable): the value of the cookie @name that a request came with. */
char *rh_cookie_get (RhRequest *request, const char *name) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full) (nullable): the secret that a request came with. */
char *rh_cookie_of (RhRequest *request) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full): what goes with @secret as the CSRF token: the SHA-256 of it and of what it is for, hexadecimal. */
char *rh_cookie_csrf (const char *secret) G_GNUC_WARN_UNUSED_RESULT;
/* Answers with `Set-Cookie`; NULL takes the cookie away. */
void rh_cookie_set (RhRequest *request, const char *secret);

/* Whether a request that a browser sent came from a page of this host: by `Sec-Fetch-Site` and by `Origin`, whichever
 * is there (Fetch Metadata Request Headers, W3C; RFC 6454). TRUE when neither is: then no browser of today sent it. */
gboolean rh_cookie_is_same_origin (RhRequest *request);

G_END_DECLS
