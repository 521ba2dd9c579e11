/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-calendar.h"
#include "fc-clean.h"
#include "fc-forecast.h"

G_BEGIN_DECLS

#define FC_HORIZON_MAX 260 /* five years */

/* Forecasts a series without missing weeks, of values about 1. */
typedef FcForecast *(*FcMethodFunc) (const FcSeries *series, gsize h, GError **error);

/* Makes one forecast of @n of the same weeks, at least one. */
typedef FcForecast *(*FcCombineFunc) (FcForecast *const *members, gsize n);

/**
 * FcMethodEvents:
 * @FC_METHOD_EVENTS_NONE: it is a yardstick
 * @FC_METHOD_EVENTS_MOVING: it knows by itself what comes back after 52 weeks
 * @FC_METHOD_EVENTS_ALL: it only knows waves
 *
 * Which of a calendar's events are taken out of the series before a method sees it, and put back after.
 */
typedef enum {
  FC_METHOD_EVENTS_NONE,
  FC_METHOD_EVENTS_MOVING,
  FC_METHOD_EVENTS_ALL,
} FcMethodEvents;

/**
 * FcMethod:
 * @name: as operators write it
 * @title: for people
 * @func: NULL for an ensemble
 * @members: of an ensemble, ended by NULL: names of methods
 * @combine: makes one forecast of theirs
 * @events: of a calendar; of an ensemble its members' count
 * @smooth: forecasts intermittent demand by its smoothed rate, or by the year before where it sells in its season alone
 * @width80, @width95: half widths of intervals in standard deviations, as hindcasts of real series found them
 */
typedef struct {
  const char *name;
  const char *title;
  FcMethodFunc func;
  const char *const *members;
  FcCombineFunc combine;
  FcMethodEvents events;
  gboolean smooth;
  double width80;
  double width95;
} FcMethod;

/* All methods, members before the ensembles that they are in. */
const FcMethod *fc_method_list (gsize *ret_n);

/* NULL when there is none. */
const FcMethod *fc_method_find (const char *name);

/**
 * fc_method_forecast:
 * @series: weekly, with or without missing weeks
 * @calendar: (nullable): of the country that sells, where the series' start_day is true
 * @h: weeks ahead, 1 … FC_HORIZON_MAX
 * @ret_clean: (out) (optional) (transfer full): what was done to the series first
 *
 * Cleans the series, forecasts it, and lets no mean be below zero when the series never was. A series of nothing or of
 * always the same goes on as it is, with a standard deviation of 0. An ensemble leaves out the members that refuse the
 * series, as long as one is left.
 *
 * Returns: (transfer full): finite numbers, or NULL with FC_ERROR_INVALID, which names what was expected, or
 *   FC_ERROR_FAILED
 */
FcForecast *fc_method_forecast (const FcMethod *method,
                                const FcSeries *series,
                                const FcCalendar *calendar,
                                gsize h,
                                FcClean **ret_clean,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
