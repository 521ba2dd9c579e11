/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secrets.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* Renews shops' tokens that end, before they do: each by one host at a time. What renews a token is another one each time, and the one
 * before it does until its successor was used: so that one is kept first, and after a crash anywhere there is one that does. */
typedef struct _RhShopifyRenewer RhShopifyRenewer;

/* @places: name -> RhShopifyPlace. Begins at once, and goes on until it is stopped. NULL when none of them has such a token. */
RhShopifyRenewer *rh_shopify_renewer_new (RhStore *store, RhSecrets *secrets, GHashTable *places, gint64 workspace,
                                          const char *holder) G_GNUC_WARN_UNUSED_RESULT;

/* Begins no more; what is under way ends by itself. */
void rh_shopify_renewer_stop (RhShopifyRenewer *self);

G_END_DECLS
