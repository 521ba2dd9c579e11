/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A fake: Shopify's side of the authorization code grant, of one app, as a server on loopback. Its page grants at once what is
 * asked; each code is taken once. What can go wrong with an exchange:
 *   500        nothing is done
 *   denied     400 with an error that says again what was sent
 *   empty      no token in it
 *   expiring   a token that ends
 *   lasting    a token that does not
 *   lost       the connection ends without an answer; what was to be renewed is
 * What is asked for with `expiring` ends, and is renewed by another token: each is another one, and takes the token before it away;
 * what renewed it does so again until its successor was used. */
typedef struct _ShopifyOauth ShopifyOauth;

#define SHOPIFY_OAUTH_ID "app-9f1c"
#define SHOPIFY_OAUTH_SECRET "hush-of-the-app"
#define SHOPIFY_OAUTH_SHOP "acme.myshopify.com"
#define SHOPIFY_OAUTH_TOKEN "shpat_0123456789abcdef"
/* With how often it was renewed. */
#define SHOPIFY_OAUTH_RENEWED "shpat_renewed%u"
#define SHOPIFY_OAUTH_REFRESH "shprt_refresh%u"

ShopifyOauth *shopify_oauth_new (void);
void shopify_oauth_free (ShopifyOauth *self);
guint shopify_oauth_port (ShopifyOauth *self);
/* How many codes were exchanged for a token. */
guint shopify_oauth_tokens (ShopifyOauth *self);
/* How often a token was renewed. */
guint shopify_oauth_renewals (ShopifyOauth *self);
/* How many exchanges were asked for. */
guint shopify_oauth_asked (ShopifyOauth *self);
/* What is granted from now on, with commas between; NULL: what is asked. */
void shopify_oauth_scopes (ShopifyOauth *self, const char *scopes);
/* How the next exchange goes wrong. */
void shopify_oauth_fault (ShopifyOauth *self, const char *kind);

/**
 * shopify_oauth_grant:
 * @url: where the browser was sent, the fake's page; a failed assertion when it does not ask as Shopify has it
 * @callback: the redirect URL that the app has
 * @shop: the domain that the query is to have
 *
 * The owner of the shop grants what is asked. (transfer full): the query with which the browser is sent back, signed.
 */
char *shopify_oauth_grant (ShopifyOauth *self, const char *url, const char *callback, const char *shop);

/* (transfer full): a query, whose names are sorted, with its `hmac`. */
char *shopify_oauth_sign (const char *query);

G_END_DECLS
