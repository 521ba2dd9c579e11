/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-metrics.h"

#include <math.h>
#include <string.h>

#define LAG_INTERVAL_MS 250

/* Some labels come from plugins: past this many series a metric counts under "other". */
#define SERIES_MAX 1024

typedef enum { COUNTER, GAUGE, HISTOGRAM } Type;

static const char *const type_names[] = { "counter", "gauge", "histogram" };

static const struct {
  const char *name;
  Type type;
  const char *label;
  const char *help;
} table[] = {
  [RH_METRIC_LOOP_LAG] = { "royal_loop_lag_seconds", HISTOGRAM, NULL, "How late the event loop runs a timer." },
  [RH_METRIC_STORE_CALLS] = { "royal_store_calls_total", COUNTER, "statement", "Statements sent to the database." },
  [RH_METRIC_STORE_ERRORS] = { "royal_store_errors_total", COUNTER, "statement", "Statements that failed." },
  [RH_METRIC_STORE_SECONDS] = { "royal_store_call_seconds", HISTOGRAM, NULL, "Time from a statement to its rows." },
  [RH_METRIC_STORE_CONNECTIONS] = { "royal_store_connections", GAUGE, NULL, "Usable database connections." },
  [RH_METRIC_STORE_RECONNECTS] = { "royal_store_reconnects_total", COUNTER, NULL, "Database connections made again." },
  [RH_METRIC_WORKERS] = { "royal_workers", GAUGE, "agent", "Running worker processes." },
  [RH_METRIC_WORKER_RESTARTS] = { "royal_worker_restarts_total", COUNTER, "agent", "Workers started again." },
  [RH_METRIC_RUNS] = { "royal_runs_total", COUNTER, "outcome", "Runs that ended." },
  [RH_METRIC_RUN_SECONDS] = { "royal_run_seconds", HISTOGRAM, NULL, "Duration of runs." },
  [RH_METRIC_CALLS] = { "royal_worker_calls_total", COUNTER, "method", "Calls of plugins to the host." },
  [RH_METRIC_DECISIONS] = { "royal_gate_decisions_total", COUNTER, "decision", "Decisions about proposals." },
  [RH_METRIC_EFFECTS] = { "royal_gate_effects_total", COUNTER, "outcome", "Effects by their outcome." },
  [RH_METRIC_EFFECT_STEPS] = { "royal_gate_effect_steps_total", COUNTER, "step", "Steps on the way of effects." },
  [RH_METRIC_EFFECT_SECONDS] = { "royal_gate_effect_attempt_seconds", HISTOGRAM, NULL, "Duration of attempts." },
  [RH_METRIC_LANE_CALLS] = { "royal_connector_calls_total", COUNTER, "lane", "Operations of connectors that ended." },
  [RH_METRIC_LANE_FAILURES] = { "royal_connector_failures_total", COUNTER, "lane", "Operations without an answer." },
  [RH_METRIC_LANE_THROTTLES] = { "royal_connector_throttles_total", COUNTER, "lane", "Answers to come back later." },
  [RH_METRIC_LANE_OPENED] = { "royal_connector_breaker_opened_total", COUNTER, "lane",
                              "Circuit breakers that opened." },
  [RH_METRIC_LANE_BREAKER] = { "royal_connector_breaker_state", GAUGE, "lane", "0 closed, 0.5 half open, 1 open." },
  [RH_METRIC_LANE_IN_FLIGHT] = { "royal_connector_in_flight", GAUGE, "lane", "Operations under way." },
  [RH_METRIC_LANE_WAITING] = { "royal_connector_waiting", GAUGE, "lane", "Effects in hand that wait for their turn." },
  [RH_METRIC_JOURNAL_LAG] = { "royal_journal_lag_seconds", GAUGE, NULL, "Age of the oldest outbox row." },
  [RH_METRIC_HTTP_REQUESTS] = { "royal_http_requests_total", COUNTER, "status", "HTTP requests by status class." },
  [RH_METRIC_HTTP_SECONDS] = { "royal_http_request_seconds", HISTOGRAM, NULL, "Time to answer HTTP requests." },
  [RH_METRIC_FEED_CLIENTS] = { "royal_feed_clients", GAUGE, NULL, "Clients of the live feed." },
  [RH_METRIC_SPANS] = { "royal_trace_spans_total", COUNTER, "outcome", "Spans of traces by what became of them." },
  [RH_METRIC_JOBS] = { "royal_jobs", GAUGE, "state",
                       "Jobs that have not ended well, by state, in the whole database." },
  [RH_METRIC_QUEUE_AGE] = { "royal_job_queue_age_seconds", GAUGE, NULL, "How long the oldest job that is due waits." },
  [RH_METRIC_PROPOSALS] = { "royal_proposals", GAUGE, "state", "Proposals under way, in the whole database." },
  [RH_METRIC_PENDING_AGE] = { "royal_approval_age_seconds", GAUGE, NULL,
                              "How long the oldest pending proposal waits." },
  [RH_METRIC_APPROVAL_SECONDS] = { "royal_approval_seconds", HISTOGRAM, NULL, "From a proposal to a person's answer." },
  [RH_METRIC_RULES] = { "royal_gate_rule_matches_total", COUNTER, "rule", "Proposals that a policy rule matched." },
  [RH_METRIC_ACTIONS] = { "royal_actions_total", COUNTER, "action", "Effects that were executed, by action." },
  [RH_METRIC_THROTTLES] = { "royal_connector_throttles_total", COUNTER, "connector",
                            "Times that a connected system asked to slow down." },
  [RH_METRIC_DATABASE_SIZE] = { "royal_database_size_bytes", GAUGE, NULL, "Size of the database." },
  [RH_METRIC_DISK_FREE] = { "royal_disk_free_ratio", GAUGE, NULL, "Free share of the disk under the host's data." },
  [RH_METRIC_WORKER_MEMORY] = { "royal_worker_resident_bytes", GAUGE, "agent",
                                "Resident memory of an agent's workers." },
  [RH_METRIC_MEMORY] = { "royal_resident_memory_bytes", GAUGE, NULL, "Resident memory of the host." },
  [RH_METRIC_DESCRIPTORS] = { "royal_open_descriptors", GAUGE, NULL, "Open file descriptors of the host." },
  [RH_METRIC_ALERTS] = { "royal_alerts", GAUGE, "alert", "1 while an alert fires." },
  [RH_METRIC_SECRETS] = { "royal_secret_lookups_total", COUNTER, "source",
                          "Secrets looked up, by where they were found." },
  [RH_METRIC_TRIGGERS] = { "royal_triggers_fired_total", COUNTER, "kind", "What triggers have started." },
  [RH_METRIC_TRIGGER_ERRORS] = { "royal_trigger_errors_total", COUNTER, "kind", "Triggers that could not start it." },
  [RH_METRIC_HOOKS] = { "royal_webhook_deliveries_total", COUNTER, "outcome", "Webhook deliveries by outcome." },
  [RH_METRIC_TOLD_SECONDS] = { "royal_journal_told_seconds", HISTOGRAM, NULL,
                               "From an event to its place in the feed, of the oldest of each batch." },
  [RH_METRIC_EFFECT_START_SECONDS] = { "royal_effect_start_seconds", HISTOGRAM, NULL,
                                       "From a decision to the beginning of its effect, by the database's clock." },
  [RH_METRIC_SCHEDULE_SECONDS] = { "royal_schedule_late_seconds", HISTOGRAM, NULL,
                                   "From when a schedule was due to when it had fired." },
  [RH_METRIC_NOTICES_SENT] = { "royal_notification_attempts_total", COUNTER, "outcome",
                               "Attempts to send a notification: sent or failed." },
  [RH_METRIC_NOTICES] = { "royal_notifications", GAUGE, "state",
                          "Notifications that wait, and those that died within the last day." },
  [RH_METRIC_NOTICE_AGE] = { "royal_notification_age_seconds", GAUGE, NULL, "How long the oldest notification waits." },
  [RH_METRIC_REMOVED] = { "royal_rows_removed_total", COUNTER, "table",
                          "Rows removed after the time that they are kept." },
  [RH_METRIC_CONTROLS] = { "royal_controls", GAUGE, "control", "Stops, pauses, open breakers and envelopes in force." },
};
G_STATIC_ASSERT (G_N_ELEMENTS (table) == RH_METRIC_N);

