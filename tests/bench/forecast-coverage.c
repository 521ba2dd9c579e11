/* SPDX-License-Identifier: Apache-2.0 */
#include "forecast-coverage.h"

#include <fc-interval.h>
#include <fc-median.h>

#include <math.h>

#define RATIOS_MIN 50 /* fewer do not tell 95 % */

static const double levels[2] = { 0.8, 0.95 };

void
forecast_cover_one (Coverable *one, const double *widths, Covered *covered)
{
  double half[2];

  for (guint k = 0; k < 2; k++)
    {
      g_autofree double *own = g_memdup2 (one->ratios, one->n_ratios * sizeof (double));

      half[k] = fc_interval_width (own, one->n_ratios, levels[k], widths[k]);
    }
  half[1] = MAX (half[0], half[1]);
  for (gsize i = 0; i < one->forecast->h; i++)
    {
      double error = fabs (one->actual[i] - one->forecast->mean[i]);

      if (isnan (error))
        continue;
      covered->weeks++;
      for (guint k = 0; k < 2; k++)
        covered->inside[k] += error <= half[k] * one->forecast->sd[i];
    }
}

static gboolean
is_of (const Coverable *one, guint group)
{
  return one->group == group && one->forecast != NULL;
}

static void
cover_group (Coverable *const *all, gsize n, guint group, const double *otherwise, const char *title)
{
  g_autoptr (GArray) pool = g_array_new (FALSE, FALSE, sizeof (double));
  double widths[2] = { otherwise[0], otherwise[1] };

  for (gsize i = 0; i < n; i++)
    if (is_of (all[i], group) && all[i]->n_ratios > 0)
      g_array_append_vals (pool, all[i]->ratios, (guint)all[i]->n_ratios);
  g_array_sort (pool, fc_median_compare);
  for (guint k = 0; k < 2 && pool->len >= RATIOS_MIN; k++)
    widths[k] = fc_interval_quantile ((const double *)(gpointer)pool->data, pool->len, levels[k]);
  g_print ("%s %.2f %.2f", group == 0 ? title : ";", widths[0], widths[1]);
  for (gsize i = 0; i < n; i++)
    if (is_of (all[i], group))
      forecast_cover_one (all[i], widths, &all[i]->covered);
}

void
forecast_cover (Coverable *const *all, gsize n, const double *widths, const char *title)
{
  guint groups = 0;

  for (gsize i = 0; i < n; i++)
    groups = MAX (groups, all[i]->group + 1);
  for (guint group = 0; group < groups; group++)
    cover_group (all, n, group, widths, title);
  g_print ("\n");
}
