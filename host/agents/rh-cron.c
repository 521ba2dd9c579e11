/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-cron.h"

#include <royal/error.h>
#include <string.h>

#define TEXT_MAX 256
#define DAY_S ((gint64)86400)
#define MINUTES_A_DAY 1440
/* No zone is further from UTC. */
#define OFFSET_MAX_S (15 * 3600)
/* Two changes of the clock are further apart. */
#define PROBE_S (3 * 3600)
/* The longest wait is from one 29 February over a year that has none to the next, eight years. */
#define DAYS_MAX (11 * 366)

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, N_FIELDS };

struct _RhCron {
  guint64 fits[N_FIELDS]; /* a bit for each value */
  gboolean any[N_FIELDS]; /* the field begins with `*` */
};

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                      "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const struct {
  const char *name;
  guint min, max;
  const char *const *names; /* (nullable): of the values from min on */
} fields[N_FIELDS] = {
  [MINUTE] = { "minute", 0, 59, NULL },          [HOUR] = { "hour", 0, 23, NULL },
  [DAY] = { "day of month", 1, 31, NULL },       [MONTH] = { "month", 1, 12, months },
  [WEEKDAY] = { "day of week", 0, 7, weekdays },
};

static const struct {
  const char *name;
  const char *text;
} nicknames[] = {
  { "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" }, { "@monthly", "0 0 1 * *" }, { "@weekly", "0 0 * * 0" },
  { "@daily", "0 0 * * *" },  { "@midnight", "0 0 * * *" }, { "@hourly", "0 * * * *" },
};

/* --- reading it --------------------------------------------------------------------------------------------------- */

static gboolean refuse (guint field, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (guint field, GError **error, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s", fields[field].name, text);
  return FALSE;
}

static gboolean
read_value (guint field, const char *text, guint *ret_value, GError **error)
{
  guint64 number;

  for (guint i = 0; fields[field].names != NULL && fields[field].names[i] != NULL; i++)
    if (g_ascii_strcasecmp (text, fields[field].names[i]) == 0)
      {
        *ret_value = fields[field].min + i;
        return TRUE;
      }
  if (!g_ascii_isdigit (*text) ||
      !g_ascii_string_to_unsigned (text, 10, fields[field].min, fields[field].max, &number, NULL))
    return refuse (field, error, "expected a number from %u to %u%s, found \"%s\"", fields[field].min,
                   fields[field].max, fields[field].names != NULL ? " or a name of three letters" : "", text);
  *ret_value = (guint)number;
  return TRUE;
}

/* `*`, `N` or `N-M`. */
static gboolean
read_range (guint field, const char *text, guint *ret_from, guint *ret_to, GError **error)
{
  g_auto (GStrv) ends = g_strsplit (text, "-", 2);

  *ret_from = *ret_to = 0;
  if (strcmp (text, "*") == 0)
    {
      *ret_from = fields[field].min;
      *ret_to = field == WEEKDAY ? 6 : fields[field].max;
      return TRUE;
    }
  if (ends[0] == NULL || !read_value (field, ends[0], ret_from, error))
    return ends[0] != NULL ? FALSE : refuse (field, error, "expected a value between the commas");
  *ret_to = *ret_from;
  if (ends[1] != NULL && !read_value (field, ends[1], ret_to, error))
    return FALSE;
  if (*ret_to < *ret_from)
    return refuse (field, error, "expected a range that rises, found \"%s\"", text);
  return TRUE;
}

static gboolean
read_item (RhCron *self, guint field, const char *item, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (item, "/", 2);
  guint from = 0, to = 0;
  guint64 step = 1;

  if (!read_range (field, parts[0] != NULL ? parts[0] : "", &from, &to, error))
    return FALSE;
  if (parts[0] != NULL && parts[1] != NULL)
    {
      if (strcmp (parts[0], "*") != 0 && strchr (parts[0], '-') == NULL)
        return refuse (field, error, "expected `*` or a range before the step, found \"%s\"", item);
      if (!g_ascii_isdigit (*parts[1]) || !g_ascii_string_to_unsigned (parts[1], 10, 1, fields[field].max, &step, NULL))
        return refuse (field, error, "expected a step from 1 to %u, found \"%s\"", fields[field].max, parts[1]);
    }
  for (guint64 value = from; value <= to; value += step)
    self->fits[field] |= G_GUINT64_CONSTANT (1) << (field == WEEKDAY ? value % 7 : value);
  return TRUE;
}

static gboolean
read_field (RhCron *self, guint field, const char *text, GError **error)
{
  g_auto (GStrv) items = g_strsplit (text, ",", -1);

  self->any[field] = *text == '*';
  for (guint i = 0; items[i] != NULL; i++)
    if (!read_item (self, field, items[i], error))
      return FALSE;
  return TRUE;
}

static GStrv
split_fields (const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t", -1);
  g_autoptr (GStrvBuilder) found = g_strv_builder_new ();

  for (guint i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      g_strv_builder_add (found, words[i]);
  return g_strv_builder_end (found);
}

/* Whether the months have the days: `0 0 30 2 *` is never due. */
static gboolean
has_days (const RhCron *self)
{
  static const guint8 lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

  for (guint month = 1; month <= 12; month++)
    for (guint day = 1; day <= lengths[month - 1]; day++)
      if ((self->fits[MONTH] >> month & 1) != 0 && (self->fits[DAY] >> day & 1) != 0)
        return TRUE;
  return !self->any[WEEKDAY] && !self->any[DAY];
}

RhCron *
rh_cron_new (const char *text, GError **error)
{
  g_autoptr (RhCron) self = NULL;
  g_auto (GStrv) words = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  self = g_new0 (RhCron, 1);
  for (guint i = 0; i < G_N_ELEMENTS (nicknames); i++)
    if (g_ascii_strcasecmp (text, nicknames[i].name) == 0)
      text = nicknames[i].text;
  words = split_fields (strlen (text) <= TEXT_MAX ? text : "");
  if (g_strv_length (words) != N_FIELDS)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "expected minute, hour, day of month, month and day of week, or one of @yearly, @monthly, @weekly, "
                   "@daily and @hourly, found \"%.60s\"",
                   text);
      return NULL;
    }
  for (guint field = 0; field < N_FIELDS; field++)
    if (!read_field (self, field, words[field], error))
      return NULL;
  if (!has_days (self))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "expected a day that a month has, found \"%s %s\"",
                   words[DAY], words[MONTH]);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