static const double bounds[] = {
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60
};

typedef struct {
  char *label; /* escaped */
  double value;
} Series;

typedef struct {
  guint64 count;
  double sum;
  guint64 buckets[G_N_ELEMENTS (bounds)];
} Histogram;

static struct {
  GHashTable *by_label; /* label -> Series */
  double value;
  Histogram histogram;
} values[RH_METRIC_N];

static void
series_free (gpointer data)
{
  Series *self = data;

  g_free (self->label);
  g_free (self);
}

static char *
escape_label (const char *label)
{
  g_autofree char *valid = g_utf8_make_valid (label, -1);
  GString *out = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p++)
    {
      if (*p == '\\' || *p == '"')
        g_string_append_c (out, '\\');
      if (*p == '\n')
        g_string_append (out, "\\n");
      else
        g_string_append_c (out, *p);
    }
  return g_string_free (out, FALSE);
}

static double *
value_of (RhMetric metric, const char *label)
{
  GHashTable *by_label = values[metric].by_label;
  Series *series;

  if (table[metric].label == NULL)
    return &values[metric].value;

  if (by_label == NULL)
    values[metric].by_label = by_label = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, series_free);
  series = g_hash_table_lookup (by_label, label);
  if (series == NULL && g_hash_table_size (by_label) >= SERIES_MAX)
    series = g_hash_table_lookup (by_label, label = "other");
  if (series == NULL)
    {
      series = g_new0 (Series, 1);
      series->label = escape_label (label);
      g_hash_table_insert (by_label, g_strdup (label), series);
    }
  return &series->value;
}

