/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-breaker.h"
#include "rh-bucket.h"
#include "rh-connector.h"

G_BEGIN_DECLS

/* What became of an operation, for the lane: its origin answered; it did not; nothing can be told of it. */
typedef enum { RH_LANE_ANSWERED, RH_LANE_FAILED, RH_LANE_NOTHING } RhLaneOutcome;

/* The way to one origin: so many operations at a time, so many a second, and none while its breaker is open. What one
 * origin does holds no other up. What waits is the executor's; here it is only a pointer. */
typedef struct _RhLane RhLane;

/* @origin NULL: @connector has one lane. */
RhLane *rh_lane_new (const char *connector, const char *origin, const RhLaneLimits *limits) G_GNUC_WARN_UNUSED_RESULT;
void rh_lane_free (RhLane *self);

/* `http https://erp.example` */
const char *rh_lane_name (const RhLane *self);
guint rh_lane_deadline_ms (const RhLane *self);

/* Queues something. */
void rh_lane_push (RhLane *self, gpointer waiting);

/* (nullable): the next that may pass now. It holds a place until rh_lane_done(). @ret_probe: what becomes of it tells
 * whether the origin is back. */
gpointer rh_lane_next (RhLane *self, gboolean *ret_probe, gint64 now_us);

/* An operation is over. @throttle (nullable) is what was learned. */
void rh_lane_done (RhLane *self, RhLaneOutcome outcome, const RhThrottle *throttle, gint64 now_us);

/* How long what waits must wait at least: 0 = not for time, but for a place or for the probe. */
guint rh_lane_wait_ms (RhLane *self, gint64 now_us);

/* (nullable): the first of what waits, whether it may pass or not. */
gpointer rh_lane_pop (RhLane *self);
guint rh_lane_n_waiting (const RhLane *self);
gboolean rh_lane_remove (RhLane *self, gpointer waiting);

/* How many are in hand here: counted by the executor, for claims. */
void rh_lane_count (RhLane *self, int change);
guint rh_lane_held (const RhLane *self);
guint rh_lane_in_flight (const RhLane *self);

/* Whether more should not even be claimed: its places are taken, or it is closed for a while. */
gboolean rh_lane_is_busy (RhLane *self, gint64 now_us);

/* (transfer full): { "lane", "breaker", "in_flight", "waiting", "wait_ms" } */
JsonNode *rh_lane_json (RhLane *self, gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
