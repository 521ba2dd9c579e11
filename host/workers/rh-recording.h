/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>
#include <royal/error.h>

G_BEGIN_DECLS

/* What a simulation reads instead of the world: a document; a table as { "columns": ["week:int64"], "rows": [[1]] }; or
 * { "error": { "code", "message" } } for a read that fails. */

/* (transfer full): the error that the recording stands for; NULL when it stands for none. */
GError *rh_recording_error (JsonNode *recording) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: a sealed memfd with the table, which the caller closes; -1 with %ROYAL_ERROR_INVALID. */
int rh_recording_table (JsonNode *recording, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
