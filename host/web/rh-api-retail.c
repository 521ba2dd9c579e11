/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-routes.h"

#include "rh-retail-import.h"
#include "royal-json.h"

/* Seasons, and the import of CSV files. */

static const RhStatement season_list = { "web.seasons", "select retail_season_list ()->'seasons' as seasons", 0,
                                         FALSE };
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

/* What the query says of the season that a file belongs to; the import checks it. */
static const struct {
  const char *query;
  const char *member;
} described[] = {
  { "season", "code" },           { "category", "category" },   { "name", "name" },
  { "start", "start" },           { "archetype", "archetype" }, { "currency", "currency" },
  { "list_price", "list_price" }, { "unit_cost", "unit_cost" },
};

/* (transfer full) (nullable); FALSE when it was refused. */
static gboolean
season_of (RhRequest *request, const char *kind, JsonObject **ret_season)
{
  g_autoptr (JsonObject) season = json_object_new ();
  gint64 weeks;

  if (strcmp (kind, "stores") == 0)
    return TRUE;
  if (rh_request_query (request, "season") == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL, "the query is to name the season");
      return FALSE;
    }
  if (strcmp (kind, "actuals") == 0)
    {
      json_object_set_string_member (season, "season", rh_request_query (request, "season"));
      *ret_season = g_steal_pointer (&season);
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (described); i++)
    if (rh_request_query (request, described[i].query) != NULL)
      json_object_set_string_member (season, described[i].member, rh_request_query (request, described[i].query));
  if (!rh_request_number (request, "weeks", 1, 104, 0, &weeks))
    return FALSE;
  if (weeks > 0)
    json_object_set_int_member (season, "weeks", weeks);
  *ret_season = g_steal_pointer (&season);
  return TRUE;
}

static void
on_imported (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *summary = rh_retail_import_finish (result, &error);

  if (summary == NULL)
    {
      rh_request_fail (request, error);
      return;
    }
  rh_gate_kick (rh_request_context (request)->gate);
  rh_request_reply (request, SOUP_STATUS_OK, summary);
}

void
rh_api_import (RhRequest *request)
{
  static const char *const kinds[] = { "stores", "forecast", "actuals", NULL };
  const char *kind = rh_request_parameter (request);
  g_autoptr (JsonObject) season = NULL;
  g_autoptr (GBytes) csv = NULL;
  gint64 dry_run;

  if (!g_strv_contains (kinds, kind))
    {
      rh_request_refuse (request, RH_PROBLEM_NOT_FOUND, NULL, "what can be imported is stores, forecast and actuals");
      return;
    }
  if (!rh_request_number (request, "dry_run", 0, 1, 0, &dry_run) || !season_of (request, kind, &season))
    return;
  csv = rh_request_take_bytes (request);
  rh_retail_import_async (rh_request_context (request)->store, rh_request_workspace (request),
                          rh_request_caller (request)->name, kind, season, csv, dry_run == 1, NULL, on_imported,
                          rh_request_ref (request));
}
