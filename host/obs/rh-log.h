/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Structured logs: JSON lines to a pipe or file, readable text on a terminal. Fields are pairs of names and texts,
 * ended by NULL: rh_log (RH_LOG_INFO, "gate.decided", "proposal decided", "proposal", id, "decision", d, NULL).
 * @id is the stable id of the message. A NULL value leaves its field out. */
typedef enum { RH_LOG_DEBUG, RH_LOG_INFO, RH_LOG_NOTICE, RH_LOG_WARNING, RH_LOG_ERROR } RhLogLevel;

void rh_log (RhLogLevel level, const char *id, const char *message, ...) G_GNUC_NULL_TERMINATED;

/* What cannot happen did: logged as an error with the place. Tests fail on it. */
#define rh_bug(message) rh_log (RH_LOG_ERROR, "bug", (message), "place", G_STRLOC, NULL)

/* @level: messages below it are dropped. @json: JSON lines; FALSE: text. Also takes over GLib's log writer. */
void rh_log_init (RhLogLevel level, gboolean json);
/* FALSE for an unknown name. */
gboolean rh_log_level_from_name (const char *name, RhLogLevel *ret_level);

G_END_DECLS
