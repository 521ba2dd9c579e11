/* SPDX-License-Identifier: Apache-2.0 */
/* Histories that are not what a model expects, each with what a person would expect of its forecast. */
#include <fc-error.h>
#include <fc-method.h>
#include <fc-shift.h>

#include <math.h>

#define WEEKS 156
#define H 13
#define MONDAY 14977 /* 2011-01-03 */
#define SEEDS 5
#define SPREAD 0.05

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
  double angle = 2 * G_PI * (double)week / 52.1775;

  return 1000 * exp (0.3 * sin (angle) + 0.15 * cos (2 * angle));
}

/* What becomes of the @usual units of a week. */
typedef double (*Bend) (gsize week, double usual);

static double
as_usual (gsize week, double usual)
{
  return usual;
}

static double
huge (gsize week, double usual)
{
  return usual * 1e11;
}

static double
few_missing (gsize week, double usual)
{
  return week == 20 || week == 60 || week == 61 || week == 130 || week == WEEKS - 2 ? NAN : usual;
}

static double
year_missing (gsize week, double usual)
{
  return week >= 52 && week < 104 ? NAN : usual;
}

static double
twice_since_middle (gsize week, double usual)
{
  return week < 78 ? usual : 2 * usual;
}

static double
half_since_middle (gsize week, double usual)
{
  return week < 78 ? usual : usual / 2;
}

static double
twice_since_a_year (gsize week, double usual)
{
  return week < 104 ? usual : 2 * usual;
}

static double
half_since_a_year (gsize week, double usual)
{
  return week < 104 ? usual : usual / 2;
}

static double
twice_of_late (gsize week, double usual)
{
  return week < 130 ? usual : 2 * usual;
}

static double
half_of_late (gsize week, double usual)
{
  return week < 130 ? usual : usual / 2;
}

static double
outlier_within (gsize week, double usual)
{
  return week == 90 ? 10 * usual : usual;
}

static double
outlier_last (gsize week, double usual)
{
  return week == WEEKS - 1 ? 10 * usual : usual;
}

static double
outlier_before_last (gsize week, double usual)
{
  return week == WEEKS - 2 ? 10 * usual : usual;
}

static double
falls_by_half (gsize week, double usual)
{
  return usual * (1 - (double)week / (2 * WEEKS));
}

static double
falls_to_nothing (gsize week, double usual)
{
  return week < WEEKS ? round (usual * (1 - (double)week / WEEKS)) : 0;
}

/**
 * Case:
 * @n: weeks known, the last ones
 * @level: what the weeks ahead would sell, in times of the usual; NAN where that cannot be told
 * @within: how near to it both ensembles are, as a share: what a few years' noise of 5 % a week leaves, and the season
 * more where there are few years
 */
typedef struct {
  const char *name;
  Bend bend;
  gsize n;
  double level;
  double within;
  gsize missing;
  gsize outliers;
  double shift;
} Case;

static const Case cases[] = {
  { "as usual", as_usual, WEEKS, 1, 0.05, 0, 0, 1 },
  { "huge", huge, WEEKS, 1e11, 0.05, 0, 0, 1 },
  { "two years", as_usual, 104, 1, 0.15, 0, 0, 1 },
  { "one season only", as_usual, 52, 1, 0.3, 0, 0, 1 },
  { "a few weeks are missing", few_missing, WEEKS, 1, 0.05, 5, 0, 1 },
  { "a year is missing", year_missing, WEEKS, 1, 0.05, 52, 0, 1 },
  { "twice as much since the middle", twice_since_middle, WEEKS, 2, 0.06, 0, 0, 2 },
  { "half as much since the middle", half_since_middle, WEEKS, 0.5, 0.06, 0, 0, 0.5 },
  { "twice as much since a year ago", twice_since_a_year, WEEKS, 2, 0.06, 0, 0, 2 },
  { "half as much since a year ago", half_since_a_year, WEEKS, 0.5, 0.06, 0, 0, 0.5 },
  { "twice as much since half a year", twice_of_late, WEEKS, 2, 0.08, 0, 0, 2 },
  { "half as much since half a year", half_of_late, WEEKS, 0.5, 0.08, 0, 0, 0.5 },
  { "ten times as much in one week", outlier_within, WEEKS, 1, 0.05, 0, 1, 1 },
  { "ten times as much in the last week", outlier_last, WEEKS, 1, 0.05, 0, 1, 1 },
  { "ten times as much in the last week but one", outlier_before_last, WEEKS, 1, 0.05, 0, 1, 1 },
  { "falls by half", falls_by_half, WEEKS, 0.48, 0.12, 0, 0, 1 },
  { "falls to nothing", falls_to_nothing, WEEKS, NAN, 0, 0, 0, 1 },
};

