/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FC_ARMA_MAX 5u

/**
 * FcArma:
 * @p: terms of @phi
 * @q: terms of @theta
 *
 * (1 − φ₁B − … − φ_p B^p) x = (1 + θ₁B + … + θ_q B^q) e, the variance of e being 1. B is a step of a week, or of a
 * season.
 */
typedef struct {
  guint p;
  guint q;
  double phi[FC_ARMA_MAX];
  double theta[FC_ARMA_MAX];
} FcArma;

/**
 * fc_arma_from_partials:
 * @x: p + q numbers: any; their hyperbolic tangents are partial autocorrelations of φ and of −θ
 * @jacobian: (out) (optional): row-major, derivatives of φ by the first p of @x (p × p, row: which of @x), then of θ by
 *   the others (q × q)
 *
 * Fills the coefficients of @self, whose orders are set: they are stationary and invertible whatever @x is
 * (Barndorff-Nielsen & Schou 1973; Monahan 1984).
 */
void fc_arma_from_partials (FcArma *self, const double *x, double *jacobian);

/**
 * fc_arma_partials:
 * @coefficients: φ, or −θ
 * @partials: (out): as many
 *
 * Returns: whether the polynomial has its roots outside of the circle of radius @radius, which is when all partial
 *   autocorrelations (of the coefficients stretched by @radius) are within ±1; @partials are filled only then
 */
gboolean fc_arma_partials (const double *coefficients, guint n, double radius, double *partials);

/**
 * fc_arma_autocovariances:
 * @lags: room in @gamma
 * @gamma: (out): at lags 0, 1, …
 * @gradient: (out) (optional): (p + q) × @lags, derivatives of @gamma by φ, then by θ
 *
 * Solves the Yule–Walker equations with their right side for the moving average (Brockwell & Davis 1991, section 3.3).
 *
 * Returns: how many were computed: all that follow are negligible; 0 when the equations have no solution
 */
gsize fc_arma_autocovariances (const FcArma *self, gsize lags, double *gamma, double *gradient);

G_END_DECLS
