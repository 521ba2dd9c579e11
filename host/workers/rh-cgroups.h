/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Control groups (version 2), where the host's own group was delegated to it: one group for each worker, so that the
 * kernel holds the memory ceiling by what is resident, and tells when it was reached. */
typedef struct _RhCgroups RhCgroups;

/* Returns: (transfer full) (nullable): NULL where nothing is delegated to this process. */
RhCgroups *rh_cgroups_new (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_cgroups_new_at:
 * @folder: the delegated group; what runs in it is moved to its `host` child, as the kernel demands
 *
 * Returns: (transfer full): NULL with @error set when its memory controller cannot be used.
 */
RhCgroups *rh_cgroups_new_at (const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_cgroups_free (RhCgroups *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhCgroups, rh_cgroups_free)

/* Puts @pid into a group of its own with a ceiling. Returns: (transfer full) (nullable): the group; NULL: it could not be
 * made, and the worker's own limits must do. */
char *rh_cgroups_add (RhCgroups *self, GPid pid, guint memory_mb) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE when the kernel killed something in @group for its memory. */
gboolean rh_cgroups_hit_ceiling (const char *group);

/* Removes @group, whose process is gone. */
void rh_cgroups_remove (const char *group);

G_END_DECLS
