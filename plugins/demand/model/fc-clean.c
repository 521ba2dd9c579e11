/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-clean.h"

#include "fc-error.h"
#include "fc-median.h"
#include "fc-naive.h"
#include "fc-unit-root.h"

#include <math.h>
#include <string.h>

#define SIDE 4       /* weeks on each side that a week is compared with */
#define FAR 8.0      /* times the usual distance */
#define WEEKS_MIN 13 /* fewer do not say what is usual */
#define DAYS 7
#define MOST 0.5    /* of an event's days, in one week */
#define GAP_SHORT 4 /* a longer gap is filled from other years, where they are known */

static const char *const demands[] = {
  [FC_DEMAND_REGULAR] = "regular",
  [FC_DEMAND_CONSTANT] = "constant",
  [FC_DEMAND_ZERO] = "zero",
  [FC_DEMAND_INTERMITTENT] = "intermittent",
};

const char *
fc_demand_to_string (FcDemand demand)
{
  g_return_val_if_fail (demand < G_N_ELEMENTS (demands), NULL);

  return demands[demand];
}

static gboolean
check (const FcSeries *series, GError **error)
{
  gsize known = 0;

  for (gsize i = 0; i < series->n; i++)
    {
      if (isnan (series->y[i]))
        continue;
      if (!(fabs (series->y[i]) <= FC_VALUE_MAX))
        {
          g_set_error (error, FC_ERROR, FC_ERROR_INVALID, "week %" G_GSIZE_FORMAT " is %g; within ±%g was expected",
                       i + 1, series->y[i], FC_VALUE_MAX);
          return FALSE;
        }
      known++;
    }
  if (known == 0)
    {
      g_set_error (error, FC_ERROR, FC_ERROR_INVALID,
                   "none of the series' %" G_GSIZE_FORMAT " weeks has a value; at least 1 was expected", series->n);
      return FALSE;
    }
  return TRUE;
}

/* A missing week as a year apart, by how those years' weeks before the gap compare; where the gap is as long as a year,
 * by itself. NAN when no year knows. */
static double
from_other_year (const FcSeries *series, gsize week, gsize before)
{
  static const int years[] = { -1, 1, -2, 2 };
  double sum = 0;
  guint known = 0;

  for (gsize k = 0; k < G_N_ELEMENTS (years); k++)
    {
      gssize shift = years[k] * FC_YEAR_WEEKS;
      gssize there = (gssize)week + shift, then = (gssize)before + shift;

      if (there < 0 || there >= (gssize)series->n || isnan (series->y[there]))
        continue;
      if (then < 0 || then >= (gssize)series->n || isnan (series->y[then]))
        {
          sum += series->y[there];
          known++;
          continue;
        }
      return MAX (series->y[before], 0) > 0 && series->y[then] > 0
                 ? series->y[there] * CLAMP (series->y[before] / series->y[then], 0.2, 5)
                 : series->y[there];
    }
  return known > 0 ? sum / known : NAN;
}

/* Between @from and @to, both known but for @to at the end of the series. */
static void
fill_gap (FcClean *self, const FcSeries *rest, gsize from, gsize to)
{
  for (gsize i = from + 1; i < to; i++)
    {
      double share = (double)(i - from) / (double)(to - from);
      double value = to - from > GAP_SHORT ? from_other_year (rest, i, from) : NAN;

      if (isnan (value))
        value = to < self->n ? rest->y[from] + share * (rest->y[to] - rest->y[from]) : rest->y[from];
      self->y[i] = CLAMP (value, -FC_VALUE_MAX, FC_VALUE_MAX);
      self->missing++;
    }
}

static void
fill_missing (FcClean *self, const FcSeries *rest)
{
  gsize last = 0;

  for (gsize i = 1; i <= self->n; i++)
    if (i == self->n || !isnan (rest->y[i]))
      {
        fill_gap (self, rest, last, i);
        last = i;
      }
}

static double
around (const FcClean *self, gsize week)
{
  double near[2 * SIDE] = { 0 };
  gsize n = 0;

  for (gsize i = week > SIDE ? week - SIDE : 0; i < MIN (self->n, week + SIDE + 1); i++)
    if (i != week)
      near[n++] = self->y[i];
  return fc_median (near, n);
}

/* As far out, to the same side. */
static gboolean
is_alike (const double *distance, gsize week, gsize other)
{
  return distance[other] * distance[week] > 0 && fabs (distance[other]) > fabs (distance[week]) / 4;
}

