/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What an agent may do: { "reads": [resource], "writes": [{ "action", "limits"?, "once"? }] }, of the shape of
 * docs/schema/operator.schema.json. Pure. */

/* (transfer full): the same in one form: sorted, with every member. @grants is (nullable): nothing. */
JsonObject *rh_grants_normal (JsonObject *grants) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_grants_both:
 *
 * Returns: (transfer full): what @a and @b both allow, in normal form: the common resources and actions, each with the
 * limits of both, the tighter bound of each, and once where either says so.
 */
JsonObject *rh_grants_both (JsonObject *a, JsonObject *b) G_GNUC_WARN_UNUSED_RESULT;

/* Whether both allow the same. */
gboolean rh_grants_equal (JsonObject *a, JsonObject *b);

/* (transfer full): of the normal form. */
char *rh_grants_text (JsonObject *grants) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
