/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-http-call.h"
#include "rh-shopify-place.h"

G_BEGIN_DECLS

/* The exchange of a code for a token. */

/* (transfer full): the body of the request. It holds the app's secret. */
JsonNode *rh_shopify_grant_request (const RhSecret *id, const RhSecret *secret, const char *code)
    G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): where a browser asks for @state to be granted @app's scopes: from the shop's origin on. */
char *rh_shopify_grant_path (const RhShopifyApp *app, const RhSecret *id, const char *state) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_shopify_grant_take:
 * @ret_scopes: (transfer full): what was granted, whenever Shopify said so
 *
 * (transfer full): the token of an answer that grants all of @app's scopes. NULL with %ROYAL_ERROR_DENIED, which names each scope that
 * is missing; %ROYAL_ERROR_LIMIT, %ROYAL_ERROR_UNAVAILABLE. Of what Shopify wrote none of it holds anything but scopes and an error's
 * code.
 */
RhSecret *rh_shopify_grant_take (const RhShopifyApp *app, const RhHttpAnswer *answer, JsonArray **ret_scopes,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
