/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-auto-arima.h"

#include "fc-harmonic.h"
#include "fc-unit-root.h"

#include <math.h>
#include <string.h>

#define SEASONAL_LIMIT 0.64
#define DIFFERENCES_MAX 2u
#define TRIES_MAX 94u
#define SEARCH_TOLERANCE 1e-3 /* of the log-likelihood */
#define LAST_TOLERANCE 1e-5
#define SIZE_MAX_VALUE 1e150
#define ORDERS (FC_ARMA_MAX + 1)
#define SEASONAL_ORDERS (FC_ARIMA_SEASONAL_MAX + 1)
#define PARAMETERS (2 * FC_ARMA_MAX + 2 * FC_ARIMA_SEASONAL_MAX)

/* p, q, P, Q to begin with: one start sticks at a local best too easily. */
static const guint8 starts[][4] = {
  { 2, 2, 1, 1 }, { 0, 0, 0, 0 }, { 1, 0, 1, 0 }, { 0, 1, 0, 1 }, { 1, 1, 0, 0 },
  { 2, 0, 0, 0 }, { 3, 0, 0, 0 }, { 5, 0, 0, 0 }, { 0, 2, 0, 1 }, { 4, 0, 0, 1 },
};

/* Steps of p, q, P, Q from the best so far. */
static const gint8 steps[][4] = {
  { 0, 0, -1, 0 },  { 0, 0, 0, -1 }, { 0, 0, 1, 0 },  { 0, 0, 0, 1 },  { 0, 0, -1, -1 }, { 0, 0, 1, 1 },
  { 0, 0, -1, 1 },  { 0, 0, 1, -1 }, { -1, 0, 0, 0 }, { 0, -1, 0, 0 }, { 1, 0, 0, 0 },   { 0, 1, 0, 0 },
  { -1, -1, 0, 0 }, { 1, 1, 0, 0 },  { -1, 1, 0, 0 }, { 1, -1, 0, 0 },
};

typedef struct {
  FcArimaData *data;
  const FcArimaOptions *options;
  gboolean constant_allowed;
  guint seasonal_most;
  guint most;
  guint tries;
  guint8 seen[ORDERS][ORDERS][SEASONAL_ORDERS][SEASONAL_ORDERS][2];
  gboolean found;
  FcArima best;
  double best_x[PARAMETERS];
} Search;

/* The parameters of the best model where @order has them too; a little where it has more. */
static void
warm (const Search *self, const FcArimaOrder *order, double *x)
{
  const FcArimaOrder *from = &self->best.order;
  const guint have[] = { from->p, from->q, from->P, from->Q };
  const guint want[] = { order->p, order->q, order->P, order->Q };
  const double *source = self->best_x;

  for (guint part = 0; part < G_N_ELEMENTS (have); part++)
    {
      for (guint i = 0; i < want[part]; i++)
        x[i] = i < have[part] ? CLAMP (source[i], -2, 2) : 0;
      x += want[part];
      source += have[part];
    }
}

static gboolean
is_new (Search *self, const FcArimaOrder *order)
{
  guint8 *seen;

  if (order->p > self->most || order->q > self->most || order->P > self->seasonal_most ||
      order->Q > self->seasonal_most || (order->constant && !self->constant_allowed))
    return FALSE;
  seen = &self->seen[order->p][order->q][order->P][order->Q][order->constant ? 1 : 0];
  if (*seen)
    return FALSE;
  *seen = 1;
  return TRUE;
}

/* Fits @order, unless it was; returns whether it is the best so far. */
static gboolean
attempt (Search *self, const FcArimaOrder *order)
{
  guint parameters = order->p + order->q + order->P + order->Q;
  double start[PARAMETERS] = { 0 };
  double x[PARAMETERS];
  FcArima model;
  gboolean better;

  if (!is_new (self, order) || self->tries >= TRIES_MAX)
    return FALSE;
  self->tries++;
  if (self->found)
    warm (self, order, start);
  if (!fc_arima_fit (&model, order, self->data, start, SEARCH_TOLERANCE, x) || !isfinite (model.aicc) ||
      (self->options->ban_near_unit_roots && fc_arima_is_near_unit_root (&model)))
    return FALSE;
  better = !self->found || model.aicc < self->best.aicc;
  if (better)
    {
      self->best = model;
      memcpy (self->best_x, x, parameters * sizeof *x);
      self->found = TRUE;
    }
  return better;
}

/* One round over the neighbours of the best; returns whether one was better. */
static gboolean
improve (Search *self)
{
  FcArimaOrder order;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      order = self->best.order;
      order.p += (guint)steps[i][0]; /* below nought is beyond the most */
      order.q += (guint)steps[i][1];
      order.P += (guint)steps[i][2];
      order.Q += (guint)steps[i][3];
      if (attempt (self, &order))
        return TRUE;
    }
  order = self->best.order;
  order.constant = !order.constant;
  return attempt (self, &order);
}

