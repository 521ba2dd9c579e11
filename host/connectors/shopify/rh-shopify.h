/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-secrets.h"

G_BEGIN_DECLS

/* Prices, stock, products and themes of the shops that the operator names in connectors/shopify.json. */
#define RH_TYPE_SHOPIFY (rh_shopify_get_type ())
G_DECLARE_FINAL_TYPE (RhShopify, rh_shopify, RH, SHOPIFY, GObject)

/* @file: see docs/schema/shopify-shops.schema.json; none configured when it is not there. @secrets: (nullable) to check
 * only. */
RhShopify *rh_shopify_new (const char *file, RhSecrets *secrets, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
