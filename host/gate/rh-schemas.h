/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "royal-schema.h"

G_BEGIN_DECLS

/* The compiled schemas of the gate's own documents. */
#define RH_SCHEMA_PROPOSAL "/royal/schema/proposal.schema.json"

/**
 * rh_schemas_check:
 * @path: a schema's path in the program's resources; compiled once and kept
 * @what: the document's name, for messages
 *
 * Checks @document. A schema that is not there, or that is malformed, is a bug and refuses every document.
 */
gboolean
rh_schemas_check (const char *path, JsonNode *document, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
