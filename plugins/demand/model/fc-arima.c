/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-arima.h"

#include "fc-optimise.h"

#include <math.h>
#include <string.h>

#define PARAMETERS (2 * FC_ARMA_MAX + 2 * FC_ARIMA_SEASONAL_MAX)
#define EVALUATIONS 100u
#define ROOT_RADIUS 1.01

struct _FcArimaData {
  gsize n;
  gsize ahead;
  guint period;
  guint d;
  guint D;
  guint n_regressors;
  gsize lost; /* weeks, by differences */
  double *y;
  double *regressors; /* n_regressors × (n + ahead) */
  gboolean constant;
  FcLikelihood *likelihood;
};

static void
difference (double *y, gsize *n, gsize lag)
{
  for (gsize i = 0; i + lag < *n; i++)
    y[i] = y[i + lag] - y[i];
  *n -= lag;
}

/* Differences the first @n of @values in place. */
static void
difference_all (const FcArimaData *self, double *values, gsize n)
{
  for (guint i = 0; i < self->D; i++)
    difference (values, &n, self->period);
  for (guint i = 0; i < self->d; i++)
    difference (values, &n, 1);
}

static gboolean
is_constant (const double *values, gsize n, double size)
{
  for (gsize i = 1; i < n; i++)
    if (fabs (values[i] - values[0]) > 1e-12 * size)
      return FALSE;
  return TRUE;
}

FcArimaData *
fc_arima_data_new (const double *y,
                   gsize n,
                   const double *regressors,
                   guint n_regressors,
                   guint period,
                   guint d,
                   guint D,
                   gsize ahead)
{
  gsize lost = d + D * (gsize)period;
  g_autofree double *series = NULL;
  g_autofree double *columns = NULL;
  double size = 0;
  FcArimaData *self;

  g_return_val_if_fail (y != NULL && period > 0 && n_regressors < FC_LIKELIHOOD_REGRESSORS, NULL);

  if (n < lost + 3)
    return NULL;
  self = g_new0 (FcArimaData, 1);
  *self = (FcArimaData){ n, ahead, period, d, D, n_regressors, lost, NULL, NULL, FALSE, NULL };
  self->y = g_memdup2 (y, n * sizeof *y);
  self->regressors = g_memdup2 (regressors, n_regressors * (n + ahead) * sizeof *y);
  series = g_memdup2 (y, n * sizeof *y);
  difference_all (self, series, n);
  for (gsize i = 0; i < n; i++)
    size = MAX (size, fabs (y[i]));
  self->constant = is_constant (series, n - lost, size);
  columns = g_new (double, (n_regressors + 1) * (n - lost));
  for (guint c = 0; c < n_regressors; c++)
    {
      g_autofree double *column = g_memdup2 (regressors + c * (n + ahead), n * sizeof *y);

      difference_all (self, column, n);
      memcpy (columns + c * (n - lost), column, (n - lost) * sizeof *y);
    }
  for (gsize i = 0; i < n - lost; i++)
    columns[n_regressors * (n - lost) + i] = 1;
  self->likelihood = fc_likelihood_new (series, n - lost, columns, n_regressors + 1, period, ahead);
  return self;
}

void
fc_arima_data_free (FcArimaData *self)
{
  if (self == NULL)
    return;
  g_free (self->y);
  g_free (self->regressors);
  fc_likelihood_free (self->likelihood);
  g_free (self);
}

gsize
fc_arima_data_length (const FcArimaData *self)
{
  return self->n - self->lost;
}

gboolean
fc_arima_data_is_constant (const FcArimaData *self)
{
  return self->constant;
}

guint
fc_arima_data_seasonal_most (const FcArimaData *self)
{
  return (guint)MIN (FC_ARIMA_SEASONAL_MAX, self->n / 3 / self->period);
}

static guint
used_of (const FcArima *self, const FcArimaData *data)
{
  return data->n_regressors + (self->order.constant ? 1 : 0);
}

/* AICc and the variance with the coefficients counted. */
static void
criteria (FcArima *self, const FcArimaData *data)
{
  guint counted = self->near.p + self->near.q + self->seasonal.p + self->seasonal.q + used_of (self, data);
  double n = (double)fc_arima_data_length (data);
  double k = counted + 1; /* the variance */

  self->n_used = fc_arima_data_length (data);
  self->regressors = data->n_regressors;
  self->period = data->period;
  self->sigma2 = self->result.sigma2 * n / MAX (n - counted, 1);
  self->aicc = n > k + 1 ? -2 * self->result.loglik + 2 * k * n / (n - k - 1) : INFINITY;
}

