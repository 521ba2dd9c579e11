/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-app.h"
#include "rh-clients.h"
#include "rh-host-dir.h"
#include "rh-migrations.h"
#include "rh-parts.h"
#include "rh-policy-file.h"
#include "rh-sandbox.h"
#include "rh-secrets.h"
#include "royal-json.h"

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

  /* Which keys are trusted the database knows; whether a signature holds is told without. */
  if (registry != NULL && strcmp (rh_config_string (config, RH_SETTING_SIGNATURES), "off") != 0)
    rh_registry_set_keys (registry, rh_keys_new (RH_SIGNATURES_WARN, ROYAL_PLUGINDIR));
  if (registry == NULL || !rh_registry_load (registry, &fault))
    g_string_append_printf (faults, "%s\n", fault->message);
  else
    check_workflows (config, registry, faults);
  for (guint i = 0; registry != NULL && i < rh_registry_refused (registry)->len; i++)
    g_string_append_printf (faults, "%s\n", (const char *)rh_registry_refused (registry)->pdata[i]);
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

static void
check_shops (RhConfig *config, GString *faults)
{
  g_autoptr (GError) fault = NULL;
  g_autoptr (RhShopify) shopify = rh_parts_shopify (config, NULL, NULL, &fault);

  if (shopify == NULL)
    g_string_append_printf (faults, "%s\n", fault->message);
}

static void
check_receivers (RhConfig *config, GString *faults)
{
  g_autoptr (GError) fault = NULL;
  g_autoptr (GHashTable) receivers = rh_parts_receivers (config, &fault);

  if (receivers == NULL)
    g_string_append_printf (faults, "%s\n", fault->message);
}

static void
check_repositories (RhConfig *config, GString *faults)
{
  g_autoptr (GError) fault = NULL;
  g_autoptr (RhGit) git = rh_parts_git (config, NULL, &fault);
  g_autoptr (RhGithub) github = git != NULL ? rh_parts_github (config, NULL, &fault) : NULL;

  if (github == NULL)
    g_string_append_printf (faults, "%s\n", fault->message);
}

/* What the kernel enforces here, asked of the worker as at a start. */
static void
check_worker (RhConfig *config, GString *faults)
{
  const char *worker = rh_config_string (config, RH_SETTING_WORKER);
  g_autofree char *out = NULL;
  g_autofree char *refusal = NULL;
  g_autoptr (JsonNode) node = NULL;
  const char *const argv[] = { worker, "--probe", NULL };

  if (!g_file_test (worker, G_FILE_TEST_IS_EXECUTABLE))
    {
      g_string_append_printf (faults, "worker: %s is not a program that can be run\n", worker);
      return;
    }
  if (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out, NULL, NULL, NULL) &&
      out != NULL)
    node = royal_json_parse (out, -1, "the worker's probe", NULL);
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    g_string_append_printf (faults, "worker: %s does not say what it can enforce here\n", worker);
  else if (*rh_config_string (config, RH_SETTING_WITHOUT_SANDBOX) == '\0' &&
           (refusal = rh_sandbox_judge (json_node_get_object (node), 0)) != NULL)
    g_string_append_printf (faults, "sandbox: %s\n", refusal);
}

/* Whether the address can be bound; that it is taken, maybe by the host that is running, is none. */
static void
check_listen (RhConfig *config, GString *faults)
{
  const char *listen = rh_config_string (config, RH_SETTING_LISTEN);
  g_autoptr (GError) fault = NULL;
  g_autoptr (GSocketConnectable) parsed = *listen != '\0' ? g_network_address_parse (listen, 0, &fault) : NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;

  if (*listen == '\0')
    return;
  if (parsed != NULL)
    address = g_inet_socket_address_new_from_string (g_network_address_get_hostname (G_NETWORK_ADDRESS (parsed)),
                                                     g_network_address_get_port (G_NETWORK_ADDRESS (parsed)));
  if (address == NULL)
    {
      g_string_append_printf (faults, "listen: expected ADDRESS:PORT, found `%s`\n", listen);
      return;
    }
  socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &fault);
  if ((socket == NULL || !g_socket_bind (socket, address, TRUE, &fault)) &&
      !g_error_matches (fault, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    g_string_append_printf (faults, "listen: %s: %s\n", listen, fault->message);
}

static void
check_clients (RhConfig *config, GString *faults)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) fault = NULL;
  RhClients *clients = rh_clients_new ();

  if (!rh_parts_certificate (config, &certificate, &fault))
    g_string_append_printf (faults, "%s\n", fault->message);
  g_clear_error (&fault);
  if (!rh_clients_trust (clients, rh_config_string (config, RH_SETTING_TRUSTED_PROXIES), &fault))
    g_string_append_printf (faults, "%s\n", fault->message);
  rh_clients_free (clients);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

/* A database of the operator's: whether it can be reached and this host may work on it. A private one is looked at by
 * --migrate=check, which starts it. */
static void
check_database (RhConfig *config, GString *faults)
{
  const char *url = rh_config_string (config, RH_SETTING_DATABASE_URL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) fault = NULL;
  RhMigrationState state;

  if (*url == '\0')
    return;
  rh_migrations_run_async (url, TRUE, NULL, on_looked, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (!rh_migrations_run_finish (result, &state, &fault))
    g_string_append_printf (faults, "database-url: %s\n", fault->message);
}

gboolean
rh_app_check (RhConfig *config, GError **error)
{
  g_return_val_if_fail (config != NULL, FALSE);

  g_autoptr (GString) faults = g_string_new (NULL);
  g_autoptr (GError) fault = NULL;
  g_autoptr (RhPolicy) policy = rh_policy_file_load (rh_config_string (config, RH_SETTING_POLICY), NULL, &fault);

  if (policy == NULL)
    g_string_append_printf (faults, "%s\n", fault->message);
  check_secrets (config, faults);
  check_http (config, faults);
  check_repositories (config, faults);
  check_shops (config, faults);
  check_receivers (config, faults);
  check_agents (config, faults);
  check_worker (config, faults);
  check_listen (config, faults);
  check_clients (config, faults);
  check_database (config, faults);
  if (faults->len == 0)
    return TRUE;
  g_string_truncate (faults, faults->len - 1);
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, faults->str);
  return FALSE;
}
