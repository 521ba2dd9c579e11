/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>
#include <royal/error.h>

G_BEGIN_DECLS

/* Whether a run that ended with @error may be tried again: only what another time can mend. */
gboolean rh_retry_may (const GError *error);

/* (transfer full): { "code", "message" } as jobs and runs keep it, as text. */
char *rh_retry_error_text (const GError *error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
