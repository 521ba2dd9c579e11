/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>
#include <royal/proposal.h>
#include <royal/table.h>

G_BEGIN_DECLS

/**
 * RoyalRun:
 *
 * One attempt of a job, as the plugin sees it. Every call blocks until the host has answered and fails
 * with %ROYAL_ERROR_CANCELLED once the host has cancelled the run. A run belongs to the thread that the
 * task was called on; it is valid until the task returns.
 */
typedef struct _RoyalRun RoyalRun;

/* Identity, as the host states it. (transfer none), valid as long as the run. */
const char *royal_run_id (const RoyalRun *self);
const char *royal_run_agent (const RoyalRun *self);
const char *royal_run_task (const RoyalRun *self);
const char *royal_run_workspace (const RoyalRun *self);

/**
 * royal_run_config:
 *
 * Returns: (transfer none): the configuration that the operator's manifest gives this agent, with the
 *   developer's defaults filled in. Never NULL.
 */
JsonObject *royal_run_config (const RoyalRun *self);

/**
 * royal_run_get:
 * @resource: a read capability that was granted, such as `retail.season`
 * @parameters: (nullable) (transfer none): the resource's parameters
 *
 * Returns: (transfer full): a JSON document, or NULL with @error set: %ROYAL_ERROR_NOT_GRANTED,
 *   %ROYAL_ERROR_INVALID, %ROYAL_ERROR_NOT_FOUND, %ROYAL_ERROR_UNAVAILABLE, %ROYAL_ERROR_CANCELLED.
 */
JsonNode *royal_run_get (RoyalRun    *self,
                         const char  *resource,
                         JsonObject  *parameters,
                         GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_run_read:
 *
 * Like royal_run_get(), for bulk data.
 *
 * Returns: (transfer full): a table, or NULL with @error set.
 */
RoyalTable *royal_run_read (RoyalRun    *self,
                            const char  *resource,
                            JsonObject  *parameters,
                            GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_run_propose:
 * @proposal: (transfer none): what to do
 *
 * Hands the proposal to the gate. A proposal that has to wait for a person does not block the run: its
 * outcome says `pending`. A denial by policy is an outcome too, not an error.
 *
 * Returns: (transfer full): the outcome, an object { "proposal": id, "state": "denied" | "pending" |
 *   "approved", "decision": …, "risk": …, "rules": [names] }; or NULL with @error set:
 *   %ROYAL_ERROR_NOT_GRANTED, %ROYAL_ERROR_INVALID, %ROYAL_ERROR_UNAVAILABLE, %ROYAL_ERROR_CANCELLED.
 */
JsonNode *royal_run_propose (RoyalRun       *self,
                             RoyalProposal  *proposal,
                             GError        **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_run_check:
 *
 * Asks the host whether the run is still wanted: the cheapest call there is.
 *
 * Returns: TRUE to go on; FALSE with @error set, %ROYAL_ERROR_CANCELLED when it was cancelled.
 */
gboolean royal_run_check (RoyalRun *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_run_progress:
 * @fraction: 0 to 1
 * @message: (nullable): what is being done
 *
 * Reports progress. Does not wait for the host; reports that come too fast are dropped.
 */
void royal_run_progress (RoyalRun *self, double fraction, const char *message);

/* Writes a line to the run's log. Does not wait for the host. */
void royal_run_log (RoyalRun *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/**
 * royal_run_state_get:
 * @key: 1 to 128 bytes
 * @version: (out) (optional): the value's version, 0 when there is none
 *
 * Reads the agent's own small state in this workspace.
 *
 * Returns: (transfer full): the value; a JSON null when there is none; NULL with @error set on failure.
 */
JsonNode *royal_run_state_get (RoyalRun    *self,
                               const char  *key,
                               gint64      *version,
                               GError     **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * royal_run_state_put:
 * @value: (transfer none): at most 64 KiB of JSON; a JSON null removes the key
 * @expected_version: the version that was read, 0 for a new key
 *
 * Returns: TRUE when stored; FALSE with @error set, %ROYAL_ERROR_CONFLICT when another run was faster,
 *   %ROYAL_ERROR_LIMIT over the quota.
 */
gboolean royal_run_state_put (RoyalRun    *self,
                              const char  *key,
                              JsonNode    *value,
                              gint64       expected_version,
                              GError     **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
