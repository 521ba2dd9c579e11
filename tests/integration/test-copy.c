/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

#include <rh-copy.h>
#include <string.h>

static const char schema[] = "create table sales (workspace_id bigint, id bigint, name text);"
                             "alter table sales enable row level security;"
                             "create policy w on sales to royal_host"
                             " using (workspace_id = nullif (current_setting ('royal.workspace', true), '')::bigint);"
                             "grant all on sales to royal_host;";

static RhStore *store;

static gboolean
is_available (gpointer data)
{
  return rh_store_is_available (data);
}

static const char *const setup[] = { "create temp table incoming (id bigint, name text) on commit drop", NULL };
static const RhCopyTarget target = { "test.import", setup, "copy incoming (id, name) from stdin (format csv)" };
static const RhStatement move = {
  "test.move",
  "with moved as (insert into sales (workspace_id, id, name) select 3, id, $1 || name from incoming"
  " returning 1) select count(*) as n from moved",
  1, TRUE
};

static void
write_chunk (RhCopy *copy, const char *text)
{
  g_autoptr (GBytes) chunk = g_bytes_new (text, strlen (text));
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GError) error = NULL;

  rh_copy_write_async (copy, chunk, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  g_assert_true (rh_copy_write_finish (copy, done, &error));
  g_assert_no_error (error);
}

static RhRows *
end_copy (RhCopy *copy, GError **error)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;

  rh_copy_end_async (copy, &move, (const char *[]){ "new " }, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  return rh_copy_end_finish (copy, done, error);
}

static void
assert_imported (const char *expected)
{
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  g_autofree char *n = royal_test_sql_value (owner, "select count(*) from sales where workspace_id = 3");

  g_assert_cmpstr (n, ==, expected);
}

static void
test_copy_in (void)
{
  g_autoptr (RhCopy) copy = rh_copy_new (store, &target, 3);
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = NULL;

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      for (guint j = 0; j < 1000; j++)
        g_string_append_printf (text, "%u,\"a name, quoted\"\n", i * 1000 + j);
      write_chunk (copy, text->str);
    }
  assert_imported ("0");
  rows = end_copy (copy, &error);
  g_assert_no_error (error);
  g_assert_cmpint (rh_rows_int64 (rows, 0, "n"), ==, 200000);
  assert_imported ("200000");
}

static void
test_copy_in_nothing (void)
{
  g_autoptr (RhCopy) copy = rh_copy_new (store, &target, 3);
  g_autoptr (RhRows) rows = end_copy (copy, NULL);

  g_assert_cmpint (rh_rows_int64 (rows, 0, "n"), ==, 0);
}

static void
test_copy_in_errors (void)
{
  g_autoptr (RhCopy) bad_row = rh_copy_new (store, &target, 3);
  g_autoptr (RhCopy) bad_workspace = rh_copy_new (store, &target, 4);
  g_autoptr (RhCopy) dropped = rh_copy_new (store, &target, 3);
  g_autoptr (GError) error = NULL;

  write_chunk (bad_row, "1,one\nx,two\n");
  g_assert_null (end_copy (bad_row, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "invalid input syntax for type bigint: \"x\"");
  g_clear_error (&error);
  g_assert_null (end_copy (bad_row, &error)); /* over is over */
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  g_clear_error (&error);

  write_chunk (bad_workspace, "1,one\n");
  g_assert_null (end_copy (bad_workspace, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);

  write_chunk (dropped, "1,one\n");
  g_clear_object (&dropped);
  royal_test_spin (50);
  assert_imported ("200000");
}

int
main (int argc, char **argv)
{
  g_autofree char *owner = NULL;
  g_autofree char *host = NULL;
  int status;

  royal_test_init (&argc, &argv);
  owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  royal_test_sql (owner, schema);
  store = rh_store_new (host, NULL, 1);
  royal_test_wait_until (is_available, store, 5000);
  g_test_add_func ("/copy/in", test_copy_in);
  g_test_add_func ("/copy/nothing", test_copy_in_nothing);
  g_test_add_func ("/copy/errors", test_copy_in_errors);
  status = royal_test_run ();
  g_object_unref (store);
  return status;
}
