/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-workers.h"

#include "rh-log.h"
#include "rh-pool.h"
#include "rh-sandbox.h"
#include "royal-json.h"

#include <string.h>

#define TICK_MS 200
#define TICK_IDLE_MS 2000

struct _RhWorkers {
  GObject parent;
  RhWorkersConfig config;
  char *worker;
  RhRegistry *registry;
  RhStore *store;
  RhGate *gate;
  RhWorkerHost host;
  RhSandbox *sandbox;
  GHashTable *pools;   /* id → RhPool */
  GPtrArray *draining; /* RhPool of versions that are not enabled any more */
  GPtrArray *restarts; /* GTask */
  gulong changed;
  guint tick;
  gboolean tick_fast;
  gboolean started;
  GTask *stop;
  gint64 stop_us;
};

G_DEFINE_FINAL_TYPE (RhWorkers, rh_workers, G_TYPE_OBJECT)

enum { SIGNAL_CAPACITY, N_SIGNALS };
static guint signals[N_SIGNALS];

static void watch (RhWorkers *self);

/* Serves the same in every respect that counts: the module and what the operator says. */
static gboolean
is_same (RhAgent *a, RhAgent *b)
{
  g_autoptr (JsonNode) one = json_node_init_object (json_node_alloc (), rh_agent_operator_manifest (a));
  g_autoptr (JsonNode) other = json_node_init_object (json_node_alloc (), rh_agent_operator_manifest (b));
  g_autofree char *text = royal_json_canonical (one);
  g_autofree char *other_text = royal_json_canonical (other);

  return strcmp (rh_agent_sha256 (a), rh_agent_sha256 (b)) == 0 && strcmp (text, other_text) == 0;
}

/* Takes a pool out of service; what waited in it goes to @next, or back to the queue. */
static void
retire (RhWorkers *self, RhPool *pool, RhPool *next)
{
  g_autoptr (GPtrArray) runs = rh_pool_drain (pool);
  g_autoptr (GError) error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "agent `%s` was taken out of service",
                                          rh_agent_id (rh_pool_agent (pool)));

  g_ptr_array_add (self->draining, g_object_ref (pool));
  for (guint i = 0; i < runs->len; i++)
    if (next != NULL)
      rh_pool_submit (next, runs->pdata[i]);
    else
      rh_run_end (runs->pdata[i], NULL, error, FALSE);
}

static void
enable (RhWorkers *self, RhAgent *agent)
{
  RhPool *old = g_hash_table_lookup (self->pools, rh_agent_id (agent));
  g_autoptr (RhPool) keep = NULL;
  g_autoptr (RhPool) pool = NULL;

  if (old != NULL && is_same (rh_pool_agent (old), agent))
    return;
  keep = old != NULL ? g_object_ref (old) : NULL;
  pool = rh_pool_new (&self->host, agent);
  g_hash_table_insert (self->pools, g_strdup (rh_agent_id (agent)), g_object_ref (pool));
  if (keep != NULL)
    retire (self, keep, pool);
  rh_pool_start (pool);
}

static void
follow_registry (RhWorkers *self)
{
  g_autoptr (GPtrArray) agents = rh_registry_list (self->registry);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer id, pool;

  if (!self->started || self->stop != NULL || !rh_sandbox_is_known (self->sandbox) ||
      rh_sandbox_refusal (self->sandbox) != NULL)
    return;
  g_hash_table_iter_init (&iter, self->pools);
  while (g_hash_table_iter_next (&iter, &id, &pool))
    if (rh_registry_find (self->registry, id) == NULL)
      {
        g_ptr_array_add (gone, g_object_ref (pool));
        g_hash_table_iter_remove (&iter);
      }
  for (guint i = 0; i < gone->len; i++)
    retire (self, gone->pdata[i], NULL);
  for (guint i = 0; i < agents->len; i++)
    enable (self, agents->pdata[i]);
  watch (self);
  g_signal_emit (self, signals[SIGNAL_CAPACITY], 0);
}

