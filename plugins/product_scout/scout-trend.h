/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where a signal is going, so that single odd weeks do not decide. */

/* A signal in one week: search interest, sales, new reviews. */
typedef struct {
  gint64 week; /* first day, as days since 1970-01-01 */
  double value;
} ScoutSignal;

/**
 * ScoutTrend:
 * @slope: of log (1 + value) in a week: about the share by which it grows
 * @acceleration: the slope of the later half less that of the earlier half
 * @weeks: that it rests on; 0 when nothing is known
 */
typedef struct {
  double slope;
  double acceleration;
  guint weeks;
} ScoutTrend;

#define SCOUT_WEEKS_MIN 8u
#define SCOUT_WEEKS_MAX 104u

/**
 * scout_trend:
 * @signals: (array length=n): in any order; a value that is negative or not finite does not count
 *
 * The slope is the median of the slopes of all pairs (Theil, 1950; Sen, 1968) over the last SCOUT_WEEKS_MAX signals: up to 29 %
 * of them may be anything. Fewer than SCOUT_WEEKS_MIN tell nothing.
 */
ScoutTrend scout_trend (const ScoutSignal *signals, guint n);

G_END_DECLS
