/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* How a thing of Shopify becomes a row of the mirror (migrations, `shopify_pull_put`). */

/* The number at the end of `gid://shopify/KIND/NUMBER`; 0: there is none. */
gint64 rh_shopify_number (const char *id);

/**
 * rh_shopify_product_row:
 * @shop: its name here
 * @product: as graphql/catalog-product.graphql asks for it, with all `nodes` of what it has
 *
 * Returns: (transfer full): { product, handle, updated (ms), document, variants }; `document` is canonical JSON (RFC 8785) that is the
 *   same as long as the product is.
 */
JsonObject *rh_shopify_product_row (const char *shop, JsonObject *product) G_GNUC_WARN_UNUSED_RESULT;

/* Adds to @rows what was sold by @order, with all its lines: { line, variant, week (days since 1970 of its Monday, UTC), units, price }.
 * What was cancelled or sent back is sold no more. */
void rh_shopify_order_rows (JsonObject *order, JsonArray *rows);

/* (transfer full): { theme, name, role, processing, updated } */
JsonObject *rh_shopify_theme_row (JsonObject *theme) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
