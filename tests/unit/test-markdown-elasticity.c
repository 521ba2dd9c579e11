/* SPDX-License-Identifier: Apache-2.0 */
#include <markdown-elasticity.h>
#include <math.h>
#include <string.h>

#define STORES 5u
#define FIRST 18000 /* a day */

/* What sales are made of. */
typedef struct {
  guint weeks;
  double elasticity;
  double moves; /* of the log price */
  double noise; /* of the log units */
  gboolean with_season;
} World;

static MarkdownSale *
make_sales (const World *world, guint32 seed, guint *ret_n)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  MarkdownSale *sales = g_new (MarkdownSale, world->weeks * STORES);
  guint n = 0;

  for (guint week = 0; week < world->weeks; week++)
    {
      double season = sin (2 * G_PI * week * 7 / 365.25);
      double price = world->moves * g_rand_double_range (rand, -1.7, 1.7);
      double units = world->noise * g_rand_double_range (rand, -1.7, 1.7);

      for (guint store = 0; store < STORES; store++)
        {
          double level = 100.0 * (store + 1);
          double log_price = price + 0.2 * store - (world->with_season ? 0.1 * season : 0);
          double log_units = log (level) + world->elasticity * (log_price - 0.2 * store) + units;

          if (world->with_season)
            log_units += 0.6 * season + 0.002 * week;
          sales[n++] = (MarkdownSale){ store, FIRST + (gint64)week * 7, exp (log_units), exp (log_price) };
        }
    }
  *ret_n = n;
  return sales;
}

static char *
estimate (const World *world, guint32 seed, MarkdownElasticity *found)
{
  guint n;
  g_autofree MarkdownSale *sales = make_sales (world, seed, &n);

  return markdown_elasticity (sales, n, STORES, found);
}

/* Without noise it is what it was made of, though price and season go against each other. */
static void
test_exact (void)
{
  static const double values[] = { -0.5, -1.5, -2, -4 };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      World world = { 156, values[i], 0.08, 0, TRUE };
      MarkdownElasticity found;

      g_assert_null (estimate (&world, 1, &found));
      g_assert_cmpfloat (fabs (found.value - values[i]), <, 1e-6);
      g_assert_cmpuint (found.weeks, ==, 156);
    }
}

/* The interval holds the truth about as often as it says. */
static void
test_interval (void)
{
  World world = { 156, -2, 0.08, 0.1, TRUE };
  guint held = 0;

  for (guint seed = 0; seed < 200; seed++)
    {
      MarkdownElasticity found;

      g_assert_null (estimate (&world, seed, &found));
      g_assert_cmpfloat (found.low, <, found.value);
      g_assert_cmpfloat (found.value, <, found.high);
      held += found.low <= -2 && -2 <= found.high;
    }
  g_test_message ("%u of 200", held);
  g_assert_cmpuint (held, >=, 180);
  g_assert_cmpuint (held, <, 200);
}

/* That a dear store stops to sell is no change of the price. */
static void
test_mix (void)
{
  World world = { 156, -2, 0.08, 0, FALSE };
  MarkdownElasticity found;
  guint n;
  g_autofree MarkdownSale *sales = make_sales (&world, 3, &n);

  for (guint i = 0; i < n; i++)
    if (sales[i].store == 4 && sales[i].week > FIRST + 80 * 7)
      sales[i].price = NAN;
  g_assert_null (markdown_elasticity (sales, n, STORES, &found));
  g_assert_cmpfloat (fabs (found.value + 2), <, 0.15);
}

static void
assert_refused (const World *world, const char *expected)
{
  MarkdownElasticity found;
  g_autofree char *reason = estimate (world, 7, &found);

  g_assert_cmpstr (reason, ==, expected);
}

static void
test_refused (void)
{
  MarkdownElasticity found;
  g_autofree char *none = markdown_elasticity (NULL, 0, 0, &found);
  g_autofree char *wrong = estimate (&(World){ 156, 1, 0.08, 0.1, TRUE }, 7, &found);
  g_autofree char *vague = estimate (&(World){ 156, -0.1, 0.02, 0.5, TRUE }, 7, &found);
  g_autofree char *steep = estimate (&(World){ 156, -12, 0.08, 0.1, TRUE }, 7, &found);

  g_assert_cmpstr (none, ==, "it takes 104 weeks with sales and a price, found 0");
  assert_refused (&(World){ 103, -2, 0.08, 0, TRUE }, "it takes 104 weeks with sales and a price, found 103");
  assert_refused (&(World){ 156, -2, 0, 0.1, FALSE },
                  "beside its season and trend the price moves by 0.0 %, it takes 1 %");
  /* A price that only follows the season cannot be told from it. */
  assert_refused (&(World){ 156, -2, 0, 0.1, TRUE },
                  "beside its season and trend the price moves by 0.0 %, it takes 1 %");
  g_assert_nonnull (strstr (wrong, "does not differ from none"));
  g_assert_nonnull (strstr (vague, "does not differ from none"));
  g_assert_nonnull (strstr (steep, "is steeper than any demand"));
}

/* Rows that say nothing are passed over; nothing is ever NaN. */
static void
test_bad_rows (void)
{
  World world = { 156, -2, 0.08, 0, TRUE };
  MarkdownElasticity found;
  guint n;
  g_autofree MarkdownSale *sales = make_sales (&world, 5, &n);
  g_autofree MarkdownSale *zero = make_sales (&world, 5, &n);
  g_autofree char *reason = NULL;

  sales[3].price = 0;
  sales[11].price = -1;
  sales[17].price = INFINITY;
  sales[23].units = NAN;
  sales[29].units = -4;
  sales[31].store = STORES;
  for (guint i = 50; i < 55; i++)
    sales[i].units = 0; /* a week without sales */
  g_assert_null (markdown_elasticity (sales, n, STORES, &found));
  g_assert_true (isfinite (found.value) && isfinite (found.low) && isfinite (found.high));
  g_assert_cmpuint (found.weeks, ==, 155);

  for (guint i = 0; i < n; i++)
    zero[i].units = 0;
  reason = markdown_elasticity (zero, n, STORES, &found);
  g_assert_cmpstr (reason, ==, "it takes 104 weeks with sales and a price, found 0");
}

/* A lift and the markdown that makes it are each other's inverse. */
static void
test_lift (void)
{
  g_assert_cmpuint (markdown_measured_lift (-2, 2000), ==, 5625); /* 1 / 0.8² */
  g_assert_cmpuint (markdown_measured_lift (-2, 0), ==, 0);
  g_assert_cmpuint (markdown_measured_markdown (-2, 0.5625), ==, 2000);
  g_assert_cmpuint (markdown_measured_markdown (-2, 0), ==, 0);
  for (guint points = 0; points <= 4000; points += 500)
    {
      guint lift = markdown_measured_lift (-1.7, points);

      g_assert_cmpuint (markdown_measured_markdown (-1.7, lift / 10000.0), ==, points);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/markdown-elasticity/exact", test_exact);
  g_test_add_func ("/markdown-elasticity/interval", test_interval);
  g_test_add_func ("/markdown-elasticity/mix", test_mix);
  g_test_add_func ("/markdown-elasticity/refused", test_refused);
  g_test_add_func ("/markdown-elasticity/bad-rows", test_bad_rows);
  g_test_add_func ("/markdown-elasticity/lift", test_lift);

  return g_test_run ();
}
