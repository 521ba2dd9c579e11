/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secrets.h"
#include "rh-shopify-place.h"

G_BEGIN_DECLS

/**
 * RhShopifyRequest:
 * @operation: the name of a file of graphql/, without its ending
 * @root: (nullable): the field of the answer that has `userErrors`; NULL: nothing is changed
 * @variables: (transfer none): sent before the call returns, or copied
 * @cost: points that Shopify wants to be there for it; 0: one that reads or changes one thing
 */
typedef struct {
  gint64 workspace;
  const char *operation;
  const char *root;
  JsonObject *variables;
  double cost;
} RhShopifyRequest;

/**
 * rh_shopify_call_async:
 *
 * One operation of the Admin API. It waits until the shop has points for it. A reading one that is throttled all the
 * same is sent again when there are; one that changes something is never sent twice. @place and @secrets outlive it.
 */
void rh_shopify_call_async (RhShopifyPlace *place,
                            RhSecrets *secrets,
                            const RhShopifyRequest *request,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data);

/**
 * rh_shopify_call_finish:
 * @throttle: (nullable): what was said of points and of when to come back, with and without an error
 *
 * Returns: (transfer full): `data` of the answer, an object; NULL with an error that means what docs/connectors.md says
 *   of it for apply; of a reading one %ROYAL_ERROR_UNAVAILABLE where it might pass. It names field and code.
 */
JsonNode *rh_shopify_call_finish (GAsyncResult *result, RhThrottle *throttle, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
