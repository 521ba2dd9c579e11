/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-config.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The host, composed: starts its parts in order, reloads, drains and stops them. */
#define RH_TYPE_APP (rh_app_get_type ())
G_DECLARE_FINAL_TYPE (RhApp, rh_app, RH, APP, GObject)

/* @config: (transfer none): loaded; it must outlive the app. */
RhApp *rh_app_new (RhConfig *config) G_GNUC_WARN_UNUSED_RESULT;

/* Starts everything; finishes when the host serves. On failure what had started is left to rh_app_stop_async(). */
void rh_app_start_async (RhApp *self, GAsyncReadyCallback callback, gpointer data);
gboolean rh_app_start_finish (RhApp *self, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads manifests and policy anew: all of it or none. */
gboolean rh_app_reload (RhApp *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops leasing, lets runs finish within the configured bound, hands the rest back, closes the database. Never
 * fails; may be called whatever has started. */
void rh_app_stop_async (RhApp *self, GAsyncReadyCallback callback, gpointer data);
void rh_app_stop_finish (RhApp *self, GAsyncResult *result);

/**
 * rh_app_check:
 *
 * Checks what can be checked without starting: manifests, policy, the worker program.
 *
 * Returns: FALSE with all faults, one a line.
 */
gboolean rh_app_check (RhConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
