/* SPDX-License-Identifier: Apache-2.0 */
#include <rh-alerts.h>
#include <rh-metrics.h>
#include <royal-json.h>
#include <string.h>

#define S ((gint64)G_USEC_PER_SEC)

/* Nothing is wrong. */
static void
all_is_well (void)
{
  rh_metric_set (RH_METRIC_STORE_CONNECTIONS, NULL, 8);
  rh_metric_set (RH_METRIC_DISK_FREE, NULL, 0.5);
  rh_metric_set (RH_METRIC_JOBS, "queued", 0);
  rh_metric_set (RH_METRIC_JOBS, "dead", 0);
  rh_metric_set (RH_METRIC_PROPOSALS, "unknown", 0);
  rh_metric_set (RH_METRIC_JOURNAL_LAG, NULL, 0);
}

/* The names of what fires, joined. */
static char *
firing (RhAlertWatch *watch)
{
  g_autoptr (JsonNode) list = rh_alert_watch_firing (watch);
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (json_node_get_array (list)); i++)
    g_string_append_printf (
        names, "%s%s", i > 0 ? " " : "",
        royal_json_string (json_array_get_object_element (json_node_get_array (list), i), "name", ""));
  return g_string_free (names, FALSE);
}

static void
assert_firing (RhAlertWatch *watch, const char *expected)
{
  g_autofree char *found = firing (watch);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_gauges (void)
{
  g_autoptr (RhAlertWatch) watch = rh_alert_watch_new ();
  gint64 now = 1000 * S;

  all_is_well ();
  rh_alert_watch_look (watch, now);
  assert_firing (watch, "");
  rh_metric_set (RH_METRIC_JOBS, "queued", 1001);
  rh_metric_set (RH_METRIC_PROPOSALS, "unknown", 1);
  rh_alert_watch_look (watch, now += 10 * S);
  assert_firing (watch, "EffectUnknown"); /* the queue may be long for a minute */
  rh_alert_watch_look (watch, now += 59 * S);
  assert_firing (watch, "EffectUnknown");
  rh_alert_watch_look (watch, now += 1 * S);
  assert_firing (watch, "QueueLong EffectUnknown");
  g_assert_cmpfloat (rh_metric_value (RH_METRIC_ALERTS, "QueueLong"), ==, 1);
  rh_metric_set (RH_METRIC_JOBS, "queued", 1000);
  rh_alert_watch_look (watch, now += 10 * S);
  assert_firing (watch, "EffectUnknown");
  g_assert_cmpfloat (rh_metric_value (RH_METRIC_ALERTS, "QueueLong"), ==, 0);
  rh_metric_set (RH_METRIC_JOBS, "queued", 1001); /* it begins anew */
  rh_metric_set (RH_METRIC_PROPOSALS, "unknown", 0);
  rh_alert_watch_look (watch, now += 10 * S);
  assert_firing (watch, "");
  rh_metric_set (RH_METRIC_DISK_FREE, NULL, 0.19);
  rh_metric_set (RH_METRIC_STORE_CONNECTIONS, NULL, 0);
  rh_alert_watch_look (watch, now += 10 * S);
  rh_alert_watch_look (watch, now += 60 * S);
  assert_firing (watch, "QueueLong DatabaseLost DiskLow");
}

static void
test_notices (void)
{
  g_autoptr (RhAlertWatch) watch = rh_alert_watch_new ();
  gint64 now = 1000 * S;

  all_is_well ();
  rh_metric_set (RH_METRIC_NOTICE_AGE, NULL, 901);
  rh_metric_set (RH_METRIC_NOTICES, "dead", 1);
  rh_alert_watch_look (watch, now);
  assert_firing (watch, "NotificationsDead");
  rh_alert_watch_look (watch, now += 60 * S);
  assert_firing (watch, "NotificationsLate NotificationsDead");
  rh_metric_set (RH_METRIC_NOTICE_AGE, NULL, 900);
  rh_metric_set (RH_METRIC_NOTICES, "dead", 0);
  rh_alert_watch_look (watch, now += 10 * S);
  assert_firing (watch, "");
}

/* Rates are of the last five minutes: what failed before does not count. */
static void
test_rates (void)
{
  g_autoptr (RhAlertWatch) watch = rh_alert_watch_new ();
  gint64 now = 100000 * S;

  all_is_well ();
  rh_metric_add (RH_METRIC_RUNS, "failed", 1000);
  rh_alert_watch_look (watch, now);
  rh_metric_add (RH_METRIC_RUNS, "completed", 95);
  rh_metric_add (RH_METRIC_RUNS, "failed", 5);
  rh_alert_watch_look (watch, now += 10 * S);
  rh_alert_watch_look (watch, now += 60 * S);
  assert_firing (watch, "");
  rh_metric_add (RH_METRIC_RUNS, "crashed", 1);
  rh_alert_watch_look (watch, now += 10 * S);
  rh_alert_watch_look (watch, now += 60 * S);
  assert_firing (watch, "RunsFail");
  for (guint i = 0; i < 32; i++)
    rh_alert_watch_look (watch, now += 10 * S);
  assert_firing (watch, "");
  rh_metric_observe (RH_METRIC_RUN_SECONDS, 30);
  rh_alert_watch_look (watch, now += 10 * S);
  assert_firing (watch, "");
  rh_metric_observe (RH_METRIC_RUN_SECONDS, 31);
  rh_alert_watch_look (watch, now += 10 * S);
  assert_firing (watch, "RunsSlow");
}

/* One of twenty may begin late. */
static void
test_effects (void)
{
  g_autoptr (RhAlertWatch) watch = rh_alert_watch_new ();
  gint64 now = 200000 * S;

  all_is_well ();
  rh_alert_watch_look (watch, now);
  for (guint i = 0; i < 19; i++)
    rh_metric_observe (RH_METRIC_EFFECT_START_SECONDS, 0.25);
  rh_metric_observe (RH_METRIC_EFFECT_START_SECONDS, 0.26);
  rh_alert_watch_look (watch, now += 10 * S);
  rh_alert_watch_look (watch, now += 60 * S);
  assert_firing (watch, "");
  rh_metric_observe (RH_METRIC_EFFECT_START_SECONDS, 0.26);
  rh_alert_watch_look (watch, now += 10 * S);
  assert_firing (watch, "");
  rh_alert_watch_look (watch, now += 60 * S);
  assert_firing (watch, "EffectsLate");
  for (guint i = 0; i < 32; i++)
    rh_alert_watch_look (watch, now += 10 * S);
  assert_firing (watch, "");
}

/* The rules for Prometheus say the same. */
static void
test_rules_file (void)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "..", "..", "packaging", "prometheus", "royal.rules.yml", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  for (const RhAlert *alert = rh_alerts (); alert->name != NULL; alert++, n++)
    {
      g_autofree char *wait = alert->for_s > 0 ? g_strdup_printf ("        for: %us\n", alert->for_s) : g_strdup ("");
      g_autofree char *rule = g_strdup_printf ("      - alert: Royal%s\n"
                                               "        expr: %s\n"
                                               "%s"
                                               "        labels:\n"
                                               "          severity: %s\n"
                                               "        annotations:\n"
                                               "          summary: %s\n",
                                               alert->name, alert->expr, wait, alert->severity, alert->summary);

      if (strstr (text, rule) == NULL)
        g_error ("the rules file lacks:\n%s", rule);
    }
  for (const char *p = text; (p = strstr (p, "- alert: ")) != NULL; p++)
    n--;
  g_assert_cmpuint (n, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alerts/gauges", test_gauges);
  g_test_add_func ("/alerts/notices", test_notices);
  g_test_add_func ("/alerts/rates", test_rates);
  g_test_add_func ("/alerts/effects", test_effects);
  g_test_add_func ("/alerts/rules-file", test_rules_file);
  return g_test_run ();
}
