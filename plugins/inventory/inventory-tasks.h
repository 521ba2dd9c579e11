/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <royal/agent.h>

G_BEGIN_DECLS

/* The agent's tasks, as RoyalTaskFunc. Their input and result are described in README.md. */
JsonNode *inventory_task_plan (RoyalRun *run, JsonObject *input, GError **error);
JsonNode *inventory_task_replenish (RoyalRun *run, JsonObject *input, GError **error);
JsonNode *inventory_task_reallocate (RoyalRun *run, JsonObject *input, GError **error);
JsonNode *inventory_task_guard (RoyalRun *run, JsonObject *input, GError **error);
JsonNode *inventory_task_badges (RoyalRun *run, JsonObject *input, GError **error);

G_END_DECLS