gboolean
fc_arima_evaluate (FcArima *self, FcArimaData *data)
{
  g_return_val_if_fail (self != NULL && data != NULL, FALSE);

  if (!fc_likelihood_evaluate (data->likelihood, &self->near, &self->seasonal, used_of (self, data), &self->result,
                               NULL))
    return FALSE;
  criteria (self, data);
  return TRUE;
}

typedef struct {
  FcArimaData *data;
  FcArima *model;
} Fit;

static void
start_model (FcArima *self, const FcArimaOrder *order)
{
  g_assert (order->p <= FC_ARMA_MAX && order->q <= FC_ARMA_MAX);
  g_assert (order->P <= FC_ARIMA_SEASONAL_MAX && order->Q <= FC_ARIMA_SEASONAL_MAX);

  memset (self, 0, sizeof *self);
  self->order = *order;
  self->near.p = order->p;
  self->near.q = order->q;
  self->seasonal.p = order->P;
  self->seasonal.q = order->Q;
}

/* The derivatives by the numbers that fc_arma_from_partials() takes, from those by the coefficients. */
static void
chain (const FcArma *arma, const double *jacobian, const double *by_coefficient, double *gradient)
{
  guint done = 0;

  for (guint part = 0; part < 2; part++)
    {
      guint n = part == 0 ? arma->p : arma->q;

      for (guint i = 0; i < n; i++)
        {
          gradient[done + i] = 0;
          for (guint j = 0; j < n; j++)
            gradient[done + i] -= jacobian[i * n + j] * by_coefficient[done + j];
        }
      jacobian += n * n;
      done += n;
    }
}

static double
objective (const double *x, double *gradient, gpointer user_data)
{
  Fit *fit = user_data;
  FcArima *model = fit->model;
  guint near = model->near.p + model->near.q;
  double jacobian[2][2 * FC_ARMA_MAX * FC_ARMA_MAX];
  double by_coefficient[PARAMETERS + 2 * FC_ARMA_MAX];

  for (guint i = 0; i < near + model->seasonal.p + model->seasonal.q; i++)
    if (!(fabs (x[i]) < 20))
      return INFINITY;
  fc_arma_from_partials (&model->near, x, gradient != NULL ? jacobian[0] : NULL);
  fc_arma_from_partials (&model->seasonal, x + near, gradient != NULL ? jacobian[1] : NULL);
  if (!fc_likelihood_evaluate (fit->data->likelihood, &model->near, &model->seasonal, used_of (model, fit->data),
                               &model->result, gradient != NULL ? by_coefficient : NULL))
    return INFINITY;
  if (gradient != NULL)
    {
      chain (&model->near, jacobian[0], by_coefficient, gradient);
      chain (&model->seasonal, jacobian[1], by_coefficient + near, gradient + near);
    }
  return -model->result.loglik;
}

double
fc_arima_objective (const FcArimaOrder *order, FcArimaData *data, const double *x, double *gradient)
{
  FcArima model;
  Fit fit = { data, &model };

  start_model (&model, order);
  return objective (x, gradient, &fit);
}

gboolean
fc_arima_fit (FcArima *self,
              const FcArimaOrder *order,
              FcArimaData *data,
              const double *start,
              double tolerance,
              double *ret_x)
{
  guint parameters = order->p + order->q + order->P + order->Q;
  FcArima model;
  Fit fit = { data, &model };
  double x[PARAMETERS] = { 0 };

  g_return_val_if_fail (self != NULL && data != NULL && order->d == data->d && order->D == data->D, FALSE);

  start_model (&model, order);
  if (start != NULL)
    memcpy (x, start, parameters * sizeof *x);
  fc_bfgs (objective, &fit, parameters, x, tolerance, EVALUATIONS);
  fc_arma_from_partials (&model.near, x, NULL);
  fc_arma_from_partials (&model.seasonal, x + order->p + order->q, NULL);
  if (!fc_arima_evaluate (&model, data))
    return FALSE;
  *self = model;
  if (ret_x != NULL)
    memcpy (ret_x, x, parameters * sizeof *x);
  return TRUE;
}

/* Multiplies the polynomial of degree *@degree by 1 + Σ coefficients[i] B^(step (i + 1)). */
static void
multiply (double *polynomial, gsize *degree, const double *coefficients, guint n, gsize step, double sign)
{
  g_autofree double *before = g_memdup2 (polynomial, (*degree + 1) * sizeof *polynomial);

  for (guint i = 0; i < n; i++)
    for (gsize k = 0; k <= *degree; k++)
      polynomial[k + step * (i + 1)] += sign * coefficients[i] * before[k];
  *degree += step * n;
}

