/* SPDX-License-Identifier: Apache-2.0 */
#include <rh-metrics.h>
#include <string.h>

static void
assert_has (const char *line)
{
  g_autofree char *text = rh_metrics_text ();
  g_autofree char *whole = g_strdup_printf ("\n%s\n", line);

  if (strstr (text, whole) == NULL)
    g_error ("no line '%s' in:\n%s", line, text);
}

static void
test_kinds (void)
{
  rh_metric_add (RH_METRIC_STORE_CALLS, "gate.submit", 1);
  rh_metric_add (RH_METRIC_STORE_CALLS, "gate.submit", 2);
  rh_metric_set (RH_METRIC_FEED_CLIENTS, NULL, 7);
  rh_metric_add (RH_METRIC_FEED_CLIENTS, NULL, -2.5);
  assert_has ("# HELP royal_store_calls_total Statements sent to the database.");
  assert_has ("# TYPE royal_store_calls_total counter");
  assert_has ("royal_store_calls_total{statement=\"gate.submit\"} 3");
  assert_has ("royal_feed_clients 4.5");
  assert_has ("royal_store_reconnects_total 0");
}

static void
test_histogram (void)
{
  rh_metric_observe (RH_METRIC_RUN_SECONDS, 0.0005);
  rh_metric_observe (RH_METRIC_RUN_SECONDS, 0.3);
  rh_metric_observe (RH_METRIC_RUN_SECONDS, 1000);
  assert_has ("# TYPE royal_run_seconds histogram");
  assert_has ("royal_run_seconds_bucket{le=\"0.0005\"} 1");
  assert_has ("royal_run_seconds_bucket{le=\"0.25\"} 1");
  assert_has ("royal_run_seconds_bucket{le=\"0.5\"} 2");
  assert_has ("royal_run_seconds_bucket{le=\"60\"} 2");
  assert_has ("royal_run_seconds_bucket{le=\"+Inf\"} 3");
  assert_has ("royal_run_seconds_sum 1000.3005");
  assert_has ("royal_run_seconds_count 3");
}

static void
test_hostile_labels (void)
{
  rh_metric_add (RH_METRIC_CALLS, "a\"b\\c\nd\xff", 1);
  assert_has ("royal_worker_calls_total{method=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 1");
  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *label = g_strdup_printf ("m%u", i);

      rh_metric_add (RH_METRIC_CALLS, label, 1);
    }
  assert_has ("royal_worker_calls_total{method=\"other\"} 3977");
}

/* What promtool demands of names, for the whole table. */
static void
test_names (void)
{
  g_autofree char *text = rh_metrics_text ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);

      if (!g_str_has_prefix (lines[i], "# TYPE "))
        continue;
      g_assert_true (g_regex_match_simple ("^royal_[a-z_]+$", words[2], 0, 0));
      g_assert_cmpint (g_str_has_suffix (words[2], "_total"), ==, strcmp (words[3], "counter") == 0);
      if (strcmp (words[3], "histogram") == 0)
        g_assert_true (g_str_has_suffix (words[2], "_seconds"));
      g_assert_true (g_str_has_prefix (lines[i - 1], "# HELP "));
    }
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static void
test_loop_lag (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  rh_metrics_watch_loop ();
  g_usleep (400 * 1000); /* the loop stands still: the timer is 150 ms late */
  g_timeout_add (20, quit, loop);
  g_main_loop_run (loop);
  assert_has ("royal_loop_lag_seconds_bucket{le=\"0.1\"} 0");
  assert_has ("royal_loop_lag_seconds_count 1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/kinds", test_kinds);
  g_test_add_func ("/metrics/histogram", test_histogram);
  g_test_add_func ("/metrics/hostile-labels", test_hostile_labels);
  g_test_add_func ("/metrics/names", test_names);
  g_test_add_func ("/metrics/loop-lag", test_loop_lag);
  return g_test_run ();
}
