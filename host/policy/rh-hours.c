/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-hours.h"

#include "rh-zone.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define DAY_S 86400
#define WORKING_WEEK 0x1fu

static const char *const day_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static const char *const day_titles[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

struct _RhHours {
  GTimeZone *zone;
  guint days; /* a bit each, Monday first */
  gint64 from_s, to_s;
  GHashTable *holidays; /* set of gint64: midnight, on the zone's clocks */
  char *text;
};

static void
clear (gpointer data)
{
  RhHours *self = data;

  g_clear_pointer (&self->zone, g_time_zone_unref);
  g_clear_pointer (&self->holidays, g_hash_table_unref);
  g_free (self->text);
}

RhHours *
rh_hours_ref (RhHours *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
rh_hours_unref (RhHours *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/* The schema has seen to its form: "07:30". */
static gint64
clock_of (const char *text)
{
  return strlen (text) == 5 ? g_ascii_strtoll (text, NULL, 10) * 3600 + g_ascii_strtoll (text + 3, NULL, 10) * 60 : 0;
}

static guint
days_of (JsonArray *names)
{
  guint days = 0;

  for (guint i = 0; names != NULL && i < json_array_get_length (names); i++)
    for (guint d = 0; d < G_N_ELEMENTS (day_names); d++)
      if (g_strcmp0 (json_array_get_string_element (names, i), day_names[d]) == 0)
        days |= 1u << d;
  return days != 0 ? days : WORKING_WEEK;
}

static gboolean
add_holidays (RhHours *self, JsonArray *dates, const char *what, const char *pointer, GError **error)
{
  for (guint i = 0; dates != NULL && i < json_array_get_length (dates); i++)
    {
      const char *date = json_array_get_string_element (dates, i);
      g_autofree char *text = g_strconcat (date, "T00:00:00Z", NULL);
      g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);

      if (time == NULL)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "%s: %s/holidays/%u: expected a date such as 2026-12-25, found %s", what, pointer, i, date);
          return FALSE;
        }
      gint64 midnight_s = g_date_time_to_unix (time);
      g_hash_table_add (self->holidays, g_memdup2 (&midnight_s, sizeof midnight_s));
    }
  return TRUE;
}

static char *
describe (const RhHours *self, JsonObject *document)
{
  GString *text = g_string_new (NULL);
  const char *before = " on ";

  g_string_printf (text, "%s to %s (%s)", royal_json_string (document, "from", ""),
                   royal_json_string (document, "to", ""), royal_json_string (document, "time_zone", ""));
  for (guint d = 0; d < G_N_ELEMENTS (day_titles); d++)
    if (self->days & (1u << d))
      {
        g_string_append_printf (text, "%s%s", before, day_titles[d]);
        before = ", ";
      }
  return g_string_free (text, FALSE);
}

RhHours *
rh_hours_new (JsonObject *document, const char *what, const char *pointer, GError **error)
{
  g_return_val_if_fail (document != NULL && what != NULL && pointer != NULL, NULL);

  g_autofree char *place = g_strconcat (pointer, "/time_zone", NULL);
  g_autoptr (RhHours) self = g_atomic_rc_box_new0 (RhHours);

  self->holidays = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->days = days_of (royal_json_array (document, "days"));
  self->from_s = clock_of (royal_json_string (document, "from", ""));
  self->to_s = clock_of (royal_json_string (document, "to", ""));
  self->zone = rh_zone_new (royal_json_string (document, "time_zone", ""), what, place, error);
  if (self->zone == NULL || !add_holidays (self, royal_json_array (document, "holidays"), what, pointer, error))
    return NULL;
  if (self->from_s >= self->to_s)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s/to: expected a time after that of from", what,
                   pointer);
      return NULL;
    }
  self->text = describe (self, document);
  return g_steal_pointer (&self);
}

gint64
rh_hours_elapsed_s (const RhHours *self, gint64 at_s, gint64 working_s)
{
  gint64 left_s = working_s;
  gint64 local_s, day_s;

  g_return_val_if_fail (self != NULL, working_s);

  if (at_s <= 0)
    return working_s;
  local_s = rh_zone_local_s (self->zone, at_s);
  day_s = local_s - (local_s % DAY_S + DAY_S) % DAY_S;
  for (gint64 end_s = day_s + RH_HOURS_MAX_S; day_s < end_s; day_s += DAY_S)
    {
      gint64 from_s, to_s;

      if ((self->days & (1u << rh_zone_weekday (day_s))) == 0 || g_hash_table_contains (self->holidays, &day_s))
        continue;
      from_s = MAX (rh_zone_instant_s (self->zone, day_s + self->from_s), at_s);
      to_s = rh_zone_instant_s (self->zone, day_s + self->to_s);
      if (to_s - from_s >= left_s)
        return MIN (from_s + left_s - at_s, RH_HOURS_MAX_S);
      left_s -= MAX (to_s - from_s, 0);
    }
  return RH_HOURS_MAX_S;
}

const char *
rh_hours_text (const RhHours *self)
{
  return self->text;
}
