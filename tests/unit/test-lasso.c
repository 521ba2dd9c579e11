/* SPDX-License-Identifier: Apache-2.0 */
#include <fc-cholesky.h>
#include <fc-lasso.h>

#include <math.h>
#include <string.h>

#define SIZE_MAX_TESTED 30u

/* A'A of random rows, so of full rank where there are more rows than variables. */
static void
random_square (GRand *rand, double *h, gsize n, gsize rows)
{
  g_autofree double *row = g_new (double, n);

  memset (h, 0, n * n * sizeof (double));
  for (gsize r = 0; r < rows; r++)
    {
      for (gsize i = 0; i < n; i++)
        row[i] = g_rand_double_range (rand, -1, 1) + (i > 0 ? 0.9 * row[i - 1] : 0);
      for (gsize i = 0; i < n; i++)
        for (gsize j = 0; j < n; j++)
          h[i * n + j] += row[i] * row[j];
    }
}

/* At the minimum the force on what is not zero is the penalty's, and on a zero at most that. */
static void
test_minimum (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  guint zeros = 0;

  for (guint turn = 0; turn < 200; turn++)
    {
      gsize n = (gsize)g_rand_int_range (rand, 1, SIZE_MAX_TESTED + 1);
      g_autofree double *h = g_new (double, n *n);
      g_autofree double *b = g_new (double, n);
      g_autofree double *z = g_new0 (double, n);
      g_autofree double *work = g_new (double, fc_lasso_work (n));
      FcLasso lasso = { n, n, h, b, g_rand_double_range (rand, 0, 20) };

      random_square (rand, h, n, 2 * n);
      for (gsize i = 0; i < n; i++)
        b[i] = g_rand_double_range (rand, -40, 40);
      g_assert_true (fc_lasso_minimize (&lasso, z, work));
      for (gsize i = 0; i < n; i++)
        {
          double force = b[i];

          for (gsize j = 0; j < n; j++)
            force -= h[i * n + j] * z[j];
          if (z[i] != 0)
            g_assert_cmpfloat_with_epsilon (force, copysign (lasso.penalty, z[i]), 1e-6);
          else
            g_assert_cmpfloat (fabs (force), <=, lasso.penalty + 1e-6);
          zeros += z[i] == 0;
        }
    }
  g_assert_cmpuint (zeros, >, 100);
}

static void
test_not_definite (void)
{
  const double h[] = { 1, 2, 2, 1 };
  const double b[] = { 5, -5 };
  const FcLasso lasso = { 2, 2, h, b, 1 };
  double z[2] = { 0, 0 };
  g_autofree double *work = g_new (double, fc_lasso_work (2));

  g_assert_false (fc_lasso_minimize (&lasso, z, work));
}

/* Eliminating the first variables, solving the complement and going back is solving the whole. */
static void
test_elimination (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (gsize first = 0; first <= 6; first++)
    {
      double h[36];
      double u[36];
      double x[6];
      double b[6] = { 0 };

      random_square (rand, h, 6, 12);
      memcpy (u, h, sizeof (u));
      for (gsize i = 0; i < 6; i++)
        x[i] = g_rand_double_range (rand, -3, 3);
      for (gsize i = 0; i < 6; i++)
        for (gsize j = 0; j < 6; j++)
          b[i] += h[i * 6 + j] * x[j];

      g_assert_true (fc_cholesky_factor (u, 6, 6, first));
      fc_cholesky_reduce (u, 6, 6, first, b);
      if (first < 6)
        {
          double *rest = u + first * 6 + first;

          g_assert_true (fc_cholesky_factor (rest, 6, 6 - first, 6 - first));
          fc_cholesky_reduce (rest, 6, 6 - first, 6 - first, b + first);
          fc_cholesky_restore (rest, 6, 6 - first, 6 - first, b + first);
        }
      fc_cholesky_restore (u, 6, 6, first, b);
      for (gsize i = 0; i < 6; i++)
        g_assert_cmpfloat_with_epsilon (b[i], x[i], 1e-8);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lasso/minimum", test_minimum);
  g_test_add_func ("/lasso/not-definite", test_not_definite);
  g_test_add_func ("/lasso/elimination", test_elimination);

  return g_test_run ();
}