/* The weeks, and H more as they would come. */
static void
make_weeks (const Case *c, guint64 seed, double *y)
{
  guint64 state = seed * 977;

  for (gsize i = 0; i < WEEKS + H; i++)
    y[i] = c->bend (i, season_at (i) * exp (SPREAD * noise (&state)));
}

static double
sum (const double *y, gsize n)
{
  double total = 0;

  for (gsize i = 0; i < n; i++)
    total += y[i];
  return total;
}

/* Finite, not below zero, intervals one in the other. */
static void
check_sound (const FcMethod *method, const FcForecast *forecast)
{
  for (gsize i = 0; i < forecast->h; i++)
    {
      g_assert_true (isfinite (forecast->mean[i]) && isfinite (forecast->sd[i]));
      g_assert_cmpfloat (forecast->mean[i], >=, 0);
      g_assert_cmpfloat (forecast->sd[i], >=, 0);
    }
  g_assert_cmpfloat (method->width80, >, 0);
  g_assert_cmpfloat (method->width95, >, method->width80);
}

static void
check_clean (const Case *c, const FcClean *clean)
{
  g_assert_cmpuint (clean->missing, ==, c->missing);
  g_assert_cmpuint (clean->outliers, ==, c->outliers);
  g_assert_cmpfloat (fabs (log (clean->shift.factor / c->shift)), <, c->shift == 1 ? 1e-12 : 0.06);
  g_assert_true ((clean->shift.week > 0) == (c->shift != 1));
}

static double
total_of (const FcMethod *method, const Case *c, const double *y, gboolean check)
{
  FcSeries series = { y + WEEKS - c->n, c->n, MONDAY + 7 * (WEEKS - (gint64)c->n) };
  g_autoptr (FcClean) clean = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (FcForecast) forecast = fc_method_forecast (method, &series, NULL, H, &clean, &error);

  g_assert_no_error (error);
  check_sound (method, forecast);
  if (check)
    check_clean (c, clean);
  return sum (forecast->mean, H);
}

static void
test_shapes (gconstpointer data)
{
  const Case *c = data;
  gsize n_methods;
  const FcMethod *methods = fc_method_list (&n_methods);

  for (guint64 seed = 1; seed <= SEEDS; seed++)
    {
      double y[WEEKS + H];

      make_weeks (c, seed, y);
      for (gsize k = 0; k < n_methods; k++)
        {
          double total = total_of (&methods[k], c, y, TRUE), wanted = 0;

          for (gsize i = 0; i < H; i++)
            wanted += c->level * season_at (WEEKS + i);
          g_test_message ("%s: %.3f of what is to come", methods[k].name, total / wanted);
          if (methods[k].members != NULL && isfinite (c->level))
            g_assert_cmpfloat (fabs (total / wanted - 1), <, c->within);
        }
    }
}

/* One week of ten times as much moves no season's forecast by more than 2 %, wherever it is. */
static void
test_outlier (void)
{
  static const Bend bends[] = { outlier_within, outlier_last, outlier_before_last };
  gsize n_methods;
  const FcMethod *methods = fc_method_list (&n_methods);

  for (gsize k = 0; k < G_N_ELEMENTS (bends) * n_methods; k++)
    {
      const FcMethod *method = &methods[k % n_methods];
      Case with = { "", bends[k / n_methods], WEEKS, NAN, 0, 0, 1, 1 };
      double y[WEEKS + H], usual, moved;

      if (method->members == NULL)
        continue;
      make_weeks (&cases[0], 1, y);
      usual = total_of (method, &cases[0], y, FALSE);
      make_weeks (&with, 1, y);
      moved = total_of (method, &with, y, FALSE);
      g_test_message ("%s: %.4f", method->name, moved / usual);
      g_assert_cmpfloat (fabs (moved / usual - 1), <, 0.02);
    }
}

/* No method makes a rise of a fall: less than in the same weeks of the year before. */
static void
test_fall (void)
{
  static const Bend bends[] = { falls_by_half, falls_to_nothing };
  gsize n_methods;
  const FcMethod *methods = fc_method_list (&n_methods);

  for (gsize k = 0; k < G_N_ELEMENTS (bends) * n_methods; k++)
    {
      const FcMethod *method = &methods[k % n_methods];
      Case fall = { "", bends[k / n_methods], WEEKS, NAN, 0, 0, 0, 1 };
      double y[WEEKS + H], total, before;

      make_weeks (&fall, 1, y);
      total = total_of (method, &fall, y, FALSE);
      before = sum (y + WEEKS - 52, H);
      g_test_message ("%s: %.0f after %.0f", method->name, total, before);
      g_assert_cmpfloat (total, <=,
                         g_str_equal (method->name, "seasonal_naive") ? before * (1 + 1e-12) : 0.95 * before);
    }
}

