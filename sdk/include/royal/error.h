/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * ROYAL_ERROR:
 *
 * The one error domain of Royal, in plugins and in the host.
 */
#define ROYAL_ERROR (royal_error_quark ())

/**
 * RoyalError:
 * @ROYAL_ERROR_FAILED: something broke that the caller cannot mend.
 * @ROYAL_ERROR_INVALID: what was passed is malformed; the message names the place and the expectation.
 * @ROYAL_ERROR_NOT_FOUND: the named thing does not exist in this workspace.
 * @ROYAL_ERROR_NOT_GRANTED: the operator has not granted this capability to the agent.
 * @ROYAL_ERROR_DENIED: policy denies it.
 * @ROYAL_ERROR_CONFLICT: the world moved: stale digest, wrong state, version mismatch.
 * @ROYAL_ERROR_UNAVAILABLE: a service that is needed is away for now; trying again later can work.
 * @ROYAL_ERROR_CANCELLED: the run was cancelled.
 * @ROYAL_ERROR_TIMEOUT: the deadline has passed.
 * @ROYAL_ERROR_LIMIT: a quota, rate or size limit was hit; the message says which.
 * @ROYAL_ERROR_PROTOCOL: the other end broke the wire protocol.
 *
 * The stable names (`royal_error_code_name`) travel on the wire and in problem documents.
 */
typedef enum {
  ROYAL_ERROR_FAILED,
  ROYAL_ERROR_INVALID,
  ROYAL_ERROR_NOT_FOUND,
  ROYAL_ERROR_NOT_GRANTED,
  ROYAL_ERROR_DENIED,
  ROYAL_ERROR_CONFLICT,
  ROYAL_ERROR_UNAVAILABLE,
  ROYAL_ERROR_CANCELLED,
  ROYAL_ERROR_TIMEOUT,
  ROYAL_ERROR_LIMIT,
  ROYAL_ERROR_PROTOCOL,
} RoyalError;

GQuark royal_error_quark (void);

/**
 * royal_error_code_name:
 * @code: a #RoyalError
 *
 * Returns: (transfer none): the code's stable name, such as `not-granted`; `failed` for an unknown code.
 */
const char *royal_error_code_name (gint code);

/**
 * royal_error_code_from_name:
 * @name: (nullable): a stable name
 *
 * Returns: the code, %ROYAL_ERROR_FAILED for an unknown name.
 */
RoyalError royal_error_code_from_name (const char *name);

/* Predicates: TRUE when @error is of ROYAL_ERROR with that code. NULL is allowed. */
gboolean royal_error_is_denied (const GError *error);
gboolean royal_error_is_not_granted (const GError *error);
gboolean royal_error_is_invalid (const GError *error);
gboolean royal_error_is_not_found (const GError *error);
gboolean royal_error_is_conflict (const GError *error);
gboolean royal_error_is_unavailable (const GError *error);
gboolean royal_error_is_cancelled (const GError *error);
gboolean royal_error_is_timeout (const GError *error);

G_END_DECLS
