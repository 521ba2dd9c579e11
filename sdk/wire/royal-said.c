/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-said.h"

#include "royal-json.h"

#include <royal/error.h>
#include <string.h>

#define MESSAGE_MAX 8192

GError *
royal_said_error (JsonObject *object)
{
  const char *code = royal_json_string (object, "code", NULL);
  const char *message = royal_json_string (object, "message", NULL);

  if (code == NULL || message == NULL || strlen (message) > MESSAGE_MAX)
    return NULL;
  return g_error_new_literal (ROYAL_ERROR, (gint)royal_error_code_from_name (code), message);
}

const char *
royal_said_message (JsonObject *body, const char *otherwise)
{
  const char *message = royal_json_string (body, "message", otherwise);

  return message != NULL && strlen (message) <= MESSAGE_MAX ? message : NULL;
}
