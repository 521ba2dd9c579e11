/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-cron.h"

#include <royal/error.h>
#include <string.h>

/* Seconds since 1970 of a time in UTC. */
static gint64
utc (const char *text)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);

  g_assert_nonnull (time);
  return g_date_time_to_unix (time);
}

static char *
text_of (gint64 at)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (at);

  return g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");
}

static GTimeZone *
zone_of (const char *name)
{
  g_autoptr (GError) error = NULL;
  GTimeZone *zone = rh_cron_zone (name, &error);

  g_assert_no_error (error);
  return zone;
}

static RhCron *
cron_of (const char *text)
{
  g_autoptr (GError) error = NULL;
  RhCron *cron = rh_cron_new (text, &error);

  g_assert_no_error (error);
  return cron;
}

/* --- examples ----------------------------------------------------------------------------------------------------- */

/* From a moment on: the moments at which it is due, separated by spaces. */
static const struct {
  const char *cron;
  const char *zone;
  const char *after;
  const char *due;
} examples[] = {
  { "*/20 * * * *", "UTC", "2026-03-01T10:00:00Z", "2026-03-01T10:20:00Z 2026-03-01T10:40:00Z 2026-03-01T11:00:00Z" },
  { "0 6 * * mon-fri", "UTC", "2026-03-06T06:00:00Z", "2026-03-09T06:00:00Z 2026-03-10T06:00:00Z" },
  { "0 6 * * Mon,wed", "UTC", "2026-03-06T06:00:00Z", "2026-03-09T06:00:00Z 2026-03-11T06:00:00Z" },
  { "0 0 * * 7", "UTC", "2026-03-06T00:00:00Z", "2026-03-08T00:00:00Z 2026-03-15T00:00:00Z" },
  { "0 0 * * 5-7", "UTC", "2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z 2026-03-07T00:00:00Z 2026-03-08T00:00:00Z" },
  { "@weekly", "UTC", "2026-03-06T00:00:00Z", "2026-03-08T00:00:00Z" },
  { "@monthly", "UTC", "2026-12-06T00:00:00Z", "2027-01-01T00:00:00Z 2027-02-01T00:00:00Z" },
  { "@yearly", "UTC", "2026-03-06T00:00:00Z", "2027-01-01T00:00:00Z" },
  { "@hourly", "UTC", "2026-03-06T00:00:01Z", "2026-03-06T01:00:00Z" },
  { "@daily", "Europe/Paris", "2026-01-06T00:00:00Z", "2026-01-06T23:00:00Z" },
  { "0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z 2032-02-29T00:00:00Z" },
  { "0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z" },
  { "0 0 31 * *", "UTC", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z" },
  /* Either day, as neither field begins with `*`. */
  { "0 0 13 * fri", "UTC", "2026-02-28T00:00:00Z", "2026-03-06T00:00:00Z 2026-03-13T00:00:00Z 2026-03-20T00:00:00Z" },
  /* Both, as one does. */
  { "0 0 */2 * fri", "UTC", "2026-03-01T00:00:00Z", "2026-03-13T00:00:00Z 2026-03-27T00:00:00Z" },
  { "5,50-52 8-10/2 * jan-mar/2 *", "UTC", "2026-01-31T09:00:00Z",
    "2026-01-31T10:05:00Z 2026-01-31T10:50:00Z 2026-01-31T10:51:00Z 2026-01-31T10:52:00Z 2026-03-01T08:05:00Z" },
  /* Paris, 29 March 2026: 02:00 to 03:00 does not exist; the moment after it is 01:00 UTC. */
  { "30 2 * * *", "Europe/Paris", "2026-03-28T00:00:00Z",
    "2026-03-28T01:30:00Z 2026-03-29T01:00:00Z 2026-03-30T00:30:00Z" },
  { "*/15 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T00:00:00Z" },
  { "0 3 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z 2026-03-30T01:00:00Z" },
  { "30 * * * *", "Europe/Paris", "2026-03-29T00:00:00Z", "2026-03-29T00:30:00Z 2026-03-29T01:30:00Z" },
  { "30 */2 * * *", "Europe/Paris", "2026-03-28T23:00:00Z", "2026-03-28T23:30:00Z 2026-03-29T02:30:00Z" },
  /* 25 October 2026: 02:00 to 03:00 exists twice, from 00:00 UTC and from 01:00 UTC. */
  { "30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z" },
  { "30 * * * *", "Europe/Paris", "2026-10-25T00:00:00Z",
    "2026-10-25T00:30:00Z 2026-10-25T01:30:00Z 2026-10-25T02:30:00Z" },
  /* Half an hour, at Lord Howe. */
  { "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", "2026-04-04T14:45:00Z 2026-04-05T15:15:00Z" },
  { "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z 2026-10-04T15:15:00Z" },
  /* At midnight, in Beirut: 29 March 2026 begins at 01:00. */
  { "0 0 * * *", "Asia/Beirut", "2026-03-28T00:00:00Z", "2026-03-28T22:00:00Z 2026-03-29T21:00:00Z" },
  /* A whole day, in Samoa: no 30 December 2011. */
  { "0 6 30,31 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", "2011-12-30T10:00:00Z 2011-12-30T16:00:00Z" },
};

static void
test_examples (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_autoptr (RhCron) cron = cron_of (examples[i].cron);
      g_autoptr (GTimeZone) zone = zone_of (examples[i].zone);
      g_auto (GStrv) due = g_strsplit (examples[i].due, " ", -1);
      gint64 at = utc (examples[i].after);

      for (guint d = 0; due[d] != NULL; d++)
        {
          g_autofree char *found = text_of (at = rh_cron_next (cron, zone, at));

          g_test_message ("%s in %s", examples[i].cron, examples[i].zone);
          g_assert_cmpstr (found, ==, due[d]);
        }
    }
}

