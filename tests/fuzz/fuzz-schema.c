/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's own schema over a plugin's own document, given as [schema, document]: the answer is the same twice, and
 * what the defaults add is what a second filling leaves alone. */
#include "fuzz.h"
#include "royal-json.h"
#include "royal-schema.h"

static gboolean
holds (RoyalSchema *schema, JsonNode *document)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = royal_schema_validate (schema, document, "document", &error);

  g_assert_true (ok == (error == NULL));
  return ok;
}

static void
check (RoyalSchema *schema, JsonNode *document)
{
  g_autofree char *once = NULL;
  g_autofree char *twice = NULL;

  g_assert_true (holds (schema, document) == holds (schema, document));
  royal_schema_fill_defaults (schema, document);
  once = royal_json_canonical (document);
  royal_schema_fill_defaults (schema, document);
  twice = royal_json_canonical (document);
  g_assert_cmpstr (once, ==, twice);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autoptr (JsonNode) pair = royal_json_parse ((const char *)data, (gssize)length, "input", NULL);
  g_autoptr (RoyalSchema) schema = NULL;

  if (pair == NULL || !JSON_NODE_HOLDS_ARRAY (pair) || json_array_get_length (json_node_get_array (pair)) != 2)
    return 0;
  schema = royal_schema_new (json_array_get_element (json_node_get_array (pair), 0), "schema", NULL);
  if (schema != NULL)
    check (schema, json_array_get_element (json_node_get_array (pair), 1));
  return 0;
}
