/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-problem.h"

#include <royal/error.h>

static const struct {
  const char *type;
  const char *title;
  guint status;
} problems[RH_PROBLEM_N] = {
  [RH_PROBLEM_FAILED] = { "urn:royal:problem:failed", "the host could not do this", 500 },
  [RH_PROBLEM_INVALID] = { "urn:royal:problem:invalid", "the request is not valid", 422 },
  [RH_PROBLEM_MALFORMED] = { "urn:royal:problem:malformed", "the request cannot be read", 400 },
  [RH_PROBLEM_UNAUTHENTICATED] = { "urn:royal:problem:unauthenticated", "this needs a valid token or session", 401 },
  [RH_PROBLEM_DENIED] = { "urn:royal:problem:denied", "this is not allowed", 403 },
  [RH_PROBLEM_CSRF] = { "urn:royal:problem:csrf", "the request is not from a page of this host", 403 },
  [RH_PROBLEM_NOT_GRANTED] = { "urn:royal:problem:not-granted", "the agent has no such grant", 403 },
  [RH_PROBLEM_NOT_FOUND] = { "urn:royal:problem:not-found", "there is no such thing", 404 },
  [RH_PROBLEM_METHOD] = { "urn:royal:problem:method", "this cannot be done here", 405 },
  [RH_PROBLEM_CONFLICT] = { "urn:royal:problem:conflict", "the state has changed", 409 },
  [RH_PROBLEM_PRECONDITION] = { "urn:royal:problem:precondition", "it is not what it was when it was read", 412 },
  [RH_PROBLEM_TOO_LARGE] = { "urn:royal:problem:too-large", "the body is too large", 413 },
  [RH_PROBLEM_MEDIA_TYPE] = { "urn:royal:problem:media-type", "the body's type is not taken here", 415 },
  [RH_PROBLEM_UPGRADE] = { "urn:royal:problem:upgrade", "this is a WebSocket", 426 },
  [RH_PROBLEM_LIMIT] = { "urn:royal:problem:limit", "a limit was reached", 429 },
  [RH_PROBLEM_UNAVAILABLE] = { "urn:royal:problem:unavailable", "a service is away for now", 503 },
  [RH_PROBLEM_TIMEOUT] = { "urn:royal:problem:timeout", "it took too long", 504 },
};

static const struct {
  RoyalError code;
  RhProblem problem;
} of_errors[] = {
  { ROYAL_ERROR_INVALID, RH_PROBLEM_INVALID },
  { ROYAL_ERROR_NOT_FOUND, RH_PROBLEM_NOT_FOUND },
  { ROYAL_ERROR_NOT_GRANTED, RH_PROBLEM_NOT_GRANTED },
  { ROYAL_ERROR_DENIED, RH_PROBLEM_DENIED },
  { ROYAL_ERROR_CONFLICT, RH_PROBLEM_CONFLICT },
  { ROYAL_ERROR_UNAVAILABLE, RH_PROBLEM_UNAVAILABLE },
  { ROYAL_ERROR_CANCELLED, RH_PROBLEM_UNAVAILABLE },
  { ROYAL_ERROR_TIMEOUT, RH_PROBLEM_TIMEOUT },
  { ROYAL_ERROR_LIMIT, RH_PROBLEM_LIMIT },
};

const char *
rh_problem_type (RhProblem problem)
{
  g_return_val_if_fail ((guint)problem < RH_PROBLEM_N, NULL);
  return problems[problem].type;
}

guint
rh_problem_status (RhProblem problem)
{
  g_return_val_if_fail ((guint)problem < RH_PROBLEM_N, 500);
  return problems[problem].status;
}

RhProblem
rh_problem_of_error (const GError *error)
{
  g_return_val_if_fail (error != NULL, RH_PROBLEM_FAILED);

  if (error->domain == ROYAL_ERROR)
    for (guint i = 0; i < G_N_ELEMENTS (of_errors); i++)
      if ((gint)of_errors[i].code == error->code)
        return of_errors[i].problem;
  return RH_PROBLEM_FAILED;
}

JsonNode *
rh_problem_document (RhProblem problem, const char *detail, const char *pointer, const char *request_id)
{
  JsonObject *object;
  JsonNode *node;

  g_return_val_if_fail ((guint)problem < RH_PROBLEM_N && request_id != NULL, NULL);

  object = json_object_new ();
  node = json_node_new (JSON_NODE_OBJECT);
  json_object_set_string_member (object, "type", problems[problem].type);
  json_object_set_string_member (object, "title", problems[problem].title);
  json_object_set_int_member (object, "status", problems[problem].status);
  json_object_set_string_member (object, "detail", detail != NULL ? detail : problems[problem].title);
  if (pointer != NULL)
    json_object_set_string_member (object, "pointer", pointer);
  json_object_set_string_member (object, "request_id", request_id);
  json_node_take_object (node, object);
  return node;
}
