/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secret.h"

G_BEGIN_DECLS

/* How long a token is good, of the ten minutes that GitHub allows from the time of issue, which is put back a minute: its clock
 * may be behind. */
#define RH_GITHUB_JWT_S 480
#define RH_GITHUB_JWT_BACK_S 60

/**
 * rh_github_jwt_new:
 * @key: an RSA private key of at least 2048 bits, PEM (PKCS #1 or #8), without a passphrase
 * @issuer: the App's client id or its number
 * @now_s: seconds since 1970
 *
 * A JSON Web Token (RFC 7519, RS256 of RFC 7518) with which a GitHub App says who it is.
 *
 * Returns: (transfer full): NULL with %ROYAL_ERROR_INVALID, whose message holds nothing of the key.
 */
RhSecret *rh_github_jwt_new (RhSecret *key, const char *issuer, gint64 now_s, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
