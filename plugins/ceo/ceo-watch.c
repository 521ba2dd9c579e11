/* SPDX-License-Identifier: Apache-2.0 */
#include "ceo-watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEEKS_MIN 4 /* before the last one, for what is usual */
#define VISITS_MIN 100

static int
compare (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;

  return (x > y) - (x < y);
}

/* The median of the weeks before the last one; NAN when there are too few. */
static double
usual_revenue (const CeoSignals *signals)
{
  double weeks[CEO_WEEKS_MAX];
  guint n = signals->n_weeks > 0 ? signals->n_weeks - 1 : 0;

  if (n < WEEKS_MIN)
    return NAN;
  memcpy (weeks, signals->revenue, n * sizeof *weeks);
  qsort (weeks, n, sizeof *weeks, compare);
  return n % 2 == 1 ? weeks[n / 2] : (weeks[n / 2 - 1] + weeks[n / 2]) / 2;
}

double
ceo_conversion (const CeoSignals *signals)
{
  return signals->visits >= VISITS_MIN ? signals->orders / signals->visits : NAN;
}

gboolean
ceo_converts_badly (const CeoSignals *signals, double goal, const CeoBounds *bounds)
{
  return goal > 0 && ceo_conversion (signals) < goal * (1 - bounds->conversion_gap) - 1e-9;
}

static void
add_revenue (GPtrArray *alerts, const CeoSignals *signals, const CeoBounds *bounds)
{
  double usual = usual_revenue (signals);
  double last = signals->n_weeks > 0 ? signals->revenue[signals->n_weeks - 1] : 0;
  double drop = 1 - last / usual;

  if (usual > 0 && drop > bounds->revenue_drop + 1e-9)
    g_ptr_array_add (alerts, g_strdup_printf ("The revenue of the last week, %.2f, is %.0f %% below the usual, %.2f.",
                                              last, drop * 100, usual));
}

static void
add_failures (GPtrArray *alerts, const CeoSignals *signals, const CeoBounds *bounds)
{
  if (signals->ended > 0 && signals->ended >= bounds->min_launches &&
      signals->failed / signals->ended > bounds->failure_rate + 1e-9)
    g_ptr_array_add (alerts, g_strdup_printf ("Of %.0f launches that ended within %.0f days %.0f failed.",
                                              signals->ended, signals->days, signals->failed));
}

static void
add_conversion (GPtrArray *alerts, const CeoSignals *signals, double goal, const CeoBounds *bounds)
{
  if (ceo_converts_badly (signals, goal, bounds))
    g_ptr_array_add (alerts, g_strdup_printf ("Of a hundred visits %.1f order, where %.1f is the goal.",
                                              ceo_conversion (signals) * 100, goal * 100));
}

GPtrArray *
ceo_alerts (const CeoSignals *signals, double goal_conversion, const CeoBounds *bounds)
{
  GPtrArray *alerts = g_ptr_array_new_with_free_func (g_free);

  add_revenue (alerts, signals, bounds);
  add_failures (alerts, signals, bounds);
  add_conversion (alerts, signals, goal_conversion, bounds);
  return alerts;
}
