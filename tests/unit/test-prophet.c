/* SPDX-License-Identifier: Apache-2.0 */
#include <fc-error.h>
#include <fc-prophet.h>

#include <math.h>
#include <string.h>

#define WEEKS 156u
#define START_DAY 18000 /* 2019-04-14 */
#define ROWS (WEEKS + 60u)

/* Noise in [-0.5, 0.5) that R draws the same way. */
static double
noise (guint *state)
{
  *state = (*state * 1103 + 12345) % 65536;
  return *state / 65536.0 - 0.5;
}

static double
year (guint week, double waves)
{
  return 2 * G_PI * waves * (START_DAY + 7.0 * week) / 365.25;
}

/* A line with a yearly wave upon it. */
static void
draw_line (double *y)
{
  guint state = 1;

  for (guint t = 0; t < WEEKS; t++)
    y[t] = nearbyint (1000 + 4 * t + 200 * sin (year (t, 1)) + 100 * noise (&state));
}

/* A slope that begins in week 80, times a wave; four weeks are missing. */
static void
draw_bend (double *y)
{
  static const guint missing[] = { 19, 20, 59, 99 };
  guint state = 2;

  for (guint t = 0; t < WEEKS; t++)
    y[t] = nearbyint ((500 + (t > 80 ? 10 * (t - 80.0) : 0)) * (1 + 0.3 * sin (year (t, 1)) + 0.1 * cos (year (t, 2))) +
                      60 * noise (&state));
  for (guint i = 0; i < G_N_ELEMENTS (missing); i++)
    y[missing[i]] = NAN;
}

/* 80 weeks that fall: too few for a season. */
static void
draw_short (double *y)
{
  guint state = 3;

  for (guint t = 0; t < 80; t++)
    y[t] = nearbyint (300 - 1.5 * t + 20 * noise (&state));
}

static void
draw_regressors (double *column)
{
  for (guint t = 0; t < ROWS; t++)
    {
      column[t] = t % 17 == 5;
      column[ROWS + t] = 10 + (t * 7) % 13;
    }
}

static void
draw_driven (double *y)
{
  double column[2 * ROWS];

  draw_line (y);
  draw_regressors (column);
  for (guint t = 0; t < WEEKS; t++)
    y[t] = nearbyint (y[t] * (1 + 0.3 * column[t]) * (1 - 0.02 * (column[ROWS + t] - 16)));
}

/* What R's prophet 1.0 finds: the objective of Stan's optimum, and forecasts with their simulated spread (4,000 draws),
 * some weeks ahead. */
typedef struct {
  const char *name;
  void (*draw) (double *y);
  guint weeks;
  gboolean additive;
  gboolean driven;
  double objective;
  struct {
    guint ahead;
    double mean;
    double sd; /* 0: not simulated */
  } at[4];
} Peer;

static const Peer peers[] = {
  { "line",
    draw_line,
    WEEKS,
    FALSE,
    FALSE,
    578.92269070637,
    { { 1, 1858.2, 26.14 }, { 13, 1668.3, 25.97 }, { 26, 1445.4, 27.10 }, { 52, 2070.7, 40.20 } } },
  { "line, additive",
    draw_line,
    WEEKS,
    TRUE,
    FALSE,
    594.929046465594,
    { { 1, 1830.7, 24.63 }, { 13, 1690.7, 24.63 }, { 26, 1526.2, 24.58 }, { 52, 2048.2, 24.82 } } },
  { "bend",
    draw_bend,
    WEEKS,
    FALSE,
    FALSE,
    605.027020790684,
    { { 1, 1503.8, 14.99 }, { 13, 1492.8, 16.45 }, { 26, 908.0, 18.26 }, { 52, 2141.8, 63.02 } } },
  { "bend, additive",
    draw_bend,
    WEEKS,
    TRUE,
    FALSE,
    458.419239139323,
    { { 1, 1558.2, 29.99 }, { 13, 1715.0, 35.43 }, { 26, 1580.8, 60.25 }, { 52, 2457.5, 148.73 } } },
  { "short",
    draw_short,
    80,
    FALSE,
    FALSE,
    278.871188313345,
    { { 1, 178.4, 5.62 }, { 13, 160.1, 5.63 }, { 26, 140.3, 5.61 }, { 52, 100.6, 5.52 } } },
  { "driven", draw_driven, WEEKS, FALSE, TRUE, 567.6956290979, { { 1, 2057.255, 0 }, { 13, 1670.032, 0 } } },
  { "driven, additive", draw_driven, WEEKS, TRUE, TRUE, 569.5731643204, { { 1, 1979.949, 0 }, { 13, 1681.369, 0 } } },
};

