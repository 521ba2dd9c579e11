/* SPDX-License-Identifier: Apache-2.0 */
#include <royal/error.h>

static void
test_names_round_trip (void)
{
  for (gint code = ROYAL_ERROR_FAILED; code <= ROYAL_ERROR_PROTOCOL; code++)
    g_assert_cmpint (royal_error_code_from_name (royal_error_code_name (code)), ==, code);
  g_assert_cmpstr (royal_error_code_name (ROYAL_ERROR_NOT_GRANTED), ==, "not-granted");
}

static void
test_unknown_is_failed (void)
{
  g_assert_cmpstr (royal_error_code_name (-1), ==, "failed");
  g_assert_cmpstr (royal_error_code_name (ROYAL_ERROR_PROTOCOL + 1), ==, "failed");
  g_assert_cmpint (royal_error_code_from_name ("no-such-code"), ==, ROYAL_ERROR_FAILED);
  g_assert_cmpint (royal_error_code_from_name (NULL), ==, ROYAL_ERROR_FAILED);
}

static void
test_predicates (void)
{
  static const struct {
    RoyalError code;
    gboolean (*is) (const GError *);
  } table[] = {
    { ROYAL_ERROR_DENIED, royal_error_is_denied },       { ROYAL_ERROR_NOT_GRANTED, royal_error_is_not_granted },
    { ROYAL_ERROR_INVALID, royal_error_is_invalid },     { ROYAL_ERROR_NOT_FOUND, royal_error_is_not_found },
    { ROYAL_ERROR_CONFLICT, royal_error_is_conflict },   { ROYAL_ERROR_UNAVAILABLE, royal_error_is_unavailable },
    { ROYAL_ERROR_CANCELLED, royal_error_is_cancelled }, { ROYAL_ERROR_TIMEOUT, royal_error_is_timeout },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = g_error_new (ROYAL_ERROR, table[i].code, "x");
      g_autoptr (GError) foreign = g_error_new (g_quark_from_static_string ("other"), table[i].code, "x");

      for (guint j = 0; j < G_N_ELEMENTS (table); j++)
        g_assert_cmpint (table[j].is (error), ==, i == j);
      g_assert_false (table[i].is (foreign));
      g_assert_false (table[i].is (NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/names-round-trip", test_names_round_trip);
  g_test_add_func ("/error/unknown-is-failed", test_unknown_is_failed);
  g_test_add_func ("/error/predicates", test_predicates);
  return g_test_run ();
}
