/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-folder.h"
#include "rh-triggers.h"

G_BEGIN_DECLS

/**
 * RhFolderKind:
 * @kind: of the triggers
 * @folder: (transfer full): where their files come
 * @describe: (transfer full): what happened, for the input; NULL with @error when the file will not do. May be called in any
 *   thread's stead: it only reads
 * @done: the file has what it starts, or will never have it; may be NULL
 *
 * What files that come into a folder are to one kind of triggers.
 */
typedef struct {
  RhTriggerKind kind;
  char *(*folder) (RhTrigger *trigger);
  JsonNode *(*describe) (RhTrigger *trigger, const char *folder, const RhFolderEntry *entry, RhFolderFile *file,
                         GError **error);
  void (*done) (const char *folder, const RhFolderEntry *entry);
} RhFolderKind;

/* Watches the folders of the triggers of one kind: by inotify, by looking at them when it starts and every half minute. A file
 * that has not changed for a while starts something once: its path, its time and its content tell it from others. */
typedef struct _RhFolderWatch RhFolderWatch;

RhFolderWatch *rh_folder_watch_new (const RhFolderKind *kind, RhTriggers *triggers) G_GNUC_WARN_UNUSED_RESULT;
void rh_folder_watch_look (RhFolderWatch *self);
/* Ends and frees it. */
void rh_folder_watch_stop (RhFolderWatch *self);

G_END_DECLS
