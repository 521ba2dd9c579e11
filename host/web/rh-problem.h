/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Problem documents (RFC 9457). Every kind stands in one table, rh-problem.c; its `type` is stable. */
typedef enum {
  RH_PROBLEM_FAILED,
  RH_PROBLEM_INVALID,
  RH_PROBLEM_MALFORMED, /* of the HTTP request itself */
  RH_PROBLEM_UNAUTHENTICATED,
  RH_PROBLEM_DENIED,
  RH_PROBLEM_CSRF,
  RH_PROBLEM_NOT_GRANTED,
  RH_PROBLEM_NOT_FOUND,
  RH_PROBLEM_METHOD,
  RH_PROBLEM_CONFLICT,
  RH_PROBLEM_PRECONDITION, /* what `If-Match` names is not there any more */
  RH_PROBLEM_TOO_LARGE,
  RH_PROBLEM_MEDIA_TYPE,
  RH_PROBLEM_UPGRADE,
  RH_PROBLEM_LIMIT,
  RH_PROBLEM_UNAVAILABLE,
  RH_PROBLEM_TIMEOUT,
  RH_PROBLEM_N,
} RhProblem;

const char *rh_problem_type (RhProblem problem);
guint rh_problem_status (RhProblem problem);

/* What an error is to a client. Anything but a RoyalError with a meaning for clients is RH_PROBLEM_FAILED. */
RhProblem rh_problem_of_error (const GError *error);

/**
 * rh_problem_document:
 * @detail: (nullable): a sentence for people; NULL = the kind's title
 * @pointer: (nullable): the JSON pointer of the member at fault
 */
JsonNode *rh_problem_document (RhProblem   problem,
                               const char *detail,
                               const char *pointer,
                               const char *request_id) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
