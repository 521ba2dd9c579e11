/* SPDX-License-Identifier: Apache-2.0 */
/* The methods on made-up series with known answers, and on everything that could break one. */
#include <fc-clean.h>
#include <fc-deseason.h>
#include <fc-echo.h>
#include <fc-ensemble.h>
#include <fc-error.h>
#include <fc-hindcast.h>
#include <fc-holt.h>
#include <fc-interval.h>
#include <fc-method.h>
#include <fc-naive.h>
#include <fc-score.h>
#include <fc-theta.h>

#include <math.h>
#include <string.h>

#define WEEKS 156
#define H 13

/* Noise from a fixed recurrence, about N(0, 1). */
static double
noise (guint64 *state)
{
  double sum = 0;

  for (guint i = 0; i < 12; i++)
    {
      *state = *state * G_GUINT64_CONSTANT (6364136223846793005) + G_GUINT64_CONSTANT (1442695040888963407);
      sum += (double)(*state >> 11) / 9007199254740992.0;
    }
  return sum - 6;
}

static double
season_at (gsize week)
{
  double angle = 2 * G_PI * (double)week / FC_DESEASON_PERIOD;

  return exp (0.3 * sin (angle) + 0.15 * cos (2 * angle));
}

static void
make_seasonal (double *y, gsize n, double spread)
{
  guint64 state = 42;

  for (gsize i = 0; i < n; i++)
    y[i] = (1000 + 2 * (double)i) * season_at (i) * exp (spread * noise (&state));
}

static FcForecast *
run (const char *name, const double *y, gsize n, gsize h)
{
  FcSeries series = { y, n, 14976 };
  g_autoptr (GError) error = NULL;
  FcForecast *forecast = fc_method_forecast (fc_method_find (name), &series, NULL, h, NULL, &error);

  g_assert_no_error (error);
  return forecast;
}

static void
test_naive (void)
{
  double y[60];
  g_autoptr (FcForecast) last = NULL, year = NULL, short_year = NULL;

  for (gsize i = 0; i < 60; i++)
    y[i] = (double)i + (i % 2 == 0 ? 0 : 10);
  last = run ("naive", y, 60, 3);
  year = run ("seasonal_naive", y, 60, 55);
  short_year = run ("seasonal_naive", y, 20, 3);
  g_assert_cmpfloat (last->mean[2], ==, 69);
  g_assert_cmpfloat (fabs (last->sd[1] / last->sd[0] - sqrt (2)), <, 1e-12);
  g_assert_cmpfloat (fabs (year->mean[0] - 8), <, 1e-9);
  g_assert_cmpfloat (fabs (year->mean[52] - 8), <, 1e-9);
  g_assert_cmpfloat (fabs (year->sd[52] / year->sd[51] - sqrt (2)), <, 1e-12);
  g_assert_cmpfloat (short_year->mean[0], ==, 29);
}

/* A line is what Theta extrapolates exactly; a fading one is what the damped trend does. */
static void
test_lines (void)
{
  double line[40], fading[40], trend = 10, level = 100;
  g_autoptr (FcForecast) theta = NULL, holt = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < 40; i++)
    {
      line[i] = 100 + 3 * (double)i;
      trend *= 0.9;
      level += trend;
      fading[i] = level;
    }
  theta = fc_theta_forecast (&(FcSeries){ line, 40, 0 }, 8, &error);
  g_assert_no_error (error);
  holt = fc_holt_forecast (&(FcSeries){ fading, 40, 0 }, FC_HOLT_DAMPED, 8, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < 8; i++)
    {
      trend *= 0.9;
      level += trend;
      g_assert_cmpfloat (fabs (theta->mean[i] - (220 + 3 * (double)i)), <, 1.5);
      g_assert_cmpfloat (fabs (holt->mean[i] - level), <, 1e-3);
    }
}

/* The smoothed level of a short series, worked out by hand for a smoothing that is known: with α → 0 the mean. */
static void
test_ses (void)
{
  static const double y[] = { 3, 5, 3, 5, 3, 5, 3, 5, 3, 5, 3, 5 };
  g_autoptr (FcForecast) forecast = fc_holt_forecast (&(FcSeries){ y, 12, 0 }, FC_HOLT_LEVEL, 2, NULL);

  g_assert_cmpfloat (fabs (forecast->mean[0] - 4), <, 0.02);
  g_assert_cmpfloat (forecast->mean[0], ==, forecast->mean[1]);
}

