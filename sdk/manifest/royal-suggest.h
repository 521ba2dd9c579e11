/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * royal_suggest:
 * @word: what was written
 * @known: NULL-terminated: what could have been meant
 *
 * Returns: (nullable) (transfer none): the nearest of @known, when it is near enough to be a slip of the pen.
 */
const char *royal_suggest (const char *word, const char *const *known);

G_END_DECLS
