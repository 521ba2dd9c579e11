/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-policy-schema.h"

#include "rh-policy-resources.h"
#include "royal-json.h"
#include "royal-schema.h"

/* The schema is part of the program: one that cannot be used is a mistake in it. */
static RoyalSchema *
schema_of (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_resource_lookup_data (rh_policy_resources_get_resource (), path, 0, &error);
  g_autoptr (JsonNode) document = NULL;
  RoyalSchema *schema = NULL;

  if (bytes != NULL)
    document = royal_json_parse (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), path, &error);
  if (document != NULL)
    schema = royal_schema_new (document, path, &error);
  if (schema == NULL)
    g_error ("%s", error->message);
  return schema;
}

gboolean
rh_policy_schema_check (const char *path, JsonNode *document, const char *what, GError **error)
{
  static GHashTable *schemas;
  RoyalSchema *schema;

  if (schemas == NULL)
    schemas = g_hash_table_new (g_str_hash, g_str_equal);
  schema = g_hash_table_lookup (schemas, path);
  if (schema == NULL)
    {
      schema = schema_of (path);
      g_hash_table_insert (schemas, g_strdup (path), schema);
    }
  return royal_schema_validate (schema, document, what, error);
}