gboolean
fc_arima_search (FcArima *self, FcArimaData *data, guint d, guint D, const FcArimaOptions *options)
{
  const FcArimaOptions defaults = { FALSE };
  gsize n = fc_arima_data_length (data);
  FcArima last;
  Search search = { .data = data, .options = options != NULL ? options : &defaults, .constant_allowed = d + D <= 1 };

  g_return_val_if_fail (self != NULL && data != NULL, FALSE);

  search.most = fc_arima_data_is_constant (data) ? 0 : (guint)MIN (FC_ARMA_MAX, n / 3);
  search.seasonal_most = fc_arima_data_is_constant (data) ? 0 : fc_arima_data_seasonal_most (data);
  for (guint i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      FcArimaOrder order = { MIN (starts[i][0], search.most),
                             d,
                             MIN (starts[i][1], search.most),
                             MIN (starts[i][2], search.seasonal_most),
                             D,
                             MIN (starts[i][3], search.seasonal_most),
                             search.constant_allowed };

      attempt (&search, &order);
      order.constant = FALSE;
      if (order.p + order.q + order.P + order.Q == 0)
        attempt (&search, &order);
    }
  while (search.found && improve (&search))
    ;
  if (search.found)
    {
      *self = search.best;
      if (fc_arima_fit (&last, &search.best.order, data, search.best_x, LAST_TOLERANCE, NULL) &&
          last.aicc < self->aicc && !(search.options->ban_near_unit_roots && fc_arima_is_near_unit_root (&last)))
        *self = last;
    }
  return search.found;
}

static gboolean
check (const FcSeries *series, gsize first, gsize end, gsize there, GError **error)
{
  for (gsize i = 0; i < series->n; i++)
    if (isinf (series->y[i]) || fabs (series->y[i]) > SIZE_MAX_VALUE)
      {
        g_set_error (error, FC_ERROR, FC_ERROR_INVALID,
                     "week %" G_GSIZE_FORMAT " of the series is %g, not a number of "
                     "usual size",
                     i + 1, series->y[i]);
        return FALSE;
      }
  if (there < FC_ARIMA_WEEKS_MIN)
    {
      g_set_error (error, FC_ERROR, FC_ERROR_INVALID,
                   "the series has %" G_GSIZE_FORMAT " weeks that are not missing, "
                   "at least %u are needed",
                   there, FC_ARIMA_WEEKS_MIN);
      return FALSE;
    }
  if (2 * there < end - first)
    {
      g_set_error (error, FC_ERROR, FC_ERROR_INVALID,
                   "the series lacks %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " weeks, at most half may be missing",
                   end - first - there, end - first);
      return FALSE;
    }
  return TRUE;
}

double *
fc_arima_fill (const FcSeries *series, gsize *ret_n, gsize *ret_skipped, GError **error)
{
  gsize first = series->n > FC_ARIMA_WEEKS_MAX ? series->n - FC_ARIMA_WEEKS_MAX : 0;
  gsize end = series->n;
  gsize there = 0;
  double *filled;

  while (end > first && isnan (series->y[end - 1]))
    end--;
  while (first < end && isnan (series->y[first]))
    first++;
  for (gsize i = first; i < end; i++)
    there += isnan (series->y[i]) ? 0 : 1;
  if (!check (series, first, end, there, error))
    return NULL;
  filled = g_memdup2 (series->y + first, (end - first) * sizeof *filled);
  for (gsize i = 0, last = 0; i < end - first; i++)
    {
      if (isnan (filled[i]))
        continue;
      for (gsize k = last + 1; k < i; k++)
        filled[k] = filled[last] + (filled[i] - filled[last]) * (double)(k - last) / (double)(i - last);
      last = i;
    }
  *ret_n = end - first;
  *ret_skipped = series->n - end;
  return filled;
}

FcForecast *
fc_arima_tail (FcForecast *forecast, gsize h)
{
  FcForecast *tail = fc_forecast_new (h);

  memcpy (tail->mean, forecast->mean + forecast->h - h, h * sizeof (double));
  memcpy (tail->sd, forecast->sd + forecast->h - h, h * sizeof (double));
  fc_forecast_free (forecast);
  return tail;
}

/* The series once differenced by the season, where that is due. */
static guint
differences (const double *y, gsize n, guint *ret_seasonal)
{
  g_autofree double *seasonal = g_memdup2 (y, n * sizeof *y);
  gsize left = n;

  *ret_seasonal = fc_seasonal_strength (y, n, FC_ARIMA_PERIOD) > SEASONAL_LIMIT ? 1 : 0;
  if (*ret_seasonal > 0)
    {
      left -= FC_ARIMA_PERIOD;
      for (gsize i = 0; i < left; i++)
        seasonal[i] = y[i + FC_ARIMA_PERIOD] - y[i];
    }
  return fc_differences (seasonal, left, DIFFERENCES_MAX);
}

FcForecast *
fc_auto_arima_forecast (const FcSeries *series,
                        gsize h,
                        const FcArimaOptions *options,
                        FcArima **ret_model,
                        GError **error)
{
  g_autofree double *y = NULL;
  g_autoptr (FcArimaData) data = NULL;
  g_autoptr (FcForecast) forecast = NULL;
  FcArima model;
  gsize n, skipped;
  guint d, D;

  g_return_val_if_fail (series != NULL && h > 0 && h <= FC_ARIMA_AHEAD_MAX, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  y = fc_arima_fill (series, &n, &skipped, error);
  if (y == NULL)
    return NULL;
  if (n < 2 * (gsize)FC_ARIMA_PERIOD)
    return fc_harmonic_forecast (series, h, options, ret_model, error);
  d = differences (y, n, &D);
  data = fc_arima_data_new (y, n, NULL, 0, FC_ARIMA_PERIOD, d, D, h + skipped);
  if (data != NULL && fc_arima_search (&model, data, d, D, options))
    forecast = fc_arima_predict (&model, data);
  if (forecast == NULL)
    {
      g_set_error (error, FC_ERROR, FC_ERROR_FAILED,
                   "no seasonal ARIMA model fits the series of %" G_GSIZE_FORMAT " weeks", n);
      return NULL;
    }
  if (ret_model != NULL)
    *ret_model = g_memdup2 (&model, sizeof model);
  return fc_arima_tail (g_steal_pointer (&forecast), h);
}
