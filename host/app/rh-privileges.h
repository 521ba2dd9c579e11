/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * rh_privileges_drop:
 * @user: (nullable): whom to become; NULL or "": the user `royal` if there is one, else `nobody`
 * @own: NULL-terminated paths that are to be that user's: made as directories when absent, handed over (alone, not what
 *   is in them) when they belong to root
 *
 * Started as root, the host becomes an unprivileged user for good: groups, uid, gid, and every capability. Otherwise does
 * nothing.
 */
gboolean rh_privileges_drop (const char         *user,
                             const char *const  *own,
                             GError            **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
