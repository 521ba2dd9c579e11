/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hours.h"
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

/* --- Working hours ------------------------------------------------------------------------------------------------ */

#define OFFICE "{'time_zone':'Europe/Berlin','from':'09:00','to':'17:00','holidays':['2026-12-25']}"
#define NIGHT_SHIFT "{'time_zone':'Europe/Berlin','days':['sun'],'from':'01:00','to':'05:00'}"

static RhHours *
hours_of (const char *text)
{
  g_autoptr (JsonNode) node = json (text);
  g_autoptr (GError) error = NULL;
  RhHours *hours = rh_hours_new (json_node_get_object (node), "test", "/h", &error);

  g_assert_no_error (error);
  return hours;
}

static void
test_hours (void)
{
  static const struct {
    const char *hours, *at;
    gint64 working_s;
    const char *then;
  } table[] = {
    { OFFICE, "2026-01-12T08:00:00Z", 3600, "2026-01-12T09:00:00Z" },          /* Monday 09:00 */
    { OFFICE, "2026-01-12T05:00:00Z", 3600, "2026-01-12T09:00:00Z" },          /* before work */
    { OFFICE, "2026-01-09T15:30:00Z", 3600, "2026-01-12T08:30:00Z" },          /* over the weekend */
    { OFFICE, "2026-01-12T08:00:00Z", 8 * 3600, "2026-01-12T16:00:00Z" },      /* the whole day */
    { OFFICE, "2026-12-24T15:00:00Z", 2 * 3600, "2026-12-28T09:00:00Z" },      /* Christmas, then Saturday and Sunday */
    { OFFICE, "2026-03-27T15:00:00Z", 2 * 3600, "2026-03-30T08:00:00Z" },      /* the clocks change on Sunday */
    { NIGHT_SHIFT, "2026-03-29T00:00:00Z", 3 * 3600, "2026-03-29T03:00:00Z" }, /* an hour is lost: three are worked */
    { NIGHT_SHIFT, "2026-03-29T00:00:00Z", 4 * 3600, "2026-04-05T00:00:00Z" },
    { NIGHT_SHIFT, "2026-10-24T23:00:00Z", 5 * 3600, "2026-10-25T04:00:00Z" }, /* an hour comes twice: five are */
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (RhHours) hours = hours_of (table[i].hours);
      gint64 at_s = instant (table[i].at);
      g_autoptr (GDateTime) then =
          g_date_time_new_from_unix_utc (at_s + rh_hours_elapsed_s (hours, at_s, table[i].working_s));
      g_autofree char *text = g_date_time_format_iso8601 (then);

      g_assert_cmpstr (text, ==, table[i].then);
    }
}

#define MINUTES_MAX (70 * 24 * 60)

/* Minute by minute over the zone's clocks: a working day lasts from the first minute whose clock shows `from` or more
 * to the first that shows `to`, or another date. */
static gint64
elapsed_by_minutes (GTimeZone *zone,
                    guint days,
                    gint64 from_s,
                    gint64 to_s,
                    gint64 holiday,
                    gint64 at_s,
                    gint64 minutes)
{
  gint64 start_s = at_s - 2 * 86400, date = -1;
  gboolean open = FALSE, over = FALSE;

  for (gint64 then_s = start_s; then_s < at_s + MINUTES_MAX * (gint64)60; then_s += 60)
    {
      gint64 local_s = rh_zone_local_s (zone, then_s);
      gint64 today = local_s / 86400, clock_s = local_s % 86400;

      if (today > date)
        {
          date = today;
          open = over = FALSE;
        }
      if (today == date && clock_s >= from_s)
        open = TRUE;
      if (today == date && clock_s >= to_s)
        over = TRUE;
      if (then_s < at_s || !open || over || today != date || date == holiday ||
          (days & (1u << rh_zone_weekday (local_s))) == 0)
        continue;
      if (--minutes == 0)
        return then_s + 60 - at_s;
    }
  return -1;
}

