/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-json.h"
#include "royal-table-builder.h"
#include "rt-csv.h"
#include "rt-fixtures.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <string.h>
#include <unistd.h>

static RoyalTable *
open_table (int fd)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fd, >=, 0);
  RoyalTable *table = royal_table_open (fd, &error);
  g_assert_no_error (error);
  close (fd);
  return table;
}

static void
test_csv (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalTable) table = open_table (rt_csv_to_table ("week:int64,units:double,store:string\r\n"
                                                              "1,2.5,\"Main, \"\"old\"\"\"\n-2,,\n3,1e3,\"\"\n",
                                                              "t", &error));
  gsize length;

  g_assert_cmpuint (royal_table_n_rows (table), ==, 3);
  g_assert_cmpint (royal_table_int64 (table, 0)[1], ==, -2);
  g_assert_cmpfloat (royal_table_double (table, 1)[2], ==, 1000);
  g_assert_true (royal_table_is_null (table, 1, 1));
  g_assert_true (royal_table_is_null (table, 2, 1));
  g_assert_false (royal_table_is_null (table, 2, 2));
  const char *store = royal_table_string (table, 2, 0, &length);
  g_assert_cmpmem (store, length, "Main, \"old\"", 11);
}

static void
test_csv_faults (void)
{
  static const struct {
    const char *text;
    const char *message;
  } cases[] = {
    { "", "t: row 0: expected a column such as week:int64, units:double or store:string, found \"\"" },
    { "week\n1\n", "t: row 0: expected a column such as week:int64, units:double or store:string, found \"week\"" },
    { "a:int64,b:double\n1\n", "t: row 1: expected 2 cells, found 1" },
    { "a:int64\n1\n1.5\n", "t: row 2: column a: expected an integer, found \"1.5\"" },
    { "a:double\nx\n", "t: row 1: column a: expected a number, found \"x\"" },
    { "a:string\n\"x\"y\n", "t: row 1: expected a comma or the end of the line after a closing quote" },
    { "a:string\n\"x", "t: row 1: expected a closing quote" },
    { "a:string\n\xff\n", "t: expected UTF-8" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_cmpint (rt_csv_to_table (cases[i].text, "t", &error), ==, -1);
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

static JsonObject *
parse (const char *text)
{
  g_autoptr (JsonNode) node = royal_json_parse (text, -1, "text", NULL);

  return json_object_ref (json_node_get_object (node));
}

static void
test_inline (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) inlined =
      parse ("{\"a.b\":{\"x\":1},\"a.t\":{\"columns\":[\"n:int64\",\"s:string\"],\"rows\":[[1,\"x\"],[null,null]]},"
             "\"a.bad\":{\"columns\":[\"n:int64\"],\"rows\":[[1.5]]}}");
  g_autoptr (RtFixtures) fixtures = rt_fixtures_new (NULL, inlined, NULL, &error);
  g_assert_no_error (error);

  g_autoptr (JsonNode) document = rt_fixtures_get (fixtures, "a.b", &error);
  g_assert_no_error (error);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (document), "x"), ==, 1);
  g_autoptr (RoyalTable) table = open_table (rt_fixtures_read (fixtures, "a.t", &error));
  g_assert_cmpuint (royal_table_n_rows (table), ==, 2);
  g_assert_true (royal_table_is_null (table, 0, 1));
  g_assert_cmpint (rt_fixtures_read (fixtures, "a.bad", &error), ==, -1);
  g_assert_cmpstr (error->message, ==, "a.bad: row 1: column n: expected a value of its type or null, found 1.5");
  g_clear_error (&error);
  g_assert_null (rt_fixtures_get (fixtures, "a.c", &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
}

static void
test_folder (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("royal-fixtures-XXXXXX", NULL);
  g_autofree char *document_path = g_build_filename (folder, "http.get_https___a.b.json", NULL);
  g_autofree char *table_path = g_build_filename (folder, "a.t.csv", NULL);
  g_autofree char *state_path = g_build_filename (folder, "state.json", NULL);
  g_assert_true (g_file_set_contents (document_path, "[1]", -1, NULL));
  g_assert_true (g_file_set_contents (table_path, "n:int64\n7\n", -1, NULL));
  g_assert_true (g_file_set_contents (state_path, "{\"k\":\"v\"}", -1, NULL));
  g_autoptr (RtFixtures) fixtures = rt_fixtures_new (folder, NULL, NULL, &error);
  g_assert_no_error (error);

  g_autoptr (JsonNode) document = rt_fixtures_get (fixtures, "http.get:https://a.b", &error);
  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_ARRAY (document));
  g_autoptr (RoyalTable) table = open_table (rt_fixtures_read (fixtures, "a.t", &error));
  g_assert_cmpint (royal_table_int64 (table, 0)[0], ==, 7);
  g_autoptr (JsonNode) state = rt_fixtures_state (fixtures);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (state), "k"), ==, "v");

  g_unlink (document_path);
  g_unlink (table_path);
  g_unlink (state_path);
  g_rmdir (folder);
  g_assert_null (rt_fixtures_new (folder, NULL, NULL, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
}

static void
test_state (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RtFixtures) fixtures = rt_fixtures_new (NULL, NULL, NULL, &error);
  g_autoptr (JsonObject) key = parse ("{\"key\":\"k\"}");
  g_autoptr (JsonObject) put = parse ("{\"key\":\"k\",\"value\":[1],\"version\":0}");
  g_autoptr (JsonObject) drop = parse ("{\"key\":\"k\",\"value\":null,\"version\":1}");
  g_autoptr (JsonObject) unnamed = parse ("{}");

  g_autoptr (JsonNode) none = rt_fixtures_state_get (fixtures, key, &error);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (none), "version"), ==, 0);
  g_assert_true (json_object_get_null_member (json_node_get_object (none), "value"));
  g_autoptr (JsonNode) stored = rt_fixtures_state_put (fixtures, put, &error);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (stored), "version"), ==, 1);
  g_assert_null (rt_fixtures_state_put (fixtures, put, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
  g_clear_error (&error);
  g_autoptr (JsonNode) dropped = rt_fixtures_state_put (fixtures, drop, &error);
  g_assert_no_error (error);
  g_assert_nonnull (dropped);
  g_autoptr (JsonNode) state = rt_fixtures_state (fixtures);
  g_assert_cmpuint (json_object_get_size (json_node_get_object (state)), ==, 0);
  g_assert_null (rt_fixtures_state_get (fixtures, unnamed, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool/csv", test_csv);
  g_test_add_func ("/tool/csv-faults", test_csv_faults);
  g_test_add_func ("/tool/inline", test_inline);
  g_test_add_func ("/tool/folder", test_folder);
  g_test_add_func ("/tool/state", test_state);
  return g_test_run ();
}
