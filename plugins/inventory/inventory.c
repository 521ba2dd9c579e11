/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory-tasks.h"

ROYAL_AGENT (ROYAL_TASK ("plan", inventory_task_plan),
             ROYAL_TASK ("replenish", inventory_task_replenish),
             ROYAL_TASK ("reallocate", inventory_task_reallocate),
             ROYAL_TASK ("guard", inventory_task_guard),
             ROYAL_TASK ("badges", inventory_task_badges))
