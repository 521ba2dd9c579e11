/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-echo.h"

#include "fc-median.h"

#include <math.h>
#include <string.h>

#define BESIDE 6     /* weeks on each side */
#define WEEKS_MIN 78 /* of which 26 have a year before them */
#define SHARE_MAX 0.9
#define PRIOR 20 /* weeks that say zero */

double
fc_echo_around (const double *x, gsize n, gsize week)
{
  double sorted[2 * BESIDE + 1];
  gsize first = week > BESIDE ? week - BESIDE : 0, end = MIN (week + BESIDE + 1, n), count = end - first;

  memcpy (sorted, x + first, count * sizeof *sorted);
  return fc_median (sorted, count);
}

static double
find_share (const double *standing, gsize n)
{
  double product = 0, square = 0, share, errors, pairs = (double)(n - FC_ECHO_YEAR_WEEKS);

  for (gsize i = FC_ECHO_YEAR_WEEKS; i < n; i++)
    {
      product += standing[i] * standing[i - FC_ECHO_YEAR_WEEKS];
      square += standing[i - FC_ECHO_YEAR_WEEKS] * standing[i - FC_ECHO_YEAR_WEEKS];
    }
  if (!(square > 0) || !isfinite (product / square))
    return 0;
  share = CLAMP (product / square, 0, SHARE_MAX) * pairs / (pairs + PRIOR);
  errors = share * sqrt (pairs); /* a slope of noise on noise has a standard error of 1 / √pairs */
  return share * MIN (errors, 1);
}

FcEcho *
fc_echo_new (const double *x, gsize n)
{
  FcEcho *self = g_new0 (FcEcho, 1);

  g_return_val_if_fail (x != NULL || n == 0, self);

  if (n < WEEKS_MIN)
    return self;
  self->n = n;
  self->standing = g_new (double, n);
  for (gsize i = 0; i < n; i++)
    self->standing[i] = x[i] - fc_echo_around (x, n, i);
  self->share = find_share (self->standing, n);
  return self;
}

void
fc_echo_free (FcEcho *self)
{
  if (self == NULL)
    return;
  g_free (self->standing);
  g_free (self);
}

double
fc_echo_at (const FcEcho *self, gsize week)
{
  if (self->share == 0) /* also where there are no weeks */
    return 0;
  if (week < FC_ECHO_YEAR_WEEKS)
    return week + FC_ECHO_YEAR_WEEKS < self->n ? self->share * self->standing[week + FC_ECHO_YEAR_WEEKS] : 0;
  /* Weeks more than a year ahead look at the same last year. */
  while (week - FC_ECHO_YEAR_WEEKS >= self->n)
    week -= FC_ECHO_YEAR_WEEKS;
  return self->share * self->standing[week - FC_ECHO_YEAR_WEEKS];
}
