/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "rh-personal.h"
#include "rh-registry.h"

G_BEGIN_DECLS

/**
 * rh_job_request_take:
 * @personal: takes what is personal in the input, by the task's schema; the input is replaced by a copy, which can be sealed in
 *   its place
 * @request: { "agent", "task", "input"?, "priority"?, "run_at"?, "idempotency_key"?, "concurrency_key"?, "rate_key"? },
 *   hostile
 *
 * Checks a person's request against what is enabled, before it is stored.
 *
 * Returns: TRUE; FALSE with %ROYAL_ERROR_INVALID (`/pointer: expected …`), or %ROYAL_ERROR_NOT_FOUND for an agent or task
 *   that is not known, or %ROYAL_ERROR_DENIED for one that only its triggers start.
 */
gboolean rh_job_request_take (RhRegistry  *registry,
                              JsonObject  *request,
                              RhPersonal  *personal,
                              GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * rh_job_request_append:
 * @request: one that was taken
 * @trace: (nullable): the traceparent of what asks; the job's runs are its children
 *
 * Appends it to @text as job_enqueue() in SQL takes it, with the agent's retry parameters. FALSE with %ROYAL_ERROR_NOT_FOUND when its
 * agent was disabled meanwhile.
 */
gboolean rh_job_request_append (RhRegistry  *registry,
                                JsonObject  *request,
                                const char  *trace,
                                GString     *text,
                                GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full): as what a field of a task's input is known that nobody is the subject of. */
char *rh_job_request_scope (const char *agent, const char *task);

/* Checks what is not a person's. Where something in it is personal it is refused, with %ROYAL_ERROR_DENIED: only a request to the
 * queue is sealed. Returns: (transfer full) */
JsonNode *rh_job_request_check (RhRegistry *registry, JsonObject *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
