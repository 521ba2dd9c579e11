/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * rh_trace_export_start:
 * @endpoint: an OTLP/HTTP collector: `http://127.0.0.1:4318`, to which `/v1/traces` is added where it names no path
 * @ratio: the share of new traces that is recorded
 * @host_id: which host this is
 *
 * From now on spans are sent, in batches, as OTLP's JSON. What the collector does not take is tried again once and then dropped,
 * and counted: tracing never holds the host up, and at most a few thousand spans wait.
 *
 * Returns: FALSE with %ROYAL_ERROR_INVALID when @endpoint is no http or https URL.
 */
gboolean rh_trace_export_start (const char *endpoint, double ratio, const char *host_id, GError **error);

/* Whether @endpoint would do. */
gboolean rh_trace_export_check (const char *endpoint, GError **error);

/* Sends what waits, for so long at most; then no spans are made any more. */
void rh_trace_export_stop_async (guint timeout_ms, GAsyncReadyCallback callback, gpointer data);
void rh_trace_export_stop_finish (GAsyncResult *result);

G_END_DECLS
