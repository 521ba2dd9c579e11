/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-prophet.h"

G_BEGIN_DECLS

/**
 * FcProphetDesign:
 * @n: observed weeks
 * @n_changes: S
 * @n_columns: columns of x, of which the first 2 × @order are the Fourier pairs
 * @y_scale: what y was divided by: the largest |y|, 1 when that is 0
 * @first: week of the series that is t = 0
 * @span: weeks from there to t = 1
 * @weeks: of the series; the forecast begins after them
 * @constant: all observed values are the same
 * @t: (array length=n): scaled time of each observed week
 * @y: (array length=n): scaled values
 * @x: n × n_columns, row by row
 * @change_week: (array length=n_changes): rising
 * @change: (array length=n_changes): the same, as scaled time
 * @spread: (array length=n_columns): the prior's standard deviation
 * @extra: all rows of the regressors, standardised, n_rows × n_extra, row by row
 *
 * What is fitted: a series as the model sees it.
 */
typedef struct {
  gsize n;
  gsize n_changes;
  gsize n_columns;
  gsize n_extra;
  gsize n_rows;
  gsize order;
  gsize first;
  gsize span;
  gsize weeks;
  gint64 start_day;
  gboolean additive;
  gboolean constant;
  double y_scale;
  double tau;
  double *t;
  double *y;
  double *x;
  gsize *change_week;
  double *change;
  double *spread;
  double *extra;
} FcProphetDesign;

/* NULL with FC_ERROR_INVALID, which names the week or option and what was expected. */
FcProphetDesign *fc_prophet_design_new (const FcSeries *series, const FcProphetOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void fc_prophet_design_free (FcProphetDesign *self);

/* Writes the @n_columns columns of x for any week, in the series or after it. Regressors that do not reach it are 0. */
void fc_prophet_design_row (const FcProphetDesign *self, gsize week, double *row);

/* The scaled time of a week; negative before the first that was observed. */
double fc_prophet_design_time (const FcProphetDesign *self, gsize week);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcProphetDesign, fc_prophet_design_free)

G_END_DECLS
