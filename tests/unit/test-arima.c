/* SPDX-License-Identifier: Apache-2.0 */
#include <fc-auto-arima.h>
#include <fc-harmonic.h>
#include <fc-optimise.h>
#include <fc-unit-root.h>

#include <math.h>
#include <string.h>

#define WEEKS 160u
#define AHEAD 13u

/* Noise in (0, 1) that R draws the same way. */
static double
noise (guint64 *state)
{
  *state = *state * 16807 % 2147483647;
  return (double)*state / 2147483647.0;
}

/* A line, a yearly wave, and errors that remember: e = phi × e + noise. */
static void
draw (double *y, gsize n, guint64 *state, double phi, double wave, double slope)
{
  double e = 0;

  for (gsize t = 0; t < n; t++)
    {
      e *= phi;
      for (guint k = 0; k < 4; k++)
        e += noise (state) - 0.5;
      y[t] = 100 + slope * (double)t + wave * sin (2 * G_PI * (double)t / 52) + 5 * e;
    }
}

static void
draw_both (double *flat, double *waving)
{
  guint64 state = 1;

  draw (flat, WEEKS, &state, 0.6, 0, 0);
  draw (waving, WEEKS, &state, 0.3, 40, 0.1);
}

/* What R's Arima (method = "ML", forecast 8.20) says of the two series. */
typedef struct {
  gboolean waving;
  FcArimaOrder order;
  double phi[2], theta[2], seasonal_phi, seasonal_theta;
  double constant;
  double loglik, aicc, sigma2;
} Oracle;

static const Oracle oracles[] = {
  { FALSE,
    { 1, 0, 0, 0, 0, 0, TRUE },
    { 0.598654223635 },
    { 0 },
    0,
    0,
    99.5422401051,
    -388.714164825,
    783.582175804,
    7.62060082512 },
  { FALSE,
    { 2, 0, 1, 1, 0, 0, TRUE },
    { -0.150885305346, 0.380555110819 },
    { 0.803954297238 },
    -0.069163669828,
    0,
    99.5514439417,
    -387.036314181,
    786.62164797,
    7.592450091 },
  { FALSE,
    { 0, 1, 1, 0, 0, 1, FALSE },
    { 0 },
    { -0.382082626989 },
    0,
    0.0197354605899,
    0,
    -397.75908686,
    801.67301243,
    8.81916442288 },
  { TRUE,
    { 1, 0, 1, 0, 1, 0, TRUE },
    { 0.683642302475 },
    { -0.437703986785 },
    0,
    0,
    0.0948359851373,
    -292.213528074,
    592.815405663,
    13.4750128985 },
  { TRUE,
    { 0, 1, 2, 0, 1, 0, FALSE },
    { 0 },
    { -0.667134461307, -0.136224028807 },
    0,
    0,
    0,
    -294.834464333,
    595.901938376,
    14.6355318308 },
  { TRUE,
    { 1, 1, 1, 0, 0, 0, TRUE },
    { 0.935550720195 },
    { -0.722859404921 },
    0,
    0,
    0.590416249378,
    -452.231541465,
    912.72282319,
    17.5678151779 },
};

static FcArimaData *
data_of (const Oracle *oracle)
{
  double flat[WEEKS], waving[WEEKS];

  draw_both (flat, waving);
  g_assert_cmpfloat_with_epsilon (flat[0], 96.7290053432, 1e-8);
  g_assert_cmpfloat_with_epsilon (waving[0], 105.185556698, 1e-8);
  return fc_arima_data_new (oracle->waving ? waving : flat, WEEKS, NULL, 0, 52, oracle->order.d, oracle->order.D,
                            AHEAD);
}

static FcArima
model_of (const Oracle *oracle)
{
  FcArima model = { .order = oracle->order };

  model.near = (FcArma){
    oracle->order.p, oracle->order.q, { oracle->phi[0], oracle->phi[1] }, { oracle->theta[0], oracle->theta[1] }
  };
  model.seasonal = (FcArma){ oracle->order.P, oracle->order.Q, { oracle->seasonal_phi }, { oracle->seasonal_theta } };
  return model;
}

