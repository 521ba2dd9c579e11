/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-registry.h"

G_BEGIN_DECLS

/**
 * rh_job_request_check:
 * @request: { "agent", "task", "input"?, "priority"?, "run_at"?, "idempotency_key"? }, hostile
 *
 * Checks a request against what is enabled, before it is stored.
 *
 * Returns: (transfer full): the request as job_enqueue() in SQL takes it, with the agent's retry parameters; NULL with
 *   %ROYAL_ERROR_INVALID (`/pointer: expected …`), or %ROYAL_ERROR_NOT_FOUND for an agent or task that is not known.
 */
JsonNode *rh_job_request_check (RhRegistry *registry, JsonObject *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
