/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-arma.h"
#include "fc-forecast.h"
#include "fc-likelihood.h"

G_BEGIN_DECLS

#define FC_ARIMA_SEASONAL_MAX 2u

/**
 * FcArimaOrder:
 * @constant: a mean (d + D = 0) or a drift (d + D = 1)
 *
 * ARIMA(p,d,q)(P,D,Q).
 */
typedef struct {
  guint p, d, q;
  guint P, D, Q;
  gboolean constant;
} FcArimaOrder;

/**
 * FcArimaData:
 *
 * A series differenced, ready for fits of orders that have the same differences. The regressors, if any, are differenced
 * the same way.
 */
typedef struct _FcArimaData FcArimaData;

/**
 * FcArima:
 * @near: weekly coefficients
 * @seasonal: coefficients of B^period
 * @regressors: how many of result.beta are coefficients of regressors; the constant follows
 * @result: log-likelihood of the differenced series, variance by maximum likelihood, coefficients
 * @sigma2: variance of the innovations with the coefficients counted
 * @aicc: infinite when there are too few weeks for so many coefficients
 * @n_used: weeks that are left after the differences
 */
typedef struct {
  FcArimaOrder order;
  guint period;
  FcArma near;
  FcArma seasonal;
  guint regressors;
  FcLikelihoodResult result;
  double sigma2;
  double aicc;
  gsize n_used;
} FcArima;

/**
 * fc_arima_data_new:
 * @y: finite numbers, copied
 * @regressors: (nullable): @n_regressors rows of @n + @ahead numbers, copied
 * @ahead: weeks to forecast, 0 for none
 *
 * Returns: (nullable): NULL when the differences leave fewer than 3 weeks
 */
FcArimaData *fc_arima_data_new (const double *y,
                                gsize         n,
                                const double *regressors,
                                guint         n_regressors,
                                guint         period,
                                guint         d,
                                guint         D,
                                gsize         ahead) G_GNUC_WARN_UNUSED_RESULT;
void fc_arima_data_free (FcArimaData *self);

/* Weeks that are left after the differences; whether they are all the same. */
gsize fc_arima_data_length (const FcArimaData *self);
gboolean fc_arima_data_is_constant (const FcArimaData *self);

/* The highest seasonal order that its length allows: one for every three seasons of the series, as R has it. */
guint fc_arima_data_seasonal_most (const FcArimaData *self);

/**
 * fc_arima_evaluate:
 * @self: (inout): order, near and seasonal are given, the rest is filled
 *
 * Returns: FALSE when the likelihood has no value there
 */
gboolean fc_arima_evaluate (FcArima *self, FcArimaData *data);

/**
 * fc_arima_fit:
 * @self: (out)
 * @order: with the differences of @data
 * @start: (nullable): p + q + P + Q numbers to begin at, as fc_arma_from_partials() takes them; nought without
 * @tolerance: of the log-likelihood, as fc_bfgs() has it
 * @ret_x: (out) (optional): as many, where it ended
 *
 * Exact maximum likelihood.
 */
gboolean fc_arima_fit (FcArima            *self,
                       const FcArimaOrder *order,
                       FcArimaData        *data,
                       const double       *start,
                       double              tolerance,
                       double             *ret_x);

/* The log-likelihood as a function of the partial autocorrelations, negative, with its gradient: what fc_arima_fit()
 * makes small. For tests. */
double fc_arima_objective (const FcArimaOrder *order, FcArimaData *data, const double *x, double *gradient);

/**
 * fc_arima_predict:
 *
 * The mean continues the exact recursion; the variances are sums of squared psi weights, and do not count that the
 * coefficients are estimates.
 *
 * Returns: (transfer full) (nullable): as far ahead as fc_arima_data_new() was told; NULL when a number is not finite
 */
FcForecast *fc_arima_predict (const FcArima *self, FcArimaData *data) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a root of any of the polynomials is within a circle of radius 1.01, which R's auto.arima bans. */
gboolean fc_arima_is_near_unit_root (const FcArima *self);

/* A line for people, like "ARIMA(2,0,1)(0,1,0)[52] with drift". */
char *fc_arima_describe (const FcArima *self) G_GNUC_WARN_UNUSED_RESULT;

void fc_arima_free (FcArima *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcArima, fc_arima_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcArimaData, fc_arima_data_free)

G_END_DECLS
