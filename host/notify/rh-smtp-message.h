/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether a text can be an address of mail in a header and in a command: visible ASCII, one @, and nothing that ends or
 * divides an address. */
gboolean rh_smtp_is_address (const char *text) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_smtp_message:
 * @id: visible ASCII: the same for the same message
 * @made_s: seconds since 1970
 * @subject, @text: any valid UTF-8; nothing in them can be a header, or end the message
 *
 * Returns: (transfer full) (nullable): a message of RFC 5322 with lines that end with CR LF; NULL when @from, one of
 * @to or @id is not what it has to be.
 */
char *rh_smtp_message (const char *from,
                       const char *const *to,
                       const char *id,
                       gint64 made_s,
                       const char *subject,
                       const char *text) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
