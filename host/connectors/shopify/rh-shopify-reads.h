/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* What agents read of the mirror: tables, ended by one without a name. */
extern const RhResource rh_shopify_resources[];

/**
 * rh_shopify_read_async:
 * @source: whose operation it is
 * @parameters: (nullable): `shop` for one shop's, of theme files `theme` for one theme's (SHOP/NUMBER); nothing else
 *
 * Finished by rh_shopify_read_finish(): a sealed memfd that the caller closes, or -1.
 */
void rh_shopify_read_async (GObject *source,
                            RhStore *store,
                            gint64 workspace,
                            const char *resource,
                            JsonObject *parameters,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data);
int rh_shopify_read_finish (GObject *source, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
