/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-schemas.h"

#include "rh-gate-resources.h"
#include "rh-log.h"
#include "royal-json.h"

#include <royal/error.h>

JsonNode *
rh_schemas_read (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  rh_gate_resources_get_resource (); /* in a static library: nothing else makes the linker keep them */
  bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  return bytes != NULL
             ? royal_json_parse (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), path, error)
             : NULL;
}

static RoyalSchema *
load (const char *path, GError **error)
{
  g_autoptr (JsonNode) document = rh_schemas_read (path, error);

  return document != NULL ? royal_schema_new (document, path, error) : NULL;
}

RoyalSchema *
rh_schemas_get (const char *path, GError **error)
{
  static GHashTable *schemas;
  g_autoptr (GError) fault = NULL;
  RoyalSchema *schema;

  g_return_val_if_fail (path != NULL, NULL);

  if (schemas == NULL)
    schemas = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)royal_schema_free);
  schema = g_hash_table_lookup (schemas, path);
  if (schema == NULL)
    {
      schema = load (path, &fault);
      if (schema == NULL)
        {
          rh_bug (fault->message);
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_FAILED, "the schema %s cannot be used: %s", path,
                       fault->message);
          return NULL;
        }
      g_hash_table_insert (schemas, g_strdup (path), schema);
    }
  return schema;
}

gboolean
rh_schemas_check (const char *path, JsonNode *document, const char *what, GError **error)
{
  RoyalSchema *schema;

  g_return_val_if_fail (path != NULL && document != NULL && what != NULL, FALSE);

  schema = rh_schemas_get (path, error);
  return schema != NULL && royal_schema_validate (schema, document, what, error);
}
