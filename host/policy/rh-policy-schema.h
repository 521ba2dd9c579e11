/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define RH_POLICY_SCHEMA "/royal/policy/policy.schema.json"
#define RH_SAMPLE_SCHEMA "/royal/policy/policy-sample.schema.json"
#define RH_ENVELOPE_SCHEMA "/royal/policy/envelope.schema.json"

/* Whether @document has the shape; else FALSE with %ROYAL_ERROR_INVALID, naming @what and the JSON pointer. */
gboolean rh_policy_schema_check (const char *path, JsonNode *document, const char *what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
