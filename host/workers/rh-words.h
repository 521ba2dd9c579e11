/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * rh_words_clean:
 * @length_max: in bytes
 *
 * Returns: (transfer full): @text as valid UTF-8 in one line, control characters replaced by spaces, cut at a
 *   character's end with an ellipsis.
 */
char *rh_words_clean (const char *text, gsize length_max) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