/* Whether a week of another year, give or take one for the calendar, is as far out to the same side. */
static gboolean
repeats (const double *distance, gsize n, gsize week)
{
  for (gssize shift = -FC_YEAR_WEEKS - 1; shift <= FC_YEAR_WEEKS + 1; shift++)
    {
      gssize there = (gssize)week + shift;

      if (ABS (shift) < FC_YEAR_WEEKS - 1 || there < 0 || there >= (gssize)n)
        continue;
      if (is_alike (distance, week, (gsize)there))
        return TRUE;
    }
  return FALSE;
}

/* Whether the history has another week with most of the same event that is as far out to the same side: Easter moves by
 * weeks. */
static gboolean
is_event (const FcClean *self, const FcCalendar *calendar, const double *distance, gsize week)
{
  gint64 day = self->start_day + DAYS * (gint64)week;

  for (gsize event = 0; event < fc_calendar_n_events (calendar); event++)
    {
      if (fc_calendar_share (calendar, event, day) < MOST)
        continue;
      for (gsize i = 0; i < self->n; i++)
        if (i != week && is_alike (distance, week, i) &&
            fc_calendar_share (calendar, event, self->start_day + DAYS * (gint64)i) >= MOST)
          return TRUE;
    }
  return FALSE;
}

/* Whether a week beside it is as far out to the same side: two are a level, or an offer that goes on. */
static gboolean
goes_on (const double *distance, gsize n, gsize week)
{
  return (week > 0 && is_alike (distance, week, week - 1)) || (week + 1 < n && is_alike (distance, week, week + 1));
}

static void
replace_outliers (FcClean *self, const FcCalendar *calendar)
{
  g_autofree double *distance = g_new (double, self->n), *sorted = g_new (double, self->n);
  double usual;
  gsize end;

  if (self->n < WEEKS_MIN)
    return;
  for (gsize i = 0; i < self->n; i++)
    {
      distance[i] = self->y[i] - around (self, i);
      sorted[i] = fabs (distance[i]);
    }
  usual = fc_median (sorted, self->n) * 1.4826;
  if (usual <= 0)
    return;
  /* What is new in the last weeks may stay. */
  end = fc_reverts (self->y, self->n, FC_YEAR_WEEKS) ? self->n : self->n - SIDE;
  for (gsize i = 0; i < end; i++)
    if (fabs (distance[i]) > FAR * usual && !repeats (distance, self->n, i) &&
        (i + SIDE < self->n || !goes_on (distance, self->n, i)) &&
        (calendar == NULL || !is_event (self, calendar, distance, i)))
      {
        self->y[i] = around (self, i);
        self->outliers++;
      }
}

static void
put_on_level (FcClean *self)
{
  self->shift = fc_shift_find (self->y, self->n);
  for (gsize i = 0; i < self->shift.week; i++)
    self->y[i] = MIN (self->y[i] * self->shift.factor, FC_VALUE_MAX);
}

static FcDemand
classify (const FcClean *self)
{
  gsize zeros = 0, same = 0;

  for (gsize i = 0; i < self->n; i++)
    {
      zeros += self->y[i] == 0;
      same += self->y[i] == self->y[0];
    }
  if (zeros == self->n)
    return FC_DEMAND_ZERO;
  if (same == self->n)
    return FC_DEMAND_CONSTANT;
  return 2 * zeros >= self->n ? FC_DEMAND_INTERMITTENT : FC_DEMAND_REGULAR;
}

FcClean *
fc_clean_new (const FcSeries *series, const FcCalendar *calendar, GError **error)
{
  g_autoptr (FcClean) self = NULL;
  FcSeries rest;
  gsize first = 0, known = 0;

  g_return_val_if_fail (series != NULL && (series->y != NULL || series->n == 0), NULL);

  if (!check (series, error))
    return NULL;
  while (isnan (series->y[known]))
    known++;
  while (first < series->n && (isnan (series->y[first]) || series->y[first] == 0))
    first++;
  /* Where nothing was ever sold there is no start to find. */
  if (first == series->n)
    first = known;
  rest = (FcSeries){ series->y + first, series->n - first, series->start_day + 7 * (gint64)first };
  self = g_new0 (FcClean, 1);
  self->n = rest.n;
  self->start_day = rest.start_day;
  self->leading = first;
  self->y = g_memdup2 (rest.y, rest.n * sizeof (double));
  fill_missing (self, &rest);
  self->demand = classify (self);
  self->shift.factor = 1;
  if (self->demand != FC_DEMAND_REGULAR)
    return g_steal_pointer (&self);
  /* First: beside a step that is left in, weeks look like outliers. */
  put_on_level (self);
  replace_outliers (self, calendar);
  return g_steal_pointer (&self);
}

void
fc_clean_free (FcClean *self)
{
  if (self == NULL)
    return;
  g_free (self->y);
  g_free (self);
}
