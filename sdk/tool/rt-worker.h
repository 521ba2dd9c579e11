/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * rt_worker_find:
 *
 * The worker program: $ROYAL_WORKER; else the one beside this program in a build folder; else the one installed with
 * this program, wherever both were moved to.
 *
 * Returns: (transfer full): its path; NULL with %ROYAL_ERROR_NOT_FOUND.
 */
char *rt_worker_find (GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
