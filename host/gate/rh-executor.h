/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-connector.h"
#include "rh-leases.h"
#include "rh-store.h"

G_BEGIN_DECLS

/* Executes what was approved, once: the intent is committed before anything is sent and the receipt after; what a crash
 * left is verified before anything is sent again. The one place that calls a connector's apply and undo.
 *
 * The signal "progress" is emitted when something durable was written. */
#define RH_TYPE_EXECUTOR (rh_executor_get_type ())
G_DECLARE_FINAL_TYPE (RhExecutor, rh_executor, RH, EXECUTOR, GObject)

RhExecutor *rh_executor_new (RhStore *store, RhConnectors *connectors, const char *host_id) G_GNUC_WARN_UNUSED_RESULT;

/* What opens and seals what is personal in effects. */
void rh_executor_set_vault (RhExecutor *self, RhVault *vault);

/* First takes over what this host held when it died; then claims. */
void rh_executor_start (RhExecutor *self);

/* Something was approved: claim soon. */
void rh_executor_kick (RhExecutor *self);

/* How long an effect that was started is this host's to execute. */
#define RH_EXECUTOR_LEASE_S RH_LEASES_S

/* Whether effects of @action on @target may be sent now: their lane has room and is not closed. */
gboolean rh_executor_is_open (RhExecutor *self, const char *action, const char *target);

/* How many effects, at most @wanted, the submission that is about to be sent may start at once; none while others wait
 * for their turn. The room is kept until rh_executor_take(). */
guint rh_executor_reserve (RhExecutor *self, guint wanted) G_GNUC_WARN_UNUSED_RESULT;

/* Ends a reservation. @works (nullable) are those that were started, by a call sent at @sent_us (monotonic). */
void rh_executor_take (RhExecutor *self, guint reserved, GPtrArray *works, gint64 sent_us);

/**
 * rh_executor_halt:
 * @workspace, @halts: (nullable): which stop or pause, to be confirmed to the database; NULL: one may have been missed
 *
 * Something was stopped or paused: from now on nothing begins but on an answer of the database that is newer.
 */
void rh_executor_halt (RhExecutor *self, const char *workspace, const char *halts);

/* (transfer none) */
RhConnectors *rh_executor_get_connectors (RhExecutor *self);

/* (transfer full): how the lanes of its connectors are, an array by name: rh_lane_json(). */
JsonNode *rh_executor_lanes (RhExecutor *self) G_GNUC_WARN_UNUSED_RESULT;

/* Claims no more, hands back what waits, and finishes when nothing is under way.
 * %ROYAL_ERROR_TIMEOUT when something was still under way after @timeout_ms. */
void rh_executor_stop_async (RhExecutor *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
gboolean rh_executor_stop_finish (RhExecutor *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
