/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-verdict.h"

G_BEGIN_DECLS

/**
 * RhWindow:
 *
 * A time in which a decision is not less than the window's own: quiet hours, which come back every week
 * ({ "time_zone", "days"?, "from": "20:00", "to": "07:00", "decision" }), or a freeze
 * ({ "from", "to", "time_zone"?, "decision" }). Quiet hours that end before they begin pass midnight and belong to the
 * day on which they began; they follow that zone's clocks, whatever is done to these. Pure and immutable.
 */
typedef struct _RhWindow RhWindow;

typedef enum { RH_WINDOW_QUIET_HOURS, RH_WINDOW_FREEZE } RhWindowKind;

/* @document has the shape of the schema; @pointer: where it stands. NULL with %ROYAL_ERROR_INVALID. */
RhWindow *rh_window_new (RhWindowKind kind, JsonObject *document, const char *what, const char *pointer, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void rh_window_free (RhWindow *self);

RhDecision rh_window_decision (const RhWindow *self);
/* Whether @at_s is in it; always when the time is not known (0). */
gboolean rh_window_in_force (const RhWindow *self, gint64 at_s);
/* The first instant after @at_s at which it is not in force; 0 when there is none within a year. */
gint64 rh_window_end_s (const RhWindow *self, gint64 at_s);
/* "between 20:00 and 07:00 (Europe/Berlin) on Mon, Tue" */
const char *rh_window_text (const RhWindow *self);
/* (transfer full): an instant as that window's people read it. */
char *rh_window_instant_text (const RhWindow *self, gint64 at_s) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
