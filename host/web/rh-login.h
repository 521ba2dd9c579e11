/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-request.h"

G_BEGIN_DECLS

/* Refuses (429) an attempt with a password, which was counted as one too many; `Retry-After` is @seconds. */
void rh_login_wait (RhRequest *request, gint64 seconds);

/* Whether the caller is a person in a session; else it was refused. */
gboolean rh_login_check_person (RhRequest *request);

/* The key of @user's second factor. */
RhSecret *rh_login_totp_key (RhRequest *request, const char *user, const char *key_id, const char *sealed,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
