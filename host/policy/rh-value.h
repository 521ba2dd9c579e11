/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Facts are scalars; everything else, and numbers that are not finite, is RH_VALUE_OTHER. */
typedef enum { RH_VALUE_OTHER, RH_VALUE_NUMBER, RH_VALUE_STRING, RH_VALUE_BOOLEAN } RhValueType;

/* @value may be NULL. */
RhValueType rh_value_type (JsonNode *value);
/* "a number" */
const char *rh_value_type_name (RhValueType type);
/* -1, 0, 1. Whole numbers are compared as such: they differ where doubles would not. */
int rh_value_compare (JsonNode *a, JsonNode *b);
gboolean rh_value_equal (JsonNode *a, JsonNode *b);
gboolean rh_value_is_whole (JsonNode *value);
/* (transfer full): "25", "gold"; "missing" when it is NULL. */
char *rh_value_text (JsonNode *value) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer full) */
JsonNode *rh_value_new_number (double number) G_GNUC_WARN_UNUSED_RESULT;
JsonNode *rh_value_new_whole (gint64 number) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
