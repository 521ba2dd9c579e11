/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-list.h"
#include "rh-routes.h"

#include "rh-trigger.h"
#include "royal-json.h"

#include <string.h>

#define NEXT_N 5

static const RhStatement trigger_list = { "web.triggers",
                                          "select cursor, trigger from trigger_list ($1::text[], $2, $3::int)", 3,
                                          FALSE };
static const RhStatement trigger_get = {
  "web.trigger",
  "select trigger_get ($1) as trigger, extract (epoch from now ())::bigint as now_s",
  1,
  FALSE,
};
static const RhStatement trigger_pause = { "web.trigger-pause", "select trigger_pause ($1, $2::boolean, $3) as trigger",
                                           3, TRUE };

static void
on_list (RhRequest *request, RhRows *rows)
{
  rh_list_reply (request, rows, "trigger", "cursor", rh_list_limit (request));
}

/* (transfer full): an SQL array of one; NULL when there is no such kind. */
static char *
kinds_sql (const char *asked)
{
  for (guint kind = 0; kind < RH_N_TRIGGER_KINDS; kind++)
    if (strcmp (asked, rh_trigger_kind_name (kind)) == 0)
      return g_strdup_printf ("{%s}", asked);
  return NULL;
}

void
rh_api_triggers (RhRequest *request)
{
  const char *kind = rh_request_query (request, "kind");
  g_autofree char *kinds = kind != NULL ? kinds_sql (kind) : NULL;
  g_autofree char *batch = NULL;
  gint64 limit;

  if (!rh_request_number (request, "limit", 1, RH_LIST_MAX, RH_LIST_DEFAULT, &limit))
    return;
  if (kind != NULL && kinds == NULL)
    {
      rh_request_refuse (request, RH_PROBLEM_INVALID, NULL,
                         "a kind is one of schedule, webhook, event, database, file and email");
      return;
    }
  batch = g_strdup_printf ("%" G_GINT64_FORMAT, limit);
  rh_request_call (request, &trigger_list, (const char *const[]){ kinds, rh_request_query (request, "cursor"), batch },
                   on_list);
}

/* (transfer full): the next times of a schedule. */
static JsonArray *
next_times (JsonObject *schedule, gint64 now)
{
  g_autoptr (RhCron) cron = rh_cron_new (royal_json_string (schedule, "cron", ""), NULL);
  g_autoptr (GTimeZone) zone = rh_cron_zone (royal_json_string (schedule, "zone", "UTC"), NULL);
  JsonArray *times = json_array_new ();

  for (guint i = 0; cron != NULL && zone != NULL && i < NEXT_N; i++)
    {
      g_autoptr (GDateTime) utc = NULL;
      g_autoptr (GDateTime) local = NULL;
      g_autofree char *text = NULL;

      now = rh_cron_next (cron, zone, now);
      if (now == G_MAXINT64)
        break;
      utc = g_date_time_new_from_unix_utc (now);
      local = g_date_time_to_timezone (utc, zone);
      text = g_date_time_format_iso8601 (local);
      json_array_add_string_element (times, text);
    }
  return times;
}

static void
on_trigger (RhRequest *request, RhRows *rows)
{
  JsonNode *trigger = rh_rows_json (rows, 0, "trigger");
  JsonObject *object = json_node_get_object (trigger);
  JsonObject *schedule = royal_json_object (royal_json_object (object, "definition"), "schedule");

  if (schedule != NULL)
    json_object_set_array_member (object, "next", next_times (schedule, rh_rows_int64 (rows, 0, "now_s")));
  rh_request_reply (request, SOUP_STATUS_OK, trigger);
}

void
rh_api_trigger (RhRequest *request)
{
  rh_request_call (request, &trigger_get, (const char *const[]){ rh_request_parameter (request) }, on_trigger);
}

static void
on_paused (RhRequest *request, RhRows *rows)
{
  rh_request_reply_row (request, SOUP_STATUS_OK, rows, "trigger");
}

static void
set_paused (RhRequest *request, const char *paused)
{
  rh_request_call (request, &trigger_pause,
                   (const char *const[]){ rh_request_parameter (request), paused, rh_request_actor (request)->name },
                   on_paused);
}

void
rh_api_trigger_pause (RhRequest *request)
{
  set_paused (request, "true");
}

void
rh_api_trigger_resume (RhRequest *request)
{
  set_paused (request, "false");
}
