/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a country's year has that weeks sell by, and that does not come back after 52 weeks to the day. */
typedef struct _FcCalendar FcCalendar;

#define FC_CALENDAR_EVENTS_MAX 20

/* NULL when there is none of that name: an ISO 3166 code of two letters. */
const FcCalendar *fc_calendar_find (const char *country);

/* The codes that there are, ended by NULL. */
const char *const *fc_calendar_countries (void);

gsize fc_calendar_n_events (const FcCalendar *self);
const char *fc_calendar_event_name (const FcCalendar *self, gsize event);

/* Whether it is weeks earlier or later from year to year, as Easter is; the others are within days of 52 weeks. */
gboolean fc_calendar_moves (const FcCalendar *self, gsize event);

/**
 * fc_calendar_share:
 * @event: below fc_calendar_n_events()
 * @day: the week's first, in days since 1970-01-01
 *
 * An event is seven days: those that end with a holiday, or with a day so far from it.
 *
 * Returns: how much of the event's days are in the week: 0 to 1, in sevenths
 */
double fc_calendar_share (const FcCalendar *self, gsize event, gint64 day);

G_END_DECLS