/* Where there is nothing to learn, what is known goes on. */
static void
test_still (void)
{
  static const struct {
    const char *name;
    double week;
    gsize n;
    FcDemand demand;
  } still[] = {
    { "nothing ever", 0, WEEKS, FC_DEMAND_ZERO },
    { "always the same", 70, WEEKS, FC_DEMAND_CONSTANT },
    { "one week", 42, 1, FC_DEMAND_CONSTANT },
    { "one week of nothing", 0, 1, FC_DEMAND_ZERO },
    { "the most there may be", 1e15, WEEKS, FC_DEMAND_CONSTANT },
  };
  gsize n_methods;
  const FcMethod *methods = fc_method_list (&n_methods);
  double y[WEEKS];

  for (gsize k = 0; k < G_N_ELEMENTS (still) * n_methods; k++)
    {
      const FcMethod *method = &methods[k % n_methods];
      g_autoptr (FcClean) clean = NULL;
      g_autoptr (FcForecast) forecast = NULL;
      gsize i = k / n_methods;

      for (gsize j = 0; j < WEEKS; j++)
        y[j] = still[i].week;
      forecast = fc_method_forecast (method, &(FcSeries){ y, still[i].n, MONDAY }, NULL, H, &clean, NULL);
      g_test_message ("%s: %s", method->name, still[i].name);
      check_sound (method, forecast);
      g_assert_cmpint (clean->demand, ==, still[i].demand);
      g_assert_cmpfloat (forecast->mean[0], ==, still[i].week);
      g_assert_cmpfloat (forecast->mean[H - 1], ==, still[i].week);
      g_assert_cmpfloat (forecast->sd[H - 1], ==, 0);
    }
}

/* A step without noise, of which nothing but rounding is left once it is found. */
static void
test_step (void)
{
  gsize n_methods;
  const FcMethod *methods = fc_method_list (&n_methods);
  double y[WEEKS];

  for (gsize i = 0; i < WEEKS; i++)
    y[i] = i < 110 ? 1000 : 3000;
  for (gsize k = 0; k < n_methods; k++)
    {
      g_autoptr (FcClean) clean = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (FcForecast) forecast =
          fc_method_forecast (&methods[k], &(FcSeries){ y, WEEKS, MONDAY }, NULL, H, &clean, &error);

      g_assert_no_error (error);
      check_sound (&methods[k], forecast);
      g_assert_cmpuint (clean->shift.week, ==, 110);
      g_assert_cmpfloat (fabs (sum (forecast->mean, H) / (H * 3000) - 1), <, 1e-3);
    }
}

/* What wanders has neither a level that it left, nor a last week that it will come back from. */
static void
test_wanders (void)
{
  const FcMethod *method = fc_method_find ("ensemble_best");

  for (guint seed = 1; seed <= SEEDS; seed++)
    {
      g_autoptr (FcClean) clean = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (FcForecast) forecast = NULL;
      guint64 state = seed;
      double y[WEEKS], x = log (1000);

      for (gsize i = 0; i < WEEKS; i++)
        {
          x += 0.02 * noise (&state) + (i == 110 || i == WEEKS - 1 ? 0.5 : 0);
          y[i] = exp (x);
        }
      forecast = fc_method_forecast (method, &(FcSeries){ y, WEEKS, MONDAY }, NULL, H, &clean, &error);
      g_assert_no_error (error);
      check_sound (method, forecast);
      g_assert_cmpuint (clean->shift.week, ==, 0);
      g_assert_cmpfloat (clean->y[WEEKS - 1], ==, y[WEEKS - 1]);
    }
}

/* Three units in every ninth week are a third of a unit a week. */
static void
test_seldom (void)
{
  gsize n_methods;
  const FcMethod *methods = fc_method_list (&n_methods);
  double y[WEEKS];

  for (gsize i = 0; i < WEEKS; i++)
    y[i] = i % 9 == 0 ? 3 : 0;
  for (gsize k = 0; k < n_methods; k++)
    {
      g_autoptr (FcClean) clean = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (FcForecast) forecast =
          fc_method_forecast (&methods[k], &(FcSeries){ y, WEEKS, MONDAY }, NULL, H, &clean, &error);

      g_assert_no_error (error);
      check_sound (&methods[k], forecast);
      g_assert_cmpint (clean->demand, ==, FC_DEMAND_INTERMITTENT);
      g_test_message ("%s: %.3f", methods[k].name, sum (forecast->mean, H));
      if (methods[k].smooth)
        g_assert_cmpfloat (fabs (sum (forecast->mean, H) - H / 3.0), <, H / 6.0);
    }
}

/* Nothing sells for most of the year, each year: the season that begins after the last week is the one before it once
 * more. */
