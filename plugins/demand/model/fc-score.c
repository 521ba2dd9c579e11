/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-score.h"

#include "fc-naive.h"

#include <math.h>

static double
mean_step (const FcSeries *history, gsize lag)
{
  double sum = 0;
  gsize n = 0;

  for (gsize i = lag; i < history->n; i++)
    {
      double step = fabs (history->y[i] - history->y[i - lag]);

      if (!isnan (step))
        {
          sum += step;
          n++;
        }
    }
  return n > 0 && sum > 0 ? sum / (double)n : NAN;
}

FcScore
fc_score (const FcSeries *history, const double *actual, const FcForecast *forecast)
{
  double absolute = 0, relative = 0, symmetric = 0, actual_sum = 0, forecast_sum = 0, n = 0, n_relative = 0;

  for (gsize i = 0; i < forecast->h; i++)
    {
      double error = fabs (actual[i] - forecast->mean[i]), size = fabs (actual[i]) + fabs (forecast->mean[i]);

      if (isnan (error))
        continue;
      n++;
      absolute += error;
      symmetric += size > 0 ? 2 * error / size : 0;
      actual_sum += actual[i];
      forecast_sum += forecast->mean[i];
      if (actual[i] != 0)
        {
          relative += error / fabs (actual[i]);
          n_relative++;
        }
    }
  return (FcScore){ .mape = n_relative > 0 ? relative / n_relative : NAN,
                    .smape = n > 0 ? symmetric / n : NAN,
                    .mase = n > 0 ? absolute / n / mean_step (history, 1) : NAN,
                    .mase52 = n > 0 ? absolute / n / mean_step (history, FC_YEAR_WEEKS) : NAN,
                    .total = actual_sum != 0 ? fabs (forecast_sum - actual_sum) / fabs (actual_sum) : NAN };
}

static void
add (double *sum, double *count, double value)
{
  if (isnan (value))
    return;
  *sum += value;
  *count += 1;
}

void
fc_score_sum_add (FcScoreSum *self, const FcScore *score)
{
  add (&self->sum.mape, &self->count.mape, score->mape);
  add (&self->sum.smape, &self->count.smape, score->smape);
  add (&self->sum.mase, &self->count.mase, score->mase);
  add (&self->sum.mase52, &self->count.mase52, score->mase52);
  add (&self->sum.total, &self->count.total, score->total);
}

static double
ratio (double sum, double count)
{
  return count > 0 ? sum / count : NAN;
}

FcScore
fc_score_sum_mean (const FcScoreSum *self)
{
  return (FcScore){ .mape = ratio (self->sum.mape, self->count.mape),
                    .smape = ratio (self->sum.smape, self->count.smape),
                    .mase = ratio (self->sum.mase, self->count.mase),
                    .mase52 = ratio (self->sum.mase52, self->count.mase52),
                    .total = ratio (self->sum.total, self->count.total) };
}

double
fc_score_owa (const FcScore *score, const FcScore *naive)
{
  return (score->smape / naive->smape + score->mase / naive->mase) / 2;
}
