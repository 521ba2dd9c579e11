/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-bucket.h"
#include "rh-http-endpoint.h"

G_BEGIN_DECLS

/* The version of the Admin API: the one place that names it. */
#define RH_SHOPIFY_API "2026-07"

/**
 * RhShopifyApp:
 * @id, @secret: the names of the secrets that hold the app's client id and client secret
 * @callback: where Shopify sends the browser back: `ORIGIN/oauth/shopify/callback` of this host, as the app has it
 * @scopes: the access scopes that are asked for
 * @refresh: (nullable): the name of the secret that renews the token, which then ends; NULL: it does not end
 * @endpoint: the shop, with no token
 *
 * The app that is installed in a shop to get its token.
 */
typedef struct {
  char *id;
  char *secret;
  char *callback;
  GStrv scopes;
  char *refresh;
  RhHttpEndpoint *endpoint;
} RhShopifyApp;

/**
 * RhShopifyPlace:
 * @shop: `NAME.myshopify.com`
 * @token: the name of a secret
 * @margin_min_pct: the least margin, in percent of the cost
 * @endpoint: the Admin API, with what each request carries
 * @bucket: the points of cost that are left, which all requests to the shop take from
 * @settle_ms: how long after an answer was lost what it was of is waited for, where it must not be done twice
 * @files: where Shopify puts the files of its bulk operations; no token goes there
 * @parts: what is pulled of it: `products`, `themes`, `orders`
 * @every_s: how often; 0 = when it is asked for
 * @bulk_from: from so many products on they come by a bulk operation
 * @app: (nullable): without it an operator sets the token
 * @told: a deprecation was logged
 */
typedef struct {
  char *name;
  char *shop;
  char *token;
  double margin_min_pct;
  RhHttpEndpoint *endpoint;
  RhBucket bucket;
  guint settle_ms;
  RhHttpEndpoint *files;
  GStrv parts;
  guint every_s;
  guint bulk_from;
  RhShopifyApp *app;
  gboolean told;
} RhShopifyPlace;

void rh_shopify_place_free (RhShopifyPlace *self);

/* All that a file names: name -> RhShopifyPlace; none when the file is not there. %ROYAL_ERROR_INVALID names the place.
 */
GHashTable *rh_shopify_places_load (const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
