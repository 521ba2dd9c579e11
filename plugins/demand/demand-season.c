/* SPDX-License-Identifier: Apache-2.0 */
#include "demand-season.h"

#include "demand-refuse.h"

#include <math.h>

#define MONTHS_MIN 24
#define DAYS 7

static const char *
text (JsonObject *object, const char *name)
{
  const char *value = json_object_get_string_member_with_default (object, name, "");

  return value != NULL ? value : "";
}

/* A figure that may be absent or null. */
static double
figure (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  double value = node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_double (node) : 0;

  return isfinite (value) && value > 0 ? value : 0;
}

/* Where the category is sold, for the holidays there. */
static gboolean
read_country (DemandSeason *self, JsonObject *config, GError **error)
{
  const char *country = text (config, "country");
  g_autofree char *known = NULL;

  self->calendar = fc_calendar_find (country);
  if (self->calendar != NULL || *country == '\0')
    return TRUE;
  known = g_strjoinv (", ", (char **)fc_calendar_countries ());
  return demand_refuse (error, "there is no calendar of '%s'; one of %s was expected, or none", country, known);
}

static gboolean
read_stores (DemandSeason *self, JsonArray *stores, GError **error)
{
  self->n_stores = stores != NULL ? json_array_get_length (stores) : 0;
  if (self->n_stores == 0)
    return demand_refuse (error, "the season has no stores to forecast for");
  self->stores = g_new0 (FcStore, self->n_stores);
  for (gsize i = 0; i < self->n_stores; i++)
    {
      JsonObject *store = json_array_get_object_element (stores, (guint)i);

      self->stores[i] = (FcStore){ .size = figure (store, "size_sqft"),
                                   .income = figure (store, "median_income"),
                                   .location = fc_factors_code ("tier", text (store, "tier")),
                                   .fashion = fc_factors_code ("fashion_tier", text (store, "fashion_tier")),
                                   .sales = figure (store, "avg_weekly_sales"),
                                   .format = fc_factors_code ("format", text (store, "format")),
                                   .region = fc_factors_code ("region", text (store, "region")) };
    }
  return TRUE;
}

static gboolean
read_plan (DemandSeason *self, RoyalRun *run, JsonObject *parameters, GError **error)
{
  JsonObject *plan;
  gint64 months;

  self->plan = royal_run_get (run, "retail.plan", parameters, error);
  if (self->plan == NULL)
    return FALSE;
  plan = json_node_get_object (self->plan);
  self->id = text (plan, "id");
  self->name = text (plan, "name");
  self->start_day = json_object_get_int_member_with_default (plan, "start_day", 0);
  self->weeks = json_object_get_int_member_with_default (plan, "weeks", 0);
  if (self->weeks < 1 || self->weeks > 104)
    return demand_refuse (error, "retail.plan: /weeks is %" G_GINT64_FORMAT "; 1 to 104 were expected", self->weeks);
  months = json_object_get_int_member_with_default (plan, "history_months", 0);
  if (months < MONTHS_MIN)
    return demand_refuse (error, "Insufficient historical data: need %d+ months, found %" G_GINT64_FORMAT " months",
                          MONTHS_MIN, months);
  return read_stores (
      self, json_object_has_member (plan, "stores") ? json_object_get_array_member (plan, "stores") : NULL, error);
}

static gboolean
read_history (DemandSeason *self, RoyalRun *run, JsonObject *parameters, gboolean running, GError **error)
{
  g_autoptr (RoyalTable) table = royal_run_read (run, "retail.history", parameters, error);
  gint64 end_day = self->start_day + (running ? DAYS * self->weeks : 0);

  self->history = table != NULL ? demand_history_read (table, self->start_day, end_day, error) : NULL;
  if (self->history == NULL)
    return FALSE;
  self->from_week = self->history->n_sold + 1;
  self->lead = self->history->n_sold > 0 ? 0 : self->history->lead;
  return TRUE;
}

DemandSeason *
demand_season_read (RoyalRun *run, JsonObject *input, gboolean running, GError **error)
{
  g_autoptr (DemandSeason) self = g_new0 (DemandSeason, 1);
  g_autoptr (JsonObject) parameters = json_object_new ();

  json_object_set_string_member (parameters, "season", text (input, "season"));
  if (!read_country (self, royal_run_config (run), error) || !read_plan (self, run, parameters, error) ||
      !read_history (self, run, parameters, running, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
demand_season_free (DemandSeason *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->plan, json_node_unref);
  g_clear_pointer (&self->history, demand_history_free);
  g_free (self->stores);
  g_free (self);
}

const char *
demand_season_store (const DemandSeason *self, gsize index)
{
  JsonArray *stores = json_object_get_array_member (json_node_get_object (self->plan), "stores");

  return text (json_array_get_object_element (stores, (guint)index), "store");
}
