/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-policy.h"

G_BEGIN_DECLS

/**
 * rh_policy_file_load:
 * @ret_document: (out) (optional) (transfer full): the document as it stands in the file
 *
 * Returns: (transfer full): the policy of the file at @path; NULL with @error set, naming the file and the place.
 */
RhPolicy *rh_policy_file_load (const char *path, JsonNode **ret_document, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
