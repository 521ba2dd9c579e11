/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sync-fields.h"

G_BEGIN_DECLS

/**
 * SyncConflict:
 * @path: a field; a variant that one side removed and the other changed; "" where that is the product itself
 * @base, @ours, @theirs: (nullable): what stands there, as JSON on one line; NULL: nothing. Of the product itself only
 *   what tells it from another one, `{"sha256":"…"}`
 */
typedef struct {
  char *path;
  char *base;
  char *ours;
  char *theirs;
} SyncConflict;

void sync_conflict_free (SyncConflict *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SyncConflict, sync_conflict_free)

/**
 * sync_merge:
 * @base: (nullable): what both sides were when they were last the same; NULL: the product was not there
 * @ours, @theirs: (nullable): what they are; NULL: it is not there
 * @conflicts: (element-type SyncConflict): those that are found are added, in the order of their paths
 *
 * Field by field: what one side changed is taken from it, what both changed alike is taken once. What both changed, and not
 * alike, is a conflict, and so is what one side removed, product or variant, and the other changed; there the result is ours. A
 * tag is a field of its own, so tags never conflict.
 *
 * The laws: merge (b, b, x) = merge (b, x, b) = merge (b, x, x) = x. Exchanging the sides exchanges them in the conflicts, and
 * where there are none nothing else. Three edits merge to the same in whichever order, as long as no two conflict.
 *
 * Returns: (transfer full) (nullable): what both are to be; NULL: not there.
 */
SyncFields *sync_merge (const SyncFields *base,
                        const SyncFields *ours,
                        const SyncFields *theirs,
                        GPtrArray        *conflicts) G_GNUC_WARN_UNUSED_RESULT;

/**
 * sync_settle:
 * @base: (inout) (nullable)
 * @loser: (nullable): the side whose change is not to count
 * @path: of the conflict
 *
 * A conflict that a person has answered: the base becomes the loser's there, so that only the winner has changed it.
 */
void sync_settle (SyncFields **base, const SyncFields *loser, const char *path);

/* (transfer full): names a conflict with what stands on its sides, so that an answer holds for that and for nothing else. */
char *sync_conflict_digest (const SyncConflict *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
