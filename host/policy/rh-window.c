/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-window.h"

#include "rh-zone.h"
#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define DAY_S 86400
#define EVERY_DAY 0x7f
#define STEPS_MAX 400

static const char *const day_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static const char *const day_titles[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

struct _RhWindow {
  RhWindowKind kind;
  GTimeZone *zone;
  guint days; /* of quiet hours: a bit each, Monday first */
  gint64 from_s;
  gint64 to_s; /* of quiet hours: on the day's clock; of a freeze: since the epoch */
  RhDecision decision;
  char *text;
};

void
rh_window_free (RhWindow *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->zone, g_time_zone_unref);
  g_free (self->text);
  g_free (self);
}

/* The schema has seen to its form: "07:30". */
static gint64
clock_of (const char *text)
{
  return strlen (text) == 5 ? g_ascii_strtoll (text, NULL, 10) * 3600 + g_ascii_strtoll (text + 3, NULL, 10) * 60 : 0;
}

static void
add_days (RhWindow *self, JsonArray *days)
{
  for (guint i = 0; days != NULL && i < json_array_get_length (days); i++)
    for (guint d = 0; d < G_N_ELEMENTS (day_names); d++)
      if (g_strcmp0 (json_array_get_string_element (days, i), day_names[d]) == 0)
        self->days |= 1u << d;
  if (self->days == 0)
    self->days = EVERY_DAY;
}

static char *
days_text (guint days)
{
  GString *text = g_string_new (days == EVERY_DAY ? "" : " on ");
  gboolean first = TRUE;

  for (guint d = 0; days != EVERY_DAY && d < G_N_ELEMENTS (day_titles); d++)
    if (days & (1u << d))
      {
        g_string_append_printf (text, "%s%s", first ? "" : ", ", day_titles[d]);
        first = FALSE;
      }
  return g_string_free (text, FALSE);
}

static void
init_quiet_hours (RhWindow *self, JsonObject *document)
{
  const char *from = royal_json_string (document, "from", "");
  const char *to = royal_json_string (document, "to", "");
  g_autofree char *days = NULL;

  add_days (self, royal_json_array (document, "days"));
  self->from_s = clock_of (from);
  self->to_s = clock_of (to);
  days = days_text (self->days);
  self->text =
      g_strdup_printf ("between %s and %s (%s)%s", from, to, royal_json_string (document, "time_zone", ""), days);
}

/* (transfer full): whole, of what people may leave out. */
static char *
with_seconds (const char *text)
{
  if (strchr (text, 'T') == NULL)
    return g_strconcat (text, "T00:00:00", NULL);
  if (strlen (text) >= 16 && text[16] != ':')
    return g_strdup_printf ("%.16s:00%s", text, text + 16);
  return g_strdup (text);
}

/* A date, a local time, or one with its own offset from UTC. */
static gboolean
parse_instant (const RhWindow *self,
               JsonObject *document,
               const char *member,
               const char *what,
               const char *pointer,
               gint64 *ret_s,
               GError **error)
{
  const char *given = royal_json_string (document, member, "");
  g_autofree char *text = with_seconds (given);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, self->zone);

  if (time != NULL)
    *ret_s = g_date_time_to_unix (time);
  else
    g_set_error (
        error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
        "%s: %s/%s: expected a time such as 2026-11-27T00:00:00Z, or a date or a time beside a time_zone, found %s",
        what, pointer, member, given);
  return time != NULL;
}

static gboolean
init_freeze (RhWindow *self, JsonObject *document, const char *what, const char *pointer, GError **error)
{
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;

  if (!parse_instant (self, document, "from", what, pointer, &self->from_s, error) ||
      !parse_instant (self, document, "to", what, pointer, &self->to_s, error))
    return FALSE;
  if (self->from_s >= self->to_s)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: %s/to: expected a time after that of from", what,
                   pointer);
      return FALSE;
    }
  if (self->zone == NULL)
    self->zone = g_time_zone_new_utc ();
  from = rh_zone_text (self->zone, self->from_s);
  to = rh_zone_text (self->zone, self->to_s);
  self->text = g_strdup_printf ("from %s until %s", from, to);
  return TRUE;
}

RhWindow *
rh_window_new (RhWindowKind kind, JsonObject *document, const char *what, const char *pointer, GError **error)
{
  g_autofree char *place = NULL;
  const char *name;
  RhWindow *self;

  g_return_val_if_fail (document != NULL && what != NULL && pointer != NULL, NULL);

  place = g_strconcat (pointer, "/time_zone", NULL);
  name = royal_json_string (document, "time_zone", NULL);
  self = g_new0 (RhWindow, 1);
  self->kind = kind;
  self->decision = rh_decision_from_name (royal_json_string (document, "decision", ""));
  self->zone = name != NULL ? rh_zone_new (name, what, place, error) : NULL;
  if ((name != NULL && self->zone == NULL) ||
      (kind == RH_WINDOW_FREEZE && !init_freeze (self, document, what, pointer, error)))
    {
      rh_window_free (self);
      return NULL;
    }
  if (kind == RH_WINDOW_QUIET_HOURS)
    init_quiet_hours (self, document);
  return self;
}

RhDecision
rh_window_decision (const RhWindow *self)
{
  return self->decision;
}

static gboolean
in_quiet_hours (const RhWindow *self, gint64 at_s)
{
  gint64 local_s = rh_zone_local_s (self->zone, at_s);
  gint64 clock_s = (local_s % DAY_S + DAY_S) % DAY_S;
  guint today = rh_zone_weekday (local_s);
  guint yesterday = (today + 6) % 7;

  if (self->from_s < self->to_s)
    return (self->days & (1u << today)) != 0 && clock_s >= self->from_s && clock_s < self->to_s;
  return ((self->days & (1u << today)) != 0 && clock_s >= self->from_s) ||
         ((self->days & (1u << yesterday)) != 0 && clock_s < self->to_s);
}

gboolean
rh_window_in_force (const RhWindow *self, gint64 at_s)
{
  if (at_s <= 0)
    return TRUE;
  if (self->kind == RH_WINDOW_FREEZE)
    return at_s >= self->from_s && at_s < self->to_s;
  return in_quiet_hours (self, at_s);
}

/* Quiet hours may follow each other without a gap, so their ends are tried one after the other. */
gint64
rh_window_end_s (const RhWindow *self, gint64 at_s)
{
  gint64 then_s = at_s;

  if (!rh_window_in_force (self, at_s))
    return at_s;
  if (self->kind == RH_WINDOW_FREEZE)
    return self->to_s;
  for (guint i = 0; i < STEPS_MAX; i++)
    {
      gint64 local_s = rh_zone_local_s (self->zone, then_s);
      gint64 day_s = local_s - (local_s % DAY_S + DAY_S) % DAY_S;
      gint64 end_s = day_s + self->to_s;

      then_s = MAX (rh_zone_instant_s (self->zone, end_s > local_s ? end_s : end_s + DAY_S), then_s + 1);
      if (!rh_window_in_force (self, then_s))
        return then_s;
    }
  return 0;
}

const char *
rh_window_text (const RhWindow *self)
{
  return self->text;
}

char *
rh_window_instant_text (const RhWindow *self, gint64 at_s)
{
  return rh_zone_text (self->zone, at_s);
}
