/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "rh-retail-import.h"
#include "royal-json.h"

/* Categories, stores, seasons and what is known of them. */

static const RhStatement season_list = { "web.seasons", "select retail_season_list ()->'seasons' as seasons", 0,
                                         FALSE };
static const RhStatement season_put = { "web.season_put", "select retail_season_put ($1::jsonb, $2) as season", 2,
                                        TRUE };
static const RhStatement categories = { "web.categories", "select retail_category_list () as answer", 0, FALSE };
static const RhStatement stores = { "web.stores", "select retail_store_list () as answer", 0, FALSE };
static const RhStatement weeks = { "web.season_weeks", "select retail_weeks ($1) as answer", 1, FALSE };
static const RhStatement forecast = { "web.season_forecast", "select retail_forecast_get ($1) as answer", 1, FALSE };
static const RhStatement inventory = { "web.season_inventory", "select retail_inventory ($1) as answer", 1, FALSE };
static const RhStatement watch = { "web.season_watch", "select retail_watch ($1) as answer", 1, FALSE };
static const RhStatement variance = { "web.variance", "select retail_variance ($1, $2::int) as answer", 2, FALSE };
static const RhStatement season_get = { "web.season", "select retail_season ($1, null) as season", 1, FALSE };

static void
on_seasons (RhRequest *request, RhRows *rows)
{
  rh_request_reply_text (request, SOUP_STATUS_OK, "application/json",
                         g_strdup_printf ("{\"items\":%s,\"next\":null}", rh_rows_string (rows, 0, "seasons")));
}

void
rh_api_seasons (RhRequest *request)
{
  rh_request_call (request, &season_list, NULL, on_seasons);
}

static void
on_season (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "season");
}

void
rh_api_season (RhRequest *request)
{
  const char *params[] = { rh_request_parameter (request) };

  rh_request_call (request, &season_get, params, on_season);
}

void
rh_api_season_put (RhRequest *request)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), rh_request_body (request));
  g_autofree char *season = royal_json_to_string (node);
  const char *params[] = { season, rh_request_caller (request)->name };
  g_autoptr (GError) error = NULL;

  if (!rh_retail_season_check (rh_request_body (request), &error))
    rh_request_fail (request, error);
  else
    rh_request_call (request, &season_put, params, on_season);
}

static void
on_answer (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "answer");
}

void
rh_api_categories (RhRequest *request)
{
  rh_request_call (request, &categories, NULL, on_answer);
}

void
rh_api_stores (RhRequest *request)
{
  rh_request_call (request, &stores, NULL, on_answer);
}

/* What is asked of the season that the path names. */
static void
of_season (RhRequest *request, const RhStatement *statement)
{
  const char *params[] = { rh_request_parameter (request) };

  rh_request_call (request, statement, params, on_answer);
}

void
rh_api_season_weeks (RhRequest *request)
{
  of_season (request, &weeks);
}

void
rh_api_season_forecast (RhRequest *request)
{
  of_season (request, &forecast);
}

void
rh_api_season_inventory (RhRequest *request)
{
  of_season (request, &inventory);
}

void
rh_api_season_watch (RhRequest *request)
{
  of_season (request, &watch);
}

void
rh_api_variance (RhRequest *request)
{
  const char *week = rh_request_parameter_at (request, 1);
  const char *params[] = { rh_request_parameter (request), week };
  guint64 number;

  if (!g_ascii_string_to_unsigned (week, 10, 1, 104, &number, NULL))
    rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "weeks are counted from 1 to 104");
  else
    rh_request_call (request, &variance, params, on_answer);
}
