/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sync-catalog.h"

#include <royal/agent.h>

G_BEGIN_DECLS

#define SYNC_REVISIONS_MAX 500

/**
 * SyncWorld:
 * @state: what the agent keeps: { "revisions": [commits, the first first], "first": the number of the first one, "held": { handle:
 *   commit | null } }. The last commit is the base of all products but those that are held: theirs is another, or none
 * @head: (nullable): of the default branch; NULL: the repository is empty
 * @base, @repository, @shop: the products at the base, in the repository and in the shop
 * @faults: (element-type char*): what could not be read, and so is left alone
 *
 * Both sides as they are, and as they were when they were last the same.
 */
typedef struct {
  JsonObject *config;
  JsonObject *state;
  gint64 version;
  char *head;
  char *default_branch;
  GPtrArray *tables; /* RoyalTable, which the catalogues look into */
  GHashTable *base;
  GHashTable *repository;
  GHashTable *shop;
  GPtrArray *faults;
} SyncWorld;

void sync_world_free (SyncWorld *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SyncWorld, sync_world_free)

/* Reads all of it, and records a revision when both sides have come to be the same where they were not. */
SyncWorld *sync_world_read (RoyalRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

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

/* The number of the last revision, 0 when there is none, and (nullable) the commit of one. */
gint64 sync_world_revision (const SyncWorld *self);
const char *sync_world_commit (const SyncWorld *self, gint64 revision);

G_END_DECLS
