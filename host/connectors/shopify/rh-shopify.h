/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-secrets.h"
#include "rh-shopify-installer.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* Prices, stock, products and themes of the shops that the operator names in connectors/shopify.json. */
#define RH_TYPE_SHOPIFY (rh_shopify_get_type ())
G_DECLARE_FINAL_TYPE (RhShopify, rh_shopify, RH, SHOPIFY, GObject)

/* @file: see docs/schema/shopify-shops.schema.json; none configured when it is not there. @store: (nullable): where the
 * shops' things are mirrored; without it nothing is read or pulled. @secrets: (nullable) to check only. */
RhShopify *rh_shopify_new (const char *file, RhStore *store, RhSecrets *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Begins to pull what is due into the mirror of @workspace; @holder names this host. */
void rh_shopify_start (RhShopify *self, gint64 workspace, const char *holder);
/* (nullable) (transfer none): what installs apps in the shops, once it was started. */
RhShopifyInstaller *rh_shopify_installer (RhShopify *self);
/* Shopify told of something, and it was signed: { "event": topic, "source": NAME.myshopify.com, "body" }. What is mirrored of it is pulled
 * anew. When the database is away that is lost, and the next pull brings it. */
void rh_shopify_told (RhShopify *self, JsonObject *happened);
/* Ends it; what is under way goes on at the next start where it was. */
void rh_shopify_stop (RhShopify *self);

G_END_DECLS