typedef struct {
  char *agent;
  gint64 until_us;
} Restart;

static void
restart_free (gpointer data)
{
  Restart *self = data;

  g_free (self->agent);
  g_free (self);
}

/* TRUE when it was answered. */
static gboolean
end_restart (RhWorkers *self, GTask *task)
{
  const Restart *restart = g_task_get_task_data (task);
  RhPool *pool = g_hash_table_lookup (self->pools, restart->agent);
  GError *failure = pool != NULL ? rh_pool_failure (pool) : NULL;

  if (failure != NULL)
    g_task_return_error (task, failure);
  else if (pool == NULL)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "agent `%s` was taken out of service",
                             restart->agent);
  else if (!rh_pool_is_restarting (pool))
    g_task_return_boolean (task, TRUE);
  else if (g_get_monotonic_time () >= restart->until_us)
    g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "agent `%s` is still being restarted",
                             restart->agent);
  else
    return FALSE;
  return TRUE;
}

static void
tick_restarts (RhWorkers *self)
{
  for (guint i = self->restarts->len; i > 0; i--)
    if (end_restart (self, self->restarts->pdata[i - 1]))
      g_ptr_array_remove_index_fast (self->restarts, i - 1);
}

static gboolean
tick_pools (RhWorkers *self)
{
  gint64 now_us = g_get_monotonic_time ();
  gboolean active = self->draining->len > 0;
  g_autoptr (GPtrArray) pools = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer pool;

  /* What a tick ends may lead to anything. */
  g_hash_table_iter_init (&iter, self->pools);
  while (g_hash_table_iter_next (&iter, NULL, &pool))
    g_ptr_array_add (pools, g_object_ref (pool));
  for (guint i = 0; i < pools->len; i++)
    {
      rh_pool_tick (pools->pdata[i], now_us);
      active = active || rh_pool_is_active (pools->pdata[i]);
    }
  for (guint i = self->draining->len; i > 0; i--)
    {
      rh_pool_tick (self->draining->pdata[i - 1], now_us);
      if (rh_pool_is_empty (self->draining->pdata[i - 1]))
        g_ptr_array_remove_index_fast (self->draining, i - 1);
    }
  return active;
}

