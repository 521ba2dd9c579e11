/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "shopify-shop.h"

G_BEGIN_DECLS

/* What shopify-shop.c and shopify-shop-themes.c share. */
struct _ShopifyShop {
  GPtrArray *themes; /* shopify_shop_themes_new() */
  guint numbers;     /* that were given out */
  guint live;
  guint slow;
  JsonObject *dress;      /* the product 1, as it is shown */
  GHashTable *products;   /* handle -> { "id", "input" } */
  GHashTable *members;    /* PRODUCT COLLECTION */
  GHashTable *metafields; /* OWNER NAMESPACE KEY -> { "type", "value" } */
  GHashTable *webhooks;   /* TOPIC URI -> id */
};

/* (transfer full): the themes 1 and 2. */
GPtrArray *shopify_shop_themes_new (void);
/* (transfer full): JSON, its themes: shopify_shop_told(). */
char *shopify_shop_shown (ShopifyShop *self);

G_END_DECLS