static void
test_hours_by_minutes (void)
{
  static const char *const zones[] = { "Europe/Berlin",  "America/New_York",  "Australia/Lord_Howe",
                                       "Asia/Kathmandu", "Africa/Casablanca", "UTC" };
  static const char *const names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
  guint told = 0;

  for (guint i = 0; i < 400; i++)
    {
      const char *zone_name = zones[g_test_rand_int_range (0, G_N_ELEMENTS (zones))];
      g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (zone_name);
      /* Half of them just before the clocks change. */
      gint64 base_s = instant (i % 2 == 0 ? "2026-03-27T00:00:00Z" : "2026-10-23T00:00:00Z");
      gint64 at_s =
          base_s + (i % 4 < 2 ? g_test_rand_int_range (0, 4 * 1440) : g_test_rand_int_range (0, 1440 * 365)) * 60;
      guint days = (guint)g_test_rand_int_range (1, 128);
      int from = g_test_rand_int_range (0, 23 * 60), to = g_test_rand_int_range (from + 1, 24 * 60 + 1);
      gint64 minutes = g_test_rand_int_range (1, 2000), holiday = at_s / 86400 + g_test_rand_int_range (0, 8);
      g_autoptr (GDateTime) off = g_date_time_new_from_unix_utc (holiday * 86400);
      g_autofree char *off_text = g_date_time_format (off, "%Y-%m-%d");
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (RhHours) hours = NULL;
      gint64 expected;

      g_string_printf (text, "{'time_zone':'%s','from':'%02d:%02d','to':'%02d:%02d','holidays':['%s'],'days':[",
                       zone_name, from / 60, from % 60, to / 60, to % 60, off_text);
      for (guint d = 0; d < G_N_ELEMENTS (names); d++)
        if (days & (1u << d))
          g_string_append_printf (text, "%s'%s'", text->str[text->len - 1] == '[' ? "" : ",", names[d]);
      g_string_append (text, "]}");
      hours = hours_of (text->str);
      expected = elapsed_by_minutes (zone, days, from * 60, to * 60, holiday, at_s, minutes);
      if (expected < 0)
        continue;
      told++;
      if (rh_hours_elapsed_s (hours, at_s, minutes * 60) != expected)
        g_error ("%s at %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " min: expected %" G_GINT64_FORMAT
                 ", found %" G_GINT64_FORMAT,
                 text->str, at_s, minutes, expected, rh_hours_elapsed_s (hours, at_s, minutes * 60));
    }
  g_assert_cmpuint (told, >, 200);
}

/* On a Friday afternoon, what a verdict says of deadlines and of escalation is in time that passes. */
static void
test_hours_verdict (void)
{
  g_autoptr (JsonNode) document =
      json ("{'rules':[{'name':'a','match':{'action':'x'},'risk':'high','decision':'approve','deadline_s':7200,"
            "'escalate':[{'after_s':3600,'roles':['admin']}],'working_hours':" OFFICE "},"
            "{'name':'b','match':{'action':'x'},'risk':'high','decision':'approve','deadline_s':864000}]}");
  g_autoptr (GError) error = NULL;
  g_autoptr (RhPolicy) policy = rh_policy_new (document, "test", &error);
  RhPolicySubject subject = { .agent = "a", .action = "x", .target = "t", .at_s = instant ("2026-01-09T15:30:00Z") };
  g_autoptr (RhVerdict) verdict = NULL;
  JsonArray *steps;

  g_assert_no_error (error);
  verdict = rh_policy_decide (policy, &subject);
  g_assert_cmpuint (verdict->deadline_s, ==, instant ("2026-01-12T09:30:00Z") - subject.at_s);
  steps = royal_json_array (json_node_get_object (verdict->asks), "escalate");
  g_assert_cmpint (royal_json_int (json_array_get_object_element (steps, 0), "after_s", 0), ==,
                   instant ("2026-01-12T08:30:00Z") - subject.at_s);
}

static void
test_hours_refuses (void)
{
  static const struct {
    const char *hours, *fault;
  } table[] = {
    { "{'time_zone':'Berlin/Mitte','from':'09:00','to':'17:00'}", "/h/time_zone: expected" },
    { "{'time_zone':'UTC','from':'17:00','to':'09:00'}", "/h/to: expected" },
    { "{'time_zone':'UTC','from':'09:00','to':'17:00','holidays':['2026-02-30']}", "/h/holidays/0: expected" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (JsonNode) node = json (table[i].hours);
      g_autoptr (GError) error = NULL;
      g_autoptr (RhHours) hours = rh_hours_new (json_node_get_object (node), "test", "/h", &error);

      g_assert_null (hours);
      g_assert_nonnull (strstr (error->message, table[i].fault));
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
  g_test_add_func ("/policy-time/hours", test_hours);
  g_test_add_func ("/policy-time/hours-by-minutes", test_hours_by_minutes);
  g_test_add_func ("/policy-time/hours-verdict", test_hours_verdict);
  g_test_add_func ("/policy-time/hours-refuses", test_hours_refuses);
  return g_test_run ();
}