static void
test_deseason (void)
{
  double y[WEEKS], flat[WEEKS];
  guint64 state = 5;
  g_autofree double *without = NULL;
  FcDeseason season, none, brief;

  make_seasonal (y, WEEKS, 0.01);
  for (gsize i = 0; i < WEEKS; i++)
    flat[i] = 100 * exp (0.1 * noise (&state));
  fc_deseason_fit (&(FcSeries){ y, WEEKS, 0 }, &season);
  fc_deseason_fit (&(FcSeries){ flat, WEEKS, 0 }, &none);
  fc_deseason_fit (&(FcSeries){ y, FC_DESEASON_WEEKS_MIN - 1, 0 }, &brief);
  without = fc_deseason_remove (&season, &(FcSeries){ y, WEEKS, 0 });
  g_assert_cmpuint (season.pairs, >=, 2);
  g_assert_true (season.log);
  for (gsize i = 0; i < WEEKS; i++)
    g_assert_cmpfloat (fabs (log (without[i] / (1000 + 2 * (double)i))), <, 0.06);
  g_assert_cmpfloat (fabs (fc_deseason_at (&season, WEEKS + 9) / season_at (WEEKS + 9) - 1), <, 0.03);
  g_assert_cmpuint (none.pairs, ==, 0);
  g_assert_cmpuint (brief.pairs, ==, 0);
  for (gsize i = 0; i < FC_YEAR_WEEKS; i++) /* what other models suggest has next to no weight */
    g_assert_cmpfloat (fabs (fc_deseason_at (&none, i) - 1), <, 0.02);
  g_assert_cmpfloat (fc_deseason_at (&brief, 5), ==, 0); /* added */
  y[17] = 0;                                             /* no logarithm: the season adds */
  fc_deseason_fit (&(FcSeries){ y, WEEKS, 0 }, &season);
  g_assert_false (season.log);
}

static void
test_seasonal (void)
{
  static const char *const names[] = { "holt", "theta", "ensemble_best" };
  double y[WEEKS + H];

  make_seasonal (y, WEEKS + H, 0.02);
  for (gsize k = 0; k < G_N_ELEMENTS (names); k++)
    {
      g_autoptr (FcForecast) forecast = run (names[k], y, WEEKS, H);
      FcScore score = fc_score (&(FcSeries){ y, WEEKS, 0 }, y + WEEKS, forecast);

      g_test_message ("%s: smape %.4f", names[k], score.smape);
      g_assert_cmpfloat (score.smape, <, 0.05);
    }
}

static void
test_score (void)
{
  static const double history[] = { 1, 3, 2, 4 }, actual[] = { 5, 0, NAN, 10 };
  g_autoptr (FcForecast) forecast = fc_forecast_new (4);
  FcScore score, naive = { 0.1, 0.5, 2, NAN, 0.1 };
  FcScoreSum sum = { { 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0 } };

  forecast->mean[0] = 4;
  forecast->mean[1] = 1;
  forecast->mean[2] = 7;
  forecast->mean[3] = 10;
  score = fc_score (&(FcSeries){ history, 4, 0 }, actual, forecast);
  g_assert_cmpfloat (fabs (score.mape - 0.1), <, 1e-12); /* (1/5 + 0) / 2 */
  g_assert_cmpfloat (fabs (score.smape - (2.0 / 9 + 2 + 0) / 3), <, 1e-12);
  g_assert_cmpfloat (fabs (score.mase - (2.0 / 3) / (5.0 / 3)), <, 1e-12);
  g_assert_cmpfloat (score.total, ==, 0);
  g_assert_true (isnan (score.mase52));
  fc_score_sum_add (&sum, &score);
  fc_score_sum_add (&sum, &naive);
  g_assert_cmpfloat (fabs (fc_score_sum_mean (&sum).mape - 0.1), <, 1e-12);
  g_assert_true (isnan (fc_score_sum_mean (&sum).mase52));
  g_assert_cmpfloat (fabs (fc_score_owa (&(FcScore){ 0, 0.4, 1, 0, 0 }, &naive) - 0.65), <, 1e-12);
}

