/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-schema.h"

G_BEGIN_DECLS

/* The compiled schemas of the gate's own documents. */
#define RH_SCHEMA_PROPOSAL "/royal/schema/proposal.schema.json"

/* (transfer none): the one at @path of the program's resources; compiled once and kept. NULL with %ROYAL_ERROR_FAILED, which is
 * a bug, when there is none that can be used. */
RoyalSchema *rh_schemas_get (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full) (nullable): the schema as it is written; NULL with @error when it is not there. */
JsonNode *rh_schemas_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_schemas_check:
 * @path: as for rh_schemas_get()
 * @what: the document's name, for messages
 *
 * Checks @document. A schema that is not there, or that is malformed, is a bug and refuses every document.
 */
gboolean
rh_schemas_check (const char *path, JsonNode *document, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
