/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* When a schedule is due: minute, hour, day of month, month, day of week, as crontab(5) has them, read in a time zone.
 *
 * A field is a list, separated by commas, of `*`, `N`, `N-M`, each of the two ranges with an optional `/STEP`; months and days of
 * the week also by the first three letters of their English names; 0 and 7 are Sunday. As in Vixie's cron a day fits when
 * both its fields do, and when neither begins with `*`, when one does. @yearly, @annually, @monthly, @weekly, @daily,
 * @midnight and @hourly stand for all five.
 *
 * What the change of clocks does to it depends on the hours, as in Vixie's cron:
 * - They begin with `*`: the schedule is a rhythm. It is due at each moment whose local reading fits, so that an hour that exists
 *   twice counts twice, and one that does not exist is not made up for.
 * - Else it names times of the day. Each is due once a day: one that exists twice at its first, one that does not exist
 *   at the first moment after the gap (once for all that fell into it). */
typedef struct _RhCron RhCron;

/* NULL with %ROYAL_ERROR_INVALID and what was expected, such as `hour: expected a number from 0 to 23, found "24"`. */
RhCron *rh_cron_new (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void rh_cron_free (RhCron *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhCron, rh_cron_free)

/* (transfer full): the zone of a name such as Europe/Paris or UTC; NULL with %ROYAL_ERROR_INVALID when it is not known. */
GTimeZone *rh_cron_zone (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first moment after @after at which it is due, both in seconds since 1970; G_MAXINT64 when there is none in the
 * next eleven years. */
gint64 rh_cron_next (const RhCron *self, GTimeZone *zone, gint64 after);

/**
 * rh_cron_between:
 * @n_most: how many are returned at most
 * @ret_n: how many there are
 *
 * Returns: (transfer full) (element-type gint64): the last moments in (@after, @until] at which it is due, in order.
 */
GArray *rh_cron_between (const RhCron *self,
                         GTimeZone    *zone,
                         gint64        after,
                         gint64        until,
                         guint         n_most,
                         guint        *ret_n) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
