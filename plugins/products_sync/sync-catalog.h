/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sync-merge.h"

#include <royal/table.h>

G_BEGIN_DECLS

/**
 * SyncEntry:
 * @fields: (nullable): NULL when it cannot be read: then nobody's word on the product counts
 * @product: (nullable): its id in the shop, `SHOP/NUMBER`
 * @json, @html: (nullable): the bytes of its files, not terminated: the table's
 */
typedef struct {
  SyncFields *fields;
  char *product;
  const char *json;
  gsize json_length;
  const char *html;
  gsize html_length;
} SyncEntry;

/* handle → SyncEntry */
GHashTable *sync_catalog_new (void) G_GNUC_WARN_UNUSED_RESULT;
/* (nullable) */
const SyncFields *sync_catalog_fields (GHashTable *catalog, const char *handle);

/**
 * sync_catalog_add_files:
 * @table: of the read `git.files`; it must outlive the catalogue
 * @folder: where the products are, such as `products`
 * @only: (nullable): a set of handles: no others are added
 * @faults: (element-type char*): a sentence for each file that is no product's, with its place, is added
 */
gboolean sync_catalog_add_files (GHashTable       *catalog,
                                 const RoyalTable *table,
                                 const char       *folder,
                                 GHashTable       *only,
                                 GPtrArray        *faults,
                                 GError          **error) G_GNUC_WARN_UNUSED_RESULT;

/* @table: of the read `shopify.products`; @shop: whose products are added. */
gboolean sync_catalog_add_products (GHashTable       *catalog,
                                    const RoyalTable *table,
                                    const char       *shop,
                                    GPtrArray        *faults,
                                    GError          **error) G_GNUC_WARN_UNUSED_RESULT;

/* A conflict that was answered: see sync_settle(). @loser: (nullable). */
void sync_catalog_settle (GHashTable *base, const char *handle, const SyncFields *loser, const char *path);

/**
 * SyncChange:
 * @entry: what it is on the side that is to change
 * @after: (nullable): what it is to be; NULL: not there
 */
typedef struct {
  char *handle;
  const SyncEntry *entry; /* (nullable): NULL: not there */
  SyncFields *after;
} SyncChange;

void sync_change_free (SyncChange *self);

/* A conflict, and whose. */
typedef struct {
  char *handle;
  SyncConflict *conflict;
} SyncQuestion;

void sync_question_free (SyncQuestion *self);

/**
 * sync_catalog_plan:
 * @ours: the side that is to change; @theirs: the other one
 * @questions: (nullable) (element-type SyncQuestion): the conflicts are added; there ours stays as it is
 *
 * Returns: (transfer full) (element-type SyncChange): what is to change on our side, in the order of the handles.
 */
GPtrArray *sync_catalog_plan (GHashTable *base,
                              GHashTable *ours,
                              GHashTable *theirs,
                              GPtrArray  *questions) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer container): the handles of all, each once, in the order of their bytes; @b, @c: (nullable). */
GPtrArray *sync_catalog_handles (GHashTable *a, GHashTable *b, GHashTable *c) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
