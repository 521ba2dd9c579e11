/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-prophet-design.h"

#include "fc-error.h"
#include "fc-median.h"

#include <math.h>
#include <stdlib.h>

#define DAYS_A_WEEK 7.0
#define DAYS_A_YEAR 365.25
#define YEARLY_DAYS_MIN 730.0 /* of history, for a yearly season */
#define YEARLY_WEEKS_MIN 52u  /* observed; so that its 20 columns have something to hold on to */
#define OTHERS_MIN 3u         /* weeks that are not like most: one or two are drawn exactly, and go on into absurdity */
#define VALUE_MAX 1e15
#define WEEKS_MAX 100000u
#define REGRESSORS_MAX 200u
#define CHANGES_MAX 1000u

static gboolean invalid (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Always FALSE, so that a check can return it. */
static gboolean
invalid (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (FC_ERROR, FC_ERROR_INVALID, format, arguments);
  va_end (arguments);
  return FALSE;
}

static gboolean
check_options (const FcProphetOptions *options, GError **error)
{
  const struct {
    const char *name;
    double value;
    double max;
  } shares[] = {
    { "changepoint_range", options->changepoint_range, 1 },
    { "changepoint_scale", options->changepoint_scale, 1e6 },
    { "season_scale", options->season_scale, 1e6 },
    { "regressor_scale", options->regressor_scale, 1e6 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (shares); i++)
    if (!(shares[i].value > 1e-9 && shares[i].value <= shares[i].max))
      return invalid (error, "%s is %g, expected above 10^-9 and at most %g", shares[i].name, shares[i].value,
                      shares[i].max);
  if (options->n_changepoints > CHANGES_MAX)
    return invalid (error, "n_changepoints is %" G_GSIZE_FORMAT ", expected at most %u", options->n_changepoints,
                    CHANGES_MAX);
  if (options->yearly_order != FC_PROPHET_YEARLY_AUTO &&
      (options->yearly_order < 0 || options->yearly_order > FC_PROPHET_ORDER_MAX))
    return invalid (error, "yearly_order is %d, expected 0 to %d", options->yearly_order, FC_PROPHET_ORDER_MAX);
  return TRUE;
}

static gboolean
check_regressors (const FcSeries *series, const FcProphetOptions *options, GError **error)
{
  if (options->n_regressors == 0)
    return TRUE;
  if (options->n_regressors > REGRESSORS_MAX)
    return invalid (error, "there are %" G_GSIZE_FORMAT " regressors, expected at most %u", options->n_regressors,
                    REGRESSORS_MAX);
  if (options->regressors == NULL || options->n_rows < series->n || options->n_rows > 2 * WEEKS_MAX)
    return invalid (error,
                    "the regressors have %" G_GSIZE_FORMAT " rows, expected one for each of %" G_GSIZE_FORMAT
                    " weeks and those ahead",
                    options->regressors == NULL ? 0 : options->n_rows, series->n);
  for (gsize i = 0; i < options->n_regressors * options->n_rows; i++)
    if (!(fabs (options->regressors[i]) <= VALUE_MAX))
      return invalid (error,
                      "regressor %" G_GSIZE_FORMAT ", week %" G_GSIZE_FORMAT ": %g, expected a number within ±%g",
                      i / options->n_rows, i % options->n_rows, options->regressors[i], VALUE_MAX);
  return TRUE;
}

/* Counts the observed weeks. */
static gboolean
check_series (const FcSeries *series, gsize *ret_n, GError **error)
{
  gsize n = 0;

  if (series->n > WEEKS_MAX)
    return invalid (error, "the series has %" G_GSIZE_FORMAT " weeks, expected at most %u", series->n, WEEKS_MAX);
  for (gsize i = 0; i < series->n; i++)
    {
      if (isnan (series->y[i]))
        continue;
      if (!(fabs (series->y[i]) <= VALUE_MAX))
        return invalid (error, "week %" G_GSIZE_FORMAT ": %g, expected a number within ±%g, or a missing one", i,
                        series->y[i], VALUE_MAX);
      n++;
    }
  if (n < FC_PROPHET_WEEKS_MIN)
    return invalid (error, "the series has %" G_GSIZE_FORMAT " observed weeks, the Prophet-like model needs %u or more",
                    n, (guint)FC_PROPHET_WEEKS_MIN);
  *ret_n = n;
  return TRUE;
}

/* A series is constant or it varies: a single sale among zeros tells neither trend nor season. */
static gboolean
check_variety (const FcProphetDesign *self, GError **error)
{
  g_autofree double *sorted = g_memdup2 (self->y, self->n * sizeof (double));
  double most;
  gsize others = 0;

  qsort (sorted, self->n, sizeof (double), fc_median_compare);
  most = sorted[self->n / 2];
  for (gsize i = 0; i < self->n; i++)
    others += sorted[i] != most;
  if (others == 0 || others >= OTHERS_MIN)
    return TRUE;
  return invalid (error,
                  "%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " observed weeks differ from the others, all %g; the "
                  "Prophet-like model needs none or %u or more",
                  others, self->n, most * self->y_scale, OTHERS_MIN);
}

/* Of the weeks of the series that were observed, the numbers. */
static gsize *
observed_weeks (const FcSeries *series, gsize n)
{
  gsize *weeks = g_new0 (gsize, n);
  gsize at = 0;

  for (gsize i = 0; i < series->n; i++)
    if (!isnan (series->y[i]))
      weeks[at++] = i;
  return weeks;
}

static void
set_scales (FcProphetDesign *self, const FcSeries *series, const gsize *weeks)
{
  self->first = weeks[0];
  self->span = weeks[self->n - 1] - weeks[0];
  self->constant = TRUE;
  for (gsize i = 0; i < self->n; i++)
    {
      double value = series->y[weeks[i]];

      self->y_scale = MAX (self->y_scale, fabs (value));
      self->constant = self->constant && value == series->y[weeks[0]];
    }
  if (self->y_scale == 0)
    self->y_scale = 1;

  self->t = g_new0 (double, self->n);
  self->y = g_new0 (double, self->n);
  for (gsize i = 0; i < self->n; i++)
    {
      self->t[i] = fc_prophet_design_time (self, weeks[i]);
      self->y[i] = series->y[weeks[i]] / self->y_scale;
    }
}

/* At even distances over the first part of the observed weeks, not the first of them. Halves are rounded to the even
 * neighbour, counted from 0 as the reference implementation in Python does; the one in R counts from 1. With 25 changes
 * there are no halves. */
static void
set_changes (FcProphetDesign *self, const FcProphetOptions *options, const gsize *weeks)
{
  gsize among = (gsize)floor ((double)self->n * options->changepoint_range);
  gsize last = among > 0 ? among - 1 : 0;

  self->n_changes = MIN (options->n_changepoints, last);
  self->change_week = g_new (gsize, self->n_changes);
  self->change = g_new (double, self->n_changes);
  for (gsize j = 0; j < self->n_changes; j++)
    {
      double place = (double)last * (double)(j + 1) / (double)self->n_changes;

      self->change_week[j] = weeks[(gsize)nearbyint (place)];
      self->change[j] = fc_prophet_design_time (self, self->change_week[j]);
    }
}

/* Mean and spread of one regressor over the observed weeks; 0 and 1 where it is not to be standardised. */
static void
standard_of (const double *column, const gsize *weeks, gsize n, double *ret_mean, double *ret_spread)
{
  gboolean flags = TRUE;
  gboolean same = TRUE;
  double mean = 0;
  double square = 0;

  for (gsize i = 0; i < n; i++)
    {
      double value = column[weeks[i]];

      flags = flags && (value == 0 || value == 1);
      same = same && value == column[weeks[0]];
      mean += value / (double)n;
    }
  for (gsize i = 0; i < n; i++)
    square += (column[weeks[i]] - mean) * (column[weeks[i]] - mean);
  *ret_mean = flags || same ? 0 : mean;
  *ret_spread = flags || same || square == 0 ? 1 : sqrt (square / (double)(n - 1));
}

static void
set_columns (FcProphetDesign *self, const FcProphetOptions *options, const gsize *weeks)
{
  gboolean yearly = DAYS_A_WEEK * (double)self->span >= YEARLY_DAYS_MIN && self->n >= YEARLY_WEEKS_MIN;

  self->order = options->yearly_order >= 0 ? (gsize)options->yearly_order : yearly ? FC_PROPHET_YEARLY_ORDER : 0;
  self->n_extra = options->n_regressors;
  self->n_rows = self->n_extra > 0 ? options->n_rows : 0;
  self->n_columns = 2 * self->order + self->n_extra;

  self->extra = g_new (double, self->n_rows * self->n_extra);
  for (gsize c = 0; c < self->n_extra; c++)
    {
      const double *column = options->regressors + c * self->n_rows;
      double mean;
      double spread;

      standard_of (column, weeks, self->n, &mean, &spread);
      for (gsize i = 0; i < self->n_rows; i++)
        self->extra[i * self->n_extra + c] = (column[i] - mean) / spread;
    }

  self->spread = g_new (double, self->n_columns);
  for (gsize c = 0; c < self->n_columns; c++)
    self->spread[c] = c < 2 * self->order ? options->season_scale : options->regressor_scale;
  /* A block also without columns: what steps through its rows would else step from NULL. */
  self->x = g_new (double, MAX (self->n * self->n_columns, 1));
  for (gsize i = 0; i < self->n; i++)
    fc_prophet_design_row (self, weeks[i], self->x + i * self->n_columns);
}

FcProphetDesign *
fc_prophet_design_new (const FcSeries *series, const FcProphetOptions *options, GError **error)
{
  g_autoptr (FcProphetDesign) self = NULL;
  g_autofree gsize *weeks = NULL;
  gsize n = 0;

  g_return_val_if_fail (series != NULL && (series->y != NULL || series->n == 0) && options != NULL, NULL);

  if (!check_options (options, error) || !check_series (series, &n, error) ||
      !check_regressors (series, options, error))
    return NULL;

  self = g_new0 (FcProphetDesign, 1);
  self->n = n;
  self->weeks = series->n;
  self->start_day = series->start_day;
  self->additive = options->additive;
  self->tau = options->changepoint_scale;
  weeks = observed_weeks (series, n);
  set_scales (self, series, weeks);
  if (!check_variety (self, error))
    return NULL;
  set_changes (self, options, weeks);
  set_columns (self, options, weeks);
  return g_steal_pointer (&self);
}

void
fc_prophet_design_free (FcProphetDesign *self)
{
  if (self == NULL)
    return;
  g_free (self->t);
  g_free (self->y);
  g_free (self->x);
  g_free (self->change_week);
  g_free (self->change);
  g_free (self->spread);
  g_free (self->extra);
  g_free (self);
}

double
fc_prophet_design_time (const FcProphetDesign *self, gsize week)
{
  return ((double)week - (double)self->first) / (double)self->span;
}

void
fc_prophet_design_row (const FcProphetDesign *self, gsize week, double *row)
{
  double days = (double)self->start_day + DAYS_A_WEEK * (double)week;

  for (gsize i = 0; i < self->order; i++)
    {
      double angle = 2 * G_PI * (double)(i + 1) * days / DAYS_A_YEAR;

      row[2 * i] = sin (angle);
      row[2 * i + 1] = cos (angle);
    }
  for (gsize c = 0; c < self->n_extra; c++)
    row[2 * self->order + c] = week < self->n_rows ? self->extra[week * self->n_extra + c] : 0;
}
