/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One-time passwords by the clock: RFC 6238 with SHA-1, steps of 30 s and six digits, on HOTP (RFC 4226). That is what every
 * authenticator has. */

#define RH_TOTP_BYTES 20
#define RH_TOTP_STEP_S 30
#define RH_TOTP_DIGITS 6

/* (transfer full): the code of @step, whole steps since 1970. */
char *rh_totp_code (const guint8 *key, gsize length, guint64 step) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_totp_check:
 * @now_s: seconds since 1970
 * @ret_step: the step that @code is of: a code is to count once, so no step up to it may count again
 *
 * Whether @code is the one of now, or of the step before or after.
 */
gboolean rh_totp_check (const guint8 *key, gsize length, const char *code, gint64 now_s, gint64 *ret_step);

/* (transfer full): @length bytes in base32 without padding (RFC 4648). */
char *rh_totp_base32 (const guint8 *bytes, gsize length) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
