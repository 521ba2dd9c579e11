/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-parts.h"

#include "rh-tls.h"

#include <royal/error.h>

RhRegistry *
rh_parts_registry (RhConfig *config, const char *dir)
{
  g_autofree char *modules = g_build_filename (dir, "modules", NULL);
  RhRegistry *registry = rh_registry_new (rh_config_string (config, RH_SETTING_MANIFESTS),
                                          rh_config_string (config, RH_SETTING_PLUGINS), modules);
  RhSignatures signatures = RH_SIGNATURES_REQUIRE;

  (void)rh_signatures_from_name (rh_config_string (config, RH_SETTING_SIGNATURES), &signatures);
  rh_registry_set_keys (registry, rh_keys_new (signatures, ROYAL_PLUGINDIR));
  return registry;
}

RhHttp *
rh_parts_http (RhConfig *config, RhSecrets *secrets, GError **error)
{
  g_autofree char *file =
      g_build_filename (rh_config_string (config, RH_SETTING_MANIFESTS), "connectors", "http.json", NULL);

  return rh_http_new (file, secrets, error);
}

RhGit *
rh_parts_git (RhConfig *config, RhSecrets *secrets, GError **error)
{
  g_autofree char *file =
      g_build_filename (rh_config_string (config, RH_SETTING_MANIFESTS), "connectors", "git.json", NULL);
  g_autofree char *folder = g_build_filename (rh_config_string (config, RH_SETTING_DATA_DIR), "git", NULL);

  return rh_git_new (file, folder, secrets, error);
}

RhGithub *
rh_parts_github (RhConfig *config, RhSecrets *secrets, GError **error)
{
  g_autofree char *file =
      g_build_filename (rh_config_string (config, RH_SETTING_MANIFESTS), "connectors", "github.json", NULL);

  return rh_github_new (file, secrets, error);
}

RhShopify *
rh_parts_shopify (RhConfig *config, RhStore *store, RhSecrets *secrets, GError **error)
{
  g_autofree char *file =
      g_build_filename (rh_config_string (config, RH_SETTING_MANIFESTS), "connectors", "shopify.json", NULL);

  return rh_shopify_new (file, store, secrets, error);
}

GHashTable *
rh_parts_receivers (RhConfig *config, GError **error)
{
  g_autofree char *file =
      g_build_filename (rh_config_string (config, RH_SETTING_MANIFESTS), "connectors", "notifications.json", NULL);

  return rh_receivers_load (file, error);
}

RhWorkflowSet *
rh_parts_workflows (RhConfig *config, GError **error)
{
  g_autofree char *dir = g_build_filename (rh_config_string (config, RH_SETTING_MANIFESTS), "workflows", NULL);

  return rh_workflow_set_load (dir, error);
}

gboolean
rh_parts_certificate (RhConfig *config, GTlsCertificate **ret_certificate, GError **error)
{
  const char *certificate = rh_config_string (config, RH_SETTING_TLS_CERTIFICATE);
  const char *key = rh_config_string (config, RH_SETTING_TLS_KEY);

  g_return_val_if_fail (ret_certificate != NULL, FALSE);

  *ret_certificate = NULL;
  if (*certificate == '\0' && *key == '\0')
    return TRUE;
  if (*certificate == '\0' || *key == '\0')
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected with %s",
                   *key == '\0' ? "tls-certificate" : "tls-key", *key == '\0' ? "tls-key" : "tls-certificate");
      return FALSE;
    }
  *ret_certificate = rh_tls_load (certificate, key, error);
  return *ret_certificate != NULL;
}
