/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-test.h"

/* The queue as the database keeps it, without a host: sql/job-engine.sql. */

static char *
owner (void)
{
  return rh_cluster_conninfo (royal_test_cluster (), "royal_owner");
}

static void
run_sql (const char *sql)
{
  g_autofree char *info = owner ();

  royal_test_sql (info, sql);
}

static void
set_up (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "sql", "job-engine.sql", NULL);
  g_autofree char *sql = NULL;

  royal_test_migrate ();
  g_assert_true (g_file_get_contents (path, &sql, NULL, NULL));
  run_sql (sql);
}

static void
test_rule (gconstpointer rule)
{
  g_autofree char *sql = g_strdup_printf ("select engine_%s ()", (const char *)rule);

  run_sql (sql);
}

static void
test_model (void)
{
  g_autofree char *seed = g_strdup_printf ("call engine_model (250, %.6f)", g_test_rand_double ());

  run_sql ("call engine_model (250, 0.42)");
  g_test_message ("%s", seed);
  run_sql (seed);
}

static gpointer
race (gpointer host)
{
  g_autofree char *sql = g_strdup_printf ("call engine_race ('%s')", (const char *)host);

  run_sql (sql);
  return NULL;
}

static void
test_race (void)
{
  static const char *const hosts[] = { "A", "B", "C" };
  GThread *threads[G_N_ELEMENTS (hosts)];
  g_autofree char *info = owner ();
  g_autofree char *told = NULL;

  run_sql ("select engine_reset (); select count (*) from engine_put (engine_ws ('test'), 3000)");
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    threads[i] = g_thread_new (hosts[i], race, (gpointer)hosts[i]);
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    g_thread_join (threads[i]);
  told = royal_test_sql_value (info, "select (select count (*) from engine_done) || ' ' || (select count (*) from jobs"
                                     " where state = 'completed' and attempt = 1) || ' ' || (select count (*)"
                                     " from job_leases)");
  g_assert_cmpstr (told, ==, "3000 3000 0");
}

int
main (int argc, char **argv)
{
  static const char *const rules[] = { "fair", "age", "keys", "rates", "bound", "dead" };

  royal_test_init (&argc, &argv);
  set_up ();
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      g_autofree char *path = g_strconcat ("/job-engine/", rules[i], NULL);

      g_test_add_data_func (path, rules[i], test_rule);
    }
  g_test_add_func ("/job-engine/model", test_model);
  g_test_add_func ("/job-engine/race", test_race);
  return royal_test_run ();
}
