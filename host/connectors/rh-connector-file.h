/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * rh_connector_file_load:
 * @file: an operator's JSON file, which need not be there
 * @resource, @schema: the JSON Schema that it is checked against, and where it is
 * @ret_document: (transfer full) (nullable): an object; NULL when there is no such file
 *
 * Returns: FALSE with @error: it cannot be read, or is not as the schema has it; the message names the place.
 */
gboolean rh_connector_file_load (const char *file,
                                 GResource  *resource,
                                 const char *schema,
                                 JsonNode  **ret_document,
                                 GError    **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
