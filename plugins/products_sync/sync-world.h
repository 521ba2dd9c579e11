/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sync-catalog.h"

#include <royal/agent.h>

G_BEGIN_DECLS

/**
 * SyncWorld:
 * @state: the read `sync.state`, or what it will be: { "revision", "commit": of it, "held": { handle: commit | null }, … }. That
 *   commit is the base of all products but those that are held: theirs is another, or none
 * @held: (nullable) (element-type char*): with a new revision, at @head: the products that are held there
 * @head: (nullable): of the default branch; NULL: the repository is empty
 * @base, @repository, @shop: the products at the base, in the repository and in the shop
 * @faults: (element-type char*): what could not be read, and so is left alone
 *
 * Both sides as they are, and as they were when they were last the same.
 */
typedef struct {
  JsonObject *config;
  JsonObject *state;
  gint64 after; /* the last revision that was recorded */
  GPtrArray *held;
  char *head;
  char *default_branch;
  GPtrArray *tables;   /* RoyalTable, which the catalogues look into */
  GHashTable *commits; /* commit → RoyalTable of its files */
  GHashTable *base;
  GHashTable *repository;
  GHashTable *shop;
  GPtrArray *faults;
} SyncWorld;

void sync_world_free (SyncWorld *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SyncWorld, sync_world_free)

/* Reads all of it, and finds whether both sides have come to be the same where they were not: a new revision, which is to be
 * recorded. @revision: whose commit is wanted too (sync_world_commit()), 0: none. */
SyncWorld *sync_world_read (RoyalRun *run, gint64 revision, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The products' files at @commit: added to @catalog; @only: (nullable) a set of handles. */
gboolean sync_world_files (SyncWorld   *self,
                           RoyalRun    *run,
                           const char  *commit,
                           GHashTable  *only,
                           GHashTable  *catalog,
                           GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full) (nullable): where @branch is; NULL without an error when it is not there. */
char *sync_world_branch (SyncWorld   *self,
                         RoyalRun    *run,
                         const char  *branch,
                         char       **ret_default,
                         GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* What people answered of @conflicts (element-type SyncQuestion; @shop_is_ours: how they were asked for): the base becomes such
 * that only the side that was chosen has changed. How many were answered. */
guint sync_world_settle (SyncWorld *self, GPtrArray *conflicts, gboolean shop_is_ours);

/* (transfer full): names a conflict by its values, whichever way it was asked for. */
char *sync_world_digest (const SyncConflict *conflict, gboolean shop_is_ours) G_GNUC_WARN_UNUSED_RESULT;

/* The number of the last revision, 0 when there is none, and (nullable) the commit of the one that was asked for. */
gint64 sync_world_revision (const SyncWorld *self);
const char *sync_world_commit (const SyncWorld *self);

G_END_DECLS
