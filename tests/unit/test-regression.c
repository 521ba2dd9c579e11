/* SPDX-License-Identifier: Apache-2.0 */
/* A regression beside controls, against answers worked out by hand. */
#include <math.h>
#include <rg-regression.h>

#define N 8

static void
test_controls (void)
{
  double level[N], trend[N], twice[N], x[N], y[N];
  double *const controls[] = { level, trend, twice };

  for (guint i = 0; i < N; i++)
    {
      level[i] = 1;
      trend[i] = i;
      twice[i] = 2.0 * i + 3; /* made up of the other two */
      x[i] = i % 2 == 0 ? 1 : -1;
      y[i] = 5 + 0.7 * i - 2.5 * x[i];
    }
  g_assert_cmpuint (rg_orthonormalize (controls, 3, N), ==, 2);
  g_assert_cmpfloat (fabs (rg_product (level, trend, N)), <, 1e-12);
  g_assert_cmpfloat (fabs (rg_product (trend, trend, N) - 1), <, 1e-12);
  g_assert_cmpfloat (rg_product (twice, twice, N), ==, 0);
  rg_take_out (controls, 3, x, N);
  rg_take_out (controls, 3, y, N);
  g_assert_cmpfloat (fabs (rg_product (level, y, N)), <, 1e-12);
  g_assert_cmpfloat (fabs (rg_product (x, y, N) / rg_product (x, x, N) + 2.5), <, 1e-12);
}

/* With eight rows the lag is 2: 4 (8 / 100)^(2/9) is 2.28. */
static void
test_newey_west (void)
{
  const double x[N] = { 1, 1, 1, 1, 1, 1, 1, 1 }, y[N] = { 2, 1, 2, 1, 2, 1, 2, 1 };
  /* Moments of a slope of 1: 1 0 1 0 1 0 1 0. Squares 4; lag 1: 0; lag 2: 3, weighed by 1/3, twice. */
  double sum = rg_newey_west (x, y, 1, N);

  g_assert_cmpfloat (fabs (sum - (4 + 2 * 3 / 3.0)), <, 1e-12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/regression/controls", test_controls);
  g_test_add_func ("/regression/newey-west", test_newey_west);
  return g_test_run ();
}
