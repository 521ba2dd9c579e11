/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-alerts.h"

#include "rh-log.h"
#include "rh-metrics.h"

#include <string.h>

#define WINDOW_US (5 * 60 * G_USEC_PER_SEC)
#define SAMPLES_MAX 64
#define SLOW_RUN_S 30
#define LATE_EFFECT_S 0.25

/* What only grows, at one moment. */
typedef struct {
  gint64 at_us;
  double runs;
  double failed_runs;
  double slow_runs;
  double effects;
  double late_effects;
  double requests;
  double failed_requests;
  double throttled;
} Sample;

static double
share (double part, double whole)
{
  return whole > 0 ? part / whole : 0;
}

static gboolean
runs_fail (const Sample *over)
{
  return share (over->failed_runs, over->runs) > 0.05;
}

static gboolean
queue_is_long (const Sample *over)
{
  return rh_metric_value (RH_METRIC_JOBS, "queued") > 1000;
}

static gboolean
database_is_lost (const Sample *over)
{
  return rh_metric_value (RH_METRIC_STORE_CONNECTIONS, NULL) < 1;
}

static gboolean
effect_is_unknown (const Sample *over)
{
  return rh_metric_value (RH_METRIC_PROPOSALS, "unknown") > 0;
}

static gboolean
runs_are_slow (const Sample *over)
{
  return over->slow_runs > 0;
}

static gboolean
effects_are_late (const Sample *over)
{
  return share (over->late_effects, over->effects) > 0.05;
}

static gboolean
requests_fail (const Sample *over)
{
  return share (over->failed_requests, over->requests) > 0.02;
}

static gboolean
others_throttle (const Sample *over)
{
  return over->throttled > 0;
}

static gboolean
disk_is_full (const Sample *over)
{
  return rh_metric_value (RH_METRIC_DISK_FREE, NULL) < 0.2;
}

static gboolean
journal_lags (const Sample *over)
{
  return rh_metric_value (RH_METRIC_JOURNAL_LAG, NULL) > 30;
}

static gboolean
jobs_die (const Sample *over)
{
  return rh_metric_value (RH_METRIC_JOBS, "dead") > 0;
}

static gboolean
notices_wait (const Sample *over)
{
  return rh_metric_value (RH_METRIC_NOTICE_AGE, NULL) > 900;
}

static gboolean
notices_die (const Sample *over)
{
  return rh_metric_value (RH_METRIC_NOTICES, "dead") > 0;
}

static const RhAlert alerts[] = {
  { "RunsFail", "critical", 60, "More than 5 % of the runs of the last five minutes failed.",
    "sum(increase(royal_runs_total{outcome!~\"completed|cancelled\"}[5m])) / sum(increase(royal_runs_total[5m])) > "
    "0.05" },
  { "QueueLong", "critical", 60, "More than 1,000 jobs wait.", "max(royal_jobs{state=\"queued\"}) > 1000" },
  { "DatabaseLost", "critical", 10, "The host has no usable connection to its database.",
    "royal_store_connections < 1" },
  { "EffectUnknown", "critical", 0, "It cannot be told whether an effect happened; a person must look.",
    "max(royal_proposals{state=\"unknown\"}) > 0" },
  { "RunsSlow", "warning", 0, "A run took more than 30 seconds.",
    "sum(increase(royal_run_seconds_count[5m])) - sum(increase(royal_run_seconds_bucket{le=\"30\"}[5m])) > 0" },
  { "EffectsLate", "warning", 60,
    "More than 5 % of the effects of the last five minutes began more than 250 ms after they were decided.",
    "(sum(increase(royal_effect_start_seconds_count[5m])) - "
    "sum(increase(royal_effect_start_seconds_bucket{le=\"0.25\"}[5m]))) / "
    "sum(increase(royal_effect_start_seconds_count[5m])) > 0.05" },
  { "RequestsFail", "warning", 60,
    "More than 2 % of the API's answers of the last five minutes were errors of the host.",
    "sum(increase(royal_http_requests_total{status=\"5xx\"}[5m])) / sum(increase(royal_http_requests_total[5m])) > "
    "0.02" },
  { "ApiLimitNear", "warning", 0, "A connected system has asked the host to slow down.",
    "sum(increase(royal_connector_throttles_total[5m])) > 0" },
  { "DiskLow", "warning", 60, "Less than 20 % of the disk under the host's data is free.",
    "royal_disk_free_ratio < 0.2" },
  { "JournalLags", "warning", 30, "The audit trail and the live feed are more than 30 seconds behind.",
    "max(royal_journal_lag_seconds) > 30" },
  { "JobsDead", "warning", 0, "Jobs have used up their attempts and wait for a person.",
    "max(royal_jobs{state=\"dead\"}) > 0" },
  { "NotificationsLate", "warning", 60, "A notification has not reached its receiver for 15 minutes.",
    "max(royal_notification_age_seconds) > 900" },
  { "NotificationsDead", "warning", 0, "A notification of the last day did not reach its receiver by its deadline.",
    "max(royal_notifications{state=\"dead\"}) > 0" },
  { NULL },
};

static gboolean (*const tests[]) (const Sample *over) = {
  runs_fail,       queue_is_long, database_is_lost, effect_is_unknown, runs_are_slow, effects_are_late, requests_fail,
  others_throttle, disk_is_full,  journal_lags,     jobs_die,          notices_wait,  notices_die,
};
G_STATIC_ASSERT (G_N_ELEMENTS (tests) == G_N_ELEMENTS (alerts) - 1);