void
rh_metric_add (RhMetric metric, const char *label, double amount)
{
  g_return_if_fail ((guint)metric < RH_METRIC_N && table[metric].type != HISTOGRAM);
  g_return_if_fail ((label != NULL) == (table[metric].label != NULL));
  g_return_if_fail (table[metric].type == GAUGE || amount >= 0);

  *value_of (metric, label) += amount;
}

void
rh_metric_set (RhMetric metric, const char *label, double value)
{
  g_return_if_fail ((guint)metric < RH_METRIC_N && table[metric].type == GAUGE);
  g_return_if_fail ((label != NULL) == (table[metric].label != NULL));

  *value_of (metric, label) = value;
}

void
rh_metric_observe (RhMetric metric, double seconds)
{
  Histogram *histogram;

  g_return_if_fail ((guint)metric < RH_METRIC_N && table[metric].type == HISTOGRAM);
  g_return_if_fail (!isnan (seconds));

  histogram = &values[metric].histogram;
  histogram->count++;
  histogram->sum += seconds;
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    if (seconds <= bounds[i])
      {
        histogram->buckets[i]++;
        break;
      }
}

static double
sum_of (GHashTable *by_label)
{
  GHashTableIter iter;
  gpointer series;
  double sum = 0;

  g_hash_table_iter_init (&iter, by_label);
  while (g_hash_table_iter_next (&iter, NULL, &series))
    sum += ((const Series *)series)->value;
  return sum;
}

double
rh_metric_value (RhMetric metric, const char *label)
{
  const Series *series;

  g_return_val_if_fail ((guint)metric < RH_METRIC_N && (label == NULL || table[metric].label != NULL), 0);

  if (table[metric].type == HISTOGRAM)
    return (double)values[metric].histogram.count;
  if (table[metric].label == NULL)
    return values[metric].value;
  if (values[metric].by_label == NULL)
    return 0;
  if (label == NULL)
    return sum_of (values[metric].by_label);
  series = g_hash_table_lookup (values[metric].by_label, label);
  return series != NULL ? series->value : 0;
}

