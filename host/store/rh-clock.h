/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-store.h"

G_BEGIN_DECLS

/* The database's clock, as near as a round trip tells: what is said of time across hosts is said in it. It is followed
 * by the monotonic clock of this host, so that nobody who sets this host's time of day changes anything. Measured when
 * the database comes back, and once a minute. */
#define RH_TYPE_CLOCK (rh_clock_get_type ())
G_DECLARE_FINAL_TYPE (RhClock, rh_clock, RH, CLOCK, GObject)

RhClock *rh_clock_new (RhStore *store) G_GNUC_WARN_UNUSED_RESULT;

/* Microseconds since 1970, UTC; 0 while it has not been measured: see rh_clock_measure_async(). */
gint64 rh_clock_now_us (RhClock *self);

/* Measures now. */
void rh_clock_measure_async (RhClock *self, GAsyncReadyCallback callback, gpointer data);
gboolean rh_clock_measure_finish (RhClock *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): a time as iso_time() in SQL writes it. */
char *rh_clock_text (gint64 us) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
