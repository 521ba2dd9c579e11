/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-connector-file.h"

#include "royal-json.h"
#include "royal-schema.h"

static gboolean
check (JsonNode *document, const char *file, GResource *resource, const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = g_resource_lookup_data (resource, path, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (RoyalSchema) schema = NULL;
  gsize length;
  const char *text;

  if (bytes == NULL)
    return FALSE;
  text = g_bytes_get_data (bytes, &length);
  node = royal_json_parse (text, (gssize)length, path, error);
  schema = node != NULL ? royal_schema_new (node, path, error) : NULL;
  return schema != NULL && royal_schema_validate (schema, document, file, error);
}

gboolean
rh_connector_file_load (const char *file,
                        GResource *resource,
                        const char *schema,
                        JsonNode **ret_document,
                        GError **error)
{
  g_autoptr (JsonNode) document = NULL;
  g_autofree char *text = NULL;
  gsize length;

  g_return_val_if_fail (file != NULL && resource != NULL && schema != NULL && ret_document != NULL, FALSE);

  *ret_document = NULL;
  if (!g_file_test (file, G_FILE_TEST_EXISTS))
    return TRUE;
  if (!g_file_get_contents (file, &text, &length, error))
    return FALSE;
  document = royal_json_parse (text, (gssize)length, file, error);
  if (document == NULL || !check (document, file, resource, schema, error))
    return FALSE;
  *ret_document = g_steal_pointer (&document);
  return TRUE;
}
