/* SPDX-License-Identifier: Apache-2.0 */

#include "rh-app.h"

#include "rh-catalog.h"
#include "rh-charter.h"
#include "rh-control.h"
#include "rh-database.h"
#include "rh-first-user.h"
#include "rh-host-dir.h"
#include "rh-jobs.h"
#include "rh-metrics.h"
#include "rh-needs.h"
#include "rh-notifier.h"
#include "rh-parts.h"
#include "rh-policy-file.h"
#include "rh-retail.h"
#include "rh-retention.h"
#include "rh-sampler.h"
#include "rh-server.h"
#include "rh-sync.h"
#include "rh-trace-export.h"
#include "rh-triggers.h"
#include "rh-workflows.h"
#include "royal-channel.h"
#include "royal-json.h"

#include <sched.h>
#include <string.h>

#define TRACE_STOP_MS 1000

struct _RhApp {
  GObject parent;
  RhConfig *config;
  RhHostDir *dir;
  RhDatabase *database;
  RhStore *store; /* the database's */
  gint64 workspace;
  RhRegistry *registry;
  RhConnectors *connectors;
  RhGate *gate;
  RhCharter *charter;
  RhCheckpoints *checkpoints;
  RhWorkers *workers;
  RhJobs *jobs;
  RhTriggers *triggers;
  RhShopify *shopify;
  GHashTable *receivers; /* name -> RhReceiver */
  RhNotifier *notifier;
  RhWorkflows *workflows;
  RhSecrets *secrets;
  RhServer *server;
  RhRetention *retention;
  RhSampler *sampler;
  gboolean serving;
};

G_DEFINE_FINAL_TYPE (RhApp, rh_app, G_TYPE_OBJECT)

static const RhStatement open_workspace = { "workspace.open", "select * from workspace_open ($1, true)", 1, TRUE };
static const RhStatement make_partitions = { "events.partitions", "select events_partitions ()", 0, TRUE };
static const RhStatement note_agent = { "agent.loaded", "select agent_loaded ($1, $2, $3, $4::jsonb, $5::jsonb)", 5,
                                        TRUE };

static void
rh_app_finalize (GObject *object)
{
  RhApp *self = RH_APP (object);

  g_clear_object (&self->server);
  g_clear_object (&self->retention);
  g_clear_object (&self->sampler);
  g_clear_object (&self->triggers);
  g_clear_object (&self->shopify);
  g_clear_pointer (&self->receivers, g_hash_table_unref);
  g_clear_object (&self->workflows);
  g_clear_object (&self->jobs);
  g_clear_object (&self->workers);
  g_clear_object (&self->charter);
  g_clear_object (&self->checkpoints);
  g_clear_object (&self->gate);
  g_clear_object (&self->connectors);
  g_clear_object (&self->registry);
  g_clear_object (&self->secrets);
  g_clear_object (&self->database);
  g_clear_pointer (&self->dir, rh_host_dir_close);
  G_OBJECT_CLASS (rh_app_parent_class)->finalize (object);
}

static void
rh_app_class_init (RhAppClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_app_finalize;
}

static void
rh_app_init (RhApp *self)
{
}

RhApp *
rh_app_new (RhConfig *config)
{
  g_return_val_if_fail (config != NULL, NULL);

  RhApp *self = g_object_new (RH_TYPE_APP, NULL);

  self->config = config;
  return self;
}

static guint
stop_timeout_ms (RhApp *self)
{
  return rh_config_uint (self->config, RH_SETTING_STOP_TIMEOUT) * 1000;
}

/* Composition */

static guint
layers_left_out (RhConfig *config)
{
  static const struct {
    const char *name;
    guint layer;
  } layers[] = { { "landlock", ROYAL_SANDBOX_LANDLOCK },
                 { "seccomp", ROYAL_SANDBOX_SECCOMP },
                 { "rlimits", ROYAL_SANDBOX_RLIMITS } };
  g_auto (GStrv) names = g_strsplit (rh_config_string (config, RH_SETTING_WITHOUT_SANDBOX), ",", -1);
  guint without = 0;

  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    if (g_strv_contains ((const char *const *)names, layers[i].name))
      without |= layers[i].layer;
  return without;
}

/* The first CPU is kept free of workers, so that one that spins cannot starve the host and its database. */
static int
cpu_to_keep (void)
{
  cpu_set_t cpus;

  if (sched_getaffinity (0, sizeof cpus, &cpus) != 0 || CPU_COUNT (&cpus) < 2)
    return -1;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET (cpu, &cpus))
      return cpu;
  return -1;
}

