/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What an operator is called for, judged inside from the host's own metrics. The same alerts for Prometheus are
 * packaging/prometheus/royal.rules.yml; a test holds both together. */

/**
 * RhAlert:
 * @name: such as `QueueLong`
 * @severity: `critical` or `warning`
 * @for_s: how long it must hold before it fires
 * @summary: a sentence for people
 * @expr: the same in PromQL
 */
typedef struct {
  const char *name;
  const char *severity;
  guint for_s;
  const char *summary;
  const char *expr;
} RhAlert;

/* Ended by an entry without a name. */
const RhAlert *rh_alerts (void);

/* What was seen of each alert over time. */
typedef struct _RhAlertWatch RhAlertWatch;

RhAlertWatch *rh_alert_watch_new (void) G_GNUC_WARN_UNUSED_RESULT;
void rh_alert_watch_free (RhAlertWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhAlertWatch, rh_alert_watch_free)

/* Looks at the metrics as they are at @now_us of the monotonic clock. Rates are taken over the last five minutes. What begins or
 * ends to fire is logged, and shown by royal_alerts. */
void rh_alert_watch_look (RhAlertWatch *self, gint64 now_us);

/* (transfer full): [{ "name", "severity", "summary", "since" }] of those that fire, the critical ones first; since is a time. */
JsonNode *rh_alert_watch_firing (RhAlertWatch *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
