/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-calendar.h"
#include "fc-forecast.h"
#include "fc-series.h"

G_BEGIN_DECLS

/**
 * FcHolidays:
 * @log: the effects are of logarithms: they multiply
 * @effects: by event, of a week that has all of its days; 0 where the history tells nothing
 *
 * What a calendar's events do to a series.
 */
typedef struct {
  const FcCalendar *calendar;
  gint64 start_day;
  gboolean log;
  double effects[FC_CALENDAR_EVENTS_MAX];
} FcHolidays;

#define FC_HOLIDAYS_WEEKS_MIN 78 /* fewer do not have two of the events */

/**
 * fc_holidays_fit:
 * @series: finite
 * @moving: only those that fc_calendar_moves()
 *
 * A week stands out by its distance to the median of itself and the six weeks on each side, of logarithms where all
 * weeks are above zero. These distances are regressed on the events' shares, each as if one week of it had said zero,
 * and what comes of it is drawn towards zero by 1 − variance / square (James & Stein 1961), down to none. An event that
 * the series has not seen twice has no effect.
 */
void fc_holidays_fit (const FcSeries *series, const FcCalendar *calendar, gboolean moving, FcHolidays *ret_holidays);

/* What a week has of them, counted from the first and perhaps after the end: the logarithm of a factor, or a summand.
 */
double fc_holidays_at (const FcHolidays *self, gsize week);

/* The weeks of @series without them. */
double *fc_holidays_remove (const FcHolidays *self, const FcSeries *series) G_GNUC_WARN_UNUSED_RESULT;

/* Puts them into @forecast, whose first week is the week @n. */
void fc_holidays_put_back (const FcHolidays *self, gsize n, FcForecast *forecast);

G_END_DECLS
