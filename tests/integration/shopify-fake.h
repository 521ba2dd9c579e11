/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "shopify-catalog.h"
#include "shopify-shop.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* A fake: as much of Shopify's Admin API as the connector uses, of one shop with the token good-token. Variant N, from 1 to
 * SHOPIFY_FAKE_VARIANTS, is of product 100000 + N, costs 40.00 and is sold at 100.00; those from 901 on have no cost. There are
 * the product 1, of which the title and the like are kept, 5 of the item 1 at the location 1, and what shopify-shop.h has.
 * Requests and answers can be had in a file, for who judges them by Shopify's own schema: ROYAL_SHOPIFY_EXCHANGES names it.
 *
 * What can go wrong with a request:
 *   throttled    200 with THROTTLED; nothing is done
 *   429          to come back in a second; nothing is done
 *   500          nothing is done
 *   late-500     done, and answered 500
 *   half         done, and the connection ends in the middle of the answer
 *   lost         done, and the connection ends without an answer
 *   before       the connection ends, and nothing is done
 *   401          the token is another one by now; nothing is done
 *   denied       200 with ACCESS_DENIED
 *   broken       200 with an INTERNAL_SERVER_ERROR; done
 *   deprecated   nothing but a header */
typedef struct _ShopifyFake ShopifyFake;

#define SHOPIFY_FAKE_VARIANTS 1000

ShopifyFake *shopify_fake_new (void);
void shopify_fake_free (ShopifyFake *self);
guint shopify_fake_port (ShopifyFake *self);
/* How many requests came that change something and were done. */
guint shopify_fake_changes (ShopifyFake *self);
guint shopify_fake_requests (ShopifyFake *self);
/* How many connections they came by. */
guint shopify_fake_connections (ShopifyFake *self);
/* (transfer none): what it sells, for who pulls it; nothing at first. */
ShopifyCatalog *shopify_fake_catalog (ShopifyFake *self);
/* (transfer none): what it keeps beside. */
ShopifyShop *shopify_fake_shop (ShopifyFake *self);
/* From now on the themes of shopify_fake_shop() are pulled, not the catalog's. */
void shopify_fake_own_themes (ShopifyFake *self);
/* The access scopes that the token has, with blanks between; all that the connector needs at first. */
void shopify_fake_scopes (ShopifyFake *self, const char *scopes);
/* How many bulk operations were begun. */
guint shopify_fake_bulks (ShopifyFake *self);
/* Somebody else changes a price. */
void shopify_fake_set_price (ShopifyFake *self, guint variant, const char *price);
/* Somebody buys. */
void shopify_fake_set_stock (ShopifyFake *self, gint64 stock);
gint64 shopify_fake_stock (ShopifyFake *self);
/* The next requests, one each, in order; `none` for one that goes well. */
void shopify_fake_plan (ShopifyFake *self, const char *kinds);
/* Besides, of all requests a @share by chance, of any of @kinds. */
void shopify_fake_storm (ShopifyFake *self, double share, const char *kinds, guint32 seed);
/* How many points there are, and come back in a second. */
void shopify_fake_points (ShopifyFake *self, double points, double rate);

G_END_DECLS
