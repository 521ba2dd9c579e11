/* SPDX-License-Identifier: Apache-2.0 */
#include "shopify-object.h"

#include <royal-json.h>

JsonObject *
shopify_object (const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;

  va_start (args, format);
  text = g_strdelimit (g_strdup_vprintf (format, args), "'", '"');
  va_end (args);
  node = royal_json_parse (text, -1, "fake", NULL);
  g_assert_nonnull (node);
  return json_object_ref (json_node_get_object (node));
}
