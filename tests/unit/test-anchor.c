/* SPDX-License-Identifier: Apache-2.0 */
#include <fc-anchor.h>

#include <math.h>

#define WEEKS 104u

static void
test_level (void)
{
  double y[WEEKS];
  double fitted[WEEKS];

  for (guint i = 0; i < WEEKS; i++)
    {
      fitted[i] = 100 + i % 10;
      y[i] = fitted[i] * (i < 80 ? 1 : 1.3);
    }
  g_assert_cmpfloat_with_epsilon (fc_anchor_level (y, fitted, WEEKS), 1.3, 0.001);
  g_assert_cmpfloat_with_epsilon (fc_anchor_level (y, fitted, 80), 1, 1e-12);

  /* Noise that goes to and fro is smoothed away, not followed. */
  for (guint i = 0; i < WEEKS; i++)
    y[i] = fitted[i] * (i % 2 == 0 ? 0.8 : 1.2);
  g_assert_cmpfloat_with_epsilon (fc_anchor_level (y, fitted, WEEKS), 1, 0.02);
}

static void
test_odd (void)
{
  double y[WEEKS];
  double fitted[WEEKS];
  double level;

  for (guint i = 0; i < WEEKS; i++)
    {
      fitted[i] = i % 3 == 0 ? -5 : 100;
      y[i] = i % 5 == 0 ? NAN : 110;
    }
  g_assert_cmpfloat_with_epsilon (fc_anchor_level (y, fitted, WEEKS), 1.1, 0.01);
  y[WEEKS - 2] = 1e9; /* 3 at most */
  level = fc_anchor_level (y, fitted, WEEKS);
  g_assert_cmpfloat (level, >, 1);
  g_assert_cmpfloat (level, <=, 3);

  g_assert_true (fc_anchor_level (NULL, NULL, 0) == 1);
  g_assert_true (fc_anchor_level (y, fitted, 9) == 1);
}

static void
test_apply (void)
{
  g_autoptr (FcForecast) forecast = fc_forecast_new (2);

  forecast->mean[0] = 10;
  forecast->mean[1] = -4;
  forecast->sd[1] = 2;
  fc_anchor_apply (forecast, 1.5);
  g_assert_cmpfloat (forecast->mean[0], ==, 15);
  g_assert_cmpfloat (forecast->mean[1], ==, -6);
  g_assert_cmpfloat (forecast->sd[1], ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/anchor/level", test_level);
  g_test_add_func ("/anchor/odd", test_odd);
  g_test_add_func ("/anchor/apply", test_apply);

  return g_test_run ();
}
