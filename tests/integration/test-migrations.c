/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

#include <rh-migrations-private.h>
#include <royal/error.h>
#include <string.h>

/* Each test has a database of its own. */
static char *
make_database (const char *name)
{
  g_autofree char *admin = rh_cluster_conninfo (royal_test_cluster (), "royal_admin");
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  g_autofree char *create = g_strdup_printf ("create database %s owner royal_owner", name);

  royal_test_sql (admin, create);
  return g_strdup_printf ("%s dbname=%s", owner, name);
}

/* @files: name, SQL, name, SQL, …, NULL */
static GPtrArray *
make_known (const char *const *files)
{
  GPtrArray *known = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_migration_free);

  for (; files[0] != NULL; files += 2)
    {
      g_autoptr (GError) error = NULL;

      g_ptr_array_add (known, rh_migration_new (files[0], files[1], &error));
      g_assert_no_error (error);
    }
  return known;
}

static void
assert_run (const char *database, const char *const *files, gboolean check_only, guint applied, guint pending)
{
  g_autoptr (GPtrArray) known = make_known (files);
  g_autoptr (GError) error = NULL;
  RhMigrationState state = { 99, 99 };

  if (!rh_migrations_run (database, known, check_only, NULL, &state, &error))
    g_error ("%s", error->message);
  g_assert_cmpuint (state.applied, ==, applied);
  g_assert_cmpuint (state.pending, ==, pending);
}

static void
assert_fails (const char *database, const char *const *files, int code, const char *message)
{
  g_autoptr (GPtrArray) known = make_known (files);
  g_autoptr (GError) error = NULL;
  RhMigrationState state = { 99, 99 };

  g_assert_false (rh_migrations_run (database, known, FALSE, NULL, &state, &error));
  g_assert_error (error, ROYAL_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
  g_assert_cmpuint (state.applied, ==, 99);
}

static void
assert_value (const char *database, const char *sql, const char *expected)
{
  g_autofree char *value = royal_test_sql_value (database, sql);

  g_assert_cmpstr (value, ==, expected);
}

#define ONE "0001_one.sql", "create table one (x int); insert into one values (1);"
#define TWO "0002_two.sql", "create table two (x int);\ninsert into two values (2);"
#define COUNT "select count(*) from schema_migrations"

static void
test_apply (void)
{
  g_autofree char *database = make_database ("apply");

  assert_run (database, (const char *[]){ ONE, NULL }, TRUE, 0, 1);
  assert_value (database, "select to_regclass ('schema_migrations') is null", "t"); /* looking changed nothing */
  assert_run (database, (const char *[]){ ONE, NULL }, FALSE, 1, 0);
  assert_run (database, (const char *[]){ ONE, TWO, NULL }, TRUE, 1, 1);
  assert_run (database, (const char *[]){ ONE, TWO, NULL }, FALSE, 2, 0);
  assert_run (database, (const char *[]){ ONE, TWO, NULL }, FALSE, 2, 0);
  assert_value (database, "select count(*) from one", "1");
  assert_value (database, COUNT, "2");
}

static void
test_refusals (void)
{
  g_autofree char *database = make_database ("refusals");

  assert_run (database, (const char *[]){ ONE, TWO, NULL }, FALSE, 2, 0);
  assert_fails (database, (const char *[]){ "0001_one.sql", "select 1", TWO, NULL }, ROYAL_ERROR_CONFLICT,
                "migration 0001_one was changed after it had been applied");
  assert_fails (database, (const char *[]){ ONE, NULL }, ROYAL_ERROR_CONFLICT,
                "the database has migration 0002_two, which this host does not know: it was made by a newer host");
  assert_fails (database, (const char *[]){ ONE, "0003_three.sql", "select 1", NULL }, ROYAL_ERROR_INVALID,
                "migration 0003_three has a gap before it: expected number 0002");
  royal_test_sql (database, "delete from schema_migrations where version = 1");
  assert_fails (database, (const char *[]){ ONE, TWO, NULL }, ROYAL_ERROR_CONFLICT,
                "the database has migration 0002_two but not 0001_one before it");
}

static void
test_failure_rolls_back (void)
{
  g_autofree char *database = make_database ("failure");

  assert_fails (database, (const char *[]){ ONE, "0002_two.sql", "create table two (x int);\n\nselect nothing;", NULL },
                ROYAL_ERROR_FAILED, "migration 0002_two, line 3: column \"nothing\" does not exist");
  assert_value (database, COUNT, "1");
  assert_value (database, "select to_regclass ('two') is null", "t");
  assert_run (database, (const char *[]){ ONE, TWO, NULL }, FALSE, 2, 0);
  assert_fails (database, (const char *[]){ ONE, TWO, "0003_three.sql", "commit", NULL }, ROYAL_ERROR_INVALID,
                "migration 0003_three ends the transaction that it runs in");
}

static gpointer
run_in_thread (gpointer data)
{
  assert_run (data, (const char *[]){ ONE, TWO, "0003_three.sql", "select pg_sleep (0.1)", NULL }, FALSE, 3, 0);
  return NULL;
}

static void
test_two_at_once (void)
{
  g_autofree char *database = make_database ("two");
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("runner", run_in_thread, database);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_value (database, COUNT, "3");
  assert_value (database, "select count(*) from one", "1");
}

/* An external database: the owner is no superuser and nobody has made royal_host. */
static void
test_missing_role (void)
{
  g_autofree char *admin = rh_cluster_conninfo (royal_test_cluster (), "royal_admin");
  g_autofree char *database = make_database ("external");
  g_autofree char *as_admin = g_strdup_printf ("%s dbname=external", admin);

  royal_test_sql (admin, "alter role royal_host rename to away");
  assert_fails (database, (const char *[]){ ONE, NULL }, ROYAL_ERROR_DENIED,
                "royal_owner may not make the role royal_host or become it; run this as a superuser, then start again: "
                "create role royal_host nologin; grant royal_host to \"royal_owner\";");
  assert_run (as_admin, (const char *[]){ ONE, NULL }, FALSE, 1, 0);
  assert_value (admin, "select rolcanlogin from pg_roles where rolname = 'royal_host'", "f");
  royal_test_sql (as_admin, "drop owned by royal_host; drop role royal_host; alter role away rename to royal_host");
}

static void
test_names (void)
{
  static const char *const wrong[] = { "1_one.sql", "0001-one.sql", "0001_one", "0001_One.sql", "0001_.sql.bak" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (rh_migration_new (wrong[i], "", &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
    }
}

static void
test_product (void)
{
  g_autofree char *owner = rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
  g_autofree char *host = rh_cluster_conninfo (royal_test_cluster (), "royal_host");
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) known = rh_migrations_embedded (&error);
  g_autofree char *n = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (known->len, >=, 1);
  royal_test_migrate ();
  royal_test_migrate ();
  n = g_strdup_printf ("%u", known->len);
  assert_value (owner, COUNT, n);
  assert_value (host, COUNT, n);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/migrations/apply", test_apply);
  g_test_add_func ("/migrations/refusals", test_refusals);
  g_test_add_func ("/migrations/failure-rolls-back", test_failure_rolls_back);
  g_test_add_func ("/migrations/two-at-once", test_two_at_once);
  g_test_add_func ("/migrations/missing-role", test_missing_role);
  g_test_add_func ("/migrations/names", test_names);
  g_test_add_func ("/migrations/product", test_product);
  return royal_test_run ();
}
