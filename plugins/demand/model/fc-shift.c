/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-shift.h"

#include "fc-median.h"
#include "fc-naive.h"
#include "fc-unit-root.h"

#include <math.h>
#include <string.h>

#define EDGE 8          /* weeks on each side of the one where the ratios change */
#define LEAST 0.2876821 /* log (4/3) */
#define STEEP 0.7       /* of the shift, at its edge */
#define CLEAR 4.0       /* times what the ratios differ anyway */
#define OUTSIDE 0.35    /* of the shift: more is growth, or a better year */
#define SPREAD 1.4826   /* from the median of distances to a standard deviation */

/* Logarithms of each week's share in that of a year before; those of the first year are not there. */
typedef struct {
  double *ratio;
  double *sorted; /* room for as many */
  gsize n;
} Ratios;

/* The ratios that a shift in @week of the series moves: those of the year that begins with it. */
typedef struct {
  gsize week;
  gsize first;
  gsize end;
} Span;

static double
median_of (const Ratios *self, gsize from, gsize n)
{
  memcpy (self->sorted, self->ratio + from, n * sizeof (double));
  return fc_median (self->sorted, n);
}

static double
median_outside (const Ratios *self, const Span *span)
{
  memcpy (self->sorted, self->ratio, span->first * sizeof (double));
  memcpy (self->sorted + span->first, self->ratio + span->end, (self->n - span->end) * sizeof (double));
  return fc_median (self->sorted, self->n - (span->end - span->first));
}

/* How far the ratios are from what the shift makes of them. */
static double
spread (const Ratios *self, const Span *span, double inside, double outside)
{
  for (gsize i = 0; i < self->n; i++)
    self->sorted[i] = fabs (self->ratio[i] - (i >= span->first && i < span->end ? inside : outside));
  return SPREAD * fc_median (self->sorted, self->n);
}

static gboolean
is_steep (const Ratios *self, gsize edge, double shift)
{
  double step = median_of (self, edge, EDGE) - median_of (self, edge - EDGE, EDGE);

  return step / shift > STEEP;
}

static Span
span_of (const Ratios *self, gsize week)
{
  return (Span){ week, week > FC_YEAR_WEEKS ? week - FC_YEAR_WEEKS : 0, MIN (week, self->n) };
}

/* The shift that explains most of how the ratios differ, by the sum of squares. A week of 0 when none does. */
static Span
find_span (const Ratios *self)
{
  g_autofree double *sum = g_new0 (double, self->n + 1);
  Span best = { 0, 0, 0 };
  double most = 0;

  for (gsize i = 0; i < self->n; i++)
    sum[i + 1] = sum[i] + self->ratio[i];
  for (gsize week = FC_SHIFT_WEEKS_MIN; week + FC_SHIFT_WEEKS_MIN <= self->n + FC_YEAR_WEEKS; week++)
    {
      Span span = span_of (self, week);
      double inside = (double)(span.end - span.first), outside = (double)self->n - inside;
      double before = (sum[self->n] - sum[span.end] + sum[span.first]) / MAX (outside, 1);
      double step = (sum[span.end] - sum[span.first]) / inside - before;

      if (outside < FC_SHIFT_WEEKS_MIN || fabs (before) > OUTSIDE * fabs (step) ||
          step * step * inside * outside <= most)
        continue;
      most = step * step * inside * outside;
      best = span;
    }
  return best;
}

static double
check_span (const Ratios *self, const Span *span)
{
  double inside = median_of (self, span->first, span->end - span->first), outside = median_outside (self, span);
  double shift = inside - outside;
  gboolean begins = span->first >= FC_SHIFT_WEEKS_MIN, ends = self->n - span->end >= FC_SHIFT_WEEKS_MIN;

  if (fabs (shift) < LEAST || fabs (shift) < CLEAR * spread (self, span, inside, outside))
    return 0;
  if ((!begins && !ends) || (begins && !is_steep (self, span->first, shift)) ||
      (ends && !is_steep (self, span->end, -shift)))
    return 0;
  return shift;
}

FcShift
fc_shift_find (const double *y, gsize n)
{
  FcShift none = { 0, 1 };
  g_autofree double *ratio = NULL, *sorted = NULL;
  Ratios ratios;
  Span span;
  double shift;

  if (n < FC_YEAR_WEEKS + 2 * FC_SHIFT_WEEKS_MIN)
    return none;
  for (gsize i = 0; i < n; i++)
    if (!(y[i] > 0))
      return none;
  if (!fc_reverts (y, n, FC_YEAR_WEEKS))
    return none;
  ratio = g_new (double, n - FC_YEAR_WEEKS);
  sorted = g_new (double, n - FC_YEAR_WEEKS);
  ratios = (Ratios){ ratio, sorted, n - FC_YEAR_WEEKS };
  for (gsize i = 0; i < ratios.n; i++)
    ratio[i] = log (y[i + FC_YEAR_WEEKS] / y[i]);
  span = find_span (&ratios);
  shift = span.week > 0 ? check_span (&ratios, &span) : 0;
  return shift == 0 ? none : (FcShift){ span.week, exp (shift) };
}