static const struct {
  const char *cron;
  const char *message;
} faults[] = {
  { "60 * * * *", "minute: expected a number from 0 to 59, found \"60\"" },
  { "* 24 * * *", "hour: expected a number from 0 to 23, found \"24\"" },
  { "* * 0 * *", "day of month: expected a number from 1 to 31, found \"0\"" },
  { "* * * 13 *", "month: expected a number from 1 to 12 or a name of three letters, found \"13\"" },
  { "* * * * 8", "day of week: expected a number from 0 to 7 or a name of three letters, found \"8\"" },
  { "* * * * monday", "day of week: expected a number from 0 to 7 or a name of three letters, found \"monday\"" },
  { "5-3 * * * *", "minute: expected a range that rises, found \"5-3\"" },
  { "5/15 * * * *", "minute: expected `*` or a range before the step, found \"5/15\"" },
  { "*/0 * * * *", "minute: expected a step from 1 to 59, found \"0\"" },
  { "*/ * * * *", "minute: expected a step from 1 to 59, found \"\"" },
  { "1,,2 * * * *", "minute: expected a value between the commas" },
  { "-1 * * * *", "minute: expected a number from 0 to 59, found \"\"" },
  { "+1 * * * *", "minute: expected a number from 0 to 59, found \"+1\"" },
  { "* * L * *", "day of month: expected a number from 1 to 31, found \"L\"" },
  { "0 0 30 2 *", "expected a day that a month has, found \"30 2\"" },
  { "0 0 31 4,6 *", "expected a day that a month has, found \"31 4,6\"" },
  { "* * * *", "expected minute, hour, day of month, month and day of week, or one of @yearly, @monthly, @weekly, "
               "@daily and @hourly, found \"* * * *\"" },
  { "@reboot", "expected minute, hour, day of month, month and day of week, or one of @yearly, @monthly, @weekly, "
               "@daily and @hourly, found \"@reboot\"" },
  { "", "expected minute, hour, day of month, month and day of week, or one of @yearly, @monthly, @weekly, @daily and "
        "@hourly, found \"\"" },
};

static void
test_faults (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rh_cron_new (faults[i].cron, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, faults[i].message);
    }
}

