/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-prophet-design.h"

G_BEGIN_DECLS

/* A point of the parameters is an array of fc_prophet_fit_size() numbers: k, m, the columns' β, the changepoints' δ. */
gsize fc_prophet_fit_size (const FcProphetDesign *design);

/**
 * fc_prophet_fit_objective:
 * @sigma: above 0
 *
 * The log posterior at a point; see fc_prophet_objective() for its terms.
 */
double fc_prophet_fit_objective (const FcProphetDesign *design, const double *point, double sigma);

/**
 * fc_prophet_fit_maximize:
 * @point: (out): the mode
 * @ret_sigma: (out): the mode's σ
 * @ret_iterations: (out): how many times the model was linearised
 *
 * Finds the mode from where Stan starts: the line through the first and the last value. σ is profiled out: at the sum
 * of squares R the best is σ² = (√(n² + 16 R) − n) / 8. The rest is least squares with normal priors, but for the
 * Laplace prior's kinks and the product of trend and season: proximal Gauss–Newton (Lee, Sun & Saunders, "Proximal
 * Newton-type methods", SIAM J. Optim. 24, 2014), that is, the model is linearised, the quadratic with its absolute
 * values minimised exactly (k, m and β eliminated, then fc_lasso_minimize()), and a step taken along a line on which
 * the objective rises.
 *
 * Returns: FALSE with FC_ERROR_FAILED when the numbers defeat it
 */
gboolean fc_prophet_fit_maximize (
    const FcProphetDesign *design, double *point, double *ret_sigma, guint *ret_iterations, GError **error);

/* Trend at scaled time @t and season of the columns @row at a point: scaled trend, and the sum of columns × β. */
double fc_prophet_fit_trend (const FcProphetDesign *design, const double *point, double t);

G_END_DECLS
