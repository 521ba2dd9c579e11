/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tells the service manager (sd_notify's protocol, by $NOTIFY_SOCKET): "READY=1", "STOPPING=1", "WATCHDOG=1", … Nothing
 * happens without one. */
void rh_notify (const char *state);

/* Pets the service manager's watchdog at half of $WATCHDOG_USEC, from the main loop: a loop that hangs is noticed. */
void rh_notify_watchdog (void);

G_END_DECLS
