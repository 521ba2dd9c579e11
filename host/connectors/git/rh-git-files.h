/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Whether the parameters of git.branch.push make a commit: the names of its branches, and paths that stay within the tree,
 * each once and with a content or `delete`. %ROYAL_ERROR_INVALID names the member. */
gboolean rh_git_files_check (JsonObject *parameters, GError **error);

G_END_DECLS