static RhWorkers *
make_workers (RhApp *self)
{
  RhWorkersConfig config = {
    .worker = rh_config_string (self->config, RH_SETTING_WORKER),
    .without = layers_left_out (self->config),
    .keep_off_cpu = cpu_to_keep (),
  };

  if (config.without != 0)
    rh_log (RH_LOG_WARNING, "sandbox.override",
            "PLUGINS ARE NOT FULLY CONFINED: sandbox layers are left out by configuration", "without",
            rh_config_string (self->config, RH_SETTING_WITHOUT_SANDBOX), NULL);
  return rh_workers_new (&config, self->registry, self->store, self->connectors, self->gate);
}

static gboolean
reload (gpointer data, GError **error)
{
  return rh_app_reload (data, error);
}

static void
add_check (JsonObject *checks, const char *name, gboolean ok, const char *detail)
{
  JsonObject *check = json_object_new ();

  json_object_set_boolean_member (check, "ok", ok);
  if (!ok)
    json_object_set_string_member (check, "detail", detail);
  json_object_set_object_member (checks, name, check);
}

static JsonObject *
readiness (gpointer data)
{
  RhApp *self = data;
  JsonObject *checks = json_object_new ();
  g_autoptr (JsonNode) sandbox = rh_workers_sandbox (self->workers);
  const char *refused = royal_json_string (json_node_get_object (sandbox), "refused", NULL);

  add_check (checks, "database", rh_store_is_available (self->store), "no connection to the database is usable");
  add_check (checks, "sandbox", refused == NULL, refused);
  add_check (checks, "agents", rh_registry_generation (self->registry) > 0, "the manifests have not been loaded");
  add_check (checks, "serving", self->serving, "the host is stopping");
  return checks;
}

/* "127.0.0.1:8080", "[::1]:8080" */
static gboolean
listen_tcp (RhApp *self, const char *listen, GError **error)
{
  g_autoptr (GSocketConnectable) address = g_network_address_parse (listen, 0, error);
  g_autofree char *shown = NULL;
  guint16 port;

  if (address == NULL)
    {
      g_prefix_error (error, "listen: expected ADDRESS:PORT, found `%s`: ", listen);
      return FALSE;
    }
  port = rh_server_listen_tcp (self->server, g_network_address_get_hostname (G_NETWORK_ADDRESS (address)),
                               g_network_address_get_port (G_NETWORK_ADDRESS (address)),
                               rh_config_boolean (self->config, RH_SETTING_INSECURE_HTTP), error);
  if (port == 0)
    return FALSE;
  shown = g_strdup_printf ("%u", port);
  rh_log (RH_LOG_NOTICE, "http.listening", "the API is served on TCP", "listen", listen, "port", shown, NULL);
  return TRUE;
}

static JsonNode *
alerts (gpointer data)
{
  return rh_sampler_alerts (((RhApp *)data)->sampler);
}

static gboolean
serve_clients (RhApp *self, GError **error)
{
  const char *listen = rh_config_string (self->config, RH_SETTING_LISTEN);
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (!rh_parts_certificate (self->config, &certificate, error))
    return FALSE;
  if (certificate != NULL)
    rh_server_set_certificate (self->server, certificate);
  rh_server_limit_clients (self->server, rh_config_uint (self->config, RH_SETTING_CLIENT_RATE));
  return rh_server_trust_proxies (self->server, rh_config_string (self->config, RH_SETTING_TRUSTED_PROXIES), error) &&
         rh_server_listen_unix (self->server, rh_config_string (self->config, RH_SETTING_SOCKET), error) &&
         (*listen == '\0' || listen_tcp (self, listen, error));
}

static gboolean
make_server (RhApp *self, GError **error)
{
  RhServerContext context = {
    .store = self->store,
    .registry = self->registry,
    .workers = self->workers,
    .jobs = self->jobs,
    .workflows = self->workflows,
    .triggers = self->triggers,
    .secrets = self->secrets,
    .gate = self->gate,
    .checkpoints = self->checkpoints,
    .installer = rh_shopify_installer (self->shopify),
    .link_key = rh_receivers_link_key (self->receivers),
    .reload = reload,
    .readiness = readiness,
    .alerts = alerts,
    .data = self,
  };

  self->server = rh_server_new (&context);
  return serve_clients (self, error);
}

/* What is loaded is recorded: which code runs. */

static void
on_noted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhApp) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "app.note", "what was loaded could not be recorded", "error", error->message, NULL);
  else if (self->gate != NULL)
    rh_gate_kick (self->gate);
}

