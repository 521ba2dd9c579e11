/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The enumerable crash points of docs/architecture.md, "Leases and crashes". A durable step is a write's commit. */

/* TRUE when the step that is about to be sent is the one to die before: the caller sends what was queued earlier and
 * calls rh_crash_point_die(). Counts the step, if ROYAL_CRASH_WHEN is "before". */
gboolean rh_crash_point_before (const char *step) G_GNUC_WARN_UNUSED_RESULT;

/* The commit of @step has been confirmed. Counts it, unless ROYAL_CRASH_WHEN is "before"; may not return. */
void rh_crash_point_after (const char *step);

/* Ends the host with SIGKILL; with ROYAL_CRASH_VICTIM=FILE instead the process whose pid is in FILE, such as the database's
 * postmaster.pid, and returns. */
void rh_crash_point_die (void);

G_END_DECLS
