/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-zone.h"

#include <royal/error.h>
#include <string.h>

#define DAY_S 86400
#define EPOCH_JULIAN 719163 /* GDate's number of 1970-01-01 */
#define EPOCH_WEEKDAY 3     /* a Thursday */

static const struct {
  const char *name;
  gint64 longest_s;
} spans[RH_N_SPANS] = {
  [RH_SPAN_DAY] = { "day", 25 * 3600 },
  [RH_SPAN_WEEK] = { "week", 7 * DAY_S + 3600 },
  [RH_SPAN_MONTH] = { "month", 31 * DAY_S + 3600 },
};

/* A name of the database, as its files are named: nothing that would lead out of it, no rules and no offsets. */
static gboolean
is_name (const char *name)
{
  if (!g_ascii_isupper (*name))
    return FALSE;
  for (const char *at = name; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && strchr ("_+-/", *at) == NULL)
      return FALSE;
  return strstr (name, "//") == NULL && !g_str_has_suffix (name, "/");
}

GTimeZone *
rh_zone_new (const char *name, const char *what, const char *pointer, GError **error)
{
  GTimeZone *zone;

  g_return_val_if_fail (name != NULL && what != NULL && pointer != NULL, NULL);

  zone = is_name (name) ? g_time_zone_new_identifier (name) : NULL;
  if (zone == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "%s: %s: expected a time zone such as Europe/Berlin or UTC, found %s", what, pointer, name);
  return zone;
}

static gint64
floor_to (gint64 value, gint64 unit)
{
  gint64 rest = value % unit;

  return value - (rest < 0 ? rest + unit : rest);
}

gint64
rh_zone_local_s (GTimeZone *self, gint64 at_s)
{
  return at_s + g_time_zone_get_offset (self, g_time_zone_find_interval (self, G_TIME_TYPE_UNIVERSAL, at_s));
}

gint64
rh_zone_instant_s (GTimeZone *self, gint64 local_s)
{
  gint64 clock_s = local_s;
  int interval = g_time_zone_adjust_time (self, G_TIME_TYPE_DAYLIGHT, &clock_s);

  return clock_s - g_time_zone_get_offset (self, interval);
}

guint
rh_zone_weekday (gint64 local_s)
{
  gint64 day = floor_to (local_s, DAY_S) / DAY_S;

  return (guint)(((day + EPOCH_WEEKDAY) % 7 + 7) % 7);
}

gint64
rh_zone_span_start_s (GTimeZone *self, RhSpan span, gint64 at_s)
{
  gint64 local_s = rh_zone_local_s (self, at_s);
  gint64 day_s = floor_to (local_s, DAY_S);
  GDate date;

  switch (span)
    {
    case RH_SPAN_WEEK:
      day_s -= (gint64)rh_zone_weekday (local_s) * DAY_S;
      break;
    case RH_SPAN_MONTH:
      g_date_clear (&date, 1);
      g_date_set_julian (&date, (guint32)CLAMP (day_s / DAY_S + EPOCH_JULIAN, 1, G_MAXINT32));
      day_s -= (g_date_get_day (&date) - 1) * (gint64)DAY_S;
      break;
    case RH_SPAN_DAY:
    default:
      break;
    }
  return MIN (rh_zone_instant_s (self, day_s), at_s);
}

const char *
rh_span_name (RhSpan span)
{
  g_return_val_if_fail ((guint)span < RH_N_SPANS, "");

  return spans[span].name;
}

gint64
rh_span_longest_s (RhSpan span)
{
  g_return_val_if_fail ((guint)span < RH_N_SPANS, G_MAXINT64);

  return spans[span].longest_s;
}

char *
rh_zone_text (GTimeZone *self, gint64 at_s)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (at_s);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_timezone (utc, self) : NULL;
  g_autofree char *text = local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M") : NULL;

  return text != NULL ? g_strdup_printf ("%s %s", text, g_time_zone_get_identifier (self))
                      : g_strdup_printf ("%" G_GINT64_FORMAT " s", at_s);
}
