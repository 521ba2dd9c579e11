/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Private copies of plugin modules: what was checked is what is loaded, whatever becomes of the original.
 * A copy is `<folder>/<sha256>/agent.so`: a folder of its own, so that a worker's sandbox can open just that. */

/**
 * rh_modules_keep:
 * @folder: made if need be
 * @bytes: the module
 *
 * Keeps a copy of @bytes, whole or not at all. One that is there already is compared, and replaced when it differs.
 *
 * Returns: (transfer full): the copy's path; NULL with %ROYAL_ERROR_FAILED.
 */
char *rh_modules_keep (const char  *folder,
                       GBytes      *bytes,
                       const char  *sha256,
                       GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes every copy in @folder whose hash is not a key of @wanted, and what a crash left half made. */
void rh_modules_prune (const char *folder, GHashTable *wanted);

G_END_DECLS