static void
kill_all (RhWorkers *self)
{
  g_autoptr (GError) error = g_error_new_literal (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the host is stopping");

  for (guint i = 0; i < self->draining->len; i++)
    rh_pool_kill (self->draining->pdata[i], error);
}

static void
tick_stop (RhWorkers *self)
{
  if (self->draining->len == 0)
    {
      g_autoptr (GTask) stop = g_steal_pointer (&self->stop);

      g_clear_handle_id (&self->tick, g_source_remove);
      g_task_return_boolean (stop, TRUE);
    }
  else if (g_get_monotonic_time () >= self->stop_us)
    kill_all (self);
}

static gboolean
on_tick (gpointer data)
{
  g_autoptr (RhWorkers) self = g_object_ref (data);
  gboolean active = tick_pools (self);

  tick_restarts (self);
  if (self->stop != NULL)
    {
      tick_stop (self);
      return self->tick != 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
    }
  if (active == self->tick_fast)
    return G_SOURCE_CONTINUE;
  self->tick_fast = active;
  self->tick = g_timeout_add (active ? TICK_MS : TICK_IDLE_MS, on_tick, self);
  return G_SOURCE_REMOVE;
}

/* Something may have begun: look often. */
static void
watch (RhWorkers *self)
{
  if (self->tick != 0 && self->tick_fast)
    return;
  g_clear_handle_id (&self->tick, g_source_remove);
  self->tick_fast = TRUE;
  self->tick = g_timeout_add (TICK_MS, on_tick, self);
}

RhWorkers *
rh_workers_new (const RhWorkersConfig *config,
                RhRegistry *registry,
                RhStore *store,
                RhConnectors *connectors,
                RhGate *gate)
{
  RhWorkers *self;

  g_return_val_if_fail (config != NULL && config->worker != NULL && RH_IS_REGISTRY (registry), NULL);

  self = g_object_new (RH_TYPE_WORKERS, NULL);
  self->config = *config;
  self->worker = g_strdup (config->worker);
  self->config.worker = self->worker;
  self->registry = g_object_ref (registry);
  self->store = store != NULL ? g_object_ref (store) : NULL;
  self->gate = gate != NULL ? g_object_ref (gate) : NULL;
  self->host.config = &self->config;
  self->host.broker = rh_broker_new (store, connectors, gate);
  self->sandbox = rh_sandbox_new (&self->config);
  return self;
}

static void
on_sandbox (RhSandbox *sandbox, gpointer data)
{
  follow_registry (data);
  /* Runs are taken from now on, if only to be refused with the reason. */
  g_signal_emit (data, signals[SIGNAL_CAPACITY], 0);
}

void
rh_workers_start (RhWorkers *self)
{
  g_return_if_fail (RH_IS_WORKERS (self) && !self->started);

  self->started = TRUE;
  self->host.cgroups = rh_cgroups_new ();
  self->changed = g_signal_connect_swapped (self->registry, "changed", G_CALLBACK (follow_registry), self);
  rh_sandbox_probe (self->sandbox, on_sandbox, self);
}

/* Checked when it was enqueued, but perhaps by another version. */
static gboolean
check_input (RhAgent *agent, const RhRunRequest *request, GError **error)
{
  g_autoptr (JsonNode) input = NULL;

  if (!rh_agent_has_input_schema (agent, request->task))
    return TRUE;
  if (request->input_text != NULL)
    input = royal_json_parse (request->input_text, -1, "input", error);
  else
    {
      input = json_node_new (JSON_NODE_OBJECT);
      if (request->input != NULL)
        json_node_set_object (input, request->input);
      else
        json_node_take_object (input, json_object_new ());
    }
  return input != NULL && rh_agent_check_input (agent, request->task, input, error);
}

/* The pool that is to serve @request; NULL with @error set. */
static RhPool *
find_pool (RhWorkers *self, const RhRunRequest *request, GError **error)
{
  const char *refusal = rh_sandbox_refusal (self->sandbox);
  RhPool *pool = g_hash_table_lookup (self->pools, request->agent);

  if (refusal != NULL)
    g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, refusal);
  else if (self->stop != NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "the host is stopping");
  else if (pool == NULL)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "no agent `%s` is enabled", request->agent);
  else if (!rh_agent_has_task (rh_pool_agent (pool), request->task))
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "agent `%s` has no task `%s`", request->agent, request->task);
  else if (check_input (rh_pool_agent (pool), request, error))
    return pool;
  return NULL;
}

RhRun *
rh_workers_run (RhWorkers *self, const RhRunRequest *request, RhRunDone done, gpointer data)
{
  g_autoptr (RhRun) run = NULL;
  g_autoptr (GError) error = NULL;
  RhRunEnd end = { 0 };
  RhPool *pool;

  g_return_val_if_fail (RH_IS_WORKERS (self) && request != NULL && request->agent != NULL && request->task != NULL &&
                            request->run != NULL && done != NULL,
                        NULL);

  pool = find_pool (self, request, &error);
  if (pool == NULL)
    {
      rh_personal_free (request->personal);
      end.error = error;
      done (&end, data);
      return NULL;
    }
  run = rh_run_new (request, rh_pool_agent (pool), self->store, self->gate, done, data);
  rh_pool_submit (pool, run);
  watch (self);
  /* The pool has it, or it has ended. */
  return run->ended ? NULL : run;
}

void
rh_workers_cancel (RhRun *run, const GError *reason)
{
  g_autoptr (RhRun) keep = NULL;

  g_return_if_fail (run != NULL && reason != NULL);

  keep = rh_run_ref (run);
  if (run->pool != NULL)
    rh_pool_cancel (run->pool, run, reason);
}