#define N_ALERTS G_N_ELEMENTS (tests)

struct _RhAlertWatch {
  GQueue samples;            /* Sample, the oldest first */
  gint64 since_us[N_ALERTS]; /* 0 = it does not hold */
  gint64 fired_us[N_ALERTS]; /* of the real-time clock; 0 = it does not fire */
};

const RhAlert *
rh_alerts (void)
{
  return alerts;
}

RhAlertWatch *
rh_alert_watch_new (void)
{
  RhAlertWatch *self = g_new0 (RhAlertWatch, 1);

  g_queue_init (&self->samples);
  return self;
}

void
rh_alert_watch_free (RhAlertWatch *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->samples, g_free);
  g_free (self);
}

static Sample *
take_sample (gint64 now_us)
{
  static const char *const failures[] = { "failed", "crashed", "timeout" };
  Sample *sample = g_new0 (Sample, 1);

  sample->at_us = now_us;
  sample->runs = rh_metric_value (RH_METRIC_RUNS, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    sample->failed_runs += rh_metric_value (RH_METRIC_RUNS, failures[i]);
  sample->slow_runs = rh_metric_above (RH_METRIC_RUN_SECONDS, SLOW_RUN_S);
  sample->effects = rh_metric_above (RH_METRIC_EFFECT_START_SECONDS, 0);
  sample->late_effects = rh_metric_above (RH_METRIC_EFFECT_START_SECONDS, LATE_EFFECT_S);
  sample->requests = rh_metric_value (RH_METRIC_HTTP_REQUESTS, NULL);
  sample->failed_requests = rh_metric_value (RH_METRIC_HTTP_REQUESTS, "5xx");
  sample->throttled = rh_metric_value (RH_METRIC_THROTTLES, NULL);
  return sample;
}

/* What has happened since the oldest sample of the window. */
static Sample
since_oldest (const RhAlertWatch *self, const Sample *now)
{
  const Sample *then = self->samples.head != NULL ? self->samples.head->data : now;

  return (Sample){ .at_us = now->at_us - then->at_us,
                   .runs = now->runs - then->runs,
                   .failed_runs = now->failed_runs - then->failed_runs,
                   .slow_runs = now->slow_runs - then->slow_runs,
                   .effects = now->effects - then->effects,
                   .late_effects = now->late_effects - then->late_effects,
                   .requests = now->requests - then->requests,
                   .failed_requests = now->failed_requests - then->failed_requests,
                   .throttled = now->throttled - then->throttled };
}

static void
judge (RhAlertWatch *self, guint i, gboolean holds, gint64 now_us)
{
  const RhAlert *alert = &alerts[i];
  gboolean fires;

  if (!holds)
    self->since_us[i] = 0;
  else if (self->since_us[i] == 0)
    self->since_us[i] = now_us;
  fires = holds && now_us - self->since_us[i] >= alert->for_s * G_USEC_PER_SEC;
  rh_metric_set (RH_METRIC_ALERTS, alert->name, fires);
  if (fires == (self->fired_us[i] != 0))
    return;
  self->fired_us[i] = fires ? g_get_real_time () : 0;
  rh_log (fires ? RH_LOG_WARNING : RH_LOG_NOTICE, fires ? "alert.fired" : "alert.ended",
          fires ? alert->summary : "an alert has ended", "alert", alert->name, "severity", alert->severity, NULL);
}

void
rh_alert_watch_look (RhAlertWatch *self, gint64 now_us)
{
  Sample *now;
  Sample over;

  g_return_if_fail (self != NULL);

  now = take_sample (now_us);
  while (self->samples.length > 0 &&
         (now_us - ((Sample *)self->samples.head->data)->at_us > WINDOW_US || self->samples.length >= SAMPLES_MAX))
    g_free (g_queue_pop_head (&self->samples));
  over = since_oldest (self, now);
  g_queue_push_tail (&self->samples, now);
  for (guint i = 0; i < N_ALERTS; i++)
    judge (self, i, tests[i](&over), now_us);
}

static void
add_firing (RhAlertWatch *self, JsonArray *list, const char *severity)
{
  for (guint i = 0; i < N_ALERTS; i++)
    if (self->fired_us[i] != 0 && strcmp (alerts[i].severity, severity) == 0)
      {
        g_autoptr (GDateTime) since = g_date_time_new_from_unix_utc (self->fired_us[i] / G_USEC_PER_SEC);
        g_autofree char *text = g_date_time_format (since, "%Y-%m-%dT%H:%M:%SZ");
        JsonObject *object = json_object_new ();

        json_object_set_string_member (object, "name", alerts[i].name);
        json_object_set_string_member (object, "severity", alerts[i].severity);
        json_object_set_string_member (object, "summary", alerts[i].summary);
        json_object_set_string_member (object, "since", text);
        json_array_add_object_element (list, object);
      }
}

JsonNode *
rh_alert_watch_firing (RhAlertWatch *self)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  g_return_val_if_fail (self != NULL, node);

  json_node_take_array (node, json_array_new ());
  add_firing (self, json_node_get_array (node), "critical");
  add_firing (self, json_node_get_array (node), "warning");
  return node;
}
