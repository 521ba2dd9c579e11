/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secret.h"

G_BEGIN_DECLS

/**
 * RhShopifyQuery:
 *
 * The query with which Shopify sends a browser back: names and values, whose HMAC-SHA256 by the app's secret is among them, `hmac`.
 */
typedef struct _RhShopifyQuery RhShopifyQuery;

/* Whether @text is `NAME.myshopify.com`, and nothing else: what is sent there holds the app's secret. */
gboolean rh_shopify_is_domain (const char *text);

/**
 * rh_shopify_query_parse:
 * @text: as it came, application/x-www-form-urlencoded
 *
 * NULL with %ROYAL_ERROR_INVALID, which names the parameter and what was expected, and holds no value: what it has of `code`, `hmac`,
 * `shop`, `state` and `timestamp` has to have its form, nothing may stand there twice, and what Shopify adds to them is
 * taken as it is, for it is signed.
 */
RhShopifyQuery *rh_shopify_query_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_shopify_query_free (RhShopifyQuery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhShopifyQuery, rh_shopify_query_free)

/* (transfer none): of one of those five. */
const char *rh_shopify_query_get (RhShopifyQuery *self, const char *name);

/* Whether `hmac` is that of the others, sorted by their names and put together as NAME=VALUE&…, escaped as Shopify's own libraries do.
 * Takes as long whatever it is. */
gboolean rh_shopify_query_is_signed (RhShopifyQuery *self, const RhSecret *secret) G_GNUC_WARN_UNUSED_RESULT;

/* Whether `timestamp` is within 90 s of @now_s, seconds since 1970. */
gboolean rh_shopify_query_is_fresh (RhShopifyQuery *self, gint64 now_s) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
