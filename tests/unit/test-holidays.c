/* SPDX-License-Identifier: Apache-2.0 */
/* Countries' calendars by the days that they were, and what a forecast makes of an Easter that moves. */
#include <fc-calendar.h>
#include <fc-holidays.h>
#include <fc-method.h>

#include <math.h>

#define WEEKS 156
#define H 26
#define START 14977 /* 2011-01-03, a Monday: the seven days before a Sunday are one week */
#define EPOCH_JULIAN 719163

static gint64
day_of (GDateYear year, GDateMonth month, GDateDay day)
{
  GDate date;

  g_date_clear (&date, 1);
  g_date_set_dmy (&date, day, month, year);
  return (gint64)g_date_get_julian (&date) - EPOCH_JULIAN;
}

static gsize
event_of (const FcCalendar *calendar, const char *name)
{
  for (gsize i = 0; i < fc_calendar_n_events (calendar); i++)
    if (g_str_equal (fc_calendar_event_name (calendar, i), name))
      return i;
  g_assert_not_reached ();
}

/* The seven days that end with each day are all of the event's; a week that starts a day later has six of them. */
static void
test_days (void)
{
  static const struct {
    const char *country, *event;
    GDateYear year;
    GDateMonth month;
    GDateDay day;
  } cases[] = {
    { "US", "easter", 1961, 4, 2 },
    { "US", "easter", 2000, 4, 23 },
    { "US", "easter", 2010, 4, 4 },
    { "US", "easter", 2011, 4, 24 },
    { "GB", "easter", 2024, 3, 31 },
    { "DE", "easter", 2038, 4, 25 },
    { "US", "before easter", 2011, 4, 17 },
    { "DE", "whitsun", 2025, 6, 8 },
    { "DE", "ascension", 2025, 5, 29 },
    { "DE", "carnival", 2024, 2, 13 },
    { "US", "thanksgiving", 2011, 11, 24 },
    { "US", "thanksgiving", 2012, 11, 22 },
    { "GB", "black friday", 2011, 11, 28 },
    { "US", "super bowl", 2012, 2, 5 },
    { "US", "labor day", 2014, 9, 1 },
    { "US", "memorial day", 2009, 5, 25 },
    { "US", "memorial day", 2010, 5, 31 },
    { "GB", "summer holiday", 2015, 8, 31 },
    { "GB", "early may", 2012, 5, 7 },
    { "US", "mother's day", 2011, 5, 8 },
    { "US", "independence day", 1969, 7, 4 },
    { "DE", "christmas", 2011, 12, 24 },
    { "DE", "before christmas", 2011, 12, 17 },
    { "US", "after christmas", 2011, 12, 31 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const FcCalendar *calendar = fc_calendar_find (cases[i].country);
      gsize event = event_of (calendar, cases[i].event);
      gint64 first = day_of (cases[i].year, cases[i].month, cases[i].day) - 6;

      g_test_message ("%s %s %u", cases[i].country, cases[i].event, cases[i].year);
      for (int off = -8; off <= 8; off++)
        g_assert_cmpfloat (fabs (fc_calendar_share (calendar, event, first + off) - MAX (7 - ABS (off), 0) / 7.0), <,
                           1e-12);
    }
}

static void
test_countries (void)
{
  const char *const *countries = fc_calendar_countries ();

  g_assert_cmpuint (g_strv_length ((char **)countries), ==, 3);
  for (gsize i = 0; countries[i] != NULL; i++)
    {
      const FcCalendar *calendar = fc_calendar_find (countries[i]);

      g_assert_cmpuint (fc_calendar_n_events (calendar), <=, FC_CALENDAR_EVENTS_MAX);
      g_assert_true (fc_calendar_moves (calendar, event_of (calendar, "easter")));
      g_assert_false (fc_calendar_moves (calendar, event_of (calendar, "christmas")));
      /* Whatever a start_day is. */
      g_assert_cmpfloat (fc_calendar_share (calendar, 0, G_MAXINT32), ==, 0);
      g_assert_cmpfloat (fc_calendar_share (calendar, 0, -G_MAXINT32), ==, 0);
    }
  g_assert_null (fc_calendar_find ("XX"));
  g_assert_null (fc_calendar_find (""));
  g_assert_null (fc_calendar_find (NULL));
}

/* Noise from a fixed recurrence, uniform, about a tenth of 1 wide. */
static double
noise (guint64 *state)
{
  *state = *state * G_GUINT64_CONSTANT (6364136223846793005) + G_GUINT64_CONSTANT (1442695040888963407);
  return ((double)(*state >> 11) / 9007199254740992.0 - 0.5) / 10;
}

/* Weeks of 1,000 that sell by @rise more at Easter. */
static void
make (double *y, double rise)
{
  const FcCalendar *calendar = fc_calendar_find ("US");
  gsize easter = event_of (calendar, "easter");
  guint64 state = 11;

  for (gsize i = 0; i < WEEKS; i++)
    y[i] = 1000 * (1 + rise * fc_calendar_share (calendar, easter, START + 7 * (gint64)i)) * (1 + noise (&state));
}

/* 2014 has Easter on April 20, in the 16th week after the end; it was on April 24, April 8 and March 31. */
static void
test_easter (void)
{
  static const char *const names[] = { "holt", "theta", "prophet", "sarima", "harmonic", "ensemble_best" };
  gint64 end = START + 7 * WEEKS;
  gsize at = (gsize)(day_of (2014, 4, 20) - end) / 7;
  double y[WEEKS];

  make (y, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const FcMethod *method = fc_method_find (names[i]);
      FcSeries series = { y, WEEKS, START };
      g_autoptr (FcForecast) with = fc_method_forecast (method, &series, fc_calendar_find ("US"), H, NULL, NULL);
      g_autoptr (FcForecast) without = fc_method_forecast (method, &series, NULL, H, NULL, NULL);

      g_test_message ("%s: %.0f in the week of Easter, %.0f without a calendar", names[i], with->mean[at],
                      without->mean[at]);
      g_assert_cmpfloat (with->mean[at], >, 1500);
      g_assert_cmpfloat (with->mean[at], <, 2300);
      g_assert_cmpfloat (without->mean[at], <, 1500);
      g_assert_cmpfloat (fabs (with->mean[at + 4] - 1000), <, 200);
    }
}

/* Chance is not taken for a holiday, a short history tells of none, and what is taken out comes back. */
static void
test_effects (void)
{
  const FcCalendar *calendar = fc_calendar_find ("US");
  gsize easter = event_of (calendar, "easter");
  double y[WEEKS];
  g_autofree double *without = NULL;
  g_autoptr (FcForecast) forecast = fc_forecast_new (1);
  FcSeries series = { y, WEEKS, START }, brief = { y, FC_HOLIDAYS_WEEKS_MIN - 1, START };
  FcHolidays holidays, moving, none;

  make (y, 0);
  fc_holidays_fit (&series, calendar, FALSE, &none);
  for (gsize i = 0; i < fc_calendar_n_events (calendar); i++)
    g_assert_cmpfloat (fabs (none.effects[i]), <, 0.05);
  make (y, 1);
  fc_holidays_fit (&brief, calendar, FALSE, &none);
  g_assert_cmpfloat (none.effects[easter], ==, 0);
  fc_holidays_fit (&series, calendar, FALSE, &holidays);
  fc_holidays_fit (&series, calendar, TRUE, &moving);
  g_assert_cmpfloat (holidays.effects[easter], >, 0.5 * log (2));
  g_assert_cmpfloat (holidays.effects[easter], <, 1.1 * log (2));
  g_assert_cmpfloat (moving.effects[event_of (calendar, "christmas")], ==, 0);
  without = fc_holidays_remove (&holidays, &series);
  forecast->mean[0] = without[16];
  forecast->sd[0] = 1;
  fc_holidays_put_back (&holidays, 16, forecast);
  g_assert_cmpfloat (fabs (forecast->mean[0] - y[16]), <, 1e-9);
  /* Units below zero are not of a product: what stands out is a summand. */
  y[3] = -5;
  fc_holidays_fit (&series, calendar, FALSE, &holidays);
  g_assert_false (holidays.log);
  g_assert_cmpfloat (holidays.effects[easter], >=, 0);
  g_assert_cmpfloat (holidays.effects[easter], <=, 1100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/holidays/days", test_days);
  g_test_add_func ("/holidays/countries", test_countries);
  g_test_add_func ("/holidays/easter", test_easter);
  g_test_add_func ("/holidays/effects", test_effects);
  return g_test_run ();
}
