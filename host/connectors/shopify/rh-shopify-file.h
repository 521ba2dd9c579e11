/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * RhShopifyFile:
 *
 * Puts together the things of a file of a bulk operation, which comes in pieces of any length: a line of JSON for each thing, and
 * after it one for each thing of a connection of it, with its `__parentId` (`groupObjects`). It holds one thing at a time.
 */
typedef struct _RhShopifyFile RhShopifyFile;

RhShopifyFile *rh_shopify_file_new (void) G_GNUC_WARN_UNUSED_RESULT;
void rh_shopify_file_free (RhShopifyFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhShopifyFile, rh_shopify_file_free)

/**
 * rh_shopify_file_push:
 * @bytes: (nullable): the next piece; NULL: that was all
 * @things: (element-type JsonObject): those that are whole now are added
 *
 * FALSE with %ROYAL_ERROR_FAILED, which names the line: it is no JSON object, too long, or not after the thing that it is of.
 */
gboolean rh_shopify_file_push (RhShopifyFile *self, GBytes *bytes, GPtrArray *things, GError **error);

G_END_DECLS
