/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fc-forecast.h>

G_BEGIN_DECLS

/**
 * Covered:
 * @weeks: that were forecast and came to be known
 * @inside: of these, how many lay within the interval of 80 % and within that of 95 %
 */
typedef struct {
  gsize weeks;
  gsize inside[2];
} Covered;

/**
 * Coverable:
 * @forecast: (nullable): that was scored
 * @actual: what came, NAN where it is not known
 * @ratios: @n_ratios absolute errors over standard deviations of earlier forecasts of the same series; all of their
 * weeks lie before the scored ones
 * @group: the earlier errors of all forecasts of a group are taken together
 */
typedef struct {
  const FcForecast *forecast;
  const double *actual;
  double *ratios;
  gsize n_ratios;
  guint group;
  Covered covered;
} Coverable;

/* Counts what intervals of these half widths for 80 % and 95 % hold, each moved by the series' own errors. */
void forecast_cover_one (Coverable *one, const double *widths, Covered *covered);

/* Counts what the intervals hold, made by split conformal prediction: the half width is the one that would have covered
 * the earlier errors of the group, moved by the series' own (fc_interval_width()). @widths, for 80 % and 95 %, stand in
 * where a group has too few. Prints @title and the widths of each group. */
void forecast_cover (Coverable *const *all, gsize n, const double *widths, const char *title);

G_END_DECLS
