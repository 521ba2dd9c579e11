/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-parts.h"

RhRegistry *
rh_parts_registry (RhConfig *config, const char *dir)
{
  g_autofree char *modules = g_build_filename (dir, "modules", NULL);

  return rh_registry_new (rh_config_string (config, RH_SETTING_MANIFESTS),
                          rh_config_string (config, RH_SETTING_PLUGINS), modules);
}

RhWorkflowSet *
rh_parts_workflows (RhConfig *config, GError **error)
{
  g_autofree char *dir = g_build_filename (rh_config_string (config, RH_SETTING_MANIFESTS), "workflows", NULL);

  return rh_workflow_set_load (dir, error);
}
