/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a fake of a shop keeps beside its prices: the themes 1, live, and 2, with layout/theme.liquid in each; the product 1, of which
 * the title and the like are kept; products by their handles;
 * the collections 1 to 3, kept by hand, and 9, by rules; metafields; subscriptions to webhooks. A copy of a theme is in the making for
 * a while, what is written into a file is seen one look later, and JSON gets a comment put before it. */
typedef struct _ShopifyShop ShopifyShop;

ShopifyShop *shopify_shop_new (void);
void shopify_shop_free (ShopifyShop *self);
/* For so many looks at it a copy of a theme is in the making; 3 at first. */
void shopify_shop_slow (ShopifyShop *self, guint looks);
/* The theme that is live. */
guint shopify_shop_live (ShopifyShop *self);
/* How many themes there are. */
guint shopify_shop_themes (ShopifyShop *self);
/* (transfer none) (nullable): what is in a file of a theme. */
const char *shopify_shop_file (ShopifyShop *self, guint theme, const char *path);
/* (transfer none) (nullable): of the product of a handle the input that made it. */
JsonObject *shopify_shop_product (ShopifyShop *self, const char *handle);
/* Puts the products that were made before those of a catalog's first page, for their numbers are lower; takes @data. */
JsonObject *shopify_shop_page (ShopifyShop *self, JsonObject *variables, JsonObject *data);
/* Counts them, too; takes @data. */
JsonObject *shopify_shop_count (ShopifyShop *self, JsonObject *data);
/* (transfer full) (nullable): one of them alone, as a pull asks for it. */
JsonObject *shopify_shop_pulled (ShopifyShop *self, JsonObject *variables);
/* (transfer full): what a bulk operation yields, with them; takes @lines. */
char *shopify_shop_lines (ShopifyShop *self, char *lines);
/* (transfer full) (nullable): JSON, what the shop tells at that path:
 * /products: the products' statuses by their handles;
 * /made: by their handles the inputs that made them, as they were changed since;
 * /themes: { number: { name, live, files: { path: text | { base64 } } } }. */
char *shopify_shop_told (ShopifyShop *self, const char *path);

/* Answers: the `data` of one. */
JsonObject *shopify_shop_theme (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_publish (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_theme_named (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_duplicate (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_theme_delete (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_theme_content (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_theme_files (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_theme_files_delete (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_themes_page (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_theme_list (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_theme_bodies (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_product_of_handle (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_product_of_id (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_product_offers (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_product_update (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_product_create (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_product_delete (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_in_collection (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_metafield (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_metafield_set (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_metafield_delete (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_webhook (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_webhook_create (ShopifyShop *self, JsonObject *variables);
JsonObject *shopify_shop_webhook_delete (ShopifyShop *self, JsonObject *variables);

G_END_DECLS
