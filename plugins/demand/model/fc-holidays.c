/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-holidays.h"

#include "fc-cholesky.h"
#include "fc-echo.h"

#include <math.h>
#include <string.h>

#define DAYS 7
#define MOST FC_CALENDAR_EVENTS_MAX
#define PRIOR 1.0      /* weeks of each event that say zero */
#define SEEN_MIN 1.5   /* weeks of an event: two years of it */
#define EFFECT_MAX 3.0 /* a factor of 20 */

/* The normal equations of the effects. */
typedef struct {
  double a[MOST][MOST];
  double b[MOST];
  double seen[MOST];
  double square;
} Sums;

static void
add_week (Sums *sums, const FcCalendar *calendar, gint64 day, double standing)
{
  double shares[MOST] = { 0 };
  gsize n = fc_calendar_n_events (calendar);

  for (gsize c = 0; c < n; c++)
    shares[c] = fc_calendar_share (calendar, c, day);
  for (gsize c = 0; c < n; c++)
    {
      for (gsize d = c; d < n && shares[c] > 0; d++)
        sums->a[c][d] += shares[c] * shares[d];
      sums->b[c] += shares[c] * standing;
      sums->seen[c] += shares[c];
    }
  sums->square += standing * standing;
}

/* Those that the history tells. What it does not tell is as if it were not in the calendar. */
static void
choose (Sums *sums, const FcCalendar *calendar, gboolean moving, gboolean *told)
{
  gsize n = fc_calendar_n_events (calendar);

  for (gsize c = 0; c < n; c++)
    {
      told[c] = sums->seen[c] >= SEEN_MIN && (!moving || fc_calendar_moves (calendar, c));
      if (told[c])
        continue;
      sums->b[c] = 0;
      for (gsize d = 0; d < n; d++)
        sums->a[MIN (c, d)][MAX (c, d)] = 0;
    }
}

static void
solve (const Sums *sums, gsize n, gsize weeks, const gboolean *told, double *effects)
{
  double a[MOST][MOST], found[MOST], variance = sums->square;

  memcpy (a, sums->a, sizeof a);
  memcpy (found, sums->b, sizeof found);
  for (gsize c = 0; c < n; c++)
    a[c][c] += PRIOR;
  if (!fc_cholesky_factor (&a[0][0], MOST, n, n))
    return;
  fc_cholesky_reduce (&a[0][0], MOST, n, n, found);
  fc_cholesky_restore (&a[0][0], MOST, n, n, found);
  for (gsize c = 0; c < n; c++)
    variance -= found[c] * sums->b[c];
  variance = MAX (variance, 0) / (double)(weeks - n);
  for (gsize c = 0; c < n; c++)
    {
      double square = found[c] * found[c], error = told[c] ? variance / sums->a[c][c] : square;

      if (square > error)
        effects[c] = CLAMP (found[c] * (1 - error / square), -EFFECT_MAX, EFFECT_MAX);
    }
}

void
fc_holidays_fit (const FcSeries *series, const FcCalendar *calendar, gboolean moving, FcHolidays *ret_holidays)
{
  g_autofree double *x = NULL;
  gboolean told[MOST] = { FALSE };
  Sums sums;

  g_return_if_fail (series != NULL && calendar != NULL);

  memset (ret_holidays, 0, sizeof *ret_holidays);
  memset (&sums, 0, sizeof sums);
  ret_holidays->calendar = calendar;
  ret_holidays->start_day = series->start_day;
  if (series->n < FC_HOLIDAYS_WEEKS_MIN)
    return;
  ret_holidays->log = TRUE;
  for (gsize i = 0; i < series->n; i++)
    ret_holidays->log = ret_holidays->log && series->y[i] > 0;
  x = g_new (double, series->n);
  for (gsize i = 0; i < series->n; i++)
    x[i] = ret_holidays->log ? log (series->y[i]) : series->y[i];
  for (gsize i = 0; i < series->n; i++)
    add_week (&sums, calendar, series->start_day + DAYS * (gint64)i, x[i] - fc_echo_around (x, series->n, i));
  choose (&sums, calendar, moving, told);
  solve (&sums, fc_calendar_n_events (calendar), series->n, told, ret_holidays->effects);
}

double
fc_holidays_at (const FcHolidays *self, gsize week)
{
  double sum = 0;

  for (gsize c = 0; c < fc_calendar_n_events (self->calendar); c++)
    if (self->effects[c] != 0)
      sum += self->effects[c] * fc_calendar_share (self->calendar, c, self->start_day + DAYS * (gint64)week);
  return sum;
}

double *
fc_holidays_remove (const FcHolidays *self, const FcSeries *series)
{
  double *y = g_new (double, series->n);

  for (gsize i = 0; i < series->n; i++)
    {
      double at = fc_holidays_at (self, i);

      y[i] = self->log ? series->y[i] * exp (-at) : series->y[i] - at;
    }
  return y;
}

void
fc_holidays_put_back (const FcHolidays *self, gsize n, FcForecast *forecast)
{
  for (gsize i = 0; i < forecast->h; i++)
    {
      double at = fc_holidays_at (self, n + i), factor = self->log ? exp (at) : 1;

      forecast->mean[i] = self->log ? forecast->mean[i] * factor : forecast->mean[i] + at;
      forecast->sd[i] *= factor;
    }
}
