/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-method.h"

#include "fc-anchor.h"
#include "fc-auto-arima.h"
#include "fc-deseason.h"
#include "fc-echo.h"
#include "fc-ensemble.h"
#include "fc-error.h"
#include "fc-harmonic.h"
#include "fc-holidays.h"
#include "fc-holt.h"
#include "fc-naive.h"
#include "fc-prophet.h"
#include "fc-theta.h"

#include <math.h>
#include <string.h>

static FcForecast *
run_naive (const FcSeries *series, gsize h, GError **error)
{
  return fc_naive_forecast (series, 1, h, error);
}

static FcForecast *
run_seasonal_naive (const FcSeries *series, gsize h, GError **error)
{
  return fc_naive_forecast (series, FC_YEAR_WEEKS, h, error);
}

static FcForecast *
run_ses (const FcSeries *series, gsize h, GError **error)
{
  return fc_holt_forecast (series, FC_HOLT_LEVEL, h, error);
}

static FcForecast *
run_damped (const FcSeries *series, gsize h, GError **error)
{
  return fc_holt_forecast (series, FC_HOLT_DAMPED, h, error);
}

/* What last year's weeks repeat of @y, a series without its season. Where the season multiplies, logarithms are made of
 * @y: their steps are shares too. */
static FcEcho *
find_echo (const FcDeseason *season, double *y, gsize n)
{
  for (gsize i = 0; season->log && i < n; i++)
    y[i] = log (y[i]);
  return fc_echo_new (y, n);
}

/* What @func makes of the series without its season and what last year's weeks repeat, with both put back. */
static FcForecast *
run_deseasoned (FcMethodFunc func, const FcSeries *series, gsize h, GError **error)
{
  g_autofree double *y = NULL;
  g_autoptr (FcForecast) forecast = NULL;
  g_autoptr (FcEcho) echo = NULL;
  FcDeseason season;

  fc_deseason_fit (series, &season);
  y = fc_deseason_remove (&season, series);
  echo = find_echo (&season, y, series->n);
  for (gsize i = 0; i < series->n; i++)
    y[i] -= fc_echo_at (echo, i);
  forecast = func (&(FcSeries){ y, series->n, series->start_day }, h, error);
  for (gsize i = 0; forecast != NULL && i < h; i++)
    {
      double at = fc_deseason_at (&season, series->n + i);
      double mean = forecast->mean[i] + fc_echo_at (echo, series->n + i);

      /* Values are of 1 at most: a logarithm of 5 is far beyond what a forecast may be. */
      forecast->mean[i] = season.log ? exp (CLAMP (mean, -30, 5)) * at : mean + at;
      forecast->sd[i] *= season.log ? forecast->mean[i] : 1;
    }
  return g_steal_pointer (&forecast);
}

/* Last year's weeks, as far as they repeat beside the season, are taken out and put back; the season stays. */
static FcForecast *
run_harmonic (const FcSeries *series, gsize h, GError **error)
{
  g_autofree double *rest = NULL, *y = g_new (double, series->n);
  g_autoptr (FcForecast) forecast = NULL;
  g_autoptr (FcEcho) echo = NULL;
  FcDeseason season;

  fc_deseason_fit (series, &season);
  rest = fc_deseason_remove (&season, series);
  echo = find_echo (&season, rest, series->n);
  for (gsize i = 0; i < series->n; i++)
    {
      double at = fc_echo_at (echo, i);

      y[i] = season.log ? series->y[i] * exp (-at) : series->y[i] - at;
    }
  forecast = fc_harmonic_forecast (&(FcSeries){ y, series->n, series->start_day }, h, NULL, NULL, error);
  for (gsize i = 0; forecast != NULL && i < h; i++)
    {
      double at = fc_echo_at (echo, series->n + i), factor = season.log ? exp (at) : 1;

      forecast->mean[i] = season.log ? forecast->mean[i] * factor : forecast->mean[i] + at;
      forecast->sd[i] *= factor;
    }
  return g_steal_pointer (&forecast);
}

static FcForecast *
run_holt (const FcSeries *series, gsize h, GError **error)
{
  return run_deseasoned (run_damped, series, h, error);
}

static FcForecast *
run_theta (const FcSeries *series, gsize h, GError **error)
{
  return run_deseasoned (fc_theta_forecast, series, h, error);
}

/* Two years of weeks are two days less than what the reference implementation asks for to tell a season. */
static FcProphet *
fit_prophet (const FcSeries *series, GError **error)
{
  FcProphetOptions options = FC_PROPHET_DEFAULTS;

  options.yearly_order = series->n >= 2 * FC_YEAR_WEEKS ? FC_PROPHET_YEARLY_ORDER : 0;
  return fc_prophet_fit (series, &options, error);
}

static FcForecast *
run_prophet (const FcSeries *series, gsize h, GError **error)
{
  g_autoptr (FcProphet) model = fit_prophet (series, error);

  return model != NULL ? fc_prophet_forecast (model, h) : NULL;
}

