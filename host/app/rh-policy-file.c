/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-policy-file.h"

#include "royal-json.h"

RhPolicy *
rh_policy_file_load (const char *path, JsonNode **ret_document, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (JsonNode) document = NULL;
  g_autoptr (GError) fault = NULL;
  RhPolicy *policy;

  if (!g_file_get_contents (path, &text, &length, &fault))
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "policy: %s", fault->message);
      return NULL;
    }
  document = royal_json_parse (text, (gssize)length, path, error);
  policy = document != NULL ? rh_policy_new (document, path, error) : NULL;
  if (policy != NULL && ret_document != NULL)
    *ret_document = g_steal_pointer (&document);
  return policy;
}
