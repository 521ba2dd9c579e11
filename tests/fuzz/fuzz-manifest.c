/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest that was accepted answers every question about itself, and is accepted again as it was written out. */
#include "fuzz.h"
#include "royal-json.h"
#include "royal-manifest.h"

#include <string.h>

static void
ask (RoyalManifest *manifest)
{
  const char *const *tasks = royal_manifest_tasks (manifest);

  g_assert_true (*royal_manifest_id (manifest) != '\0' && *royal_manifest_version (manifest) != '\0');
  g_assert_cmpuint (royal_manifest_abi (manifest), >=, 1);
  g_assert_nonnull (tasks[0]);
  for (guint i = 0; tasks[i] != NULL; i++)
    royal_manifest_task_input (manifest, tasks[i]);
  g_assert_nonnull (royal_manifest_reads (manifest));
  g_assert_nonnull (royal_manifest_writes (manifest));
  royal_manifest_config_schema (manifest);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autoptr (RoyalManifest) manifest = royal_manifest_parse ((const char *)data, length, "input", NULL);
  g_autoptr (RoyalManifest) again = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  if (manifest == NULL)
    return 0;
  ask (manifest);
  node = json_node_init_object (json_node_alloc (), royal_manifest_json (manifest));
  text = royal_json_to_string (node);
  again = royal_manifest_parse (text, strlen (text), "what was written", &error);
  g_assert_no_error (error);
  ask (again);
  return 0;
}
