/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns: (transfer full): the handle of a product of this title: its letters and digits without accents, in lower
 * case, with single hyphens between, at most 100 of them; of @otherwise when the title has none, and `product` when
 * that has none either. */
char *publisher_handle (const char *title, const char *otherwise);

G_END_DECLS
