/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secret.h"

G_BEGIN_DECLS

#define RH_SIGNATURE_BYTES 32

/**
 * RhSigned:
 * @content: what is signed, with {body}, {timestamp} and {id}
 * @timestamp, @id: (nullable)
 *
 * A text of three parts, put together byte by byte.
 */
typedef struct {
  const char *content;
  const char *timestamp;
  const char *id;
  GBytes *body;
} RhSigned;

/* HMAC-SHA256 of what is signed. */
void rh_signature_make (const RhSigned *text, RhSecret *secret, guint8 ret_mac[RH_SIGNATURE_BYTES]);

/* SHA-256 of what is signed, (transfer full): 40 hexadecimal digits. */
char *rh_signature_key (const RhSigned *text) G_GNUC_WARN_UNUSED_RESULT;

/* Whether one of the signatures in @header, which are separated by spaces and begin with @prefix, is @mac. Takes as long
 * whatever they hold. */
gboolean rh_signature_matches (const char *header, const char *prefix, gboolean base64,
                               const guint8 mac[RH_SIGNATURE_BYTES]) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @header is @prefix and @mac, to the letter, hexadecimal digits in lower case. Takes as long whatever it holds, for
 * its length. */
gboolean rh_signature_is (const char *header, const char *prefix, gboolean base64,
                          const guint8 mac[RH_SIGNATURE_BYTES]) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
