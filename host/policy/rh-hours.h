/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * RhHours:
 *
 * When people work: { "time_zone", "days"?: Monday to Friday without, "from": "09:00", "to": "17:00", "holidays"?:
 * ["2026-12-25"] }. A working day begins when that zone's clocks first show `from` or more, and ends when they first
 * show `to`, so that it is longer or shorter where they are changed within it. Pure and immutable.
 */
typedef struct _RhHours RhHours;

/* Never is more than this counted: a wait that would take longer ends then. */
#define RH_HOURS_MAX_S ((gint64)366 * 86400)

/* @document has the shape of the schema; @pointer: where it stands. NULL with %ROYAL_ERROR_INVALID. */
RhHours *
rh_hours_new (JsonObject *document, const char *what, const char *pointer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
RhHours *rh_hours_ref (RhHours *self);
void rh_hours_unref (RhHours *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RhHours, rh_hours_unref)

/**
 * rh_hours_elapsed_s:
 * @at_s: since the epoch; 0: not known
 *
 * Returns: how many seconds pass from @at_s until @working_s of them were worked; @working_s when @at_s is not known.
 */
gint64 rh_hours_elapsed_s (const RhHours *self, gint64 at_s, gint64 working_s);

/* "09:00 to 17:00 (Europe/Berlin) on Mon, Tue, Wed, Thu, Fri" */
const char *rh_hours_text (const RhHours *self);

G_END_DECLS
