/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * royal_match:
 *
 * Does @found hold all that @expected says? An object may have more members; an array has the same length; numbers
 * are equal to nine digits; a text that begins with "~" is a pattern with * and ?.
 *
 * Returns: (transfer full): NULL when it matches; else the first difference: "/target: expected "a", found "b"".
 */
char *royal_match (JsonNode *expected, JsonNode *found) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
