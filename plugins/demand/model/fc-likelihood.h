/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-arma.h"

G_BEGIN_DECLS

#define FC_LIKELIHOOD_REGRESSORS 16u

/* The exact Gaussian likelihood of a stationary series with regressors, and the memory that its evaluations share. Not
 * for two threads at once. */
typedef struct _FcLikelihood FcLikelihood;

/**
 * FcLikelihoodResult:
 * @loglik: at the best coefficients of the regressors and the best variance, which are solved for
 * @sigma2: variance of the innovations, by maximum likelihood
 * @beta: coefficients of the regressors
 */
typedef struct {
  double loglik;
  double sigma2;
  double beta[FC_LIKELIHOOD_REGRESSORS];
} FcLikelihoodResult;

/**
 * fc_likelihood_new:
 * @series: @n numbers, all finite
 * @regressors: @n_regressors rows of @n numbers; copied like @series
 * @period: weeks in a season
 * @ahead: how far fc_likelihood_predict() will be asked to go
 */
FcLikelihood *fc_likelihood_new (const double *series,
                                 gsize         n,
                                 const double *regressors,
                                 guint         n_regressors,
                                 guint         period,
                                 gsize         ahead) G_GNUC_WARN_UNUSED_RESULT;
void fc_likelihood_free (FcLikelihood *self);

/**
 * fc_likelihood_evaluate:
 * @near: the weekly part
 * @seasonal: the seasonal part: its B is B^period
 * @used: the first of the regressors that take part
 * @gradient: (out) (optional): derivatives of the log-likelihood by @near's φ, θ, then @seasonal's φ, θ
 *
 * The autocovariances of the product are the convolution of those of its parts; Durbin and Levinson's recursion (1960,
 * 1947) gives the innovations and their variances in O(n²). The gradient needs only the sums along the diagonals of the
 * inverse covariance matrix, which come from the last predictor (Gohberg & Semencul 1972).
 *
 * Returns: whether there is a value: FALSE when the covariances are singular to the precision of a double
 */
gboolean fc_likelihood_evaluate (FcLikelihood       *self,
                                 const FcArma       *near,
                                 const FcArma       *seasonal,
                                 guint               used,
                                 FcLikelihoodResult *ret_result,
                                 double             *gradient);

/**
 * fc_likelihood_predict:
 * @result: of fc_likelihood_evaluate() with the same @near, @seasonal and @used
 * @mean: (out): the expected deviation from the regressors @ahead times after the last, as fc_likelihood_new() was told
 */
gboolean fc_likelihood_predict (FcLikelihood             *self,
                                const FcArma             *near,
                                const FcArma             *seasonal,
                                guint                     used,
                                const FcLikelihoodResult *result,
                                double                   *mean);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcLikelihood, fc_likelihood_free)

G_END_DECLS
