/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a shop tells, when it is pulled, of a product that was made of a ProductSetInput. What Shopify makes of what it is given, this does
 * too: a variant's title of its options, prices of two digits, an image on its own host. */

enum { SHOPIFY_MADE_VARIANTS, SHOPIFY_MADE_MEDIA, SHOPIFY_MADE_METAFIELDS, SHOPIFY_MADE_COLLECTIONS, SHOPIFY_MADE_PARTS };

/* (transfer full): @text, a number, with two digits after the point. */
char *shopify_made_money (const char *text);
/* (transfer full): what is of the product itself. */
JsonObject *shopify_made_product (const char *id, JsonObject *input);
/* (transfer full): all that it has of a part. */
JsonArray *shopify_made_part (const char *id, JsonObject *input, guint part);

G_END_DECLS
