/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-gate.h"

G_BEGIN_DECLS

#define RH_FIRST_USER "admin"

/* Where there is no user yet, makes the administrator %RH_FIRST_USER of @workspace, and logs its one-time password, which has to
 * be changed at the first login: once, by the host that made it, and nowhere else. It goes on by itself; a failure is
 * logged, and the next start tries again. */
void rh_first_user_ensure (RhStore *store, RhGate *gate, gint64 workspace);

G_END_DECLS
