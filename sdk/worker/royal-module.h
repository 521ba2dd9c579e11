/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <royal/agent.h>

G_BEGIN_DECLS

/* A plugin, in the process that it runs in. */
typedef struct _RoyalModule RoyalModule;

/**
 * royal_module_verify:
 * @sha256: (nullable): the hash that it must have, in hexadecimal
 *
 * Checks the file without loading it: a plain file, no symbolic link, the right content.
 */
gboolean royal_module_verify (const char *path, const char *sha256, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Loads it, running its constructors, and checks its table. */
RoyalModule *royal_module_load (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_module_new:
 * @table: what the plugin exports
 *
 * The checks of royal_module_load() alone. A table or task that is shorter than ours is an older plugin's: what
 * is missing counts as zero.
 */
RoyalModule *royal_module_new (const RoyalAgentTable *table, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void royal_module_free (RoyalModule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalModule, royal_module_free)

guint royal_module_abi (const RoyalModule *self);
guint royal_module_n_tasks (const RoyalModule *self);
const RoyalTask *royal_module_task (const RoyalModule *self, guint index);

/* (nullable) */
const RoyalTask *royal_module_find (const RoyalModule *self, const char *name);

G_END_DECLS
