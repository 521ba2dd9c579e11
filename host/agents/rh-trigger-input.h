/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Inputs with gaps: an object { "$": POINTER } stands for a part of something else. */

/* Whether the pointers are such (RFC 6901). FALSE with %ROYAL_ERROR_INVALID; the message begins with the place, @at and below. */
gboolean rh_trigger_input_check (JsonNode *template, const char *at, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean rh_trigger_input_has_gaps (JsonNode *template);
/* (transfer full): @template with its gaps filled from @happened; what is not there is left out. */
JsonNode *rh_trigger_input_fill (JsonNode *template, JsonNode *happened) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
