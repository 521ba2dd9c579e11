/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-registry.h"

G_BEGIN_DECLS

/**
 * rh_job_request_append:
 * @request: { "agent", "task", "input"?, "priority"?, "run_at"?, "idempotency_key"?, "concurrency_key"?, "rate_key"? },
 *   hostile
 * @trace: (nullable): the traceparent of what asks; the job's runs are its children
 * @text: where the request is appended as job_enqueue() in SQL takes it, with the agent's retry parameters
 *
 * Checks a person's request against what is enabled, before it is stored.
 *
 * Returns: TRUE; FALSE with %ROYAL_ERROR_INVALID (`/pointer: expected …`), or %ROYAL_ERROR_NOT_FOUND for an agent or task
 *   that is not known, or %ROYAL_ERROR_DENIED for one that only its triggers start; @text is then of no use.
 */
gboolean rh_job_request_append (RhRegistry  *registry,
                                JsonObject  *request,
                                const char  *trace,
                                GString     *text,
                                GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for what is not a person's. Returns: (transfer full) */
JsonNode *rh_job_request_check (RhRegistry *registry, JsonObject *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