static FcProphet *
fit_peer (const Peer *peer, double *y)
{
  FcProphetOptions options = FC_PROPHET_DEFAULTS;
  FcSeries series = { y, peer->weeks, START_DAY };
  g_autoptr (GError) error = NULL;
  double columns[2 * ROWS];
  FcProphet *fit;

  peer->draw (y);
  draw_regressors (columns);
  options.additive = peer->additive;
  if (peer->driven)
    {
      options.regressors = columns;
      options.n_regressors = 2;
      options.n_rows = ROWS;
    }
  fit = fc_prophet_fit (&series, &options, &error);
  g_assert_no_error (error);
  return fit;
}

/* No worse than Stan by more than 10^-3, and better by no more than its early stop explains. */
static void
test_peers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      double y[WEEKS];
      g_autoptr (FcProphet) fit = fit_peer (&peers[i], y);
      g_autoptr (FcForecast) forecast = fc_prophet_forecast (fit, 52);

      g_test_message ("%s: %.6f, Stan's %.6f, %u steps", peers[i].name, fc_prophet_objective (fit), peers[i].objective,
                      fc_prophet_get_iterations (fit));
      g_assert_cmpfloat (fc_prophet_objective (fit), >=, peers[i].objective - 1e-3);
      g_assert_cmpfloat (fc_prophet_objective (fit), <=, peers[i].objective + 5);
      for (guint j = 0; j < G_N_ELEMENTS (peers[i].at) && peers[i].at[j].ahead > 0; j++)
        {
          double mean = forecast->mean[peers[i].at[j].ahead - 1];
          double sd = forecast->sd[peers[i].at[j].ahead - 1];

          g_test_message ("  %u weeks ahead: %.1f ± %.2f, R's %.1f ± %.2f", peers[i].at[j].ahead, mean, sd,
                          peers[i].at[j].mean, peers[i].at[j].sd);
          g_assert_cmpfloat_with_epsilon (mean, peers[i].at[j].mean, 0.03 * peers[i].at[j].mean);
          if (peers[i].at[j].sd > 0)
            g_assert_cmpfloat_with_epsilon (sd, peers[i].at[j].sd, 0.1 * peers[i].at[j].sd);
        }
    }
}

/* The objective is what its comment says, and the fit is at its top: no step of any parameter leads higher. */
static void
test_objective (void)
{
  double y[WEEKS];
  g_autoptr (FcProphet) fit = fit_peer (&peers[0], y);
  double beta[20] = { 0 };
  double delta[25] = { 0 };
  double expected = -(double)WEEKS * log (0.3) - 2 * 0.3 * 0.3 - 0.2 * 0.2 / 50 - 0.7 * 0.7 / 50;
  double scale = 1848; /* the largest */

  g_assert_cmpuint (fc_prophet_get_n_changes (fit), ==, 25);
  g_assert_cmpuint (fc_prophet_get_n_columns (fit), ==, 20);
  beta[0] = 0.1;
  delta[24] = -0.4; /* the last, at week 123 (0.8 × 156 = 124 weeks) */
  expected -= 0.1 * 0.1 / 200 + 0.4 / 0.05;
  for (guint t = 0; t < WEEKS; t++)
    {
      double trend = 0.7 + 0.2 * t / 155.0 - (t > 123 ? 0.4 * (t - 123) / 155.0 : 0);
      double residual = y[t] / scale - trend * (1 + 0.1 * sin (year (t, 1)));

      expected -= residual * residual / (2 * 0.3 * 0.3);
    }
  g_assert_cmpfloat_with_epsilon (fc_prophet_objective_at (fit, 0.2, 0.7, delta, beta, 0.3), expected, 1e-9);
  g_assert_cmpfloat (fc_prophet_objective (fit), >, expected);
}

