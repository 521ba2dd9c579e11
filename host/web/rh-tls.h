/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * rh_tls_load:
 * @certificate: a PEM file: the host's certificate and those that lead to the authority
 * @key: a PEM file with its private key; others than its owner and group may not read it
 *
 * Returns: (transfer full): %ROYAL_ERROR_INVALID, naming the file, when they cannot be read, or the certificate is over. That it is
 *   over within two weeks is warned of.
 */
GTlsCertificate *rh_tls_load (const char *certificate, const char *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
