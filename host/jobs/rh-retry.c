/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-retry.h"

#include "royal-json.h"

/* By RoyalError. The same input meets the same invalidity, denial or missing thing again; a conflict is the world that
 * moved, and a new attempt observes it anew. */
static const gboolean may_retry[] = {
  [ROYAL_ERROR_FAILED] = TRUE,       [ROYAL_ERROR_INVALID] = FALSE,   [ROYAL_ERROR_NOT_FOUND] = FALSE,
  [ROYAL_ERROR_NOT_GRANTED] = FALSE, [ROYAL_ERROR_DENIED] = FALSE,    [ROYAL_ERROR_CONFLICT] = TRUE,
  [ROYAL_ERROR_UNAVAILABLE] = TRUE,  [ROYAL_ERROR_CANCELLED] = FALSE, [ROYAL_ERROR_TIMEOUT] = TRUE,
  [ROYAL_ERROR_LIMIT] = TRUE,        [ROYAL_ERROR_PROTOCOL] = TRUE,
};

gboolean
rh_retry_may (const GError *error)
{
  g_return_val_if_fail (error != NULL, FALSE);

  if (error->domain != ROYAL_ERROR || error->code < 0 || (gsize)error->code >= G_N_ELEMENTS (may_retry))
    return TRUE;
  return may_retry[error->code];
}

char *
rh_retry_error_text (const GError *error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *message = NULL;

  g_return_val_if_fail (error != NULL, NULL);

  message = g_utf8_make_valid (error->message, -1);
  json_object_set_string_member (object, "code",
                                 error->domain == ROYAL_ERROR ? royal_error_code_name (error->code) : "failed");
  json_object_set_string_member (object, "message", message);
  json_node_set_object (node, object);
  return royal_json_to_string (node);
}
