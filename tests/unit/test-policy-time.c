/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-policy.h"
#include "rh-zone.h"
#include "royal-json.h"

#include <string.h>

/* Quiet hours, freezes and windows of the calendar, on clocks that people change. */

static JsonNode *
json (const char *text)
{
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonNode *node = royal_json_parse (quoted, -1, "test", &error);

  g_assert_no_error (error);
  return node;
}

static gint64
instant (const char *text)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);

  g_assert_nonnull (time);
  return g_date_time_to_unix (time);
}

static RhWindow *
window_of (RhWindowKind kind, const char *text)
{
  g_autoptr (JsonNode) node = json (text);
  g_autoptr (GError) error = NULL;
  RhWindow *window = rh_window_new (kind, json_node_get_object (node), "test", "/w", &error);

  g_assert_no_error (error);
  return window;
}

#define NIGHT "{'time_zone':'Europe/Berlin','from':'22:00','to':'06:00','decision':'deny'}"
#define LOST_HOUR "{'time_zone':'Europe/Berlin','from':'02:00','to':'03:00','decision':'deny'}"
#define FRIDAYS "{'time_zone':'Europe/Berlin','days':['fri'],'from':'22:00','to':'06:00','decision':'deny'}"
#define WEEKEND "{'time_zone':'UTC','days':['sat','sun'],'from':'00:00','to':'24:00','decision':'deny'}"
#define WHOLE_DAY "{'time_zone':'UTC','days':['sat'],'from':'09:00','to':'09:00','decision':'deny'}"
#define FREEZE "{'time_zone':'Europe/Berlin','from':'2026-11-27','to':'2026-12-01T12:00','decision':'deny'}"
#define FREEZE_OFFSET "{'from':'2026-11-27T00:00+01:00','to':'2026-11-28T00:00:00Z','decision':'deny'}"

