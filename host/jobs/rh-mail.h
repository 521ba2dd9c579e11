/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * rh_mail_parse:
 *
 * Reads a message (RFC 5322, 2045 to 2047) as far as a task may want to know it, whatever the bytes are: { "from", "to", "cc",
 * "reply_to", "subject", "date", "message_id", "in_reply_to", "text": the first part that is plain text, "parts": how many
 * others there are }. Members whose header is not there are left out; text is UTF-8 without control characters but newline and
 * tab.
 *
 * Returns: (transfer full): an object.
 */
JsonNode *rh_mail_parse (const char *bytes, gsize length) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
