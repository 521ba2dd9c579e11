/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-shopify-client.h"
#include "rh-store.h"

G_BEGIN_DECLS

/**
 * RhShopifyPull:
 * @holder: the host that has it
 * @part: `products`, `themes`, `orders` or `notes`
 * @cursor: (nullable): where its next page begins
 * @after: the number of the last product that was put
 * @bulk: (nullable): the id of the bulk operation that it waits for
 * @since: (nullable): what changed before was pulled already
 *
 * A pull that this host has claimed: `shopify_pull_claim` of the database.
 */
typedef struct {
  RhStore *store;
  RhSecrets *secrets;
  RhShopifyPlace *place;
  gint64 workspace;
  char *holder;
  char *part;
  char *cursor;
  gint64 after;
  char *bulk;
  char *since;
  GCancellable *cancellable;
} RhShopifyPull;

void rh_shopify_pull_free (RhShopifyPull *self);

/* Pulls what its part says, page by page: each is put into the mirror before the next one is asked for. @self outlives it. */
void rh_shopify_pull_async (RhShopifyPull *self, GAsyncReadyCallback callback, gpointer data);
gboolean rh_shopify_pull_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- For its parts: each answers a task with TRUE, and has the pull as its task data ------------------------------- */

void rh_shopify_pull_products (GTask *task);
void rh_shopify_pull_bulk (GTask *task);
void rh_shopify_pull_themes (GTask *task);
void rh_shopify_pull_orders (GTask *task);
void rh_shopify_pull_notes (GTask *task);

/* Asks Shopify; @variables is (transfer full). Finished by rh_shopify_call_finish(). */
void rh_shopify_pull_call (RhShopifyPull *self, const char *operation, const char *root, JsonObject *variables,
                           double cost, GAsyncReadyCallback callback, gpointer data);

/**
 * rh_shopify_pull_put:
 * @rows: (transfer none)
 * @kept: (nullable) (element-type gint64): all numbers there are from @self->after on
 * @upto: and up to this one; 0: without an end
 *
 * Puts a page and how far the pull came, by @self->cursor. Finished by rh_store_call_finish().
 */
void rh_shopify_pull_put (RhShopifyPull *self, JsonArray *rows, GArray *kept, gint64 upto, GAsyncReadyCallback callback,
                          gpointer data);

/* (transfer full): JSON. */
char *rh_shopify_pull_text (JsonArray *rows);

/**
 * rh_shopify_complete_async:
 * @kind: `product` or `order`
 * @thing: as a page has it, or nothing but its `id`: what it has more of than the page shows is fetched and added
 *
 * Finished by rh_shopify_complete_finish(): (transfer full): the whole thing; NULL with %ROYAL_ERROR_NOT_FOUND when it is no more.
 */
void rh_shopify_complete_async (RhShopifyPull *self, const char *kind, JsonObject *thing, GAsyncReadyCallback callback,
                                gpointer data);
JsonObject *rh_shopify_complete_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (nullable) (transfer full): whether there is a page after this one of a connection, and where it begins. */
char *rh_shopify_next_of (JsonObject *connection);

G_END_DECLS
