/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What GitHub answers with, whole: every member that its own description requires, for one repository, acme/shop.
 * (transfer full) */
JsonObject *github_shape_pull (gint64 number, const char *head, const char *base, const char *sha);
JsonObject *github_shape_label (const char *name);
JsonObject *github_shape_status (const char *state, const char *context);
JsonObject *github_shape_combined (const char *sha, JsonArray *statuses);
JsonObject *github_shape_release (gint64 id, const char *tag);

G_END_DECLS
