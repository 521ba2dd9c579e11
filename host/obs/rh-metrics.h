/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Metrics of the process, in Prometheus' text format. Every metric stands in one table, rh-metrics.c; main context
 * only. @label is the value of the metric's one label, NULL when it has none. */
typedef enum {
  RH_METRIC_LOOP_LAG,             /* histogram, seconds */
  RH_METRIC_STORE_CALLS,          /* counter, label statement */
  RH_METRIC_STORE_ERRORS,         /* counter, label statement */
  RH_METRIC_STORE_SECONDS,        /* histogram */
  RH_METRIC_STORE_CONNECTIONS,    /* gauge: usable connections */
  RH_METRIC_STORE_RECONNECTS,     /* counter */
  RH_METRIC_WORKERS,              /* gauge, label agent */
  RH_METRIC_WORKER_RESTARTS,      /* counter, label agent */
  RH_METRIC_RUNS,                 /* counter, label outcome: completed, failed, crashed, timeout, cancelled */
  RH_METRIC_RUN_SECONDS,          /* histogram */
  RH_METRIC_CALLS,                /* counter, label method */
  RH_METRIC_DECISIONS,            /* counter, label decision */
  RH_METRIC_EFFECTS,              /* counter, label outcome: executed, failed, stale, unknown, undone */
  RH_METRIC_EFFECT_STEPS,         /* counter, label step: applied, undone, verified, given_up, parked, retried */
  RH_METRIC_EFFECT_SECONDS,       /* histogram: one operation */
  RH_METRIC_LANE_CALLS,           /* counter, label lane: what connectors did */
  RH_METRIC_LANE_FAILURES,        /* counter, label lane */
  RH_METRIC_LANE_THROTTLES,       /* counter, label lane: told to come back later */
  RH_METRIC_LANE_OPENED,          /* counter, label lane: breakers that opened */
  RH_METRIC_LANE_BREAKER,         /* gauge, label lane: 0 closed, 0.5 half open, 1 open */
  RH_METRIC_LANE_IN_FLIGHT,       /* gauge, label lane */
  RH_METRIC_LANE_WAITING,         /* gauge, label lane: in hand, waiting for their turn */
  RH_METRIC_JOURNAL_LAG,          /* gauge, seconds: age of the oldest outbox row at the last batch */
  RH_METRIC_HTTP_REQUESTS,        /* counter, label status class: 2xx … */
  RH_METRIC_HTTP_SECONDS,         /* histogram */
  RH_METRIC_FEED_CLIENTS,         /* gauge */
  RH_METRIC_SPANS,                /* counter, label outcome: exported, dropped */
  RH_METRIC_JOBS,                 /* gauge, label state: queued, later, leased, dead */
  RH_METRIC_QUEUE_AGE,            /* gauge, seconds: how long the oldest job that is due waits */
  RH_METRIC_PROPOSALS,            /* gauge, label state: pending, approved, executing, unknown */
  RH_METRIC_PENDING_AGE,          /* gauge, seconds: how long the oldest pending proposal waits */
  RH_METRIC_APPROVAL_SECONDS,     /* histogram: from a proposal to a person's answer */
  RH_METRIC_RULES,                /* counter, label rule */
  RH_METRIC_ACTIONS,              /* counter, label action: effects that were executed */
  RH_METRIC_THROTTLES,            /* counter, label connector */
  RH_METRIC_DATABASE_SIZE,        /* gauge, bytes */
  RH_METRIC_DISK_FREE,            /* gauge: a share, of the disk under the host's data */
  RH_METRIC_WORKER_MEMORY,        /* gauge, bytes, label agent */
  RH_METRIC_MEMORY,               /* gauge, bytes: resident, of the host */
  RH_METRIC_DESCRIPTORS,          /* gauge: open in the host */
  RH_METRIC_ALERTS,               /* gauge, label alert: 1 while it fires */
  RH_METRIC_SECRETS,              /* counter, label source: environment, file, store, none, error */
  RH_METRIC_TRIGGERS,             /* counter, label kind: fired */
  RH_METRIC_TRIGGER_ERRORS,       /* counter, label kind */
  RH_METRIC_HOOKS,                /* counter, label outcome: accepted, known, refused, limited, invalid, unavailable */
  RH_METRIC_CONTROLS,             /* gauge, label control: stops, pauses, breakers that are open, envelopes in force */
  RH_METRIC_TOLD_SECONDS,         /* histogram: from an event to its place in the feed, of the oldest of each batch */
  RH_METRIC_EFFECT_START_SECONDS, /* histogram: from a decision to the beginning of its effect, by the database's clock */
  RH_METRIC_SCHEDULE_SECONDS,     /* histogram: from when a schedule was due to when it had fired */
  RH_METRIC_NOTICES_SENT,         /* counter, label outcome: sent, failed: attempts of notifications */
  RH_METRIC_NOTICES,              /* gauge, label state: waiting, dead (of the last day) */
  RH_METRIC_NOTICE_AGE,           /* gauge, seconds: how long the oldest notification waits */
  RH_METRIC_REMOVED,              /* counter, label table: rows that were kept long enough */
  RH_METRIC_N,
} RhMetric;

void rh_metric_add (RhMetric metric, const char *label, double amount);
void rh_metric_set (RhMetric metric, const char *label, double value);
void rh_metric_observe (RhMetric metric, double seconds);

/* What a counter or gauge stands at; without @label, a labelled one's sum. Of a histogram: how many were observed. */
double rh_metric_value (RhMetric metric, const char *label);
/* How many observations of a histogram were above @seconds, which is one of its bounds. */
double rh_metric_above (RhMetric metric, double seconds);
/* Takes a label's series away: what it told of is gone. */
void rh_metric_forget (RhMetric metric, const char *label);

/* (transfer full): the exposition, text/plain; version=0.0.4 */
char *rh_metrics_text (void) G_GNUC_WARN_UNUSED_RESULT;

/* Measures the event loop's lag with a timer on the default main context, from now on. */
void rh_metrics_watch_loop (void);

G_END_DECLS
