/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Words of a worker, taken from its messages and bounded. */

/* (transfer full) (nullable): { "code", "message" } as an error; NULL when it is none. */
GError *royal_said_error (JsonObject *object) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer none) (nullable): the member `message`, or @otherwise when there is none; NULL when it is too long. */
const char *royal_said_message (JsonObject *body, const char *otherwise);

G_END_DECLS