static void
test_likelihood (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (oracles); i++)
    {
      const Oracle *oracle = &oracles[i];
      g_autoptr (FcArimaData) data = data_of (oracle);
      FcArima model = model_of (oracle);

      g_assert_true (fc_arima_evaluate (&model, data));
      g_test_message ("%u: %.6f, R %.6f", i, model.result.loglik, oracle->loglik);
      g_assert_cmpfloat_with_epsilon (model.result.loglik, oracle->loglik, 1e-2);
      g_assert_cmpfloat_with_epsilon (model.aicc, oracle->aicc, 2e-2);
      g_assert_cmpfloat_with_epsilon (model.sigma2, oracle->sigma2, 1e-3 * oracle->sigma2);
      /* R's drift is a slope by the week, ours is what a difference has. */
      if (oracle->order.constant)
        g_assert_cmpfloat_with_epsilon (model.result.beta[0], oracle->constant * (oracle->order.D > 0 ? 52 : 1),
                                        2e-3 * fabs (model.result.beta[0]));
    }
}

/* Against the definition: the density of n numbers with the covariance matrix of an ARMA (1,1), by elimination. */
static void
test_likelihood_dense (void)
{
  enum { N = 9 };
  const FcArma near = { 1, 1, { 0.7 }, { 0.4 } }, none = { 0 };
  const double y[N] = { 1, -2, 0.5, 3, 2, -1, 0, 1.5, -0.5 };
  g_autoptr (FcLikelihood) likelihood = fc_likelihood_new (y, N, NULL, 0, 52, 0);
  FcLikelihoodResult result;
  double covariance[N][N], rest[N], logdet = 0, square = 0, expected;

  for (guint i = 0; i < N; i++)
    for (guint j = 0; j < N; j++)
      covariance[i][j] =
          i == j ? (1 + 2 * 0.7 * 0.4 + 0.4 * 0.4) / (1 - 0.7 * 0.7)
                 : (1 + 0.7 * 0.4) * (0.7 + 0.4) / (1 - 0.7 * 0.7) * pow (0.7, (i > j ? i - j : j - i) - 1.0);
  memcpy (rest, y, sizeof rest);
  for (guint k = 0; k < N; k++)
    {
      logdet += log (covariance[k][k]);
      square += rest[k] * rest[k] / covariance[k][k];
      for (guint i = k + 1; i < N; i++)
        {
          double factor = covariance[i][k] / covariance[k][k];

          rest[i] -= factor * rest[k];
          for (guint j = k; j < N; j++)
            covariance[i][j] -= factor * covariance[k][j];
        }
    }
  expected = -0.5 * (N * (log (2 * G_PI * square / N) + 1) + logdet);
  g_assert_true (fc_likelihood_evaluate (likelihood, &near, &none, 0, &result, NULL));
  g_assert_cmpfloat_with_epsilon (result.loglik, expected, 1e-10);
  g_assert_cmpfloat_with_epsilon (result.sigma2, square / N, 1e-10);
}

/* Fits are at least as good as R's, up to what stops ours. */
static void
test_fit (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (oracles); i++)
    {
      g_autoptr (FcArimaData) data = data_of (&oracles[i]);
      FcArima model;

      g_assert_true (fc_arima_fit (&model, &oracles[i].order, data, NULL, 1e-4, NULL));
      g_assert_cmpfloat (model.result.loglik, >, oracles[i].loglik - 1e-2);
    }
}

static void
test_gradient (void)
{
  static const FcArimaOrder orders[] = {
    { 1, 0, 0, 0, 0, 0, TRUE },  { 0, 1, 3, 0, 0, 0, TRUE }, { 2, 0, 2, 0, 1, 0, TRUE },
    { 3, 1, 1, 0, 0, 1, FALSE }, { 2, 0, 1, 1, 0, 1, TRUE }, { 5, 0, 5, 2, 0, 2, TRUE },
  };
  static const double at[] = { 0.5, -0.3, 0.2, -0.4, 0.6, 0.1, 0.3, -0.2, 0.25, -0.15, 0.35, 0.2, -0.3, 0.1 };
  double flat[WEEKS], waving[WEEKS];

  draw_both (flat, waving);
  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      const FcArimaOrder *order = &orders[i];
      guint n = order->p + order->q + order->P + order->Q;
      g_autoptr (FcArimaData) data = fc_arima_data_new (waving, WEEKS, NULL, 0, 52, order->d, order->D, 0);
      double gradient[G_N_ELEMENTS (at)], x[G_N_ELEMENTS (at)];

      memcpy (x, at, sizeof x);
      fc_arima_objective (order, data, x, gradient);
      for (guint k = 0; k < n; k++)
        {
          double up, down;

          x[k] = at[k] + 1e-5;
          up = fc_arima_objective (order, data, x, NULL);
          x[k] = at[k] - 1e-5;
          down = fc_arima_objective (order, data, x, NULL);
          x[k] = at[k];
          g_assert_cmpfloat_with_epsilon (gradient[k], (up - down) / 2e-5, 1e-4 * (1 + fabs (gradient[k])));
        }
    }
}