static gsize
difference_polynomial (const FcArimaData *data, double *polynomial, gsize degree)
{
  const double one = 1;

  for (guint i = 0; i < data->d; i++)
    multiply (polynomial, &degree, &one, 1, 1, -1);
  for (guint i = 0; i < data->D; i++)
    multiply (polynomial, &degree, &one, 1, data->period, -1);
  return degree;
}

static void
spread (const FcArima *self, const FcArimaData *data, double *sd)
{
  gsize room = 1 + 2 * FC_ARMA_MAX + (2 * FC_ARIMA_SEASONAL_MAX + data->D) * (gsize)data->period + data->d;
  g_autofree double *ar = g_new0 (double, room);
  g_autofree double *ma = g_new0 (double, room);
  g_autofree double *psi = g_new0 (double, data->ahead);
  gsize ar_degree = 0;
  gsize ma_degree = 0;
  double variance = 0;

  ar[0] = ma[0] = 1;
  multiply (ar, &ar_degree, self->near.phi, self->near.p, 1, -1);
  multiply (ar, &ar_degree, self->seasonal.phi, self->seasonal.p, self->period, -1);
  ar_degree = difference_polynomial (data, ar, ar_degree);
  multiply (ma, &ma_degree, self->near.theta, self->near.q, 1, 1);
  multiply (ma, &ma_degree, self->seasonal.theta, self->seasonal.q, self->period, 1);
  for (gsize k = 0; k < data->ahead; k++)
    {
      psi[k] = k <= ma_degree ? ma[k] : 0;
      for (gsize i = 1; i <= MIN (k, ar_degree); i++)
        psi[k] -= ar[i] * psi[k - i];
      variance += psi[k] * psi[k];
      sd[k] = sqrt (variance * self->sigma2);
    }
}

/* Undoes the differences of the forecast in @mean: it goes on from what the regressors leave of the series. */
static void
integrate (const FcArima *self, const FcArimaData *data, double *mean)
{
  gsize total = data->n + data->ahead;
  g_autofree double *levels = g_new0 (double, total);
  g_autofree double *polynomial = g_new0 (double, data->lost + 1);
  gsize degree;

  polynomial[0] = 1;
  degree = difference_polynomial (data, polynomial, 0);
  for (gsize t = 0; t < total; t++)
    {
      double known = 0;

      for (guint c = 0; c < self->regressors; c++)
        known += self->result.beta[c] * data->regressors[c * total + t];
      if (t < data->n)
        levels[t] = data->y[t] - known;
      else
        {
          levels[t] = mean[t - data->n] + (self->order.constant ? self->result.beta[self->regressors] : 0);
          for (gsize i = 1; i <= degree; i++)
            levels[t] -= polynomial[i] * levels[t - i];
          mean[t - data->n] = levels[t] + known;
        }
    }
}

FcForecast *
fc_arima_predict (const FcArima *self, FcArimaData *data)
{
  g_autoptr (FcForecast) forecast = NULL;

  g_return_val_if_fail (self != NULL && data != NULL, NULL);

  forecast = fc_forecast_new (data->ahead);
  if (!fc_likelihood_predict (data->likelihood, &self->near, &self->seasonal, used_of (self, data), &self->result,
                              forecast->mean))
    return NULL;
  integrate (self, data, forecast->mean);
  spread (self, data, forecast->sd);
  for (gsize i = 0; i < data->ahead; i++)
    if (!isfinite (forecast->mean[i]) || !isfinite (forecast->sd[i]))
      return NULL;
  return g_steal_pointer (&forecast);
}

gboolean
fc_arima_is_near_unit_root (const FcArima *self)
{
  const FcArma *parts[] = { &self->near, &self->seasonal };
  double ignored[FC_ARMA_MAX];

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      double negative[FC_ARMA_MAX];

      for (guint j = 0; j < parts[i]->q; j++)
        negative[j] = -parts[i]->theta[j];
      if (!fc_arma_partials (parts[i]->phi, parts[i]->p, ROOT_RADIUS, ignored) ||
          !fc_arma_partials (negative, parts[i]->q, ROOT_RADIUS, ignored))
        return TRUE;
    }
  return FALSE;
}

char *
fc_arima_describe (const FcArima *self)
{
  const FcArimaOrder *o = &self->order;
  const char *constant = !o->constant ? "" : o->d + o->D > 0 ? " with drift" : " with mean";

  return g_strdup_printf ("ARIMA(%u,%u,%u)(%u,%u,%u)[%u]%s", o->p, o->d, o->q, o->P, o->D, o->Q, self->period,
                          constant);
}

void
fc_arima_free (FcArima *self)
{
  g_free (self);
}
