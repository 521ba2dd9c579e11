/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the weeks are, every method answers with finite numbers, the same each time, or refuses with a reason. The
 * first byte says how far ahead, the second what a byte means and which country's holidays there are. */
#include "fc-error.h"
#include "fc-method.h"
#include "fuzz.h"

#include <math.h>
#include <string.h>

#define WEEKS_MAX 120
#define START 14976 /* 2011-01-02 */

/* As small units with holes, as shares of large ones, or as the bits themselves. */
static gsize
read_weeks (const guint8 *data, gsize length, guint8 meaning, double *y)
{
  gsize n = 0;

  if (meaning % 3 == 2)
    for (; n < WEEKS_MAX && (n + 1) * sizeof (double) <= length; n++)
      memcpy (&y[n], data + n * sizeof (double), sizeof (double));
  else
    for (; n < MIN (length, WEEKS_MAX); n++)
      y[n] = data[n] == 255 ? NAN : meaning % 3 == 0 ? data[n] : ldexp (data[n] - 100, data[n] / 6);
  return n;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  double y[WEEKS_MAX];
  gsize n_methods, n, h;
  const FcMethod *methods = fc_method_list (&n_methods);
  const char *const *countries = fc_calendar_countries ();
  const FcCalendar *calendar;

  if (length < 2)
    return 0;
  h = data[0] % 53;
  calendar = fc_calendar_find (countries[data[1] / 3 % (g_strv_length ((char **)countries) + 1)]);
  n = read_weeks (data + 2, length - 2, data[1], y);
  for (gsize i = 0; i < n_methods; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (FcForecast) forecast =
          fc_method_forecast (&methods[i], &(FcSeries){ y, n, START }, calendar, h, NULL, &error);

      g_assert_true ((forecast == NULL) == (error != NULL));
      g_assert_true (error == NULL || error->domain == FC_ERROR);
      for (gsize k = 0; forecast != NULL && k < h; k++)
        g_assert_true (isfinite (forecast->mean[k]) && isfinite (forecast->sd[k]) && forecast->sd[k] >= 0);
    }
  return 0;
}