/* R's forecasts from its own coefficients. */
static void
test_predict (void)
{
  static const double mean[] = { 101.4673828983, 100.6830479899, 99.9816909867, 100.0057452038, 99.8996557054,
                                 99.4974915378,  99.5331447362,  99.2781941891, 99.3473112735,  99.7663410951,
                                 99.9395219371,  99.7781464082,  99.9491330002 };
  static const double sd[] = { 2.75544009026, 3.29099123117, 3.38149025662, 3.42878933724 };
  g_autoptr (FcArimaData) flat = data_of (&oracles[1]);
  g_autoptr (FcArimaData) waving = data_of (&oracles[3]);
  FcArima model = model_of (&oracles[1]);
  g_autoptr (FcForecast) forecast = NULL;
  g_autoptr (FcForecast) seasonal = NULL;

  g_assert_true (fc_arima_evaluate (&model, flat));
  forecast = fc_arima_predict (&model, flat);
  for (guint i = 0; i < AHEAD; i++)
    g_assert_cmpfloat_with_epsilon (forecast->mean[i], mean[i], 2e-3);
  for (guint i = 0; i < G_N_ELEMENTS (sd); i++)
    g_assert_cmpfloat_with_epsilon (forecast->sd[i], sd[i], 2e-3);
  model = model_of (&oracles[3]);
  g_assert_true (fc_arima_evaluate (&model, waving));
  seasonal = fc_arima_predict (&model, waving);
  g_assert_cmpfloat_with_epsilon (seasonal->mean[0], 132.923907834, 1e-2);
  g_assert_cmpfloat_with_epsilon (seasonal->mean[12], 151.976042707, 1e-2);
  g_assert_cmpfloat_with_epsilon (seasonal->sd[0], 3.67083272549, 2e-3);
  g_assert_cmpfloat_with_epsilon (seasonal->sd[12], 3.87363715681, 2e-3);
}

static void
test_unit_roots (void)
{
  double flat[WEEKS], waving[WEEKS];

  draw_both (flat, waving);
  g_assert_cmpfloat_with_epsilon (fc_kpss (flat, WEEKS), 0.556856083237, 1e-8);
  g_assert_cmpfloat_with_epsilon (fc_kpss (waving, WEEKS), 0.190250128735, 1e-8);
  /* R's interpolates between every sixth or tenth point. */
  g_assert_cmpfloat_with_epsilon (fc_seasonal_strength (flat, WEEKS, 52), 0.269003257517, 0.02);
  g_assert_cmpfloat_with_epsilon (fc_seasonal_strength (waving, WEEKS, 52), 0.993269694969, 0.002);
  g_assert_cmpfloat (fc_seasonal_strength (waving, 104, 52), ==, 0);
}

/* No worse than R's auto.arima, which stops at 789.85 and 589.99 here. */
static void
test_search (void)
{
  static const double limits[] = { 789.85, 589.99 };
  double y[2][WEEKS];

  draw_both (y[0], y[1]);
  for (guint i = 0; i < 2; i++)
    {
      const FcSeries series = { y[i], WEEKS, 0 };
      const FcArimaOptions ban = { TRUE };
      g_autoptr (GError) error = NULL;
      g_autoptr (FcArima) model = NULL;
      g_autoptr (FcArima) banned = NULL;
      g_autoptr (FcForecast) forecast = fc_auto_arima_forecast (&series, AHEAD, NULL, &model, &error);
      g_autoptr (FcForecast) other = fc_auto_arima_forecast (&series, AHEAD, &ban, &banned, &error);
      g_autofree char *line = fc_arima_describe (model);

      g_assert_no_error (error);
      g_test_message ("%s: %.3f", line, model->aicc);
      g_assert_cmpfloat (model->aicc, <, limits[i] + 0.05);
      g_assert_cmpuint (model->order.d, ==, i == 0 ? 1 : 0);
      g_assert_cmpuint (model->order.D, ==, i);
      g_assert_false (fc_arima_is_near_unit_root (banned));
    }
}

