/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Time zones by their names in the IANA database, and calendar arithmetic on seconds since the epoch. Reading allocates
 * nothing. */
typedef enum { RH_SPAN_DAY, RH_SPAN_WEEK, RH_SPAN_MONTH, RH_N_SPANS } RhSpan;

/* @pointer: where @name stands in the document @what, for the message. NULL with %ROYAL_ERROR_INVALID. */
GTimeZone *
rh_zone_new (const char *name, const char *what, const char *pointer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Seconds since 1970-01-01T00:00 on that zone's clocks, as if they had never been changed. */
gint64 rh_zone_local_s (GTimeZone *self, gint64 at_s);
/* The instant at which the zone's clocks show @local_s: the first one of two, the next one when there is none. */
gint64 rh_zone_instant_s (GTimeZone *self, gint64 local_s);
/* Monday is 0. */
guint rh_zone_weekday (gint64 local_s);
/* When the day, the week (Monday) or the month of @at_s began. */
gint64 rh_zone_span_start_s (GTimeZone *self, RhSpan span, gint64 at_s);

/* "day" */
const char *rh_span_name (RhSpan span);
/* Never shorter than any such span. */
gint64 rh_span_longest_s (RhSpan span);

/* (transfer full): "2026-12-01 00:00 Europe/Berlin" */
char *rh_zone_text (GTimeZone *self, gint64 at_s) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
