/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sync-fields.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A product as fields, as the shop's document and as two files of the repository: HANDLE.json, and HANDLE.html, which is not there
 * when there is no description. */

/* Whether @handle can be the name of a file on every system: no slash, nothing hidden, no control character. */
gboolean sync_handle_check (const char *handle);

/**
 * sync_product_from_document:
 * @document: as the read `shopify.products` has it; what the repository does not keep is passed over
 *
 * Returns: (transfer full): its fields; NULL with %ROYAL_ERROR_INVALID, which names the place.
 */
SyncFields *sync_product_from_document (JsonObject *document, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * sync_product_from_files:
 * @json, @json_length: of HANDLE.json
 * @html, @html_length: (nullable): of HANDLE.html
 *
 * Returns: (transfer full): its fields; NULL with %ROYAL_ERROR_INVALID, which names line and column, or the member and what was
 *   expected: a member that is not known, too, for what is misspelt would be lost.
 */
SyncFields *sync_product_from_files (const char  *json,
                                     gsize        json_length,
                                     const char  *html,
                                     gsize        html_length,
                                     GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): HANDLE.json, the same for the same fields. */
char *sync_product_json (const SyncFields *fields) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full) (nullable): HANDLE.html, with a line feed at its end; NULL without a description. */
char *sync_product_html (const SyncFields *fields) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full) (nullable): the text at @path; NULL when there is none. */
char *sync_product_text (const SyncFields *fields, const char *path) G_GNUC_WARN_UNUSED_RESULT;

/**
 * sync_variant_keys:
 * @skus, @titles: (nullable elements): of a product's variants, @n of them
 *
 * What variants are called in paths and files: their SKU, where that is the only one, else their title, else the title with its
 * number among those of that title.
 *
 * Returns: (transfer full): @n names.
 */
GStrv sync_variant_keys (const char *const *skus, const char *const *titles, guint n) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