/* A run that a GTask waits for. */
typedef struct {
  GTask *task;
  RhRun *run;
  GSource *cancel;
  gboolean ended;
  gboolean crashed;
} Waiting;

static void
waiting_free (gpointer data)
{
  g_free (data);
}

static void
on_waited (const RhRunEnd *end, gpointer data)
{
  Waiting *waiting = data;
  g_autoptr (GTask) task = waiting->task;

  waiting->ended = TRUE;
  waiting->run = NULL;
  waiting->crashed = end->crashed;
  if (waiting->cancel != NULL)
    g_source_destroy (waiting->cancel);
  g_clear_pointer (&waiting->cancel, g_source_unref);
  if (end->error != NULL)
    g_task_return_error (task, g_error_copy (end->error));
  else
    g_task_return_pointer (task, royal_json_parse (end->result, -1, "result", NULL), (GDestroyNotify)json_node_unref);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Waiting *waiting = data;
  g_autoptr (GError) error = g_error_new_literal (ROYAL_ERROR, ROYAL_ERROR_CANCELLED, "the run was cancelled");

  if (waiting->run != NULL)
    rh_workers_cancel (waiting->run, error);
  return G_SOURCE_REMOVE;
}

void
rh_workers_run_async (RhWorkers *self,
                      const RhRunRequest *request,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  Waiting *waiting;

  g_return_if_fail (RH_IS_WORKERS (self) && request != NULL);

  waiting = g_new0 (Waiting, 1);
  waiting->task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (waiting->task, rh_workers_run_async);
  /* A run that was cancelled too late has a result all the same. */
  g_task_set_check_cancellable (waiting->task, FALSE);
  g_task_set_task_data (waiting->task, waiting, waiting_free);
  g_autoptr (GTask) keep = g_object_ref (waiting->task);
  waiting->run = rh_workers_run (self, request, on_waited, waiting);
  if (waiting->run == NULL || cancellable == NULL)
    return;
  waiting->cancel = g_cancellable_source_new (cancellable);
  g_source_set_callback (waiting->cancel, G_SOURCE_FUNC (on_cancelled), waiting, NULL);
  g_source_attach (waiting->cancel, NULL);
}