static void
test_zones (void)
{
  static const char *const bad[] = {
    "", "Mars/Olympus", "+02:00", "/etc/localtime", "../Europe/Paris", "Europe/Paris\n"
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rh_cron_zone (bad[i], &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
    }
}

static void
test_between (void)
{
  g_autoptr (RhCron) cron = cron_of ("* * * * *");
  g_autoptr (GTimeZone) zone = zone_of ("Europe/Paris");
  gint64 from = utc ("2026-01-01T00:00:00Z");
  guint n;
  g_autoptr (GArray) found = rh_cron_between (cron, zone, from, utc ("2027-01-01T00:00:00Z"), 3, &n);

  g_assert_cmpuint (n, ==, 365 * 1440);
  g_assert_cmpuint (found->len, ==, 3);
  g_assert_cmpint (g_array_index (found, gint64, 2), ==, utc ("2027-01-01T00:00:00Z"));
  g_assert_cmpint (g_array_index (found, gint64, 0), ==, utc ("2026-12-31T23:58:00Z"));
}

/* --- the reference ------------------------------------------------------------------------------------------------ */

/* Walks minute by minute with GDateTime, and reads the fields as text: nothing of the code under test. */

static gboolean
field_fits (const char *field, int value, int min, int max)
{
  g_auto (GStrv) items = g_strsplit (field, ",", -1);

  for (guint i = 0; items[i] != NULL; i++)
    {
      int from = min, to = max, step = 1;
      const char *slash = strchr (items[i], '/');

      if (slash != NULL)
        step = (int)g_ascii_strtoll (slash + 1, NULL, 10);
      if (*items[i] != '*')
        {
          from = to = (int)g_ascii_strtoll (items[i], NULL, 10);
          if (strchr (items[i], '-') != NULL)
            to = (int)g_ascii_strtoll (strchr (items[i], '-') + 1, NULL, 10);
        }
      for (int v = from; v <= to; v += step)
        if (v == value)
          return TRUE;
    }
  return FALSE;
}

/* @wall: a local time, as if it were UTC */
static gboolean
wall_fits (char **cron, gint64 wall)
{
  g_autoptr (GDateTime) t = g_date_time_new_from_unix_utc (wall);
  int weekday = g_date_time_get_day_of_week (t) % 7;
  gboolean day = field_fits (cron[2], g_date_time_get_day_of_month (t), 1, 31);
  gboolean week = field_fits (cron[4], weekday, 0, 6) || (weekday == 0 && field_fits (cron[4], 7, 0, 6));

  if (!field_fits (cron[0], g_date_time_get_minute (t), 0, 59) ||
      !field_fits (cron[1], g_date_time_get_hour (t), 0, 23) || !field_fits (cron[3], g_date_time_get_month (t), 1, 12))
    return FALSE;
  return *cron[2] == '*' || *cron[4] == '*' ? day && week : day || week;
}

/* What the local clock shows at each minute. */
typedef struct {
  gint64 from;
  guint n;
  gint64 *walls;
} Walk;

static Walk
walk (GTimeZone *zone, gint64 from, gint64 to)
{
  Walk self = { from, (guint)((to - from) / 60), NULL };

  self.walls = g_new (gint64, self.n);
  for (guint i = 0; i < self.n; i++)
    {
      g_autoptr (GDateTime) at = g_date_time_new_from_unix_utc (from + i * 60);
      g_autoptr (GDateTime) local = g_date_time_to_timezone (at, zone);

      self.walls[i] = from + i * 60 + g_date_time_get_utc_offset (local) / G_USEC_PER_SEC;
    }
  return self;
}

static void
walk_due (const Walk *self, char **cron, guint8 *due)
{
  gint64 shown = self->walls[0]; /* the furthest that the clock has shown */

  memset (due, 0, self->n);
  for (guint i = 1; i < self->n; i++)
    if (*cron[1] == '*')
      due[i] = wall_fits (cron, self->walls[i]);
    else
      /* Every reading that is new now, with those that were jumped over. */
      for (; shown < self->walls[i]; shown += 60)
        due[i] |= wall_fits (cron, shown + 60);
}

static char *
random_field (int min, int max)
{
  GString *text = g_string_new (NULL);
  int n = g_test_rand_int_range (1, 4);

  switch (g_test_rand_int_range (0, 4))
    {
    case 0:
      return g_string_free (g_string_append_c (text, '*'), FALSE);
    case 1:
      g_string_printf (text, "*/%d", g_test_rand_int_range (1, (max - min) / 2 + 2));
      return g_string_free (text, FALSE);
    default:
      break;
    }
  for (int i = 0; i < n; i++)
    {
      int from = g_test_rand_int_range (min, max + 1);
      int to = g_test_rand_int_range (from, max + 1);

      g_string_append_printf (text, "%s%d", i > 0 ? "," : "", from);
      if (to > from && g_test_rand_bit ())
        g_string_append_printf (text, "-%d/%d", to, g_test_rand_int_range (1, max - min + 1));
    }
  return g_string_free (text, FALSE);
}

static void
check_one (const Walk *walk, GTimeZone *zone, const char *name)
{
  g_autofree char *minute = random_field (0, 59);
  /* Where the changes are. */
  g_autofree char *hour = g_test_rand_bit () ? random_field (0, 23) : random_field (0, 3);
  g_autofree char *day = g_test_rand_bit () ? g_strdup ("*") : random_field (1, 28);
  g_autofree char *weekday = g_test_rand_bit () ? g_strdup ("*") : random_field (0, 7);
  g_autofree char *text = g_strjoin (" ", minute, hour, day, "*", weekday, NULL);
  g_auto (GStrv) fields = g_strsplit (text, " ", -1);
  g_autoptr (RhCron) cron = cron_of (text);
  g_autofree guint8 *due = g_new (guint8, walk->n);
  /* The walk does not know what was due before it began, nor what is after its end. */
  gint64 at = walk->from + 60 * 1440 - 1;
  gint64 end = walk->from + (gint64)walk->n * 60;
  guint n_due = 0, n;

  walk_due (walk, fields, due);
  for (guint i = 1440; i < walk->n; i++)
    if (due[i])
      {
        gint64 next = rh_cron_next (cron, zone, at);

        if (next != walk->from + i * 60)
          {
            g_autofree char *expected = text_of (walk->from + i * 60);
            g_autofree char *found = text_of (next);

            g_error ("%s in %s: expected %s, found %s", text, name, expected, found);
          }
        at = next;
        n_due++;
      }
  g_assert_cmpint (rh_cron_next (cron, zone, at), >=, end);
  g_array_unref (rh_cron_between (cron, zone, walk->from + 60 * 1440 - 1, end - 1, 1, &n));
  g_assert_cmpuint (n, ==, n_due);
}

static void
test_reference (void)
{
  /* Zones, and days around which their clocks are changed. */
  static const struct {
    const char *zone;
    const char *days[3];
  } changes[] = {
    { "Europe/Paris", { "2026-03-27", "2026-10-23" } },
    { "America/New_York", { "2026-03-06", "2026-10-30" } },
    { "America/Havana", { "2026-03-06", "2026-10-30" } },
    { "Asia/Beirut", { "2026-03-27", "2026-10-23" } },
    { "Australia/Lord_Howe", { "2026-04-03", "2026-10-02" } },
    { "America/Sao_Paulo", { "2018-11-02", "2018-02-15" } },
    { "Africa/Casablanca", { "2026-02-13", "2026-03-20" } },
    { "Pacific/Apia", { "2011-12-28" } },
    { "America/St_Johns", { "2010-03-12", "2010-11-05" } },
    { "Asia/Kathmandu", { "2026-03-01" } },
    { "UTC", { "2026-02-27" } },
  };
  guint rounds = g_test_slow () ? 100 : 6;

  for (guint z = 0; z < G_N_ELEMENTS (changes); z++)
    for (guint d = 0; d < 3 && changes[z].days[d] != NULL; d++)
      {
        g_autoptr (GTimeZone) zone = zone_of (changes[z].zone);
        g_autofree char *start = g_strconcat (changes[z].days[d], "T00:00:00Z", NULL);
        Walk days = walk (zone, utc (start), utc (start) + (gint64)5 * 86400);

        for (guint i = 0; i < rounds; i++)
          check_one (&days, zone, changes[z].zone);
        g_free (days.walls);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cron/examples", test_examples);
  g_test_add_func ("/cron/faults", test_faults);
  g_test_add_func ("/cron/zones", test_zones);
  g_test_add_func ("/cron/between", test_between);
  g_test_add_func ("/cron/reference", test_reference);
  return g_test_run ();
}
