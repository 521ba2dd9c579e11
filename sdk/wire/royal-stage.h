/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where a worker loads its module from. A caller that is root starts workers that become another user, who may not reach
 * the module (it lies under /root, say): they are given a copy in a folder of its own. Any other caller's workers
 * load the module where it lies. */
typedef struct _RoyalStage RoyalStage;

/* (transfer full): NULL with @error set when the copy cannot be made. */
RoyalStage *royal_stage_new (const char *module, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes the copy: a module that is loaded needs it no more. */
void royal_stage_free (RoyalStage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RoyalStage, royal_stage_free)

const char *royal_stage_path (const RoyalStage *self);

G_END_DECLS
