/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a process uses, as the kernel counts it, and what its death means. */

/* Microseconds of CPU time that all threads of @pid have used; -1 when it cannot be told. */
gint64 rh_usage_cpu_us (GPid pid);

/* KiB of @pid that are resident; 0 when it cannot be told. */
guint rh_usage_rss_kb (GPid pid);

/* (transfer full): what it means that a plugin's process died of @signal, for people. */
char *rh_usage_signal_text (int signal) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_usage_backoff_ms:
 * @n: how many times it failed in a row, from 1
 *
 * Returns: milliseconds to wait: doubling from @base_ms up to @ceiling_ms, the upper half of it random.
 */
guint rh_usage_backoff_ms (guint n, guint base_ms, guint ceiling_ms);

G_END_DECLS
