/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-secrets.h"
#include "rh-store.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Gets shops' tokens by Shopify's authorization code grant: an administrator begins an install and opens its link in a browser,
 * which is sent to Shopify and comes back with a code that is exchanged for the token. What the browser carries is random, holds for
 * ten minutes and once, and is in the database as its SHA-256: any host of it can go on. */
#define RH_TYPE_SHOPIFY_INSTALLER (rh_shopify_installer_get_type ())
G_DECLARE_FINAL_TYPE (RhShopifyInstaller, rh_shopify_installer, RH, SHOPIFY_INSTALLER, GObject)

/* How long an install may take. */
#define RH_SHOPIFY_INSTALL_S 600

/* @places: name -> RhShopifyPlace, of @workspace */
RhShopifyInstaller *rh_shopify_installer_new (RhStore *store, RhSecrets *secrets, GHashTable *places, gint64 workspace)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_shopify_installer_begin_async:
 * @workspace: whose administrator @actor is
 *
 * Errors: %ROYAL_ERROR_NOT_FOUND: the shop; %ROYAL_ERROR_CONFLICT: it has no app, or the token could not be kept;
 * %ROYAL_ERROR_LIMIT.
 */
void rh_shopify_installer_begin_async (RhShopifyInstaller *self, gint64 workspace, const char *shop, const char *actor,
                                       GAsyncReadyCallback callback, gpointer data);
/* (transfer full): { shop, domain, scopes, ends_at, url }: who opens `url` first goes on with it. */
JsonNode *rh_shopify_installer_begin_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A browser has opened the link of @state. %ROYAL_ERROR_DENIED says why it cannot go on. */
void rh_shopify_installer_open_async (RhShopifyInstaller *self, const char *state, GAsyncReadyCallback callback,
                                      gpointer data);
/* (transfer full): where it is sent. @ret_browser: (transfer full): what it has to bring back, as a cookie. */
char *rh_shopify_installer_open_finish (GAsyncResult *result, char **ret_browser, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_shopify_installer_end_async:
 * @query: with which Shopify sent a browser back, as it came
 * @browser: (nullable): what it brought
 *
 * Exchanges the code and keeps the token. Errors: %ROYAL_ERROR_INVALID: a parameter has not its form; %ROYAL_ERROR_DENIED: it is not
 * signed by the app's secret, the state is not this browser's or its time is over, Shopify did not take the code, or granted less
 * than was asked; those of rh_http_call_finish(). None holds a value.
 */
void rh_shopify_installer_end_async (RhShopifyInstaller *self, const char *query, const char *browser,
                                     GAsyncReadyCallback callback, gpointer data);
/* (transfer full): { shop, domain, scopes }: what was granted. */
JsonNode *rh_shopify_installer_end_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