static void
test_roots (void)
{
  FcArima model = { .near = { 1, 0, { 0.985 }, { 0 } } };

  g_assert_false (fc_arima_is_near_unit_root (&model));
  model.near.phi[0] = 0.995;
  g_assert_true (fc_arima_is_near_unit_root (&model));
  /* 0.7 at lag 52 is no unit root of a polynomial in B^52, though it is near one of B. */
  model = (FcArima){ .seasonal = { 0, 1, { 0 }, { -0.7 } } };
  g_assert_false (fc_arima_is_near_unit_root (&model));
  model.seasonal.theta[0] = -0.995;
  g_assert_true (fc_arima_is_near_unit_root (&model));
}

typedef void (*Bend) (double *y, gsize n);

static void
bend_constant (double *y, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] = 7;
}

static void
bend_zero (double *y, gsize n)
{
  memset (y, 0, n * sizeof *y);
}

static void
bend_missing (double *y, gsize n)
{
  for (gsize i = 0; i < n; i += 5)
    y[i] = NAN;
  y[n - 1] = NAN;
}

static void
bend_shift (double *y, gsize n)
{
  for (gsize i = n / 2; i < n; i++)
    y[i] += 300;
}

static void
bend_outlier (double *y, gsize n)
{
  y[n - 20] *= 10;
}

static void
bend_down (double *y, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] = 400 - 2 * (double)i + 0.1 * y[i];
}

static void
bend_line (double *y, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] = (double)i;
}

static void
bend_parabola (double *y, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] = (double)(i * i);
}

static void
bend_large (double *y, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] = nearbyint (y[i] * 1e6);
}

static void
bend_tiny (double *y, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] *= 1e-120;
}

static void
bend_alternate (double *y, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] = i % 2 ? 1 : -1;
}

static void
bend_one (double *y, gsize n)
{
  memset (y, 0, n * sizeof *y);
  y[n / 3] = 5;
}

static void
bend_year (double *y, gsize n)
{
  for (gsize i = 0; i < n; i++)
    y[i] = (double)(i % 52);
}

/* Every series, at every length, has a forecast of finite numbers within a few times what was seen. */
static void
test_degenerate (void)
{
  static const Bend bends[] = { bend_constant,  bend_zero, bend_missing,  bend_shift, bend_outlier,
                                bend_down,      bend_line, bend_parabola, bend_large, bend_tiny,
                                bend_alternate, bend_one,  bend_year };
  static const gsize lengths[] = { 30, 52, 60, 90, 104, 105, 110, 130, 156, 160, 210 };

  for (guint b = 0; b < G_N_ELEMENTS (bends); b++)
    for (guint l = 0; l < G_N_ELEMENTS (lengths); l++)
      {
        double y[210];
        guint64 state = 1;
        const FcSeries series = { y, lengths[l], 0 };
        g_autoptr (GError) error = NULL;
        g_autoptr (FcArima) model = NULL;
        g_autoptr (FcForecast) forecast = NULL;
        double size = 0;

        draw (y, lengths[l], &state, 0.3, 40, 0.1);
        bends[b](y, lengths[l]);
        for (gsize i = 0; i < lengths[l]; i++)
          size = MAX (size, isnan (y[i]) ? 0 : fabs (y[i]));
        forecast = fc_auto_arima_forecast (&series, AHEAD, NULL, &model, &error);
        if (error != NULL)
          g_error ("series %u of %u weeks: %s", b, (guint)lengths[l], error->message);
        g_assert_true (isfinite (model->result.loglik));
        for (guint i = 0; i < AHEAD; i++)
          {
            if (!(fabs (forecast->mean[i]) <= 3 * size))
              g_error ("series %u of %u weeks: %g in week %u", b, (guint)lengths[l], forecast->mean[i], i);
            g_assert_true (isfinite (forecast->sd[i]) && forecast->sd[i] >= 0);
          }
      }
}

