/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-calendar.h"

#define EPOCH_JULIAN 719163 /* the proleptic day number of 1970-01-01, as GDate counts */
#define DAYS 7

typedef enum {
  RULE_DATE,   /* month, day */
  RULE_NTH,    /* the n-th of a weekday in a month, below zero from its end */
  RULE_EASTER, /* Easter Sunday, of the Gregorian calendar */
} Rule;

/* Seven days, the last of which is @offset days after the holiday. */
typedef struct {
  const char *name;
  Rule rule;
  int month, day, weekday; /* @day is n where the weekday is counted; weekdays from Monday, 1 */
  int offset;
} Event;

struct _FcCalendar {
  const char *country;
  gsize n_events;
  const Event *events;
};

#define CHRISTMAS                                                                                                      \
  { "christmas", RULE_DATE, 12, 24, 0, 0 }, { "before christmas", RULE_DATE, 12, 24, 0, -7 },                          \
  {                                                                                                                    \
    "after christmas", RULE_DATE, 12, 24, 0, 7                                                                         \
  }
#define EASTER                                                                                                         \
  { "easter", RULE_EASTER, 0, 0, 0, 0 },                                                                               \
  {                                                                                                                    \
    "before easter", RULE_EASTER, 0, 0, 0, -7                                                                          \
  }
#define BLACK_FRIDAY                                                                                                   \
  {                                                                                                                    \
    "black friday", RULE_NTH, 11, 4, 4, 4                                                                              \
  }

static const Event events_us[] = {
  { "super bowl", RULE_NTH, 2, 1, 7, 0 },
  { "valentine", RULE_DATE, 2, 14, 0, 0 },
  EASTER,
  { "mother's day", RULE_NTH, 5, 2, 7, 0 },
  { "memorial day", RULE_NTH, 5, -1, 1, 0 },
  { "independence day", RULE_DATE, 7, 4, 0, 0 },
  { "labor day", RULE_NTH, 9, 1, 1, 0 },
  { "halloween", RULE_DATE, 10, 31, 0, 0 },
  { "thanksgiving", RULE_NTH, 11, 4, 4, 0 },
  BLACK_FRIDAY,
  CHRISTMAS,
};

static const Event events_gb[] = {
  { "valentine", RULE_DATE, 2, 14, 0, 0 },
  EASTER,
  { "early may", RULE_NTH, 5, 1, 1, 0 },
  { "spring holiday", RULE_NTH, 5, -1, 1, 0 },
  { "summer holiday", RULE_NTH, 8, -1, 1, 0 },
  { "halloween", RULE_DATE, 10, 31, 0, 0 },
  BLACK_FRIDAY,
  CHRISTMAS,
};

static const Event events_de[] = {
  { "valentine", RULE_DATE, 2, 14, 0, 0 },
  { "carnival", RULE_EASTER, 0, 0, 0, -47 },
  EASTER,
  { "mother's day", RULE_NTH, 5, 2, 7, 0 },
  { "ascension", RULE_EASTER, 0, 0, 0, 39 },
  { "whitsun", RULE_EASTER, 0, 0, 0, 49 },
  BLACK_FRIDAY,
  CHRISTMAS,
};

static const FcCalendar calendars[] = {
  { "US", G_N_ELEMENTS (events_us), events_us },
  { "GB", G_N_ELEMENTS (events_gb), events_gb },
  { "DE", G_N_ELEMENTS (events_de), events_de },
};

static const char *const countries[] = { "US", "GB", "DE", NULL };

G_STATIC_ASSERT (G_N_ELEMENTS (events_us) <= FC_CALENDAR_EVENTS_MAX);
G_STATIC_ASSERT (G_N_ELEMENTS (events_gb) <= FC_CALENDAR_EVENTS_MAX);
G_STATIC_ASSERT (G_N_ELEMENTS (events_de) <= FC_CALENDAR_EVENTS_MAX);
G_STATIC_ASSERT (G_N_ELEMENTS (calendars) + 1 == G_N_ELEMENTS (countries));

const FcCalendar *
fc_calendar_find (const char *country)
{
  for (gsize i = 0; i < G_N_ELEMENTS (calendars); i++)
    if (g_strcmp0 (country, calendars[i].country) == 0)
      return &calendars[i];
  return NULL;
}

const char *const *
fc_calendar_countries (void)
{
  return countries;
}

gsize
fc_calendar_n_events (const FcCalendar *self)
{
  return self->n_events;
}

const char *
fc_calendar_event_name (const FcCalendar *self, gsize event)
{
  g_return_val_if_fail (event < self->n_events, NULL);

  return self->events[event].name;
}

gboolean
fc_calendar_moves (const FcCalendar *self, gsize event)
{
  g_return_val_if_fail (event < self->n_events, FALSE);

  return self->events[event].rule == RULE_EASTER;
}

static gint64
day_of (int year, int month, int day)
{
  GDate date;

  g_date_clear (&date, 1);
  g_date_set_dmy (&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
  return (gint64)g_date_get_julian (&date) - EPOCH_JULIAN;
}

/* 1970-01-01 was a Thursday, the fourth day. */
static int
weekday_of (gint64 day)
{
  return (int)(((day + 3) % DAYS + DAYS) % DAYS) + 1;
}

/* As Meeus has it, Astronomical Algorithms, chapter 8: exact for every year of the Gregorian calendar. */
static gint64
easter_of (int year)
{
  int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
  int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
  int m = (a + 11 * h + 22 * l) / 451, n = h + l - 7 * m + 114;

  return day_of (year, n / 31, n % 31 + 1);
}

static gint64
nth_of (int year, const Event *event)
{
  gint64 first = day_of (year, event->month, 1);
  gint64 day = first + (event->weekday - weekday_of (first) + DAYS) % DAYS;

  if (event->day > 0)
    return day + DAYS * (gint64)(event->day - 1);
  /* The fifth one, where the month has it. */
  day += DAYS * 4;
  return day < first + g_date_get_days_in_month ((GDateMonth)event->month, (GDateYear)year) ? day : day - DAYS;
}

static gint64
last_day (const Event *event, int year)
{
  switch (event->rule)
    {
    case RULE_DATE:
      return day_of (year, event->month, event->day) + event->offset;
    case RULE_NTH:
      return nth_of (year, event) + event->offset;
    case RULE_EASTER:
      return easter_of (year) + event->offset;
    default:
      g_assert_not_reached ();
    }
}

static int
year_of (gint64 day)
{
  GDate date;

  g_date_clear (&date, 1);
  g_date_set_julian (&date, (guint32)(day + EPOCH_JULIAN));
  return (int)g_date_get_year (&date);
}

double
fc_calendar_share (const FcCalendar *self, gsize event, gint64 day)
{
  int year;
  gint64 most = 0;

  g_return_val_if_fail (event < self->n_events, 0);

  /* No one plans for other centuries; GDate counts from the year 1. */
  if (ABS (day) > 365 * 400)
    return 0;
  year = year_of (day);
  for (int i = -1; i <= 1; i++)
    {
      gint64 last = last_day (&self->events[event], year + i);

      most = MAX (most, MIN (last, day + DAYS - 1) - MAX (last - DAYS + 1, day) + 1);
    }
  return (double)most / DAYS;
}