static char *
object_text (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);

  return royal_json_to_string (node);
}

static void
note_loaded (RhApp *self)
{
  g_autoptr (GPtrArray) agents = rh_registry_list (self->registry);

  for (guint i = 0; i < agents->len; i++)
    {
      RhAgent *agent = agents->pdata[i];
      g_autofree char *manifest = object_text (royal_manifest_json (rh_agent_manifest (agent)));
      g_autofree char *granted = object_text (rh_agent_operator_manifest (agent));

      rh_store_call_async (self->store, &note_agent, self->workspace,
                           (const char *const[]){ rh_agent_id (agent), rh_agent_version (agent),
                                                  rh_agent_sha256 (agent), manifest, granted },
                           NULL, on_noted, g_object_ref (self));
    }
}

/* An agent may be disabled whatever workflows name it: their runs say so. */
static void
warn_of_agents (RhApp *self, RhWorkflowSet *set)
{
  g_autoptr (GPtrArray) list = rh_workflow_set_list (set);

  for (guint i = 0; i < list->len; i++)
    {
      g_autoptr (GError) fault = NULL;

      if (!rh_workflow_check_agents (list->pdata[i], self->registry, rh_workflow_name (list->pdata[i]), &fault))
        rh_log (RH_LOG_WARNING, "workflow.agent", "a workflow names what is not enabled", "error", fault->message,
                NULL);
    }
}

/* All or none, and all that is wrong at once. What the files say is then compared with what is in force. */
static gboolean
load (RhApp *self, GError **error)
{
  GError *faults[5] = { NULL };
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (RhPolicy) policy =
      rh_policy_file_load (rh_config_string (self->config, RH_SETTING_POLICY), NULL, &faults[0]);
  g_autoptr (RhWorkflowSet) workflows = rh_parts_workflows (self->config, &faults[1]);
  g_autoptr (GPtrArray) agents = rh_registry_read (self->registry, &faults[2]);
  g_autoptr (GTlsCertificate) certificate = NULL;

  (void)rh_parts_certificate (self->config, &certificate, &faults[4]);
  (void)rh_secrets_reload (self->secrets, &faults[3]);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      if (faults[i] != NULL)
        g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", faults[i]->message);
      g_clear_error (&faults[i]);
    }
  if (text->len > 0)
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, text->str);
      return FALSE;
    }
  if (certificate != NULL && self->server != NULL)
    rh_server_set_certificate (self->server, certificate);
  rh_registry_take (self->registry, g_steal_pointer (&agents));
  rh_charter_compare (self->charter, policy);
  warn_of_agents (self, workflows);
  rh_workflows_set (self->workflows, g_steal_pointer (&workflows), self->workspace);
  note_loaded (self);
  rh_log (RH_LOG_NOTICE, "app.loaded", "manifests are in force", "policy_file", rh_policy_version (policy), NULL);
  return TRUE;
}

gboolean
rh_app_reload (RhApp *self, GError **error)
{
  g_return_val_if_fail (RH_IS_APP (self), FALSE);

  if (self->serving)
    return load (self, error);
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the host does not serve now");
  return FALSE;
}

/* Starting, in reading order */

static gboolean
start_tracing (RhApp *self, GError **error)
{
  const char *endpoint = rh_config_string (self->config, RH_SETTING_TRACE_ENDPOINT);
  double ratio = rh_config_uint (self->config, RH_SETTING_TRACE_PERCENT) / 100.0;

  return *endpoint == '\0' || rh_trace_export_start (endpoint, ratio, rh_host_dir_id (self->dir), error);
}

static gboolean
start_checkpoints (RhApp *self, GError **error)
{
  const char *path = rh_config_string (self->config, RH_SETTING_AUDIT_CHECKPOINTS);
  RhSigner *signer = rh_signer_open (rh_config_string (self->config, RH_SETTING_AUDIT_KEY), error);

  if (signer == NULL)
    return FALSE;
  self->checkpoints = rh_checkpoints_new (self->store, signer, *path != '\0' ? path : NULL,
                                          rh_config_uint (self->config, RH_SETTING_AUDIT_INTERVAL));
  rh_checkpoints_start (self->checkpoints);
  return TRUE;
}

static void
on_delivery (const char *service, JsonObject *happened, gpointer data)
{
  RhApp *self = data;

  if (strcmp (service, "shopify") == 0)
    rh_shopify_told (self->shopify, happened);
}

