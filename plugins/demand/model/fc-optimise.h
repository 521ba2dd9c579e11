/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * FcObjective:
 * @x: where
 * @gradient: filled with the derivatives at @x, unless NULL
 *
 * What is made small. Infinity says that there is no value at @x; the gradient is then not read.
 */
typedef double (*FcObjective) (const double *x, double *gradient, gpointer data);

/**
 * fc_bfgs:
 * @x: n numbers, (inout): the start, where the value must be finite, and the best that was found
 * @tolerance: stops when a step lowers the value by less, twice running, or promises to lower it by a tenth of that
 * @max_evaluations: of @objective
 *
 * Quasi-Newton minimisation (Broyden, Fletcher, Goldfarb, Shanno; Nocedal & Wright 2006, chapter 6) with a line search
 * that goes back until the value falls enough. No step is longer than 2: the models' parameters are of the order of 1.
 *
 * Returns: the value at @x; infinity if there is none at the start
 */
double fc_bfgs (FcObjective objective,
                gpointer    data,
                gsize       n,
                double     *x,
                double      tolerance,
                guint       max_evaluations);

/**
 * fc_nelder_mead:
 * @x: n numbers, (inout): the start, and the best that was found
 * @step: edge of the first simplex
 * @tolerance: stops when the values at the corners differ by less
 * @max_evaluations: of @objective, which is asked for no gradient
 *
 * Minimisation by a simplex (Nelder & Mead 1965), for what has no derivatives.
 *
 * Returns: the value at @x
 */
double fc_nelder_mead (FcObjective objective,
                       gpointer    data,
                       gsize       n,
                       double     *x,
                       double      step,
                       double      tolerance,
                       guint       max_evaluations);

G_END_DECLS
