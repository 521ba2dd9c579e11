/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether it goes so that products are not to be taken without a person. */

#define CEO_WEEKS_MAX 12u

/**
 * CeoSignals:
 * @revenue: of the last weeks, the oldest first; @n_weeks of them
 * @visits: who came to the shops in the last four weeks that are known, and how many of them ordered (@orders)
 * @ended: launches that ended in the last @days, and how many of them failed (@failed)
 */
typedef struct {
  double revenue[CEO_WEEKS_MAX];
  guint n_weeks;
  double visits;
  double orders;
  double days;
  double ended;
  double failed;
} CeoSignals;

/**
 * CeoBounds:
 * @revenue_drop: share that the last week may be below the usual one, at most
 * @failure_rate: share of the launches that may fail, at most; of fewer than @min_launches nothing is said
 * @conversion_gap: share that the conversion may be below its goal, at most
 */
typedef struct {
  double revenue_drop;
  double failure_rate;
  double min_launches;
  double conversion_gap;
} CeoBounds;

/* The share of visits that order; NAN where it is not known. */
double ceo_conversion (const CeoSignals *signals);
/* Whether it is known, and too far below @goal (NAN: nobody has set one). */
gboolean ceo_converts_badly (const CeoSignals *signals, double goal, const CeoBounds *bounds);

/**
 * ceo_alerts:
 * @goal_conversion: NAN where nobody has set one
 *
 * - The revenue of the last week is below the median of those before by more than revenue_drop; it takes four before.
 * - More than failure_rate of the launches failed.
 * - The conversion is below its goal by more than conversion_gap; it takes a hundred visits.
 *
 * Returns: (transfer full) (element-type utf8): a sentence each; none when all is well.
 */
GPtrArray *ceo_alerts (const CeoSignals *signals, double goal_conversion, const CeoBounds *bounds) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
