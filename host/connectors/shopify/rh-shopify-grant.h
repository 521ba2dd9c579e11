/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-http-call.h"
#include "rh-shopify-place.h"

G_BEGIN_DECLS

/* The exchange of a code for a token, and of what renews a token for the next one. */

/* Where both are asked for, of the shop's origin. */
#define RH_SHOPIFY_GRANT_PATH "/admin/oauth/access_token"

/**
 * RhShopifyGrant:
 * @refresh: (nullable): what renews @token; NULL: it does not end
 * @ends_s: after how many seconds @token ends; 0 when it does not
 * @refresh_ends_s: after how many @refresh does; 0 when that was not said
 * @scopes: (nullable): what was granted, whenever Shopify said so
 */
typedef struct {
  RhSecret *token;
  RhSecret *refresh;
  gint64 ends_s;
  gint64 refresh_ends_s;
  JsonArray *scopes;
} RhShopifyGrant;

void rh_shopify_grant_clear (RhShopifyGrant *self);

/* (transfer full): the body of the request. It holds the app's secret. */
JsonNode *rh_shopify_grant_request (const RhShopifyApp *app, const RhSecret *id, const RhSecret *secret,
                                    const char *code) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): the body of the request that renews a token by @refresh. It holds that and the app's secret. */
JsonNode *rh_shopify_grant_renewal (const RhSecret *id, const RhSecret *secret, const RhSecret *refresh)
    G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): where a browser asks for @state to be granted @app's scopes: from the shop's origin on. */
char *rh_shopify_grant_path (const RhShopifyApp *app, const RhSecret *id, const char *state) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_shopify_grant_take:
 * @wanted: what Shopify was asked to do, for an error: "take the code"
 * @grant: (out): to be cleared, whether there is an error or not
 *
 * The token of an answer: one that ends, with what renews it, where @app names a secret for that, else one that does not end.
 * FALSE with %ROYAL_ERROR_DENIED, %ROYAL_ERROR_LIMIT, %ROYAL_ERROR_UNAVAILABLE. Of what Shopify wrote no error holds anything but
 * an error's code.
 */
gboolean rh_shopify_grant_take (const RhShopifyApp *app, const RhHttpAnswer *answer, const char *wanted,
                                RhShopifyGrant *grant, GError **error);

/* Whether all of @app's scopes are in @grant: %ROYAL_ERROR_DENIED names each one that is not. */
gboolean rh_shopify_grant_covers (const RhShopifyGrant *grant, const RhShopifyApp *app, GError **error);

G_END_DECLS