/* Where the changes are: halves to the even neighbour. */
static void
test_changes (void)
{
  double y[WEEKS];
  FcProphetOptions options = FC_PROPHET_DEFAULTS;
  FcSeries series = { y, 58, START_DAY };
  g_autoptr (FcProphet) short_fit = NULL;
  g_autoptr (FcProphet) bend = fit_peer (&peers[2], y);
  static const guint expected[] = { 4, 9, 14, 18, 22, 27, 32, 36, 40, 45 };
  double up = 0;

  for (gsize i = 0; i < fc_prophet_get_n_changes (bend); i++)
    {
      FcProphetChange change = fc_prophet_get_change (bend, i);

      g_assert_false (isnan (y[change.week]));
      up += change.week > 70 && change.week < 90 ? change.slope_change : 0;
    }
  g_assert_cmpfloat (up, >, 5); /* of the 10 a week that begin at week 80 */

  draw_line (y);
  options.n_changepoints = 10; /* 4.5, 9, 13.5, … */
  short_fit = fc_prophet_fit (&series, &options, NULL);
  g_assert_nonnull (short_fit);
  g_assert_cmpuint (fc_prophet_get_n_changes (short_fit), ==, 10);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (fc_prophet_get_change (short_fit, i).week, ==, expected[i]);
}

/* The parts explain the whole, and the wave is where it was put. */
static void
test_parts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      double y[WEEKS];
      g_autoptr (FcProphet) fit = fit_peer (&peers[i], y);
      g_autoptr (FcForecast) forecast = fc_prophet_forecast (fit, 20);

      for (guint t = 0; t < peers[i].weeks + 20; t++)
        {
          double trend = fc_prophet_get_trend (fit, t);
          double rest = fc_prophet_get_season (fit, t) + fc_prophet_get_regressors (fit, t);
          double whole = peers[i].additive ? trend + rest : trend * (1 + rest);

          g_assert_cmpfloat_with_epsilon (fc_prophet_get_fitted (fit, t), whole, 1e-6);
          if (t >= peers[i].weeks)
            g_assert_cmpfloat_with_epsilon (forecast->mean[t - peers[i].weeks], whole, 1e-6);
        }
    }
}

typedef struct {
  const char *name;
  guint weeks;
  double (*value) (guint week);
  double low; /* between which the next 26 weeks must be */
  double high;
} Odd;

static double
odd_constant (guint week)
{
  return 40;
}

static double
odd_zero (guint week)
{
  return 0;
}

static double
odd_shift (guint week)
{
  return week < 100 ? 100 + week % 3 : 300 + week % 3;
}

static double
odd_outlier (guint week)
{
  return week == 70 ? 1000 : 100 + week % 5;
}

static double
odd_fall (guint week)
{
  return 1000 - 6 * (double)week + week % 7;
}

static double
odd_exact (guint week)
{
  return 10 + 2 * (double)week;
}

static double
odd_gaps (guint week)
{
  return week % 2 == 0 || (week > 50 && week < 70) ? NAN : 100 + 10 * sin (year (week, 1));
}

static double
odd_ends (guint week)
{
  return week < 10 || week > 140 ? NAN : 100 + week % 4;
}

static double
odd_rare (guint week)
{
  return week % 13 == 4 ? 7 : 0;
}

static double
odd_negative (guint week)
{
  return -100 - (double)(week % 6);
}

static double
odd_sparse (guint week)
{
  return week % 12 == 0 ? 100 + week % 5 : NAN;
}

static double
odd_huge (guint week)
{
  return 9e14 + 1e13 * (week % 5);
}