JsonNode *
rh_workers_run_finish (RhWorkers *self, GAsyncResult *result, gboolean *ret_crashed, GError **error)
{
  Waiting *waiting;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  waiting = g_task_get_task_data (G_TASK (result));
  if (ret_crashed != NULL)
    *ret_crashed = waiting->crashed;
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
rh_workers_restart_async (RhWorkers *self,
                          const char *agent,
                          gboolean now,
                          guint wait_ms,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  g_autoptr (GTask) task = NULL;
  const char *refusal;
  Restart *restart;
  RhPool *pool;

  g_return_if_fail (RH_IS_WORKERS (self) && agent != NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_workers_restart_async);
  pool = g_hash_table_lookup (self->pools, agent);
  refusal = rh_sandbox_refusal (self->sandbox);
  if (pool == NULL)
    {
      g_task_return_new_error (task, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "agent `%s` has no workers: %s", agent,
                               refusal != NULL ? refusal : "it is not in service");
      return;
    }
  restart = g_new0 (Restart, 1);
  restart->agent = g_strdup (agent);
  restart->until_us = g_get_monotonic_time () + wait_ms * (gint64)1000;
  g_task_set_task_data (task, restart, restart_free);
  rh_pool_restart (pool, now);
  g_ptr_array_add (self->restarts, g_steal_pointer (&task));
  watch (self);
  g_signal_emit (self, signals[SIGNAL_CAPACITY], 0);
}

gboolean
rh_workers_restart_finish (RhWorkers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

guint
rh_workers_capacity (RhWorkers *self, const char *agent)
{
  RhAgent *known;
  RhPool *pool;

  g_return_val_if_fail (RH_IS_WORKERS (self) && agent != NULL, 0);

  if (!self->started || self->stop != NULL || !rh_sandbox_is_known (self->sandbox))
    return 0;
  known = rh_registry_find (self->registry, agent);
  if (known != NULL && rh_sandbox_refusal (self->sandbox) != NULL)
    return rh_agent_limits (known)->workers;
  pool = g_hash_table_lookup (self->pools, agent);
  return pool != NULL ? rh_pool_capacity (pool) : 0;
}

JsonNode *
rh_workers_status (RhWorkers *self, const char *agent)
{
  g_autoptr (JsonObject) status = NULL;
  const char *refusal;
  RhPool *pool;

  g_return_val_if_fail (RH_IS_WORKERS (self) && agent != NULL, NULL);

  pool = g_hash_table_lookup (self->pools, agent);
  if (pool != NULL)
    return rh_pool_status (pool);
  refusal = rh_sandbox_refusal (self->sandbox);
  status = json_object_new ();
  json_object_set_string_member (status, "agent", agent);
  json_object_set_array_member (status, "workers", json_array_new ());
  json_object_set_int_member (status, "waiting", 0);
  json_object_set_int_member (status, "restarts", 0);
  json_object_set_boolean_member (status, "restarting", FALSE);
  json_object_set_string_member (status, "state", refusal != NULL ? "failed" : "starting");
  if (refusal != NULL)
    json_object_set_string_member (status, "error", refusal);
  else
    json_object_set_null_member (status, "error");
  return json_node_init_object (json_node_alloc (), status);
}

JsonNode *
rh_workers_sandbox (RhWorkers *self)
{
  g_return_val_if_fail (RH_IS_WORKERS (self), NULL);
  return rh_sandbox_json (self->sandbox);
}

void
rh_workers_stop_async (RhWorkers *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  GHashTableIter iter;
  gpointer pool;

  g_return_if_fail (RH_IS_WORKERS (self) && self->stop == NULL);

  self->stop = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (self->stop, rh_workers_stop_async);
  self->stop_us = g_get_monotonic_time () + timeout_ms * (gint64)1000;
  g_clear_signal_handler (&self->changed, self->registry);
  g_hash_table_iter_init (&iter, self->pools);
  while (g_hash_table_iter_next (&iter, NULL, &pool))
    retire (self, pool, NULL);
  g_hash_table_remove_all (self->pools);
  g_clear_handle_id (&self->tick, g_source_remove);
  self->tick = g_timeout_add (TICK_MS / 10, on_tick, self);
}

gboolean
rh_workers_stop_finish (RhWorkers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
rh_workers_finalize (GObject *object)
{
  RhWorkers *self = RH_WORKERS (object);

  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_signal_handler (&self->changed, self->registry);
  g_clear_pointer (&self->sandbox, rh_sandbox_free);
  g_clear_pointer (&self->pools, g_hash_table_unref);
  g_clear_pointer (&self->draining, g_ptr_array_unref);
  g_clear_pointer (&self->restarts, g_ptr_array_unref);
  g_clear_pointer (&self->host.broker, rh_broker_free);
  g_clear_pointer (&self->host.cgroups, rh_cgroups_free);
  g_clear_object (&self->registry);
  g_clear_object (&self->store);
  g_clear_object (&self->gate);
  g_free (self->worker);
  G_OBJECT_CLASS (rh_workers_parent_class)->finalize (object);
}

static void
rh_workers_class_init (RhWorkersClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_workers_finalize;

  /* There may be more free places than before. */
  signals[SIGNAL_CAPACITY] =
      g_signal_new ("capacity", RH_TYPE_WORKERS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rh_workers_init (RhWorkers *self)
{
  self->pools = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->draining = g_ptr_array_new_with_free_func (g_object_unref);
  self->restarts = g_ptr_array_new_with_free_func (g_object_unref);
}
