/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Prints a proposal for people, on the standard output. What comes from the plugin has its control characters
 * replaced: a terminal obeys those. */
void rt_print_proposal (JsonObject *proposal, guint number);

/* `label: text` with the text made safe. */
void rt_print_line (const char *label, const char *text);

/* (transfer full): @node over several lines. */
char *rt_pretty (JsonNode *node) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
