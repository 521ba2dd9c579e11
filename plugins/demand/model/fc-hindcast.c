/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-hindcast.h"

#include "fc-error.h"

#include <math.h>

gsize
fc_hindcast_ratios (const FcForecast *forecast, const double *actual, double *ret_ratios)
{
  gsize n = 0;

  for (gsize i = 0; i < forecast->h; i++)
    if (!isnan (actual[i]) && forecast->sd[i] > 0)
      ret_ratios[n++] = fabs (actual[i] - forecast->mean[i]) / forecast->sd[i];
  return n;
}

/* An origin that the method refuses tells nothing. */
static void
add_recent (FcHindcast *self, const FcMethod *method, const FcSeries *series, const FcHindcastPlan *plan)
{
  self->ratios = g_new (double, plan->h *FC_HINDCAST_RECENT);
  for (gsize back = 1; back <= FC_HINDCAST_RECENT && series->n >= plan->weeks_min + back; back++)
    {
      FcSeries known = { series->y, series->n - back, series->start_day };
      g_autoptr (FcForecast) forecast =
          fc_method_forecast (method, &known, plan->calendar, MIN (plan->h, back), NULL, NULL);

      if (forecast != NULL)
        self->n_ratios += fc_hindcast_ratios (forecast, series->y + known.n, self->ratios + self->n_ratios);
    }
}

static gboolean
add_origin (const FcMethod *method, const FcSeries *known, const FcHindcastPlan *plan, FcScoreSum *sums, GError **error)
{
  const FcMethod *both[] = { method, fc_method_find ("naive") };

  for (gsize i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_autoptr (FcForecast) forecast = fc_method_forecast (both[i], known, plan->calendar, plan->h, NULL, error);
      FcScore score;

      if (forecast == NULL)
        {
          g_prefix_error (error, "hindcast from week %" G_GSIZE_FORMAT ": ", known->n);
          return FALSE;
        }
      score = fc_score (known, known->y + known->n, forecast);
      fc_score_sum_add (&sums[i], &score);
    }
  return TRUE;
}

FcHindcast *
fc_hindcast_new (const FcMethod *method, const FcSeries *series, const FcHindcastPlan *plan, GError **error)
{
  g_autoptr (FcHindcast) self = NULL;
  FcScoreSum sums[2] = { { { 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0 } } };
  FcScore naive;
  gsize needed = plan->weeks_min + plan->h + (plan->origins - 1) * plan->step;

  g_return_val_if_fail (plan->h > 0 && plan->origins > 0 && plan->step > 0 && plan->weeks_min > 0, NULL);

  if (series->n < needed)
    {
      g_set_error (error, FC_ERROR, FC_ERROR_INVALID,
                   "the series has %" G_GSIZE_FORMAT " weeks; a hindcast from %" G_GSIZE_FORMAT
                   " origins needs at least %" G_GSIZE_FORMAT,
                   series->n, plan->origins, needed);
      return NULL;
    }
  self = g_new0 (FcHindcast, 1);
  for (gsize i = plan->origins; i-- > 0;)
    {
      FcSeries known = { series->y, series->n - plan->h - i * plan->step, series->start_day };

      if (!add_origin (method, &known, plan, sums, error))
        return NULL;
    }
  add_recent (self, method, series, plan);
  self->score = fc_score_sum_mean (&sums[0]);
  naive = fc_score_sum_mean (&sums[1]);
  self->owa = naive.smape > 0 && naive.mase > 0 ? fc_score_owa (&self->score, &naive) : NAN;
  return g_steal_pointer (&self);
}

void
fc_hindcast_free (FcHindcast *self)
{
  if (self == NULL)
    return;
  g_free (self->ratios);
  g_free (self);
}
