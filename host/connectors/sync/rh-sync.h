/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector-store.h"

G_BEGIN_DECLS

/* The sync connector: what a shop and a repository have had alike, in the host's own database.
 *
 * Action `sync.record`: the target is the sync's name, REPOSITORY/SHOP; docs/schema/action-sync-record.schema.json. It must be of
 * the last revision still (`after`). It has no inverse: a rollback is a new revision.
 *
 * Read `sync.state` { repository, shop, revision? }: a document { revision, commit, held: { handle: commit | null }, answers:
 * [{ handle, field, digest, take }], at }. The products are the same on both sides as at `commit`, of the last revision, but those
 * that are held: they were at another commit, or never. `at` is the commit of the revision that was asked for, or null. */
#define RH_TYPE_SYNC (rh_sync_get_type ())
G_DECLARE_FINAL_TYPE (RhSync, rh_sync, RH, SYNC, RhConnectorStore)

RhSync *rh_sync_new (RhStore *store) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
