/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a fake of a shop sells, as the connector pulls it: product 100000 + N has the variant N, and every tenth one 25 more, of which
 * no page has all; two images, a metafield and a collection. Two themes of 60 files. Orders, each with a line for the variant of its
 * number; every tenth with 25 more. */
typedef struct _ShopifyCatalog ShopifyCatalog;

/* (transfer none): what variant N is sold at. */
typedef const char *(*ShopifyPrice) (gpointer data, guint variant);

ShopifyCatalog *shopify_catalog_new (ShopifyPrice price, gpointer data);
void shopify_catalog_free (ShopifyCatalog *self);
void shopify_catalog_set (ShopifyCatalog *self, guint products, guint orders);
/* In place of the orders: for so many weeks from 2026-01-05 on, in each an order for each of @variants, at prices that move by a tenth
 * around 100.00, of about 400 × (price / 100)^-2.5 units. */
void shopify_catalog_weeks (ShopifyCatalog *self, guint weeks, guint variants);
/* NULL: there is none of this number any more. */
void shopify_catalog_title (ShopifyCatalog *self, guint product, const char *title);
void shopify_catalog_file (ShopifyCatalog *self, guint file, const char *content);

/* Answers: the `data` of one. */
JsonObject *shopify_catalog_count (ShopifyCatalog *self, JsonObject *variables);
JsonObject *shopify_catalog_page (ShopifyCatalog *self, JsonObject *variables);
JsonObject *shopify_catalog_product (ShopifyCatalog *self, JsonObject *variables);
JsonObject *shopify_catalog_themes (ShopifyCatalog *self, JsonObject *variables);
JsonObject *shopify_catalog_theme_list (ShopifyCatalog *self, JsonObject *variables);
JsonObject *shopify_catalog_theme_bodies (ShopifyCatalog *self, JsonObject *variables);
JsonObject *shopify_catalog_orders (ShopifyCatalog *self, JsonObject *variables);
JsonObject *shopify_catalog_order_lines (ShopifyCatalog *self, JsonObject *variables);
/* (transfer full): what a bulk operation of all products yields, a line each, and what a thing has right after it. */
char *shopify_catalog_lines (ShopifyCatalog *self);
/* (transfer full): those of @all (transfer full) that come after the place @after. A place is how many came before it. */
JsonObject *shopify_catalog_connection (JsonArray *all, guint first, const char *after);
/* Appends such a line; takes @thing. */
void shopify_catalog_line (GString *text, JsonObject *thing, const char *parent);

G_END_DECLS
