/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>
#include <royal/error.h>

G_BEGIN_DECLS

/* References: the whole language of a workflow's values. A text `$.steps.demand.result.total` stands for what is found
 * there, with its type; a number as a part is the place in an array; a `?` at the end makes what is missing null. `$$`
 * at the beginning stands for one `$`. */

/**
 * RhReferenceLookup:
 * @parts: the reference's parts, without the `$`
 * @ret_used: how many of them, from the first, the returned value stands for
 *
 * Returns: (transfer full) (nullable): where to go on from; NULL when there is nothing.
 */
typedef JsonNode *(*RhReferenceLookup) (const char *const *parts, guint *ret_used, gpointer data);

/* Called with each reference's text; FALSE with @error set ends the visit. */
typedef gboolean (*RhReferenceVisit) (const char *reference, const char *pointer, gpointer data, GError **error);

/* Whether @text is meant as a reference. */
gboolean rh_reference_is (const char *text);

/* (transfer full): the parts of a well-formed reference, NULL for one that is not. */
GStrv rh_reference_parse (const char *reference, gboolean *ret_optional) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full) (nullable): what @reference stands for, NULL when there is nothing. */
JsonNode *rh_reference_find (const char *reference, RhReferenceLookup lookup, gpointer data) G_GNUC_WARN_UNUSED_RESULT;

/* Visits every reference in @value. */
gboolean
rh_reference_visit (JsonNode *value, const char *pointer, RhReferenceVisit visit, gpointer data, GError **error);

/**
 * rh_reference_fill:
 *
 * Returns: (transfer full): @value with what its references stand for; NULL with %ROYAL_ERROR_INVALID when one stands
 * for nothing.
 */
JsonNode *
rh_reference_fill (JsonNode *value, RhReferenceLookup lookup, gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