double
rh_metric_above (RhMetric metric, double seconds)
{
  guint64 below = 0;

  g_return_val_if_fail ((guint)metric < RH_METRIC_N && table[metric].type == HISTOGRAM, 0);

  for (guint i = 0; i < G_N_ELEMENTS (bounds) && bounds[i] <= seconds; i++)
    below += values[metric].histogram.buckets[i];
  return (double)(values[metric].histogram.count - below);
}

void
rh_metric_forget (RhMetric metric, const char *label)
{
  g_return_if_fail ((guint)metric < RH_METRIC_N && table[metric].label != NULL && label != NULL);

  if (values[metric].by_label != NULL)
    g_hash_table_remove (values[metric].by_label, label);
}

static void
append_number (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    g_string_append (out, "NaN");
  else if (isinf (value))
    g_string_append (out, value > 0 ? "+Inf" : "-Inf");
  else
    g_string_append (out, g_ascii_formatd (text, sizeof text, "%.15g", value));
}

static void
append_histogram (GString *out, const char *name, const Histogram *histogram)
{
  guint64 below = 0;

  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      below += histogram->buckets[i];
      g_string_append_printf (out, "%s_bucket{le=\"", name);
      append_number (out, bounds[i]);
      g_string_append_printf (out, "\"} %" G_GUINT64_FORMAT "\n", below);
    }
  g_string_append_printf (out, "%s_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n%s_sum ", name, histogram->count, name);
  append_number (out, histogram->sum);
  g_string_append_printf (out, "\n%s_count %" G_GUINT64_FORMAT "\n", name, histogram->count);
}

static int
compare_series (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Series *)a)->label, ((const Series *)b)->label);
}

static void
append_series (GString *out, RhMetric metric)
{
  g_autoptr (GList) all = g_list_sort (g_hash_table_get_values (values[metric].by_label), compare_series);

  for (GList *l = all; l != NULL; l = l->next)
    {
      const Series *series = l->data;

      g_string_append_printf (out, "%s{%s=\"%s\"} ", table[metric].name, table[metric].label, series->label);
      append_number (out, series->value);
      g_string_append_c (out, '\n');
    }
}

char *
rh_metrics_text (void)
{
  GString *out = g_string_sized_new (16384);

  for (guint i = 0; i < RH_METRIC_N; i++)
    {
      /* A labelled metric exists from its first series on. */
      if (table[i].label != NULL && values[i].by_label == NULL)
        continue;

      g_string_append_printf (out, "# HELP %s %s\n# TYPE %s %s\n", table[i].name, table[i].help, table[i].name,
                              type_names[table[i].type]);
      if (table[i].type == HISTOGRAM)
        append_histogram (out, table[i].name, &values[i].histogram);
      else if (table[i].label != NULL)
        append_series (out, i);
      else
        {
          g_string_append_printf (out, "%s ", table[i].name);
          append_number (out, values[i].value);
          g_string_append_c (out, '\n');
        }
    }
  return g_string_free (out, FALSE);
}

static gboolean
measure_lag (gpointer data)
{
  gint64 *due_us = data;
  gint64 now_us = g_get_monotonic_time ();

  rh_metric_observe (RH_METRIC_LOOP_LAG, MAX (now_us - *due_us, 0) / 1e6);
  *due_us = now_us + LAG_INTERVAL_MS * 1000;
  return G_SOURCE_CONTINUE;
}

void
rh_metrics_watch_loop (void)
{
  static gint64 due_us;

  if (due_us != 0)
    return;
  due_us = g_get_monotonic_time () + LAG_INTERVAL_MS * 1000;
  g_timeout_add (LAG_INTERVAL_MS, measure_lag, &due_us);
}
