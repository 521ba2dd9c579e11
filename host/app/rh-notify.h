/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Takes $NOTIFY_SOCKET and $WATCHDOG_USEC out of the environment: what the host starts must not speak for it (PostgreSQL
 * would say READY=1 of its own). Before any thread. */
void rh_notify_init (void);

/* Tells the service manager (sd_notify's protocol): "READY=1", "STOPPING=1", "WATCHDOG=1", … Nothing
 * happens without one. */
void rh_notify (const char *state);

/* Pets the service manager's watchdog at half of its interval, from the main loop: a loop that hangs is noticed. */
void rh_notify_watchdog (void);

G_END_DECLS