static double
odd_tiny (guint week)
{
  return 1e-300 * (1 + week % 5);
}

static const Odd odds[] = {
  { "constant", WEEKS, odd_constant, 40, 40 },
  { "all zero", WEEKS, odd_zero, 0, 0 },
  { "level shift", WEEKS, odd_shift, 200, 600 },
  { "10 times outlier", WEEKS, odd_outlier, 0, 300 },
  { "negative trend", WEEKS, odd_fall, -200, 100 },
  { "an exact line", WEEKS, odd_exact, 310, 385 },
  { "missing weeks", WEEKS, odd_gaps, 80, 120 },
  { "missing ends", WEEKS, odd_ends, 90, 115 },
  { "intermittent", WEEKS, odd_rare, -10, 20 },
  { "below zero", WEEKS, odd_negative, -120, -90 },
  { "one week in twelve", WEEKS, odd_sparse, 90, 115 },
  { "one season", 52, odd_shift, 90, 110 },
  { "the shortest", FC_PROPHET_WEEKS_MIN, odd_shift, 90, 110 },
  { "near the largest", WEEKS, odd_huge, 7e14, 1.2e15 },
  { "near nothing", WEEKS, odd_tiny, 0, 1e-299 },
};

static void
test_odd (void)
{
  for (guint i = 0; i < 2 * G_N_ELEMENTS (odds); i++)
    {
      const Odd *odd = &odds[i / 2];
      FcProphetOptions options = FC_PROPHET_DEFAULTS;
      double y[WEEKS];
      FcSeries series = { y, odd->weeks, START_DAY };
      g_autoptr (GError) error = NULL;
      g_autoptr (FcProphet) fit = NULL;
      g_autoptr (FcForecast) forecast = NULL;

      options.additive = i % 2 == 1;
      for (guint t = 0; t < odd->weeks; t++)
        y[t] = odd->value (t);
      fit = fc_prophet_fit (&series, &options, &error);
      g_assert_no_error (error);
      forecast = fc_prophet_forecast (fit, 26);
      g_test_message ("%s: %g to %g ± %g, %u steps", odd->name, forecast->mean[0], forecast->mean[25], forecast->sd[25],
                      fc_prophet_get_iterations (fit));
      for (guint h = 0; h < 26; h++)
        {
          g_assert_cmpfloat (forecast->mean[h], >=, odd->low);
          g_assert_cmpfloat (forecast->mean[h], <=, odd->high);
          g_assert_cmpfloat (forecast->sd[h], >=, 0);
          g_assert_true (isfinite (forecast->sd[h]));
        }
      g_assert_true (isfinite (fc_prophet_objective (fit)));
    }
}

/* Whatever comes is fitted or refused; a fit's figures are numbers. */
static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);

  for (guint i = 0; i < 300; i++)
    {
      FcProphetOptions options = FC_PROPHET_DEFAULTS;
      guint weeks = (guint)g_rand_int_range (rand, 0, WEEKS);
      double gaps = g_rand_double_range (rand, -0.5, 1);
      double y[WEEKS];
      double regressors[WEEKS + 8];
      FcSeries series = { y, weeks, g_rand_int_range (rand, -100000, 100000) };
      g_autoptr (GError) error = NULL;
      g_autoptr (FcProphet) fit = NULL;
      g_autoptr (FcForecast) forecast = NULL;

      for (guint t = 0; t < WEEKS; t++)
        y[t] = g_rand_double (rand) < gaps ? NAN : pow (10, g_rand_double_range (rand, -9, 9)) * (i % 3 == 0 ? -1 : 1);
      for (guint t = 0; t < WEEKS + 8; t++)
        regressors[t] = i % 5 == 0 ? 0 : g_rand_double_range (rand, -1e6, 1e6);
      options.n_changepoints = (gsize)g_rand_int_range (rand, 0, 60);
      options.additive = i % 2 == 0;
      options.yearly_order = i % 4 == 0 ? g_rand_int_range (rand, 0, FC_PROPHET_ORDER_MAX + 1) : FC_PROPHET_YEARLY_AUTO;
      options.regressors = regressors;
      options.n_regressors = i % 2;
      options.n_rows = weeks + 8;
      fit = fc_prophet_fit (&series, &options, &error);
      g_assert_true ((fit == NULL) == (error != NULL));
      if (fit == NULL)
        {
          g_assert_error (error, FC_ERROR, FC_ERROR_INVALID);
          continue;
        }
      forecast = fc_prophet_forecast (fit, 8);
      for (guint h = 0; h < 8; h++)
        g_assert_true (isfinite (forecast->mean[h]) && isfinite (forecast->sd[h]) && forecast->sd[h] >= 0);
    }
}

