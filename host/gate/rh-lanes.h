/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-work.h"

G_BEGIN_DECLS

/* The lanes of a host, made as they are needed, and what moves along them: works enter, wait for their turn, pass, and are
 * over. What must wait for longer is handed back. */
typedef struct _RhLanes RhLanes;

/**
 * RhLanesHandler:
 * @pass: it is the work's turn: it holds a place until rh_lanes_over()
 * @park: these wait too long to be held (transfer none)
 * @look: time has passed that something may have waited for
 */
typedef struct {
  void (*pass) (RhWork *work, gpointer data);
  void (*park) (GPtrArray *works, guint wait_ms, gpointer data);
  void (*look) (gpointer data);
} RhLanesHandler;

RhLanes *rh_lanes_new (RhConnectors         *connectors,
                       const RhLanesHandler *handler,
                       gpointer              data) G_GNUC_WARN_UNUSED_RESULT;
void rh_lanes_free (RhLanes *self);

/* Until it is started nothing passes. A stop hands back what waits. */
void rh_lanes_start (RhLanes *self);
void rh_lanes_stop (RhLanes *self);

/* (transfer none) (nullable): the lane that effects of @action on @target take; NULL when no connector answers for it. */
RhLane *rh_lanes_get (RhLanes *self, const char *action, const char *target);

/* Queues @work at its lane. */
void rh_lanes_enter (RhLanes *self, RhWork *work);

/* The place that @work holds is free again. Others pass with rh_lanes_pump() only, when the caller has done with @work. */
void rh_lanes_over (RhLanes *self, RhWork *work, RhLaneOutcome outcome);
void rh_lanes_pump (RhLanes *self, RhLane *lane);

/* Calls @look in @wait_ms at the latest. */
void rh_lanes_wake (RhLanes *self, guint wait_ms);

/* How many more may be claimed, at most @most, without leaving any lane with more than that in hand.
 * @ret_skip: (transfer full) (optional): the actions, or `action target`, that should not be, as a JSON array; "[]" when
 *   all may. */
guint rh_lanes_room (RhLanes *self, guint most, char **ret_skip) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): an array of rh_lane_json(), by name. */
JsonNode *rh_lanes_json (RhLanes *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
