/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Names that Shopify gives. They need not end with a NUL. */

gboolean theme_filter_is_known (const char *name, gsize length);

/* @ret_instead is NULL where there is no other filter for it. */
gboolean theme_filter_is_deprecated (const char *name, gsize length, const char **ret_instead);

/**
 * theme_route_of:
 * @is_whole: nothing comes after @text
 *
 * Returns: (nullable): the member of `routes` for which @text is a path, such as `cart_url`.
 */
const char *theme_route_of (const char *text, gsize length, gboolean is_whole);

G_END_DECLS
