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

/* What @first does is not committed before @second has begun. */
static void
at_once (const char *first, const char *second)
{
  g_autofree char *slow = g_strconcat ("begin; select set_config ('royal.workspace', engine_ws ('test')::text, true); ",
                                       first, "; select pg_sleep (0.6); commit", NULL);
  g_autofree char *held = g_strconcat ("begin; select pg_sleep (0.3); select set_config ('royal.workspace',"
                                       " engine_ws ('test')::text, true); ",
                                       second, "; commit", NULL);
  GThread *thread = g_thread_new ("first", (GThreadFunc)(gpointer)run_sql, slow);

  run_sql (held);
  g_thread_join (thread);
  /* cppcheck-suppress memleak ; it was joined, which frees it */
}

static void
expect_sql (const char *sql, const char *value)
{
  g_autofree char *info = owner ();
  g_autofree char *is = royal_test_sql_value (info, sql);

  g_assert_cmpstr (is, ==, value);
}

/* Two people answer for the same dead letter: one of them was first. */
static void
test_dead_race (void)
{
  static const char *const others[] = { "select dead_retry (null, null, 'b')",
                                        "select dead_discard (null, null, 'b')" };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      run_sql ("select engine_reset (); select engine_put (engine_ws ('test'), 1, '{\"max_attempts\":1}')");
      run_sql (
          "begin; select set_config ('royal.workspace', engine_ws ('test')::text, true); select job_fail ('A',"
          " l.lease, l.job, 1, '{}', false, false) from job_lease ('A', '{x}', '{5}', '{0}', null, 3600) l; commit");
      at_once ("select dead_retry (null, null, 'a')", others[i]);
      expect_sql (
          "select state || ' ' || (select count (*) from job_queue) || ' ' || (select count (*) from dead_letters)"
          " from jobs",
          "queued 1 0");
    }
}

/* A job that is cancelled while it goes from one place to another where it waits. */
static void
test_cancel_race (void)
{
  run_sql ("select engine_reset (); select engine_put (engine_ws ('test'), 1);"
           " insert into job_later select workspace_id, job, now () from job_queue; delete from job_queue");
  at_once ("select job_promote ()", "select job_cancel (uid, 'me') from jobs");
  expect_sql ("select state || ' ' || (select count (*) from job_queue) from jobs", "cancelled 0");
}

/* Two hosts end and lease what is limited, in opposite order. */
static void
test_limits_race (void)
{
  static const char lease[] =
      "select count (*) from job_lease ('%s', '{%s}', '{1}', '{0}', '{\"x\":{\"concurrency\":9},"
      "\"y\":{\"concurrency\":9}}', 3600)";
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *first_lease = g_strdup_printf (lease, "A", "x");
  g_autofree char *first_again = g_strdup_printf (lease, "A", "y");
  g_autofree char *second_lease = g_strdup_printf (lease, "B", "y");
  g_autofree char *second_again = g_strdup_printf (lease, "B", "x");

  run_sql ("select engine_reset (); select engine_put (engine_ws ('test'), 4);"
           " select engine_put (engine_ws ('test'), 4, '{\"agent\":\"y\"}')");
  first = g_strconcat (first_lease, "; select pg_sleep (0.5); ", first_again, NULL);
  second = g_strconcat (second_lease, "; select pg_sleep (0.5); ", second_again, NULL);
  at_once (first, second);
  /* Nothing is lost that could not be leased then. */
  expect_sql ("select (select count (*) from job_queue) + (select count (*) from job_later)"
              " + (select sum (open) from job_leases)",
              "8");
  run_sql ("select pg_sleep (0.1)");
  run_sql (first_lease);
  run_sql (second_lease);
  expect_sql ("select (select sum (open) from job_leases) >= 4 and not exists (select from job_later)", "t");
}

int
main (int argc, char **argv)
{
  static const char *const rules[] = { "fair", "age", "keys", "rates", "bound", "full", "places", "dead", "at_once" };

  royal_test_init (&argc, &argv);
  set_up ();
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      g_autofree char *path = g_strconcat ("/job-engine/", rules[i], NULL);

      g_test_add_data_func (path, rules[i], test_rule);
    }
  g_test_add_func ("/job-engine/model", test_model);
  g_test_add_func ("/job-engine/race", test_race);
  g_test_add_func ("/job-engine/dead-race", test_dead_race);
  g_test_add_func ("/job-engine/cancel-race", test_cancel_race);
  g_test_add_func ("/job-engine/limits-race", test_limits_race);
  return royal_test_run ();
}