static FcForecast *
run_anchored (const FcSeries *series, gsize h, GError **error)
{
  g_autoptr (FcProphet) model = fit_prophet (series, error);
  g_autofree double *fitted = g_new (double, series->n);
  FcForecast *forecast;

  if (model == NULL)
    return NULL;
  for (gsize i = 0; i < series->n; i++)
    fitted[i] = fc_prophet_get_fitted (model, i);
  forecast = fc_prophet_forecast (model, h);
  fc_anchor_apply (forecast, fc_anchor_level (series->y, fitted, series->n));
  return forecast;
}

/* Two years tell a seasonal difference; less goes to waves. */
static FcForecast *
run_sarima (const FcSeries *series, gsize h, GError **error)
{
  return series->n < 2 * (gsize)FC_ARIMA_PERIOD ? run_harmonic (series, h, error)
                                                : fc_auto_arima_forecast (series, h, NULL, NULL, error);
}

static const char *const members_prophet_arima[] = { "prophet", "sarima", NULL };
static const char *const members_best[] = { "sarima", "harmonic", "holt", "theta", NULL };

/* The one table of methods. */
static const FcMethod methods[] = {
  { "naive", "as the last week", run_naive, NULL, NULL, FC_METHOD_EVENTS_NONE, FALSE, 0.80, 1.30 },
  { "seasonal_naive", "as a year before", run_seasonal_naive, NULL, NULL, FC_METHOD_EVENTS_NONE, FALSE, 1.24, 2.15 },
  { "ses", "simple exponential smoothing", run_ses, NULL, NULL, FC_METHOD_EVENTS_MOVING, FALSE, 1.00, 1.75 },
  { "holt", "damped trend, without the season's waves", run_holt, NULL, NULL, FC_METHOD_EVENTS_MOVING, TRUE, 1.46,
    2.49 },
  { "theta", "dynamic optimised Theta, without the season's waves", run_theta, NULL, NULL, FC_METHOD_EVENTS_MOVING,
    TRUE, 1.39, 2.38 },
  { "prophet", "Prophet-like: trend with changepoints and waves", run_prophet, NULL, NULL, FC_METHOD_EVENTS_ALL, FALSE,
    1.50, 2.62 },
  { "prophet_anchored", "Prophet-like, put where the series is", run_anchored, NULL, NULL, FC_METHOD_EVENTS_ALL, FALSE,
    1.50, 2.62 },
  { "sarima", "seasonal ARIMA of 52 weeks, order by AICc", run_sarima, NULL, NULL, FC_METHOD_EVENTS_MOVING, TRUE, 1.28,
    2.18 },
  { "harmonic", "waves with ARIMA errors, order by AICc", run_harmonic, NULL, NULL, FC_METHOD_EVENTS_MOVING, TRUE, 1.28,
    2.18 },
  { "ensemble_prophet_arima", "mean of the Prophet-like model and SARIMA", NULL, members_prophet_arima,
    fc_ensemble_mean, FC_METHOD_EVENTS_NONE, TRUE, 1.22, 2.12 },
  { "ensemble_best", "median of SARIMA, waves with ARIMA errors, damped trend and Theta", NULL, members_best,
    fc_ensemble_median, FC_METHOD_EVENTS_NONE, TRUE, 1.20, 2.00 },
};

const FcMethod *
fc_method_list (gsize *ret_n)
{
  *ret_n = G_N_ELEMENTS (methods);
  return methods;
}

const FcMethod *
fc_method_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_strcmp0 (name, methods[i].name) == 0)
      return &methods[i];
  return NULL;
}

/* A member or method without its events: they are taken out of the series, and put back. */
static FcForecast *
run_without_events (const FcMethod *method, const FcSeries *series, const FcCalendar *calendar, gsize h, GError **error)
{
  g_autofree double *y = NULL;
  g_autoptr (FcForecast) forecast = NULL;
  FcHolidays holidays;

  if (calendar == NULL || method->events == FC_METHOD_EVENTS_NONE)
    return method->func (series, h, error);
  fc_holidays_fit (series, calendar, method->events == FC_METHOD_EVENTS_MOVING, &holidays);
  y = fc_holidays_remove (&holidays, series);
  forecast = method->func (&(FcSeries){ y, series->n, series->start_day }, h, error);
  if (forecast != NULL)
    fc_holidays_put_back (&holidays, series->n, forecast);
  return g_steal_pointer (&forecast);
}

static FcForecast *
run_method (const FcMethod *method, const FcSeries *series, const FcCalendar *calendar, gsize h, GError **error);

static FcForecast *
run_members (const FcMethod *method, const FcSeries *series, const FcCalendar *calendar, gsize h, GError **error)
{
  g_autoptr (GPtrArray) forecasts = g_ptr_array_new_with_free_func ((GDestroyNotify)fc_forecast_free);
  g_autoptr (GError) refused = NULL;

  for (gsize i = 0; method->members[i] != NULL; i++)
    {
      g_autoptr (GError) local_error = NULL;
      FcForecast *forecast = run_method (fc_method_find (method->members[i]), series, calendar, h, &local_error);

      if (forecast != NULL)
        g_ptr_array_add (forecasts, forecast);
      else if (refused == NULL)
        refused = g_steal_pointer (&local_error);
    }
  if (forecasts->len == 0)
    return g_propagate_error (error, g_steal_pointer (&refused)), NULL;
  return method->combine ((FcForecast *const *)forecasts->pdata, forecasts->len);
}