static void
test_in_season (void)
{
  gsize n_methods;
  const FcMethod *methods = fc_method_list (&n_methods);
  double y[3 * 52];

  for (gsize i = 0; i < G_N_ELEMENTS (y); i++)
    y[i] = i % 52 < 12 ? 500 + 10.0 * (double)(i % 52) : 0;
  for (gsize k = 0; k < n_methods; k++)
    {
      g_autoptr (FcClean) clean = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (FcForecast) forecast =
          fc_method_forecast (&methods[k], &(FcSeries){ y, G_N_ELEMENTS (y), MONDAY }, NULL, 12, &clean, &error);

      g_assert_no_error (error);
      check_sound (&methods[k], forecast);
      g_assert_cmpint (clean->demand, ==, FC_DEMAND_INTERMITTENT);
      g_test_message ("%s: %.3f", methods[k].name, sum (forecast->mean, 12));
      if (methods[k].smooth)
        g_assert_cmpfloat (sum (forecast->mean, 12), ==, 6660);
    }
}

/* With nothing known every method says so. */
static void
test_none (void)
{
  static const double missing[] = { NAN, NAN, NAN };
  gsize n_methods;
  const FcMethod *methods = fc_method_list (&n_methods);

  for (gsize k = 0; k < 2 * n_methods; k++)
    {
      gsize n = k < n_methods ? 0 : G_N_ELEMENTS (missing);
      g_autofree char *message =
          g_strdup_printf ("none of the series' %" G_GSIZE_FORMAT " weeks has a value; at least 1 was expected", n);
      g_autoptr (GError) error = NULL;

      g_assert_null (
          fc_method_forecast (&methods[k % n_methods], &(FcSeries){ missing, n, MONDAY }, NULL, H, NULL, &error));
      g_assert_error (error, FC_ERROR, FC_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, message);
    }
}

/* What is a shift, where, and what is none. */
static void
test_shift (void)
{
  static const struct {
    const char *name;
    gsize from, to; /* the weeks that are moved */
    double factor;
    double growth; /* in a year */
    gsize week;    /* 0: no shift */
  } moves[] = {
    { "a step up", 104, WEEKS, 2, 1, 104 },         { "a step down", 110, WEEKS, 0.4, 1, 110 },
    { "half a year ago", 130, WEEKS, 1.5, 1, 130 }, { "in the first year", 30, WEEKS, 3, 1, 30 },
    { "with growth", 100, WEEKS, 2, 1.1, 100 },     { "too little of it", WEEKS - 8, WEEKS, 2, 1, 0 },
    { "a step of a tenth", 104, WEEKS, 1.1, 1, 0 }, { "growth alone", 0, 0, 1, 1.8, 0 },
    { "a year that was better", 52, 104, 2, 1, 0 }, { "none", 0, 0, 1, 1, 0 },
  };

  for (gsize k = 0; k < G_N_ELEMENTS (moves) * SEEDS; k++)
    {
      gsize m = k / SEEDS;
      guint64 state = 1 + k % SEEDS;
      double y[WEEKS];
      FcShift shift;

      for (gsize i = 0; i < WEEKS; i++)
        y[i] = season_at (i) * pow (moves[m].growth, (double)i / 52) * exp (SPREAD * noise (&state)) *
               (i >= moves[m].from && i < moves[m].to ? moves[m].factor : 1);
      shift = fc_shift_find (y, WEEKS);
      g_test_message ("%s: week %" G_GSIZE_FORMAT ", %.2f", moves[m].name, shift.week, shift.factor);
      g_assert_cmpuint (shift.week > 0, ==, moves[m].week > 0);
      if (moves[m].week > 0)
        {
          g_assert_cmpuint (ABS ((gssize)shift.week - (gssize)moves[m].week), <=, 1);
          g_assert_cmpfloat (fabs (log (shift.factor / moves[m].factor)), <, 0.08);
        }
      y[3] = 0;
      g_assert_cmpfloat (fc_shift_find (y, WEEKS).factor, ==, 1);
    }
  g_assert_cmpuint (fc_shift_find (NULL, 0).week, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdelimit (g_strconcat ("/degenerate/shapes/", cases[i].name, NULL), " ", '-');

      g_test_add_data_func (path, &cases[i], test_shapes);
    }
  g_test_add_func ("/degenerate/outlier", test_outlier);
  g_test_add_func ("/degenerate/fall", test_fall);
  g_test_add_func ("/degenerate/still", test_still);
  g_test_add_func ("/degenerate/step", test_step);
  g_test_add_func ("/degenerate/wanders", test_wanders);
  g_test_add_func ("/degenerate/seldom", test_seldom);
  g_test_add_func ("/degenerate/in-season", test_in_season);
  g_test_add_func ("/degenerate/none", test_none);
  g_test_add_func ("/degenerate/shift", test_shift);
  return g_test_run ();
}
