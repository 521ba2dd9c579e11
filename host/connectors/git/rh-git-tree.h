/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-git-work.h"

G_BEGIN_DECLS

/**
 * rh_git_tree_read:
 * @commit: in hexadecimal, on a branch of the server or in the cache
 * @under: a folder of the tree, such as `products`; "" = all of it; one that is not there has no files
 * @with_binary: with a column base64 (string): of what is no text and has 4 MiB at most; else null
 *
 * Blocks, as rh-git-work.h does. The files of a commit as a table: path (string), oid (string: git's name of the content, in
 * hexadecimal), content (string; null where it is no UTF-8, holds a NUL or is longer than 4 MiB). Links and submodules are passed
 * over.
 *
 * Returns: a sealed memfd; -1 with %ROYAL_ERROR_NOT_FOUND (no such commit), %ROYAL_ERROR_INVALID (it is none, or @under no folder),
 *   %ROYAL_ERROR_LIMIT (over 100,000 files or 256 MiB).
 */
int rh_git_tree_read (const RhGitAccess *access, const char *commit, const char *under, gboolean with_binary,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
