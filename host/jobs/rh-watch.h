/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-triggers.h"

G_BEGIN_DECLS

/**
 * RhWatchKind:
 * @channel: (nullable): of the database, on which it is told that there is something to look at
 * @start: (transfer full): begins to watch; @triggers outlives it
 * @look: looks again: the triggers may be others, notifications may have been missed; also called every few seconds
 * @stop: ends and frees it
 *
 * What watches for one kind of triggers.
 */
typedef struct {
  const char *channel;
  gpointer (*start) (RhTriggers *triggers);
  void (*look) (gpointer self);
  void (*stop) (gpointer self);
} RhWatchKind;

extern const RhWatchKind rh_schedules_watch;
extern const RhWatchKind rh_event_watch;
extern const RhWatchKind rh_notify_watch;
extern const RhWatchKind rh_file_watch;
extern const RhWatchKind rh_mail_watch;

G_END_DECLS
