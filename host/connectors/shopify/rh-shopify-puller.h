/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-shopify-pull.h"

G_BEGIN_DECLS

/* Pulls what is due of the shops into the mirror, some shops at a time and of each one part: when somebody asked
 * (`royalctl shopify pull`), by the clock, and what `shopify_told` noted that it changed. */
typedef struct _RhShopifyPuller RhShopifyPuller;

/* @places: name -> RhShopifyPlace. Begins at once, and goes on until it is stopped. */
RhShopifyPuller *rh_shopify_puller_new (RhStore *store, RhSecrets *secrets, GHashTable *places, gint64 workspace,
                                        const char *holder) G_GNUC_WARN_UNUSED_RESULT;

/* Cancels what is under way and lets @self go; what was put stays, and the rest goes on at the next start. */
void rh_shopify_puller_stop (RhShopifyPuller *self);

G_END_DECLS
