/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-request.h"

G_BEGIN_DECLS

/* Refuses (429) an attempt with a password, which was counted as one too many; `Retry-After` is @seconds. */
void rh_login_wait (RhRequest *request, gint64 seconds);

G_END_DECLS
