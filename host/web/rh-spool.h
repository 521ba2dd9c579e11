/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A large body on its way: in a file without a name, in the folder for temporary files, so that an upload is no matter of
 * the host's memory. */
typedef struct _RhSpool RhSpool;

/* (nullable): with @error set, when the file cannot be made. */
RhSpool *rh_spool_new (GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_spool_free (RhSpool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhSpool, rh_spool_free)

/* FALSE with @error set when the disk is full, %ROYAL_ERROR_UNAVAILABLE. */
gboolean rh_spool_write (RhSpool *self, GBytes *chunk, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* In bytes. */
goffset rh_spool_length (const RhSpool *self);

/* Returns: (transfer full): all of it, mapped; NULL with @error set. */
GBytes *rh_spool_bytes (RhSpool *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
