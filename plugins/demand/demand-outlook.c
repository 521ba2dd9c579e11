/* SPDX-License-Identifier: Apache-2.0 */
#include "demand-outlook.h"

#include <fc-apportion.h>
#include <fc-ensemble.h>
#include <fc-interval.h>
#include <math.h>
#include <string.h>

#define HINDCAST_WEEKS 13
#define HINDCAST_ORIGINS 4
#define HINDCAST_STEP 4
#define METHOD_AUTO "auto"
#define METHOD_OTHERWISE "ensemble_prophet_arima"

/* As many origins as the history has, at most the usual number. */
static FcHindcastPlan
plan_hindcast (const DemandSeason *season, gsize h)
{
  FcHindcastPlan plan = { MIN (h, HINDCAST_WEEKS), 0, HINDCAST_STEP, FC_HINDCAST_WEEKS_MIN, season->calendar };

  if (season->history->series.n >= plan.weeks_min + plan.h)
    plan.origins = MIN ((season->history->series.n - plan.weeks_min - plan.h) / plan.step + 1, HINDCAST_ORIGINS);
  return plan;
}

/* The last @h weeks of a forecast that begins @lead weeks earlier. */
static FcForecast *
skip_lead (const FcForecast *forecast, gsize lead, gsize h)
{
  FcForecast *rest = fc_forecast_new (h);

  memcpy (rest->mean, forecast->mean + lead, h * sizeof (double));
  memcpy (rest->sd, forecast->sd + lead, h * sizeof (double));
  return rest;
}

static FcForecast *
forecast_weeks (const DemandSeason *season, const FcMethod *method, gsize h, FcClean **ret_clean, GError **error)
{
  g_autoptr (FcForecast) all =
      fc_method_forecast (method, &season->history->series, season->calendar, season->lead + h, ret_clean, error);

  return all != NULL ? skip_lead (all, season->lead, h) : NULL;
}

static gboolean
try_methods (DemandOutlook *self, RoyalRun *run, const DemandSeason *season, gsize h, GError **error)
{
  FcHindcastPlan plan = plan_hindcast (season, h);
  gsize n;
  const FcMethod *methods = fc_method_list (&n);

  self->origins = plan.origins;
  self->n_members = MIN (n, DEMAND_METHODS_MAX);
  for (gsize i = 0; i < self->n_members; i++)
    {
      DemandMember *member = &self->members[i];
      g_autofree char *message = g_strdup_printf ("fitting %s: %s", methods[i].name, methods[i].title);
      g_autoptr (FcForecast) forecast = NULL;

      if (!royal_run_check (run, error))
        return FALSE;
      royal_run_progress (run, 0.1 + 0.8 * (double)i / (double)self->n_members, message);
      member->method = &methods[i];
      forecast = forecast_weeks (season, &methods[i], h, NULL, NULL);
      member->has_total = forecast != NULL;
      member->total = forecast != NULL ? fc_ensemble_season (forecast) : 0;
      if (forecast != NULL && plan.origins > 0)
        member->hindcast = fc_hindcast_new (&methods[i], &season->history->series, &plan, NULL);
    }
  return TRUE;
}

static DemandMember *
find_member (DemandOutlook *self, const FcMethod *method)
{
  for (gsize i = 0; i < self->n_members; i++)
    if (self->members[i].method == method)
      return &self->members[i];
  return NULL;
}

/* The ensemble that did best on the category's own past. */
static const FcMethod *
choose_ensemble (const DemandOutlook *self)
{
  const FcMethod *best = fc_method_find (METHOD_OTHERWISE);
  double least = G_MAXDOUBLE;

  for (gsize i = 0; i < self->n_members; i++)
    {
      const DemandMember *member = &self->members[i];

      if (member->method->members != NULL && member->hindcast != NULL && member->hindcast->score.mase < least)
        {
          least = member->hindcast->score.mase;
          best = member->method;
        }
    }
  return best;
}

/* An ensemble of two has the integer mean of their totals; any other forecast has its sum, and so has that of weeks
 * most of which sell nothing: that is no ensemble's. */
static gint64
total_of (DemandOutlook *self, gint64 sum)
{
  const char *const *names = self->method->members;
  DemandMember *first, *second;

  if (self->clean->demand == FC_DEMAND_INTERMITTENT || names == NULL || names[0] == NULL || names[1] == NULL ||
      names[2] != NULL)
    return sum;
  first = find_member (self, fc_method_find (names[0]));
  second = find_member (self, fc_method_find (names[1]));
  return first != NULL && second != NULL && first->has_total && second->has_total
             ? fc_ensemble_total (first->total, second->total)
             : sum;
}

static void
set_widths (DemandOutlook *self)
{
  DemandMember *member = find_member (self, self->method);

  self->width80 = self->method->width80;
  self->width95 = self->method->width95;
  if (member == NULL || member->hindcast == NULL)
    return;
  self->width80 = fc_interval_width (member->hindcast->ratios, member->hindcast->n_ratios, 0.8, self->width80);
  self->width95 = fc_interval_width (member->hindcast->ratios, member->hindcast->n_ratios, 0.95, self->width95);
  self->width95 = MAX (self->width95, self->width80);
}

DemandOutlook *
demand_outlook_new (RoyalRun *run, const DemandSeason *season, const char *method, GError **error)
{
  g_autoptr (DemandOutlook) self = g_new0 (DemandOutlook, 1);
  gsize h = (gsize)(season->weeks - season->from_week + 1);
  gboolean automatic = g_str_equal (method, METHOD_AUTO);
  g_autoptr (GError) local_error = NULL;

  g_return_val_if_fail (season->from_week <= season->weeks, NULL);

  self->method = fc_method_find (method);
  if (self->method == NULL && !automatic)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "there is no method '%s'; `%s` and those of a forecast's "
                   "hindcast were expected",
                   method, METHOD_AUTO);
      return NULL;
    }
  if (!try_methods (self, run, season, h, error))
    return NULL;
  if (automatic)
    self->method = choose_ensemble (self);
  self->forecast = forecast_weeks (season, self->method, h, &self->clean, &local_error);
  if (self->forecast == NULL)
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, local_error->message);
      return NULL;
    }
  self->total = total_of (self, fc_ensemble_season (self->forecast));
  self->curve = g_new0 (gint64, h);
  if (!fc_apportion (self->forecast->mean, h, self->total, self->curve))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "the forecast of %" G_GINT64_FORMAT " units is out of range", self->total);
      return NULL;
    }
  set_widths (self);
  return g_steal_pointer (&self);
}

void
demand_outlook_free (DemandOutlook *self)
{
  if (self == NULL)
    return;
  fc_forecast_free (self->forecast);
  fc_clean_free (self->clean);
  g_free (self->curve);
  for (gsize i = 0; i < self->n_members; i++)
    fc_hindcast_free (self->members[i].hindcast);
  g_free (self);
}