static gboolean
is_finite (const FcForecast *forecast)
{
  for (gsize i = 0; i < forecast->h; i++)
    if (!isfinite (forecast->mean[i]) || !isfinite (forecast->sd[i]) || forecast->sd[i] < 0)
      return FALSE;
  return TRUE;
}

static FcForecast *
run_method (const FcMethod *method, const FcSeries *series, const FcCalendar *calendar, gsize h, GError **error)
{
  g_autoptr (FcForecast) forecast = NULL;

  if (method->members != NULL)
    forecast = run_members (method, series, calendar, h, error);
  else
    forecast = run_without_events (method, series, calendar, h, error);
  if (forecast == NULL)
    {
      g_prefix_error (error, "%s: ", method->name);
      return NULL;
    }
  if (!is_finite (forecast))
    {
      g_set_error (error, FC_ERROR, FC_ERROR_FAILED, "%s: the forecast is not finite", method->name);
      return NULL;
    }
  return g_steal_pointer (&forecast);
}

/* What never varied goes on. */
static FcForecast *
go_on (const FcClean *clean, gsize h)
{
  FcForecast *forecast = fc_forecast_new (h);

  for (gsize i = 0; i < h; i++)
    forecast->mean[i] = clean->y[0];
  return forecast;
}

/* Whether the weeks in which nothing sells are those of the year before, by far more often than by chance (Cohen's
 * kappa): what sells in its season alone. */
static gboolean
sells_by_season (const double *y, gsize n)
{
  double zeros = 0, alike = 0, share, chance, weeks = (double)n - FC_YEAR_WEEKS;

  if (n < 2 * FC_YEAR_WEEKS)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    {
      zeros += y[i] == 0;
      alike += i >= FC_YEAR_WEEKS && (y[i] == 0) == (y[i - FC_YEAR_WEEKS] == 0);
    }
  share = zeros / (double)n;
  chance = share * share + (1 - share) * (1 - share);
  return alike / weeks - chance > (1 - chance) / 2;
}

static FcForecast *
forecast_scaled (const FcMethod *method, const FcClean *clean, const FcCalendar *calendar, gsize h, GError **error)
{
  g_autofree double *y = g_new (double, clean->n);
  g_autoptr (FcForecast) forecast = NULL;
  double scale = 0, lowest = G_MAXDOUBLE;

  for (gsize i = 0; i < clean->n; i++)
    {
      scale = MAX (scale, fabs (clean->y[i]));
      lowest = MIN (lowest, clean->y[i]);
    }
  scale = scale > 0 ? scale : 1;
  for (gsize i = 0; i < clean->n; i++)
    y[i] = clean->y[i] / scale;
  if (clean->demand == FC_DEMAND_INTERMITTENT && method->smooth)
    method = fc_method_find (sells_by_season (y, clean->n) ? "seasonal_naive" : "ses");
  if (clean->demand == FC_DEMAND_INTERMITTENT)
    calendar = NULL;
  forecast = run_method (method, &(FcSeries){ y, clean->n, clean->start_day }, calendar, h, error);
  for (gsize i = 0; forecast != NULL && i < h; i++)
    {
      forecast->mean[i] *= scale;
      forecast->sd[i] *= scale;
      if (lowest >= 0)
        forecast->mean[i] = MAX (forecast->mean[i], 0);
    }
  return g_steal_pointer (&forecast);
}

FcForecast *
fc_method_forecast (const FcMethod *method,
                    const FcSeries *series,
                    const FcCalendar *calendar,
                    gsize h,
                    FcClean **ret_clean,
                    GError **error)
{
  g_autoptr (FcClean) clean = NULL;
  g_autoptr (FcForecast) forecast = NULL;

  g_return_val_if_fail (method != NULL && series != NULL, NULL);

  if (h == 0 || h > FC_HORIZON_MAX)
    {
      g_set_error (error, FC_ERROR, FC_ERROR_INVALID,
                   "a forecast of %" G_GSIZE_FORMAT " weeks was asked for; 1 to %d were expected", h, FC_HORIZON_MAX);
      return NULL;
    }
  clean = fc_clean_new (series, calendar, error);
  if (clean == NULL)
    return NULL;
  if (clean->demand == FC_DEMAND_ZERO || clean->demand == FC_DEMAND_CONSTANT)
    forecast = go_on (clean, h);
  else
    forecast = forecast_scaled (method, clean, calendar, h, error);
  if (forecast != NULL && !is_finite (forecast))
    {
      g_set_error (error, FC_ERROR, FC_ERROR_FAILED, "%s: the forecast is not finite", method->name);
      return NULL;
    }
  if (forecast != NULL && ret_clean != NULL)
    *ret_clean = g_steal_pointer (&clean);
  return g_steal_pointer (&forecast);
}