static void
test_hindcast (void)
{
  double y[WEEKS];
  FcHindcastPlan plan = { H, 4, 4, 78, NULL };
  FcSeries series = { y, WEEKS, 0 };
  g_autoptr (FcHindcast) naive = NULL, best = NULL, none = NULL;
  g_autoptr (GError) error = NULL;

  make_seasonal (y, WEEKS, 0.03);
  naive = fc_hindcast_new (fc_method_find ("naive"), &series, &plan, &error);
  g_assert_no_error (error);
  best = fc_hindcast_new (fc_method_find ("ensemble_best"), &series, &plan, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (naive->owa, ==, 1);
  g_assert_cmpfloat (best->owa, <, 0.75);
  g_assert_cmpfloat (best->score.mape, <, 0.1);
  g_assert_cmpuint (best->n_ratios, ==, 6 * 7 / 2); /* of the last week, the last two, … */
  series.n = 102;
  none = fc_hindcast_new (fc_method_find ("naive"), &series, &plan, &error);
  g_assert_null (none);
  g_assert_error (error, FC_ERROR, FC_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, "the series has 102 weeks; a hindcast from 4 origins needs at least 103");
}

static void
test_interval (void)
{
  double ratios[100], wide[] = { 1000 };

  for (guint i = 0; i < 100; i++)
    ratios[i] = (double)(100 - i) / 50;
  g_assert_cmpfloat (fabs (fc_interval_width (ratios, 100, 0.8, 1.3) - (1.62 + 1.3) / 2), <, 1e-12);
  g_assert_cmpfloat (fc_interval_width (NULL, 0, 0.8, 1.3), ==, 1.3);
  g_assert_cmpfloat (fc_interval_width (wide, 1, 0.95, 2), <, 2.1);
}

static void
test_clean (void)
{
  double y[WEEKS];
  g_autoptr (FcClean) clean = NULL, holiday = NULL;
  g_autoptr (GError) error = NULL;

  make_seasonal (y, WEEKS, 0.02);
  y[0] = NAN;
  y[1] = 0;
  y[60] = NAN;
  for (gsize i = 100; i < 108; i++)
    y[i] = NAN;
  y[120] *= 10;
  clean = fc_clean_new (&(FcSeries){ y, WEEKS, 700 }, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (clean->leading, ==, 2);
  g_assert_cmpint (clean->start_day, ==, 714);
  g_assert_cmpuint (clean->n, ==, WEEKS - 2);
  g_assert_cmpuint (clean->missing, ==, 9);
  g_assert_cmpuint (clean->outliers, ==, 1);
  g_assert_cmpfloat (clean->y[58], ==, (y[59] + y[61]) / 2);
  g_assert_cmpfloat (clean->y[118], <, 2 * y[119]);
  for (gsize i = 100; i < 108; i++)
    g_assert_cmpfloat (fabs (clean->y[i - 2] / ((1000 + 2 * (double)i) * season_at (i)) - 1), <, 0.15);
  make_seasonal (y, WEEKS, 0.02);
  y[40] *= 4;
  y[92] *= 4;
  y[145] *= 4; /* Christmas, and once a week later */
  holiday = fc_clean_new (&(FcSeries){ y, WEEKS, 0 }, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (holiday->outliers, ==, 0);
}

static void
test_refusals (void)
{
  static const double none[] = { NAN, NAN }, endless[] = { 1, -INFINITY, 2 }, fine[] = { 1, 2 };
  static const struct {
    FcSeries series;
    gsize h;
    const char *message;
  } cases[] = {
    { { fine, 0, 0 }, 3, "none of the series' 0 weeks has a value; at least 1 was expected" },
    { { none, 2, 0 }, 3, "none of the series' 2 weeks has a value; at least 1 was expected" },
    { { endless, 3, 0 }, 3, "week 2 is -inf; within ±1e+15 was expected" },
    { { fine, 2, 0 }, 0, "a forecast of 0 weeks was asked for; 1 to 260 were expected" },
    { { fine, 2, 0 }, 261, "a forecast of 261 weeks was asked for; 1 to 260 were expected" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (FcForecast) forecast =
          fc_method_forecast (fc_method_find ("naive"), &cases[i].series, NULL, cases[i].h, NULL, &error);

      g_assert_null (forecast);
      g_assert_error (error, FC_ERROR, FC_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
  g_assert_null (fc_method_find ("magic"));
}

/* Every kind of bad week in turn. */
static double
bad_week (guint kind, gsize i, guint64 *state)
{
  double usual = 100 + 10 * noise (state);

  switch (kind)
    {
    case 0:
      return 7; /* constant */
    case 1:
      return 0; /* all zero */
    case 2:
      return i % 7 < 3 ? NAN : usual; /* missing weeks */
    case 3:
      return i < 80 ? usual : 5 * usual; /* level shift */
    case 4:
      return i == 90 ? 10 * usual : usual; /* outlier */
    case 5:
      return 300 - 2 * (double)i; /* negative trend, below zero */
    case 6:
      return usual * 1e12; /* large */
    case 7:
      return usual * 1e-300; /* tiny */
    case 8:
      return i % 9 == 0 ? 3 : 0; /* intermittent */
    case 9:
      return i == 5 ? 1e15 : 1e-15; /* both */
    case 10:
      return i + 1 == WEEKS ? 1 : 0; /* just launched */
    case 11:
      return i > 120 ? NAN : usual; /* ended long ago */
    case 12:
      return i % 2 == 0 ? 1e15 : -1e15; /* back and forth */
    case 13:
      return -usual; /* returns only */
    default:
      return 100 + 40 * sin ((double)i / 8.3); /* no noise */
    }
}

static void
check_forecast (const FcMethod *method, const double *y, gsize n, gsize h, const char *country)
{
  FcSeries series = { y, n, 14976 };
  const FcCalendar *calendar = fc_calendar_find (country);
  g_autoptr (GError) error = NULL;
  g_autoptr (FcForecast) forecast = fc_method_forecast (method, &series, calendar, h, NULL, &error);
  g_autoptr (FcForecast) again = fc_method_forecast (method, &series, calendar, h, NULL, NULL);

  if (forecast == NULL)
    {
      g_assert_error (error, FC_ERROR, FC_ERROR_INVALID);
      g_assert_null (again);
      return;
    }
  for (gsize i = 0; i < h; i++)
    {
      g_assert_true (isfinite (forecast->mean[i]) && isfinite (forecast->sd[i]));
      g_assert_cmpfloat (forecast->sd[i], >=, 0);
      g_assert_cmpfloat (fabs (forecast->mean[i]), <, 1e17);
      g_assert_cmpfloat (forecast->mean[i], ==, again->mean[i]);
    }
}

static void
test_degenerate (void)
{
  static const gsize lengths[] = { 1, 2, 3, 5, 9, 14, 19, 30, 52, 53, 78, 79, 104, 105, WEEKS };
  gsize n_methods;
  const FcMethod *methods = fc_method_list (&n_methods);
  double y[WEEKS];

  for (guint kind = 0; kind < 15; kind++)
    {
      guint64 state = kind;

      for (gsize i = 0; i < WEEKS; i++)
        y[i] = bad_week (kind, i, &state);
      for (gsize k = 0; k < n_methods * G_N_ELEMENTS (lengths); k++)
        {
          const FcMethod *method = &methods[k / G_N_ELEMENTS (lengths)];
          gsize n = lengths[k % G_N_ELEMENTS (lengths)];

          check_forecast (method, y, n, 26, NULL);
          if (method->members == NULL)
            check_forecast (method, y, n, 26, "US");
        }
    }
}

/* Seven years of weeks from Mondays, of which 2009 and 2015 have 53: what sells twice as much is the week with the
 * 25th of December, which is 52 weeks after the last one, or 53. Half of what is more than usual comes back in it or in
 * the week beside it, whatever a year has. */
static void
test_long_years (void)
{
  enum {
    START = 14249,     /* 2009-01-05 */
    CHRISTMAS = 14603, /* 2009-12-25 */
    KNOWN = 338,
    LONG = 52
  };
  static const char *const names[] = { "holt",         "theta",   "sarima",
                                       "harmonic",     "prophet", "ensemble_prophet_arima",
                                       "ensemble_best" };
  double y[KNOWN];
  guint64 state = 3;

  for (gsize i = 0; i < KNOWN; i++)
    y[i] = 1000 + 30 * noise (&state);
  for (guint year = 0; year < 6; year++)
    y[(CHRISTMAS - START + year * 365 + (year + 1) / 4) / 7] *= 2;
  for (gsize k = 0; k < G_N_ELEMENTS (names); k++)
    {
      g_autoptr (FcForecast) forecast =
          fc_method_forecast (fc_method_find (names[k]), &(FcSeries){ y, KNOWN, START }, NULL, LONG, NULL, NULL);
      gsize at = (CHRISTMAS - START + 6 * 365 + 1) / 7 - KNOWN, best = 0;
      double sum = 0;

      for (gsize i = 0; i < LONG; i++)
        {
          best = forecast->mean[i] > forecast->mean[best] ? i : best;
          sum += forecast->mean[i];
        }
      g_test_message ("%s: most in week %" G_GSIZE_FORMAT ", %.0f; %" G_GSIZE_FORMAT " was to be; %.0f in all",
                      names[k], best, forecast->mean[best], at, sum);
      g_assert_cmpfloat (forecast->mean[best], >, 1250);
      g_assert_cmpuint (best + 1, >=, at);
      g_assert_cmpuint (best, <=, at + 1);
      g_assert_cmpfloat (fabs (sum - 53000), <, 5000);
    }
}

static void
test_goes_on (void)
{
  double y[WEEKS];
  g_autoptr (FcClean) clean = NULL;
  g_autoptr (FcForecast) zero = NULL, shifted = NULL, rate = NULL;
  guint64 state = 9;

  memset (y, 0, sizeof y);
  zero = run ("ensemble_best", y, WEEKS, H);
  g_assert_cmpfloat (zero->mean[H - 1], ==, 0);
  g_assert_cmpfloat (zero->sd[H - 1], ==, 0);
  for (gsize i = 0; i < WEEKS; i++)
    y[i] = bad_week (3, i, &state);
  shifted = run ("ensemble_best", y, WEEKS, H);
  g_assert_cmpfloat (fabs (shifted->mean[0] - 500), <, 100);
  for (gsize i = 0; i < WEEKS; i++)
    y[i] = bad_week (8, i, &state);
  rate = fc_method_forecast (fc_method_find ("ensemble_best"), &(FcSeries){ y, WEEKS, 0 }, NULL, H, &clean, NULL);
  g_assert_cmpint (clean->demand, ==, FC_DEMAND_INTERMITTENT);
  g_assert_cmpfloat (fabs (rate->mean[0] - 1.0 / 3), <, 0.2);
}

/* A week that sells half as much again every year is no wave: it comes back nearly whole, and what was chance does not.
 */
static void
test_echo (void)
{
  double x[WEEKS], y[WEEKS];
  guint64 state = 7;
  g_autoptr (FcEcho) chance = NULL, holiday = NULL, brief = NULL;

  for (gsize i = 0; i < WEEKS; i++)
    x[i] = 0.05 * noise (&state);
  chance = fc_echo_new (x, WEEKS);
  brief = fc_echo_new (x, 77);
  for (gsize i = 6; i < WEEKS; i += FC_ECHO_YEAR_WEEKS)
    x[i] += 0.4;
  holiday = fc_echo_new (x, WEEKS);
  g_assert_cmpfloat (chance->share, <, 0.2);
  g_assert_cmpfloat (fc_echo_at (brief, 80), ==, 0);
  g_assert_cmpfloat (holiday->share, >, 0.4);
  g_assert_cmpfloat (fc_echo_at (holiday, WEEKS + 6), >, 0.15);
  g_assert_cmpfloat (fabs (fc_echo_at (holiday, WEEKS + 7)), <, 0.1);
  /* Two years ahead it is still the last year that returns; the first year's weeks have what came of them. */
  g_assert_cmpfloat (fc_echo_at (holiday, WEEKS + 6 + 52), ==, fc_echo_at (holiday, WEEKS + 6));
  g_assert_cmpfloat (fc_echo_at (holiday, 6), ==, holiday->share * holiday->standing[58]);

  make_seasonal (y, WEEKS, 0.03);
  for (gsize i = 6; i < WEEKS; i += FC_ECHO_YEAR_WEEKS)
    y[i] *= 1.5;
  for (guint k = 0; k < 2; k++)
    {
      g_autoptr (FcForecast) forecast = run (k == 0 ? "holt" : "theta", y, WEEKS, H);
      double usual = (forecast->mean[4] + forecast->mean[8]) / 2;

      g_assert_cmpfloat (forecast->mean[6], >, 1.3 * usual);
      g_assert_cmpfloat (forecast->mean[6], <, 1.7 * usual);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecast/naive", test_naive);
  g_test_add_func ("/forecast/lines", test_lines);
  g_test_add_func ("/forecast/ses", test_ses);
  g_test_add_func ("/forecast/deseason", test_deseason);
  g_test_add_func ("/forecast/seasonal", test_seasonal);
  g_test_add_func ("/forecast/echo", test_echo);
  g_test_add_func ("/forecast/score", test_score);
  g_test_add_func ("/forecast/hindcast", test_hindcast);
  g_test_add_func ("/forecast/interval", test_interval);
  g_test_add_func ("/forecast/clean", test_clean);
  g_test_add_func ("/forecast/refusals", test_refusals);
  g_test_add_func ("/forecast/degenerate", test_degenerate);
  g_test_add_func ("/forecast/long-years", test_long_years);
  g_test_add_func ("/forecast/goes-on", test_goes_on);
  return g_test_run ();
}