rh_cron_free (RhCron *self)
{
  g_free (self);
}

GTimeZone *
rh_cron_zone (const char *name, GError **error)
{
  GTimeZone *zone = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  /* A name only: no offset, no path. */
  if (g_regex_match_simple ("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*)*$", name, G_REGEX_DOLLAR_ENDONLY, 0))
    zone = g_time_zone_new_identifier (name);
  if (zone == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                 "expected the name of a time zone, such as Europe/Paris, found \"%.60s\"", name);
  return zone;
}

/* --- days --------------------------------------------------------------------------------------------------------- */

/* A day is counted from 1970-01-01. The Gregorian calendar in eras of 400 years that begin in March. */
static void
date_of (gint64 day, guint *ret_month, guint *ret_day)
{
  gint64 shifted = day + 719468;
  gint64 era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  guint of_era = (guint)(shifted - era * 146097);
  guint year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  guint of_year = of_era - (365 * year + year / 4 - year / 100);
  guint month = (5 * of_year + 2) / 153;

  *ret_day = of_year - (153 * month + 2) / 5 + 1;
  *ret_month = month < 10 ? month + 3 : month - 9;
}

static gboolean
fits_day (const RhCron *self, gint64 day)
{
  gint64 weekday = ((day + 4) % 7 + 7) % 7;
  gboolean day_fits, weekday_fits;
  guint month, of_month;

  date_of (day, &month, &of_month);
  day_fits = self->fits[DAY] >> of_month & 1;
  weekday_fits = self->fits[WEEKDAY] >> weekday & 1;
  if ((self->fits[MONTH] >> month & 1) == 0)
    return FALSE;
  return self->any[DAY] || self->any[WEEKDAY] ? day_fits && weekday_fits : day_fits || weekday_fits;
}

static gboolean
fits_minute (const RhCron *self, guint minute)
{
  return (self->fits[HOUR] >> (minute / 60) & 1) != 0 && (self->fits[MINUTE] >> (minute % 60) & 1) != 0;
}

/* --- the zone ----------------------------------------------------------------------------------------------------- */

/* A time in which the clock is not changed: [from, to) in UTC. */
typedef struct {
  gint64 from;
  gint64 to;
  gint64 offset;
} Stretch;

static gint64
offset_at (GTimeZone *zone, gint64 at)
{
  return g_time_zone_get_offset (zone, g_time_zone_find_interval (zone, G_TIME_TYPE_UNIVERSAL, at));
}

/* The first moment in (from, to] at which the offset is not that of @from. */
static gint64
find_change (GTimeZone *zone, gint64 from, gint64 to)
{
  gint64 before = offset_at (zone, from);

  while (to - from > 1)
    {
      gint64 middle = from + (to - from) / 2;

      if (offset_at (zone, middle) == before)
        from = middle;
      else
        to = middle;
    }
  return to;
}

