/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

#include <rh-store.h>
#include <royal-table-builder.h>
#include <string.h>
#include <unistd.h>

static const char schema[] =
    "create function royal_arg (name text) returns text language sql stable as"
    " $$ select current_setting ('royal.arg.' || name, true) $$;"
    "create table sales (workspace_id bigint, id bigint, price float8, name text);"
    "alter table sales enable row level security;"
    "create policy w on sales to royal_host"
    " using (workspace_id = nullif (current_setting ('royal.workspace', true), '')::bigint);"
    "grant all on sales to royal_host;"
    "insert into sales select 1, i, case when i % 3 = 0 then null else i / 4.0 end,"
    " case when i % 5 = 0 then null else repeat ('ä', i % 20) end from generate_series (0, 99999) i;"
    "insert into sales values (2, 1, 1, 'of another');"
    "create view sales_over as select id, price, name from sales"
    " where workspace_id = nullif (current_setting ('royal.workspace', true), '')::bigint"
    " and id >= royal_arg ('least')::bigint;"
    "grant select on sales_over to royal_host;";

static const struct RhTableColumn columns[] = {
  { "id", ROYAL_COLUMN_INT64 },
  { "price", ROYAL_COLUMN_DOUBLE },
  { "name", ROYAL_COLUMN_STRING },
};
static const RhTableQuery over = {
  "test.over", "copy (select id, price, name from sales_over order by id) to stdout (format binary)", columns,
  G_N_ELEMENTS (columns)
};
static const RhTableQuery broken = { "test.broken", "copy (select nothing) to stdout (format binary)", columns, 1 };
static const RhTableQuery no_copy = { "test.no-copy", "select 1", columns, 1 };
static const RhTableQuery mismatch = { "test.mismatch", "copy (select 1::int4) to stdout (format binary)", columns, 1 };

static RhStore *store;

static gboolean
is_available (gpointer data)
{
  return rh_store_is_available (data);
}

static RoyalTable *
read_table (const RhTableQuery *query, gint64 workspace, const char *const *args, GError **error)
{
  GAsyncResult *result = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  RoyalTable *table;
  int fd;

  rh_store_read_table_async (store, query, workspace, args, NULL, royal_test_result, &result);
  done = royal_test_wait (&result);
  fd = rh_store_read_table_finish (store, done, error);
  if (fd < 0)
    return NULL;
  table = royal_table_open (fd, error);
  close (fd);
  return table;
}

static void
test_read (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalTable) table = read_table (&over, 1, (const char *[]){ "least", "10", NULL }, &error);
  g_autoptr (RoyalTable) other = NULL;
  gsize length;

  g_assert_no_error (error);
  g_assert_cmpuint (royal_table_n_rows (table), ==, 99990);
  for (guint64 i = 0; i < 99990; i++)
    {
      gint64 id = royal_table_int64 (table, 0)[i];
      const char *name = royal_table_string (table, 2, i, &length);

      g_assert_cmpint (id, ==, (gint64)i + 10);
      g_assert_cmpint (royal_table_is_null (table, 1, i), ==, id % 3 == 0);
      g_assert_cmpfloat (royal_table_double (table, 1)[i], ==, id % 3 == 0 ? 0 : id / 4.0);
      g_assert_cmpint (name == NULL, ==, id % 5 == 0);
      g_assert_true (name == NULL || length == 2 * (gsize)(id % 20));
    }

  /* The next on that connection: its own workspace, its own argument. */
  other = read_table (&over, 2, (const char *[]){ "least", "0", NULL }, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (royal_table_n_rows (other), ==, 1);
}

static void
assert_read_fails (const RhTableQuery *query, const char *const *args, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (read_table (query, 1, args, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_read_errors (void)
{
  assert_read_fails (&broken, NULL, "column \"nothing\" does not exist");
  assert_read_fails (&no_copy, NULL, "test.no-copy is no COPY TO STDOUT");
  assert_read_fails (&mismatch, NULL, "test.mismatch, row 1: column \"id\" has 4 bytes, expected 8");
  assert_read_fails (&over, (const char *[]){ "least", "many", NULL },
                     "invalid input syntax for type bigint: \"many\"");
  test_read ();
}

static void
test_many_reads (void)
{
  GAsyncResult *results[8] = { NULL };
  const char *args[] = { "least", "90000", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    rh_store_read_table_async (store, &over, 1, args, NULL, royal_test_result, &results[i]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GAsyncResult) done = royal_test_wait (&results[i]);
      int fd = rh_store_read_table_finish (store, done, NULL);

      g_assert_cmpint (fd, >=, 0);
      close (fd);
    }
}

/* The yardstick is psql's \copy of the same rows to /dev/null. */

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
  g_test_add_func ("/bulk/read", test_read);
  g_test_add_func ("/bulk/read-errors", test_read_errors);
  g_test_add_func ("/bulk/many-reads", test_many_reads);
  status = royal_test_run ();
  g_object_unref (store);
  return status;
}
