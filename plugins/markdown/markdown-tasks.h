/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "markdown-elasticity.h"

#include <royal/agent.h>

G_BEGIN_DECLS

/* Looks at the sales after a markdown, as a RoyalTaskFunc; README.md describes its result. */
JsonNode *markdown_task_watch (RoyalRun *run, JsonObject *input, GError **error);

/**
 * markdown_measure:
 * @parameters: { "season" }
 * @ret_reason: (transfer full) (nullable): why the history tells nothing, set when FALSE is returned without @error
 *
 * Estimates the elasticity from the table `retail.history`, where it is granted and there is one.
 */
gboolean markdown_measure (RoyalRun           *run,
                           JsonObject         *parameters,
                           MarkdownElasticity *ret_elasticity,
                           char              **ret_reason,
                           GError            **error);

G_END_DECLS
