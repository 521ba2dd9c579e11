/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include "ctl-resources.h"
#include "rh-policy.h"
#include "royal-json.h"
#include "royal-manifest.h"
#include "royal-schema.h"

#include <stdio.h>
#include <string.h>

#define OPERATOR "/royal/ctl/operator.schema.json"

static RoyalSchema *
load_schema (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_resource_lookup_data (ctl_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autoptr (JsonNode) node = NULL;
  RoyalSchema *schema;
  gsize length;
  const char *text;

  g_assert (bytes != NULL);
  text = g_bytes_get_data (bytes, &length);
  node = royal_json_parse (text, (gssize)length, path, &error);
  g_assert_no_error (error);
  schema = royal_schema_new (node, path, &error);
  g_assert_no_error (error);
  return schema;
}

/* A plugin or a developer's manifest by what it is; policy.json by its name; all else is an operator's. */
static gboolean
check_file (const char *path, GError **error)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (RoyalSchema) schema = NULL;
  gsize length;

  if (g_str_has_suffix (base, ".so"))
    {
      g_autoptr (RoyalManifest) manifest = royal_manifest_read_module (path, error);

      return manifest != NULL;
    }
  if (!g_file_get_contents (path, &text, &length, error))
    return FALSE;
  node = royal_json_parse (text, (gssize)length, path, error);
  if (node == NULL)
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (node) && json_object_has_member (json_node_get_object (node), "abi"))
    {
      g_autoptr (RoyalManifest) manifest = royal_manifest_parse (text, length, path, error);

      return manifest != NULL;
    }
  if (strcmp (base, "policy.json") == 0)
    {
      g_autoptr (RhPolicy) policy = rh_policy_new (node, path, error);

      return policy != NULL;
    }
  schema = load_schema (OPERATOR);
  return royal_schema_validate (schema, node, path, error);
}

static int
run_check (const CtlOptions *options, char **arguments)
{
  int status = CTL_OK;

  for (guint i = 0; arguments[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;

      if (check_file (arguments[i], &error))
        printf ("%s: ok\n", arguments[i]);
      else
        status = ctl_fail (CTL_FAILED, "%s", error->message);
    }
  return status;
}

const CtlCommand ctl_manifest_commands[] = {
  { "manifest", "check", "FILE...", "Check manifests, policies and plugins, without a host", 1, 10000, NULL,
    run_check },
  { NULL },
};
