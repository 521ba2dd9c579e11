/* SPDX-License-Identifier: Apache-2.0 */
#include <rh-rows-private.h>
#include <string.h>

static RhRows *
make_rows (const char *const *values)
{
  PGresAttDesc columns[3] = { { .name = (char *)"n" }, { .name = (char *)"flag" }, { .name = (char *)"doc" } };
  PGresult *result = PQmakeEmptyPGresult (NULL, PGRES_TUPLES_OK);

  g_assert_true (PQsetResultAttrs (result, 3, columns));
  for (int i = 0; i < 3; i++)
    g_assert_true (PQsetvalue (result, 0, i, (char *)values[i], values[i] != NULL ? (int)strlen (values[i]) : -1));
  return rh_rows_new (result);
}

static void
test_cells (void)
{
  g_autoptr (RhRows) rows = make_rows ((const char *[]){ "-9223372036854775808", "t", "{\"a\":[true]}" });
  g_autoptr (JsonNode) doc = rh_rows_json (rows, 0, "doc");

  g_assert_cmpuint (rh_rows_n (rows), ==, 1);
  g_assert_cmpint (rh_rows_int64 (rows, 0, "n"), ==, G_MININT64);
  g_assert_true (rh_rows_boolean (rows, 0, "flag"));
  g_assert_cmpstr (rh_rows_string (rows, 0, "flag"), ==, "t");
  g_assert_true (json_object_has_member (json_node_get_object (doc), "a"));
}

static void
test_nulls (void)
{
  g_autoptr (RhRows) rows = make_rows ((const char *[]){ NULL, NULL, NULL });

  g_assert_true (rh_rows_is_null (rows, 0, "n"));
  g_assert_cmpint (rh_rows_int64 (rows, 0, "n"), ==, 0);
  g_assert_false (rh_rows_boolean (rows, 0, "flag"));
  g_assert_null (rh_rows_string (rows, 0, "doc"));
  g_assert_null (rh_rows_json (rows, 0, "doc"));
}

static void
test_scalars (void)
{
  g_autoptr (RhRows) rows = make_rows ((const char *[]){ "7", "f", "\"text\"" });
  g_autoptr (JsonNode) doc = rh_rows_json (rows, 0, "doc");

  g_assert_cmpstr (json_node_get_string (doc), ==, "text");
  g_assert_false (rh_rows_boolean (rows, 0, "flag"));
}

/* What is a bug in the host ends it. */
static void
assert_aborts (const char *message)
{
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (message);
}

static void
test_unknown_column (void)
{
  g_autoptr (RhRows) rows = NULL;

  if (!g_test_subprocess ())
    {
      assert_aborts ("*no column \"N\"*");
      return;
    }
  rows = make_rows ((const char *[]){ "1", "t", "{}" });
  rh_rows_int64 (rows, 0, "N");
}

static void
test_unknown_row (void)
{
  g_autoptr (RhRows) rows = NULL;

  if (!g_test_subprocess ())
    {
      assert_aborts ("*no row 1 of 1*");
      return;
    }
  rows = make_rows ((const char *[]){ "1", "t", "{}" });
  rh_rows_int64 (rows, 1, "n");
}

static void
test_wrong_type (void)
{
  g_autoptr (RhRows) rows = NULL;

  if (!g_test_subprocess ())
    {
      assert_aborts ("*column \"flag\" holds no integer*");
      return;
    }
  rows = make_rows ((const char *[]){ "1", "t", "{}" });
  rh_rows_int64 (rows, 0, "flag");
}

static void
test_kept (void)
{
  g_autoptr (RhRows) rows = make_rows ((const char *[]){ "1", "t", "{}" });

  g_assert_null (rh_rows_kept (rows, g_free));
  rh_rows_keep (rows, g_strdup ("a"), g_free);
  rh_rows_keep (rows, g_strdup ("b"), g_free);
  g_assert_cmpstr (rh_rows_kept (rows, g_free), ==, "b");
  g_assert_null (rh_rows_kept (rows, g_object_unref));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rows/cells", test_cells);
  g_test_add_func ("/rows/nulls", test_nulls);
  g_test_add_func ("/rows/scalars", test_scalars);
  g_test_add_func ("/rows/unknown-column", test_unknown_column);
  g_test_add_func ("/rows/unknown-row", test_unknown_row);
  g_test_add_func ("/rows/kept", test_kept);
  g_test_add_func ("/rows/wrong-type", test_wrong_type);
  return g_test_run ();
}