static void
on_charter (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhApp *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!rh_charter_start_finish (RH_CHARTER (source), result, &error) || !load (self, &error) ||
      !start_tracing (self, &error) || !start_checkpoints (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  rh_gate_start (self->gate);
  rh_workers_start (self->workers);
  rh_jobs_start (self->jobs);
  rh_workflows_start (self->workflows);
  self->sampler = rh_sampler_new (self->store, self->registry, self->workers, rh_host_dir_path (self->dir));
  rh_sampler_start (self->sampler);
  self->retention = rh_retention_new (self->store, self->config);
  rh_retention_start (self->retention);
  rh_triggers_start (self->triggers);
  rh_shopify_start (self->shopify, self->workspace, rh_host_dir_id (self->dir));
  self->notifier =
      rh_notifier_new (self->store, self->secrets, self->receivers, self->workspace, rh_host_dir_id (self->dir));
  rh_triggers_on_delivery (self->triggers, on_delivery, self);
  self->serving = TRUE;
  if (!make_server (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  rh_first_user_ensure (self->store, self->gate, self->workspace);
  g_task_return_boolean (task, TRUE);
}

static void
serve (GTask *task)
{
  RhApp *self = g_task_get_source_object (task);
  const char *host_id = rh_host_dir_id (self->dir);

  g_autoptr (RhVault) vault = rh_vault_new (self->store, self->secrets);

  self->gate = rh_gate_new (self->store, self->connectors, host_id);
  rh_gate_set_vault (self->gate, vault);
  self->registry = rh_parts_registry (self->config, rh_host_dir_path (self->dir));
  rh_gate_set_registry (self->gate, self->registry);
  self->workers = make_workers (self);
  self->jobs = rh_jobs_new (self->store, self->registry, self->workers, self->gate, host_id);
  self->triggers = rh_triggers_new (self->store, self->registry, self->secrets, self->workspace,
                                    rh_config_string (self->config, RH_SETTING_WORKSPACE), host_id);
  self->workflows = rh_workflows_new (self->store, self->registry, self->gate);
  self->charter = rh_charter_new (self->store, self->gate, self->registry, self->workspace,
                                  rh_config_string (self->config, RH_SETTING_WORKSPACE));
  rh_charter_start_async (self->charter, on_charter, g_object_ref (task));
}

static void
on_needs (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (rh_needs_check_finish (result, &error))
    serve (task);
  else
    g_task_return_error (task, error);
}

static void
connect_world (GTask *task)
{
  RhApp *self = g_task_get_source_object (task);
  GError *error = NULL;
  RhSecretsConfig secrets = {
    .folder = rh_config_string (self->config, RH_SETTING_SECRETS_DIR),
    .key_file = rh_config_string (self->config, RH_SETTING_SECRETS_KEY_FILE),
  };

  self->secrets = rh_secrets_new (self->store, &secrets, self->workspace, &error);
  if (self->secrets == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  self->connectors = rh_connectors_new ();
  g_autoptr (RhControl) control = rh_control_new (self->store);
  g_autoptr (RhHttp) http = rh_parts_http (self->config, self->secrets, &error);
  g_autoptr (RhGit) git = http != NULL ? rh_parts_git (self->config, self->secrets, &error) : NULL;
  g_autoptr (RhGithub) github = git != NULL ? rh_parts_github (self->config, self->secrets, &error) : NULL;
  g_autoptr (RhShopify) shopify =
      github != NULL ? rh_parts_shopify (self->config, self->store, self->secrets, &error) : NULL;
  self->receivers = shopify != NULL ? rh_parts_receivers (self->config, &error) : NULL;
  if (self->receivers == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  rh_connectors_add (self->connectors, RH_CONNECTOR (http));
  rh_connectors_add (self->connectors, RH_CONNECTOR (git));
  rh_connectors_add (self->connectors, RH_CONNECTOR (github));
  rh_connectors_add (self->connectors, RH_CONNECTOR (shopify));
  self->shopify = g_object_ref (shopify);
  g_autoptr (RhRetail) retail = rh_retail_new (self->store);
  rh_connectors_add (self->connectors, RH_CONNECTOR (control));
  rh_connectors_add (self->connectors, RH_CONNECTOR (retail));
  g_autoptr (RhCatalog) catalog = rh_catalog_new (self->store);
  g_autoptr (RhSync) syncs = rh_sync_new (self->store);
  rh_connectors_add (self->connectors, RH_CONNECTOR (catalog));
  rh_connectors_add (self->connectors, RH_CONNECTOR (syncs));
  rh_needs_check_async (self->connectors, self->secrets, self->workspace, on_needs, task);
}

static void
on_partitions (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  connect_world (g_steal_pointer (&task));
}

static void
on_workspace (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhApp *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->workspace = rh_rows_int64 (rows, 0, "workspace_id");
  rh_store_call_async (self->store, &make_partitions, RH_NO_WORKSPACE, NULL, NULL, on_partitions,
                       g_steal_pointer (&task));
}

static void
on_database (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  RhApp *self = g_task_get_source_object (task);
  GError *error = NULL;

  self->store = rh_database_open_finish (RH_DATABASE (source), result, &error);
  if (self->store == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  rh_store_call_async (self->store, &open_workspace, RH_NO_WORKSPACE,
                       (const char *const[]){ rh_config_string (self->config, RH_SETTING_WORKSPACE) }, NULL,
                       on_workspace, g_steal_pointer (&task));
}

void
rh_app_start_async (RhApp *self, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (RH_IS_APP (self) && self->dir == NULL);

  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  const char *data_dir = rh_config_string (self->config, RH_SETTING_DATA_DIR);
  GError *error = NULL;

  g_task_set_source_tag (task, rh_app_start_async);
  self->dir = rh_host_dir_open (data_dir, &error);
  if (self->dir == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  rh_metrics_watch_loop ();
  self->database = rh_database_new (rh_config_string (self->config, RH_SETTING_DATABASE_URL), data_dir,
                                    rh_config_uint (self->config, RH_SETTING_CONNECTIONS));
  rh_database_open_async (self->database, on_database, g_steal_pointer (&task));
}

gboolean
rh_app_start_finish (RhApp *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Stopping, in reading order */

static void
on_database_closed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;

  rh_database_close_finish (RH_DATABASE (source), result);
  g_task_return_boolean (task, TRUE);
}

static void
close_database (GTask *task)
{
  RhApp *self = g_task_get_source_object (task);

  if (self->database != NULL)
    {
      rh_database_close_async (self->database, stop_timeout_ms (self), on_database_closed, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_tracing_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  rh_trace_export_stop_finish (result);
  close_database (data);
}

static void
log_stop_fault (const char *part, gboolean stopped, GError *error)
{
  if (!stopped)
    rh_log (RH_LOG_WARNING, "app.stop", "a part did not stop in time", "part", part, "error", error->message, NULL);
}

static void
on_gate_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  RhApp *self = g_task_get_source_object (data);
  g_autoptr (GError) error = NULL;
  gboolean stopped = rh_gate_stop_finish (RH_GATE (source), result, &error);

  log_stop_fault ("gate", stopped, error);
  rh_checkpoints_stop (self->checkpoints);
  rh_trace_export_stop_async (TRACE_STOP_MS, on_tracing_stopped, data);
}

static void
on_workers_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  RhApp *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  gboolean stopped = rh_workers_stop_finish (RH_WORKERS (source), result, &error);

  log_stop_fault ("workers", stopped, error);
  rh_gate_stop_async (self->gate, stop_timeout_ms (self), on_gate_stopped, task);
}

static void
on_jobs_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  RhApp *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  gboolean stopped = rh_jobs_stop_finish (RH_JOBS (source), result, &error);

  log_stop_fault ("jobs", stopped, error);
  rh_workers_stop_async (self->workers, 1000, on_workers_stopped, task);
}

static void
stop_parts (GTask *task)
{
  RhApp *self = g_task_get_source_object (task);

  if (!self->serving)
    {
      close_database (task);
      return;
    }
  self->serving = FALSE;
  rh_retention_stop (self->retention);
  rh_sampler_stop (self->sampler);
  rh_triggers_on_delivery (self->triggers, NULL, NULL);
  rh_triggers_stop (self->triggers);
  rh_shopify_stop (self->shopify);
  rh_notifier_stop (g_steal_pointer (&self->notifier));
  rh_workflows_stop (self->workflows);
  rh_jobs_stop_async (self->jobs, stop_timeout_ms (self), on_jobs_stopped, task);
}

static void
on_server_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean stopped = rh_server_stop_finish (RH_SERVER (source), result, &error);

  log_stop_fault ("server", stopped, error);
  stop_parts (data);
}

void
rh_app_stop_async (RhApp *self, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (RH_IS_APP (self));

  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, rh_app_stop_async);
  if (self->server != NULL)
    rh_server_stop_async (self->server, 2000, on_server_stopped, task);
  else
    stop_parts (task);
}

void
rh_app_stop_finish (RhApp *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  (void)g_task_propagate_boolean (G_TASK (result), NULL);
}
