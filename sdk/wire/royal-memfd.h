/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sealed memory files: written by one process, then frozen, then mapped by another that need not trust it to
 * stay as it is. */

/* Returns: an empty, growing memfd that cannot be executed where the kernel knows that; -1 with @error set. */
int royal_memfd_new (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Freezes size and content for good. No writable mapping may be left. */
gboolean royal_memfd_seal (int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_memfd_map:
 * @minimum: what it must at least hold, in bytes, 1 or more
 * @ret_size: (out): its size in bytes
 *
 * Checks every seal and the size, then maps the whole read-only.
 *
 * Returns: the mapping, for munmap(); NULL with %ROYAL_ERROR_PROTOCOL.
 */
const guint8 *royal_memfd_map (int fd, gsize minimum, gsize *ret_size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
