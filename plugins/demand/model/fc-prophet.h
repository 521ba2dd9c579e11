/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "fc-forecast.h"
#include "fc-series.h"

G_BEGIN_DECLS

/* The model of Taylor & Letham, "Forecasting at scale", The American Statistician 72 (2018), as the reference
 * implementation fits it (prophet 1.0), for weekly series:
 *
 *   y(t) = trend(t) · (1 + x(t)'β) + ε        or, additive,  y(t) = trend(t) + x(t)'β + ε,   ε ~ N(0, σ²)
 *   trend(t) = k t + m + Σ_j δ_j (t − s_j)₊
 *
 * with y divided by the largest |y|, t from 0 at the first observed week to 1 at the last, changepoints s_j at even
 * distances in the first part of the history, and in x the yearly Fourier pairs (phase: days since 1970-01-01 / 365.25)
 * and the regressors. Priors: k, m ~ N(0, 5); δ_j ~ Laplace(0, τ); β_c ~ N(0, s_c); σ ~ N(0, 0.5) above zero. What is
 * fitted is the mode of the posterior (MAP). */
typedef struct _FcProphet FcProphet;

#define FC_PROPHET_WEEKS_MIN 12    /* observed weeks that a fit needs */
#define FC_PROPHET_YEARLY_ORDER 10  /* Fourier pairs of a season */
#define FC_PROPHET_YEARLY_AUTO (-1) /* that for two years (730 days) and 52 observed weeks, else none */
#define FC_PROPHET_ORDER_MAX 26    /* no weekly series tells faster waves from slower ones */

/**
 * FcProphetOptions:
 * @n_changepoints: fewer are placed where the history is short
 * @changepoint_range: in (0, 1]: the part of the observed weeks that may hold changepoints
 * @changepoint_scale: τ
 * @yearly_order: Fourier pairs, or FC_PROPHET_YEARLY_AUTO
 * @season_scale: s of the Fourier pairs
 * @additive: season and regressors are added to the trend, not multiplied with it
 * @regressors: NULL, or @n_regressors columns of @n_rows weeks each, one column after the other: holidays (0 or 1) and
 *   others. Row 0 is the series' first week; those after its end are what a forecast takes. A column that is not 0 and 1
 *   is standardised over the observed weeks.
 * @regressor_scale: s of the regressors
 */
typedef struct {
  gsize n_changepoints;
  double changepoint_range;
  double changepoint_scale;
  int yearly_order;
  double season_scale;
  gboolean additive;
  const double *regressors;
  gsize n_regressors;
  gsize n_rows;
  double regressor_scale;
} FcProphetOptions;

/* The published defaults. */
#define FC_PROPHET_DEFAULTS                                                                                            \
  {                                                                                                                    \
    .n_changepoints = 25, .changepoint_range = 0.8, .changepoint_scale = 0.05,                                         \
    .yearly_order = FC_PROPHET_YEARLY_AUTO, .season_scale = 10, .regressor_scale = 10                                  \
  }

/**
 * FcProphetChange:
 * @week: of the series, 0 the first: the slope is another from there on
 * @slope_change: in units of y per week
 */
typedef struct {
  gsize week;
  double slope_change;
} FcProphetChange;

/**
 * fc_prophet_fit:
 * @series: at least FC_PROPHET_WEEKS_MIN observed weeks, all within ±10^15; it is not kept
 * @options: (nullable): NULL for the defaults; not kept
 *
 * Fits the model; the same input gives the same fit. A series of which all weeks but one or two are the same is refused:
 * the mode draws those exactly and forecasts what nobody would believe. A constant series gets a flat trend and no noise, as in the
 * reference implementation. σ is at least 10^-5 of the largest |y|: a series that the model can draw exactly has no
 * mode.
 *
 * Returns: (transfer full): or NULL with FC_ERROR_INVALID, which names the week or option and what was expected, or
 *   FC_ERROR_FAILED
 */
FcProphet *fc_prophet_fit (const FcSeries *series, const FcProphetOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void fc_prophet_free (FcProphet *self);

/**
 * fc_prophet_forecast:
 * @h: weeks ahead of the series' end, at most fc_prophet_get_horizon_max()
 *
 * The mean is trend × season, as it goes on; it may be below zero. The variance is that of the noise and of changes of
 * the trend to come: Taylor & Letham draw them, as often as in the past (rate S on the scaled t) and Laplace with the
 * mean |δ| of the past as their scale λ. No draw is needed: the changes are a compound Poisson process, so the variance
 * of the trend at t > 1 is 2 λ² S (t − 1)³ / 3.
 *
 * Returns: (transfer full): NULL when @h is 0 or too far
 */
FcForecast *fc_prophet_forecast (FcProphet *self, gsize h) G_GNUC_WARN_UNUSED_RESULT;

/* How many weeks ahead the regressors reach; without regressors, G_MAXUINT16. */
gsize fc_prophet_get_horizon_max (const FcProphet *self);

/**
 * fc_prophet_objective:
 *
 * The log posterior at the fit, as Stan's optimiser counts it: on scaled y and t,
 *
 *   − n log σ − Σ (y − μ)² / (2 σ²) − 2 σ² − k²/50 − m²/50 − Σ|δ| / τ − Σ β² / (2 s²)
 *
 * without the terms that hold no parameter: (n/2) log 2π, S log 2τ, the normal priors' constants. No Jacobian for σ > 0.
 * A constant series has none: G_MAXDOUBLE.
 */
double fc_prophet_objective (const FcProphet *self);

/**
 * fc_prophet_objective_at:
 * @delta: as many as fc_prophet_get_n_changes()
 * @beta: as many as fc_prophet_get_n_columns(): for each Fourier pair sine and cosine, then the regressors
 * @sigma: above 0
 *
 * The same at any other point, to compare with what another implementation found. All are on the scaled y and t.
 */
double fc_prophet_objective_at (
    const FcProphet *self, double k, double m, const double *delta, const double *beta, double sigma);

/* Explanation. A week is counted from the series' first and may lie after its end. Trend and fitted are in units of y;
 * season and regressors are shares of the trend (0.1: 10 % above it) or, additive, units of y. */
double fc_prophet_get_trend (const FcProphet *self, gsize week);
double fc_prophet_get_season (const FcProphet *self, gsize week);
double fc_prophet_get_regressors (const FcProphet *self, gsize week);
double fc_prophet_get_fitted (const FcProphet *self, gsize week);

gsize fc_prophet_get_n_changes (const FcProphet *self);
gsize fc_prophet_get_n_columns (const FcProphet *self);
FcProphetChange fc_prophet_get_change (const FcProphet *self, gsize index);

/* The standard deviation of the noise, in units of y. */
double fc_prophet_get_sigma (const FcProphet *self);

/* How many times the fit linearised the model: for benchmarks. */
guint fc_prophet_get_iterations (const FcProphet *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FcProphet, fc_prophet_free)

G_END_DECLS