static void
test_exact (void)
{
  double y[2][WEEKS];
  const FcSeries constant = { y[0], WEEKS, 0 }, line = { y[1], WEEKS, 0 };
  g_autoptr (FcForecast) first = NULL;
  g_autoptr (FcForecast) second = NULL;

  bend_constant (y[0], WEEKS);
  bend_line (y[1], WEEKS);
  first = fc_auto_arima_forecast (&constant, AHEAD, NULL, NULL, NULL);
  second = fc_auto_arima_forecast (&line, AHEAD, NULL, NULL, NULL);
  for (guint i = 0; i < AHEAD; i++)
    {
      g_assert_cmpfloat_with_epsilon (first->mean[i], 7, 1e-6);
      g_assert_cmpfloat_with_epsilon (second->mean[i], WEEKS + i, 1e-3);
    }
}

static void
refuse (const FcSeries *series, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (FcForecast) forecast = fc_auto_arima_forecast (series, AHEAD, NULL, NULL, &error);

  g_assert_null (forecast);
  g_assert_error (error, FC_ERROR, FC_ERROR_INVALID);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("“%s” is not “%s”", error->message, pattern);
}

static void
test_refusals (void)
{
  double y[WEEKS];
  FcSeries series = { y, 0, 0 };

  bend_line (y, WEEKS);
  refuse (&series, "the series has 0 weeks that are not missing, at least 20 are needed");
  series.n = 19;
  refuse (&series, "the series has 19 weeks*at least 20*");
  series.n = WEEKS;
  y[3] = INFINITY;
  refuse (&series, "week 4 of the series is inf*");
  y[3] = 1e300;
  refuse (&series, "week 4 of the series is 1e+300*");
  for (guint i = 0; i < WEEKS; i++)
    y[i] = i % 3 > 0 ? y[0] * NAN : i;
  refuse (&series, "the series lacks 106 of 160 weeks, at most half may be missing");
}

/* A year and a half of a wave: the harmonic regression sees its next summer. */
static void
test_harmonic (void)
{
  double y[90 + 26];
  guint64 state = 3;
  const FcSeries series = { y, 90, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (FcArima) model = NULL;
  g_autoptr (FcForecast) forecast = NULL;

  draw (y, G_N_ELEMENTS (y), &state, 0.3, 40, 0);
  forecast = fc_auto_arima_forecast (&series, 26, NULL, &model, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (model->regressors, >=, 2);
  g_assert_cmpuint (model->order.P + model->order.D + model->order.Q, ==, 0);
  for (guint i = 0; i < 26; i++)
    g_assert_cmpfloat_with_epsilon (forecast->mean[i], y[90 + i], 15);
}

/* Rosenbrock's valley. */
static double
valley (const double *x, double *gradient, gpointer data)
{
  double bend = x[1] - x[0] * x[0];

  (void)data;
  if (gradient != NULL)
    {
      gradient[0] = -400 * x[0] * bend - 2 * (1 - x[0]);
      gradient[1] = 200 * bend;
    }
  return 100 * bend * bend + (1 - x[0]) * (1 - x[0]);
}

static void
test_optimise (void)
{
  double x[] = { -1.2, 1 };
  double simplex[] = { -1.2, 1 };

  g_assert_cmpfloat (fc_bfgs (valley, NULL, 2, x, 1e-12, 500), <, 1e-8);
  g_assert_cmpfloat_with_epsilon (x[0], 1, 1e-3);
  g_assert_cmpfloat (fc_nelder_mead (valley, NULL, 2, simplex, 0.5, 1e-14, 1000), <, 1e-8);
  g_assert_cmpfloat_with_epsilon (simplex[1], 1, 1e-3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arima/likelihood", test_likelihood);
  g_test_add_func ("/arima/likelihood-dense", test_likelihood_dense);
  g_test_add_func ("/arima/fit", test_fit);
  g_test_add_func ("/arima/gradient", test_gradient);
  g_test_add_func ("/arima/predict", test_predict);
  g_test_add_func ("/arima/unit-roots", test_unit_roots);
  g_test_add_func ("/arima/search", test_search);
  g_test_add_func ("/arima/roots", test_roots);
  g_test_add_func ("/arima/degenerate", test_degenerate);
  g_test_add_func ("/arima/exact", test_exact);
  g_test_add_func ("/arima/refusals", test_refusals);
  g_test_add_func ("/arima/harmonic", test_harmonic);
  g_test_add_func ("/arima/optimise", test_optimise);
  return g_test_run ();
}