static void
refused (const FcSeries *series, const FcProphetOptions *options, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FcProphet) fit = fc_prophet_fit (series, options, &error);

  g_assert_null (fit);
  g_assert_error (error, FC_ERROR, FC_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_refused (void)
{
  double y[WEEKS];
  double column[WEEKS] = { 0 };
  FcSeries series = { y, WEEKS, START_DAY };
  const FcSeries few = { y, FC_PROPHET_WEEKS_MIN - 1, START_DAY };
  FcProphetOptions options = FC_PROPHET_DEFAULTS;

  draw_line (y);
  refused (&few, NULL, "the series has 11 observed weeks, the Prophet-like model needs 12 or more");
  y[3] = INFINITY;
  refused (&series, NULL, "week 3: inf, expected a number within ±1e+15, or a missing one");
  memset (y, 0, sizeof (y));
  y[WEEKS - 1] = 5;
  refused (&series, NULL,
           "1 of 156 observed weeks differ from the others, all 0; the Prophet-like model needs none or 3 or more");
  draw_line (y);

  options.changepoint_range = 1.5;
  refused (&series, &options, "changepoint_range is 1.5, expected above 10^-9 and at most 1");
  options.changepoint_range = 0.8;
  options.yearly_order = 27;
  refused (&series, &options, "yearly_order is 27, expected 0 to 26");
  options.yearly_order = FC_PROPHET_YEARLY_AUTO;
  options.changepoint_scale = NAN;
  refused (&series, &options, "changepoint_scale is nan, expected above 10^-9 and at most 1e+06");
  options.changepoint_scale = 0.05;
  options.n_changepoints = 1001;
  refused (&series, &options, "n_changepoints is 1001, expected at most 1000");
  options.n_changepoints = 25;

  options.regressors = column;
  options.n_regressors = 1;
  options.n_rows = 100;
  refused (&series, &options, "the regressors have 100 rows, expected one for each of 156 weeks and those ahead");
  options.n_rows = WEEKS;
  column[9] = NAN;
  refused (&series, &options, "regressor 0, week 9: nan, expected a number within ±1e+15");
}

static void
test_determinism (void)
{
  double y[WEEKS];
  g_autoptr (FcProphet) one = fit_peer (&peers[2], y);
  g_autoptr (FcProphet) two = fit_peer (&peers[2], y);
  g_autoptr (FcForecast) first = fc_prophet_forecast (one, 52);
  g_autoptr (FcForecast) second = fc_prophet_forecast (two, 52);

  g_assert_cmpmem (first->mean, 52 * sizeof (double), second->mean, 52 * sizeof (double));
  g_assert_cmpmem (first->sd, 52 * sizeof (double), second->sd, 52 * sizeof (double));
  g_assert_true (fc_prophet_objective (one) == fc_prophet_objective (two));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/prophet/peers", test_peers);
  g_test_add_func ("/prophet/objective", test_objective);
  g_test_add_func ("/prophet/changes", test_changes);
  g_test_add_func ("/prophet/parts", test_parts);
  g_test_add_func ("/prophet/odd", test_odd);
  g_test_add_func ("/prophet/random", test_random);
  g_test_add_func ("/prophet/refused", test_refused);
  g_test_add_func ("/prophet/determinism", test_determinism);

  return g_test_run ();
}