static void
test_in_force (void)
{
  static const struct {
    RhWindowKind kind;
    const char *window;
    const char *at;
    gboolean in_force;
  } table[] = {
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-01-10T20:59:59Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-01-10T21:00:00Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-01-11T04:59:59Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-01-11T05:00:00Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-07-10T19:59:59Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-07-10T20:00:00Z", TRUE },
    /* The night in which an hour is lost. */
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-03-28T20:59:00Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-03-28T21:00:00Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-03-29T01:00:00Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-03-29T03:59:59Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-03-29T04:00:00Z", FALSE },
    /* The night in which one comes twice. */
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-10-24T19:59:59Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-10-24T20:00:00Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-10-25T04:59:59Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-10-25T05:00:00Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, LOST_HOUR, "2026-03-29T00:59:59Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, LOST_HOUR, "2026-03-29T01:00:00Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, LOST_HOUR, "2026-10-24T23:59:59Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, LOST_HOUR, "2026-10-25T00:00:00Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, LOST_HOUR, "2026-10-25T01:59:59Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, LOST_HOUR, "2026-10-25T02:00:00Z", FALSE },
    /* Past midnight it is still Friday's. */
    { RH_WINDOW_QUIET_HOURS, FRIDAYS, "2026-11-20T22:00:00+01:00", TRUE },
    { RH_WINDOW_QUIET_HOURS, FRIDAYS, "2026-11-21T05:59:59+01:00", TRUE },
    { RH_WINDOW_QUIET_HOURS, FRIDAYS, "2026-11-21T22:30:00+01:00", FALSE },
    { RH_WINDOW_QUIET_HOURS, FRIDAYS, "2026-11-20T05:00:00+01:00", FALSE },
    { RH_WINDOW_QUIET_HOURS, WEEKEND, "2026-11-20T23:59:59Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, WEEKEND, "2026-11-21T00:00:00Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, WEEKEND, "2026-11-22T23:59:59Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, WEEKEND, "2026-11-23T00:00:00Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, WHOLE_DAY, "2026-11-21T08:59:59Z", FALSE },
    { RH_WINDOW_QUIET_HOURS, WHOLE_DAY, "2026-11-21T09:00:00Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, WHOLE_DAY, "2026-11-22T08:59:59Z", TRUE },
    { RH_WINDOW_QUIET_HOURS, WHOLE_DAY, "2026-11-22T09:00:00Z", FALSE },
    { RH_WINDOW_FREEZE, FREEZE, "2026-11-26T22:59:59Z", FALSE },
    { RH_WINDOW_FREEZE, FREEZE, "2026-11-26T23:00:00Z", TRUE },
    { RH_WINDOW_FREEZE, FREEZE, "2026-12-01T10:59:59Z", TRUE },
    { RH_WINDOW_FREEZE, FREEZE, "2026-12-01T11:00:00Z", FALSE },
    { RH_WINDOW_FREEZE, FREEZE_OFFSET, "2026-11-26T22:59:59Z", FALSE },
    { RH_WINDOW_FREEZE, FREEZE_OFFSET, "2026-11-26T23:00:00Z", TRUE },
    { RH_WINDOW_FREEZE, FREEZE_OFFSET, "2026-11-28T00:00:00Z", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      RhWindow *window = window_of (table[i].kind, table[i].window);

      if (rh_window_in_force (window, instant (table[i].at)) != table[i].in_force)
        g_error ("%s at %s: expected %d", table[i].window, table[i].at, table[i].in_force);
      /* A time that is not known is in every window. */
      g_assert_true (rh_window_in_force (window, 0));
      rh_window_free (window);
    }
}

static void
test_end (void)
{
  static const struct {
    RhWindowKind kind;
    const char *window;
    const char *at;
    const char *end;
  } table[] = {
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-01-10T23:30:00Z", "2026-01-11T05:00:00Z" },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-01-11T04:59:59Z", "2026-01-11T05:00:00Z" },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-03-28T22:00:00Z", "2026-03-29T04:00:00Z" },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-10-24T21:00:00Z", "2026-10-25T05:00:00Z" },
    { RH_WINDOW_QUIET_HOURS, WEEKEND, "2026-11-21T12:00:00Z", "2026-11-23T00:00:00Z" },
    { RH_WINDOW_QUIET_HOURS, NIGHT, "2026-01-10T12:00:00Z", "2026-01-10T12:00:00Z" },
    { RH_WINDOW_FREEZE, FREEZE, "2026-11-28T00:00:00Z", "2026-12-01T11:00:00Z" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      RhWindow *window = window_of (table[i].kind, table[i].window);

      g_assert_cmpint (rh_window_end_s (window, instant (table[i].at)), ==, instant (table[i].end));
      rh_window_free (window);
    }
}

static void
test_spans (void)
{
  static const struct {
    const char *zone;
    RhSpan span;
    const char *at;
    const char *start;
  } table[] = {
    { "UTC", RH_SPAN_DAY, "2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z" },
    { "UTC", RH_SPAN_DAY, "2026-11-20T23:59:59Z", "2026-11-20T00:00:00Z" },
    { "UTC", RH_SPAN_WEEK, "2026-11-20T12:00:00Z", "2026-11-16T00:00:00Z" },
    { "UTC", RH_SPAN_WEEK, "2026-11-16T00:00:00Z", "2026-11-16T00:00:00Z" },
    { "UTC", RH_SPAN_WEEK, "2026-11-15T23:59:59Z", "2026-11-09T00:00:00Z" },
    { "UTC", RH_SPAN_MONTH, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z" },
    { "Europe/Berlin", RH_SPAN_DAY, "2026-11-20T22:59:59Z", "2026-11-19T23:00:00Z" },
    { "Europe/Berlin", RH_SPAN_DAY, "2026-11-20T23:00:00Z", "2026-11-20T23:00:00Z" },
    { "Europe/Berlin", RH_SPAN_DAY, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z" },
    { "Europe/Berlin", RH_SPAN_DAY, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z" },
    { "Europe/Berlin", RH_SPAN_MONTH, "2026-10-31T12:00:00Z", "2026-09-30T22:00:00Z" },
    { "Europe/Berlin", RH_SPAN_WEEK, "2026-10-25T12:00:00Z", "2026-10-18T22:00:00Z" },
    { "America/New_York", RH_SPAN_DAY, "2026-11-20T04:59:59Z", "2026-11-19T05:00:00Z" },
    /* A day that begins at one o'clock. */
    { "America/Santiago", RH_SPAN_DAY, "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GTimeZone) zone = rh_zone_new (table[i].zone, "test", "/z", NULL);
      gint64 start_s = rh_zone_span_start_s (zone, table[i].span, instant (table[i].at));
      g_autofree char *text = rh_zone_text (zone, start_s);

      if (start_s != instant (table[i].start))
        g_error ("%s, %s of %s: %s", table[i].zone, rh_span_name (table[i].span), table[i].at, text);
      g_assert_cmpint (instant (table[i].at) - start_s, <=, rh_span_longest_s (table[i].span));
    }
}

/* Against GLib's own calendar, an hour at a time over years with their changes. */
static void
test_local (void)
{
  static const char *const names[] = { "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GTimeZone) zone = rh_zone_new (names[i], "test", "/z", NULL);

      for (gint64 at_s = 1767225600; at_s < 1767225600 + 2 * 366 * 86400LL; at_s += 3600)
        {
          g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (at_s);
          g_autoptr (GDateTime) local = g_date_time_to_timezone (utc, zone);
          gint64 local_s = rh_zone_local_s (zone, at_s);

          g_assert_cmpint (local_s % 86400 / 3600, ==, g_date_time_get_hour (local));
          g_assert_cmpint (local_s % 3600 / 60, ==, g_date_time_get_minute (local));
          g_assert_cmpuint (rh_zone_weekday (local_s) + 1, ==, (guint)g_date_time_get_day_of_week (local));
        }
    }
}

static void
test_refuses (void)
{
  static const struct {
    const char *member;
    const char *message;
  } table[] = {
    { "'quiet_hours':[{'name':'q','time_zone':'Europe/Atlantis','from':'22:00','to':'06:00','decision':'deny'}]",
      "p.json: /quiet_hours/0/time_zone: expected a time zone such as Europe/Berlin or UTC, found Europe/Atlantis" },
    { "'quiet_hours':[{'name':'q','time_zone':'../../etc/passwd','from':'22:00','to':'06:00','decision':'deny'}]",
      "/quiet_hours/0/time_zone: expected a time zone" },
    { "'quiet_hours':[{'name':'q','time_zone':'tzdata.zi','from':'22:00','to':'06:00','decision':'deny'}]",
      "expected a time zone" },
    { "'quiet_hours':[{'name':'q','time_zone':'Europe','from':'22:00','to':'06:00','decision':'deny'}]",
      "expected a time zone" },
    { "'quiet_hours':[{'name':'q','time_zone':'+02:00','from':'22:00','to':'06:00','decision':'deny'}]",
      "expected a time zone" },
    { "'quiet_hours':[{'name':'q','time_zone':'UTC','from':'24:00','to':'06:00','decision':'deny'}]",
      "/quiet_hours/0/from" },
    { "'quiet_hours':[{'name':'q','time_zone':'UTC','from':'22:00','to':'06:60','decision':'deny'}]",
      "/quiet_hours/0/to" },
    { "'quiet_hours':[{'name':'q','time_zone':'UTC','from':'22:00','to':'06:00','decision':'auto'}]",
      "/quiet_hours/0/decision" },
    { "'quiet_hours':[{'name':'q','time_zone':'UTC','days':['day'],'from':'22:00','to':'06:00','decision':'deny'}]",
      "/quiet_hours/0/days/0" },
    { "'freezes':[{'name':'f','from':'2026-11-27','to':'2026-12-01','decision':'deny'}]",
      "/freezes/0/from: expected a time such as 2026-11-27T00:00:00Z" },
    { "'freezes':[{'name':'f','from':'2026-13-27T00:00:00Z','to':'2026-12-01T00:00:00Z','decision':'deny'}]",
      "/freezes/0/from" },
    { "'freezes':[{'name':'f','from':'2026-12-01T00:00:00Z','to':'2026-11-27T00:00:00Z','decision':'deny'}]",
      "/freezes/0/to: expected a time after" },
    { "'limits':[{'name':'l','per':'agent','max':1,'then':'deny'}]",
      "/limits/0: expected either window_s, or window and time_zone" },
    { "'limits':[{'name':'l','per':'agent','window':'day','max':1,'then':'deny'}]", "expected a time_zone beside" },
    { "'limits':[{'name':'l','per':'agent','window_s':9,'time_zone':'UTC','max':1,'then':'deny'}]",
      "expected a time_zone beside" },
    { "'limits':[{'name':'l','per':'agent','window':'day','time_zone':'Nowhere','max':1,'then':'deny'}]",
      "/limits/0/time_zone" },
    { "'limits':[{'name':'l','sum':'claims.x','per':'agent','window_s':9,'max':1,'then':'deny'}]", "/limits/0/sum" },
    { "'limits':[{'name':'l','per':'agent','window_s':9,'max':-1,'then':'deny'}]", "/limits/0/max" },
    { "'limits':[{'name':'l','per':'agent','window_s':9,'max':1,'then':'auto'}]", "/limits/0/then" },
    { "'limits':[{'name':'l','per':'agent','window_s':9,'max':1,'then':'deny'},"
      "{'name':'l','per':'agent','window_s':9,'max':1,'then':'deny'}]",
      "/limits/1/name: expected a name of its own" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *text = g_strdup_printf ("{'rules':[],%s}", table[i].member);
      g_autoptr (JsonNode) document = json (text);
      g_autoptr (GError) error = NULL;
      g_autoptr (RhPolicy) policy = rh_policy_new (document, "p.json", &error);

      if (policy != NULL)
        g_error ("taken: %s", table[i].member);
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      if (strstr (error->message, table[i].message) == NULL)
        g_error ("\"%s\" is not in \"%s\"", table[i].message, error->message);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy-time/in-force", test_in_force);
  g_test_add_func ("/policy-time/end", test_end);
  g_test_add_func ("/policy-time/spans", test_spans);
  g_test_add_func ("/policy-time/local", test_local);
  g_test_add_func ("/policy-time/refuses", test_refuses);
  return g_test_run ();
}
