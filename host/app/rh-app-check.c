/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-app.h"
#include "rh-host-dir.h"
#include "rh-parts.h"
#include "rh-policy-file.h"
#include "rh-secrets.h"

static void
check_workflows (RhConfig *config, RhRegistry *registry, GString *faults)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RhWorkflowSet) set = rh_parts_workflows (config, &error);
  g_autoptr (GPtrArray) list = set != NULL ? rh_workflow_set_list (set) : g_ptr_array_new ();

  if (set == NULL)
    g_string_append_printf (faults, "%s\n", error->message);
  for (guint i = 0; i < list->len; i++)
    {
      g_autoptr (GError) fault = NULL;

      if (!rh_workflow_check_agents (list->pdata[i], registry, rh_workflow_name (list->pdata[i]), &fault))
        g_string_append_printf (faults, "%s\n", fault->message);
    }
}

/* The plugins are looked at in copies, as at a start, but not in the copies of a host that may be running. */
static void
check_agents (RhConfig *config, GString *faults)
{
  g_autoptr (GError) fault = NULL;
  g_autofree char *dir = g_dir_make_tmp ("royald-XXXXXX", &fault);
  g_autoptr (RhRegistry) registry = dir != NULL ? rh_parts_registry (config, dir) : NULL;

  if (registry == NULL || !rh_registry_load (registry, &fault))
    g_string_append_printf (faults, "%s\n", fault->message);
  else
    check_workflows (config, registry, faults);
  if (dir != NULL)
    rh_host_dir_remove_tree (dir);
}

static void
check_secrets (RhConfig *config, GString *faults)
{
  RhSecretsConfig where = {
    .folder = rh_config_string (config, RH_SETTING_SECRETS_DIR),
    .key_file = rh_config_string (config, RH_SETTING_SECRETS_KEY_FILE),
  };
  g_autoptr (GError) fault = NULL;
  g_autoptr (RhSecrets) secrets = rh_secrets_new (NULL, &where, RH_NO_WORKSPACE, &fault);

  if (secrets == NULL)
    g_string_append_printf (faults, "%s\n", fault->message);
  if (*where.folder != '\0' && !g_file_test (where.folder, G_FILE_TEST_IS_DIR))
    g_string_append_printf (faults, "secrets-dir: %s is not a folder that can be read\n", where.folder);
}

static void
check_http (RhConfig *config, GString *faults)
{
  g_autoptr (GError) fault = NULL;
  g_autoptr (RhHttp) http = rh_parts_http (config, NULL, &fault);

  if (http == NULL)
    g_string_append_printf (faults, "%s\n", fault->message);
}

gboolean
rh_app_check (RhConfig *config, GError **error)
{
  g_return_val_if_fail (config != NULL, FALSE);

  g_autoptr (GString) faults = g_string_new (NULL);
  g_autoptr (GError) fault = NULL;
  const char *worker = rh_config_string (config, RH_SETTING_WORKER);
  g_autoptr (RhPolicy) policy = rh_policy_file_load (rh_config_string (config, RH_SETTING_POLICY), NULL, &fault);

  if (policy == NULL)
    g_string_append_printf (faults, "%s\n", fault->message);
  check_secrets (config, faults);
  check_http (config, faults);
  check_agents (config, faults);
  if (!g_file_test (worker, G_FILE_TEST_IS_EXECUTABLE))
    g_string_append_printf (faults, "worker: %s is not a program that can be run\n", worker);
  if (faults->len == 0)
    return TRUE;
  g_string_truncate (faults, faults->len - 1);
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, faults->str);
  return FALSE;
}