/* What may hold moments of the local @day, in order. */
static GArray *
stretches_around (GTimeZone *zone, gint64 day)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (Stretch));
  gint64 from = day * DAY_S - OFFSET_MAX_S;
  gint64 end = (day + 1) * DAY_S + OFFSET_MAX_S;
  gint64 offset = offset_at (zone, from);

  for (gint64 at = from; at < end; at += PROBE_S)
    {
      gint64 next = offset_at (zone, at + PROBE_S);

      if (next != offset)
        {
          Stretch stretch = { from, find_change (zone, at, at + PROBE_S), offset };

          g_array_append_val (found, stretch);
          from = stretch.to;
          offset = next;
        }
    }
  g_array_append_vals (found, &(Stretch){ from, end + PROBE_S, offset }, 1);
  return found;
}

/* --- moments ------------------------------------------------------------------------------------------------------ */

/* Every moment that reads as one of the day's times. */
static void
add_rhythm (const RhCron *self, const Stretch *stretch, gint64 day, GArray *moments)
{
  gint64 first = MAX (stretch->from + stretch->offset, day * DAY_S);
  gint64 last = MIN (stretch->to + stretch->offset, (day + 1) * DAY_S);

  for (gint64 local = (first + 59) / 60 * 60; local < last; local += 60)
    if (fits_minute (self, (guint)((local - day * DAY_S) / 60)))
      {
        gint64 moment = local - stretch->offset;

        g_array_append_val (moments, moment);
      }
}

/* The first moment that reads as @local; else the first after the gap that it is in. */
static gint64
moment_of (GArray *stretches, gint64 local)
{
  for (guint i = 0; i < stretches->len; i++)
    {
      const Stretch *stretch = &g_array_index (stretches, Stretch, i);

      if (local < stretch->to + stretch->offset)
        return MAX (local, stretch->from + stretch->offset) - stretch->offset;
    }
  g_assert_not_reached ();
}

static int
compare_moments (gconstpointer a, gconstpointer b)
{
  const gint64 *x = a, *y = b;

  return (*x > *y) - (*x < *y);
}

/* Adds the moments of a local day. Those of two days may be out of order, where the clock is changed at midnight. */
static void
add_day (const RhCron *self, GTimeZone *zone, gint64 day, GArray *moments)
{
  g_autoptr (GArray) stretches = NULL;

  if (!fits_day (self, day))
    return;
  stretches = stretches_around (zone, day);
  for (guint i = 0; self->any[HOUR] && i < stretches->len; i++)
    add_rhythm (self, &g_array_index (stretches, Stretch, i), day, moments);
  for (guint minute = 0; !self->any[HOUR] && minute < MINUTES_A_DAY; minute++)
    if (fits_minute (self, minute))
      {
        gint64 moment = moment_of (stretches, day * DAY_S + minute * 60);

        g_array_append_val (moments, moment);
      }
}

/* The day that the local clock shows, or an earlier one. */
static gint64
day_of (gint64 at)
{
  return (at - OFFSET_MAX_S) / DAY_S - 2;
}

gint64
rh_cron_next (const RhCron *self, GTimeZone *zone, gint64 after)
{
  g_autoptr (GArray) moments = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 best = G_MAXINT64;
  gint64 last;

  g_return_val_if_fail (self != NULL && zone != NULL, G_MAXINT64);

  last = day_of (after) + DAYS_MAX;
  for (gint64 day = day_of (after); day <= last; day++)
    {
      g_array_set_size (moments, 0);
      add_day (self, zone, day, moments);
      for (guint i = 0; i < moments->len; i++)
        {
          gint64 moment = g_array_index (moments, gint64, i);

          if (moment > after && moment < best)
            {
              /* The next two days may yet have an earlier one. */
              last = best == G_MAXINT64 ? day + 2 : last;
              best = moment;
            }
        }
    }
  return best;
}

/* Sorted, each once. */
static void
tidy (GArray *moments)
{
  guint n = 0;

  g_array_sort (moments, compare_moments);
  for (guint i = 0; i < moments->len; i++)
    if (n == 0 || g_array_index (moments, gint64, i) != g_array_index (moments, gint64, n - 1))
      g_array_index (moments, gint64, n++) = g_array_index (moments, gint64, i);
  g_array_set_size (moments, n);
}

GArray *
rh_cron_between (const RhCron *self, GTimeZone *zone, gint64 after, gint64 until, guint n_most, guint *ret_n)
{
  g_autoptr (GArray) moments = g_array_new (FALSE, FALSE, sizeof (gint64));
  GArray *found = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_return_val_if_fail (self != NULL && zone != NULL && ret_n != NULL, found);

  for (gint64 day = day_of (after); after < until && day <= day_of (until) + 5; day++)
    add_day (self, zone, day, moments);
  tidy (moments);
  for (guint i = 0; i < moments->len; i++)
    if (g_array_index (moments, gint64, i) > after && g_array_index (moments, gint64, i) <= until)
      g_array_append_val (found, g_array_index (moments, gint64, i));
  *ret_n = found->len;
  if (found->len > n_most)
    g_array_remove_range (found, 0, found->len - n_most);
  return found;
}
