/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-worker.h"

#include "rh-usage.h"
#include "royal-channel.h"
#include "royal-json.h"

#include <signal.h>

#define GRACE_US (2 * G_USEC_PER_SEC)
#define RUNS_MAX 5000
/* How often resident memory is looked at, in runs, and how much more than after its first run is too much. */
#define RSS_RUNS 32
#define RSS_GROWTH_KB (128 * 1024)

static const char *const state_names[] = { "starting", "idle", "busy", "ending", "closed" };

struct _RhWorker {
  GObject parent;
  RhAgent *agent;
  RhBroker *broker;
  const RhWorkerEvents *events;
  gpointer data;
  RoyalChannel *channel;
  RhWorkerState state;
  gboolean was_ready;
  gboolean draining;
  gint64 since_us;
  RhRun *run;
  guint runs;
  guint rss_first_kb;
  guint rss_kb;
  gint64 deadline_us;
  gint64 cpu_end_us;
  GError *reason;
  gint64 kill_us;
  gboolean killed;
  char *cgroup;
};

G_DEFINE_FINAL_TYPE (RhWorker, rh_worker, G_TYPE_OBJECT)

static void
set_state (RhWorker *self, RhWorkerState state)
{
  self->state = state;
  self->since_us = g_get_monotonic_time ();
}

static void
on_answer (gpointer data, RhRun *run, guint64 id, JsonNode *result, int table_fd, const GError *error)
{
  RhWorker *self = data;

  /* The run may be over, and the worker dead or at another one. */
  if (self->run != run || self->state == RH_WORKER_CLOSED)
    return;
  if (error != NULL)
    royal_channel_reply_error (self->channel, id, error);
  else if (table_fd >= 0)
    royal_channel_reply_table (self->channel, id, table_fd);
  else
    royal_channel_reply (self->channel, id, result);
}

static void
on_call (RoyalChannel *channel, guint64 id, const char *method, JsonObject *params, gpointer data)
{
  RhWorker *self = data;

  if (self->run == NULL)
    {
      g_autoptr (GError) error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "a call outside of a run");

      rh_worker_kill (self, error);
      return;
    }
  rh_broker_call (self->broker, self->run, id, method, params, on_answer, self);
}

static void
on_log (RoyalChannel *channel, const char *message, gpointer data)
{
  RhWorker *self = data;

  if (self->run != NULL)
    rh_run_feed_log (self->run->feed, message);
}

static void
on_progress (RoyalChannel *channel, double fraction, const char *message, gpointer data)
{
  RhWorker *self = data;

  if (self->run != NULL)
    rh_run_feed_progress (self->run->feed, fraction, message);
}

/* What READY says must be what the manifest says: names, in any order. */
static char *
tasks_fault (RhWorker *self, JsonObject *facts)
{
  const char *const *wanted = royal_manifest_tasks (rh_agent_manifest (self->agent));
  JsonArray *tasks = royal_json_array (facts, "tasks");
  guint n_wanted = g_strv_length ((char **)wanted);
  guint n = tasks != NULL ? json_array_get_length (tasks) : 0;

  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (tasks, i);
      const char *name = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
                             ? json_node_get_string (node)
                             : "";

      if (!g_strv_contains (wanted, name))
        return g_strdup_printf ("the module serves a task `%.60s` that its manifest does not name", name);
    }
  if (n == n_wanted)
    return NULL;
  return g_strdup_printf ("the module serves %u tasks, its manifest names %u", n, n_wanted);
}

static void
became_idle (RhWorker *self, gboolean completed, gint64 run_us)
{
  if (self->draining)
    {
      set_state (self, RH_WORKER_ENDING);
      royal_channel_shutdown (self->channel);
      return;
    }
  set_state (self, RH_WORKER_IDLE);
  self->events->idle (self, completed, run_us, self->data);
}

static void
on_ready (RoyalChannel *channel, JsonObject *facts, gpointer data)
{
  g_autoptr (RhWorker) self = g_object_ref (data);
  g_autofree char *fault = tasks_fault (self, facts);

  if (fault != NULL)
    {
      g_autoptr (GError) error = g_error_new_literal (ROYAL_ERROR, ROYAL_ERROR_INVALID, fault);

      royal_channel_kill (channel, error);
      return;
    }
  self->was_ready = TRUE;
  became_idle (self, FALSE, 0);
}

/* The run is over: its answer goes out before anything else may start. */
static void
end_run (RhWorker *self, JsonNode *result, const GError *error, gboolean crashed)
{
  g_autoptr (RhRun) run = g_steal_pointer (&self->run);

  run->worker = NULL;
  rh_run_end (run, result, error, crashed);
}

static void
on_done (RoyalChannel *channel, JsonNode *result, const GError *error, gpointer data)
{
  g_autoptr (RhWorker) self = g_object_ref (data);
  g_autoptr (GError) reason = g_steal_pointer (&self->reason);
  g_autoptr (JsonNode) nothing = NULL;
  gboolean completed = error == NULL;
  gint64 run_us = g_get_monotonic_time () - self->since_us;

  if (self->run == NULL)
    return;
  self->kill_us = 0;
  self->runs++;
  if (self->runs % RSS_RUNS == 1)
    self->rss_kb = rh_usage_rss_kb (royal_channel_pid (channel));
  if (self->rss_first_kb == 0)
    self->rss_first_kb = self->rss_kb;
  if (completed && result == NULL)
    result = nothing = json_node_new (JSON_NODE_NULL);
  /* A plugin reports the cancellation that it met; why it was cancelled is known here. */
  end_run (self, result, reason != NULL && royal_error_is_cancelled (error) ? reason : error, FALSE);
  if (self->state == RH_WORKER_BUSY)
    became_idle (self, completed, run_us);
}

static GError *
closed_error (RhWorker *self, const GError *error, int signal)
{
  g_autofree char *text = NULL;

  if (signal == ROYAL_SIGNAL_MEMORY || (self->cgroup != NULL && rh_cgroups_hit_ceiling (self->cgroup)))
    return g_error_new (ROYAL_ERROR, ROYAL_ERROR_LIMIT, "the worker crashed: it reached its memory ceiling of %u MiB",
                        rh_agent_limits (self->agent)->memory_mb);
  /* What the host did has its reason already: it ends with SIGKILL. */
  if (signal == 0 || signal == SIGKILL || g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL))
    return error != NULL ? g_error_copy (error)
                         : g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "the worker ended by itself");
  text = rh_usage_signal_text (signal);
  return g_error_new (ROYAL_ERROR, ROYAL_ERROR_FAILED, "the worker crashed: %s", text);
}

static RhWorkerEnd
end_of (RhWorker *self, const GError *error, gboolean had_run)
{
  if (!self->was_ready && !(self->state == RH_WORKER_ENDING && error == NULL))
    return RH_WORKER_END_START;
  if (self->killed)
    return RH_WORKER_END_STOPPED;
  return error == NULL && !had_run ? RH_WORKER_END_ORDERLY : RH_WORKER_END_CRASHED;
}

static void
remove_cgroup (RhWorker *self)
{
  if (self->cgroup != NULL)
    rh_cgroups_remove (self->cgroup);
  g_clear_pointer (&self->cgroup, g_free);
}

static void
on_closed (RoyalChannel *channel, const GError *error, int signal, gpointer data)
{
  g_autoptr (RhWorker) self = g_object_ref (data);
  g_autoptr (GError) why = closed_error (self, error, signal);
  RhWorkerEnd end = end_of (self, error, self->run != NULL);

  set_state (self, RH_WORKER_CLOSED);
  remove_cgroup (self);
  if (self->run != NULL)
    end_run (self, NULL, why, end == RH_WORKER_END_CRASHED);
  if (self->events != NULL)
    self->events->closed (self, end, end == RH_WORKER_END_ORDERLY ? NULL : why, self->data);
}

static const RoyalChannelEvents channel_events = {
  .ready = on_ready,
  .call = on_call,
  .log = on_log,
  .progress = on_progress,
  .done = on_done,
  .closed = on_closed,
};

RhWorker *
rh_worker_new (const RhWorkerHost *host, RhAgent *agent, const RhWorkerEvents *events, gpointer data, GError **error)
{
  g_autoptr (RhWorker) self = NULL;
  RoyalLaunch launch = { 0 };

  g_return_val_if_fail (host != NULL && RH_IS_AGENT (agent) && events != NULL, NULL);

  self = g_object_new (RH_TYPE_WORKER, NULL);
  self->agent = g_object_ref (agent);
  self->broker = host->broker;
  self->events = events;
  self->data = data;
  set_state (self, RH_WORKER_STARTING);
  launch.worker = host->config->worker;
  launch.module = rh_agent_module (agent);
  launch.sha256 = rh_agent_sha256 (agent);
  launch.agent = rh_agent_id (agent);
  launch.memory_mb = rh_agent_limits (agent)->memory_mb;
  launch.keep_off_cpu = host->config->keep_off_cpu;
  launch.user_id = host->config->user_id;
  launch.without = host->config->without;
  self->channel = royal_channel_launch (&launch, &channel_events, self, error);
  if (self->channel == NULL)
    return NULL;
  if (host->cgroups != NULL && launch.memory_mb > 0)
    self->cgroup = rh_cgroups_add (host->cgroups, royal_channel_pid (self->channel), launch.memory_mb);
  return g_steal_pointer (&self);
}

RhWorkerState
rh_worker_state (RhWorker *self)
{
  g_return_val_if_fail (RH_IS_WORKER (self), RH_WORKER_CLOSED);
  return self->state;
}

static JsonObject *
run_body (RhWorker *self, RhRun *run)
{
  JsonObject *body = json_object_new ();

  json_object_set_string_member (body, "run", run->id);
  json_object_set_string_member (body, "task", run->task);
  json_object_set_string_member (body, "workspace", run->workspace_name);
  json_object_set_string_member (body, "agent", rh_agent_id (self->agent));
  json_object_set_object_member (body, "config", json_object_ref (rh_agent_config (self->agent)));
  json_object_set_object_member (body, "input", json_object_ref (run->input));
  json_object_set_int_member (body, "deadline_ms", rh_agent_limits (self->agent)->wall_s * (gint64)1000);
  return body;
}

void
rh_worker_run (RhWorker *self, RhRun *run)
{
  g_autoptr (JsonObject) body = NULL;
  g_autoptr (GError) error = NULL;
  const RhAgentLimits *limits;
  gint64 cpu_us;

  g_return_if_fail (RH_IS_WORKER (self) && self->state == RH_WORKER_IDLE && run != NULL);

  limits = rh_agent_limits (self->agent);
  cpu_us = rh_usage_cpu_us (royal_channel_pid (self->channel));
  set_state (self, RH_WORKER_BUSY);
  self->run = rh_run_ref (run);
  run->worker = self;
  run->begun_us = self->since_us;
  self->deadline_us = limits->wall_s > 0 ? self->since_us + limits->wall_s * G_USEC_PER_SEC : G_MAXINT64;
  self->cpu_end_us = limits->cpu_s > 0 && cpu_us >= 0 ? cpu_us + limits->cpu_s * G_USEC_PER_SEC : G_MAXINT64;
  body = run_body (self, run);
  if (!royal_channel_run (self->channel, body, &error))
    rh_worker_kill (self, error);
}

void
rh_worker_cancel (RhWorker *self, const GError *reason)
{
  g_return_if_fail (RH_IS_WORKER (self) && reason != NULL);

  if (self->state != RH_WORKER_BUSY || self->reason != NULL)
    return;
  self->reason = g_error_copy (reason);
  self->kill_us = g_get_monotonic_time () + GRACE_US;
  royal_channel_cancel (self->channel);
  g_cancellable_cancel (self->run->calls);
}

void
rh_worker_drain (RhWorker *self)
{
  g_return_if_fail (RH_IS_WORKER (self));

  self->draining = TRUE;
  if (self->state != RH_WORKER_IDLE)
    return;
  set_state (self, RH_WORKER_ENDING);
  royal_channel_shutdown (self->channel);
}

void
rh_worker_kill (RhWorker *self, const GError *reason)
{
  g_return_if_fail (RH_IS_WORKER (self) && reason != NULL);

  if (self->killed || self->state == RH_WORKER_CLOSED)
    return;
  self->killed = TRUE;
  if (self->state != RH_WORKER_STARTING)
    set_state (self, RH_WORKER_ENDING);
  royal_channel_kill (self->channel, reason);
}

static void
tick_run (RhWorker *self, gint64 now_us)
{
  const RhAgentLimits *limits = rh_agent_limits (self->agent);
  g_autoptr (GError) error = NULL;

  if (self->kill_us > 0 && now_us >= self->kill_us)
    rh_worker_kill (self, self->reason);
  else if (self->cpu_end_us < G_MAXINT64 && rh_usage_cpu_us (royal_channel_pid (self->channel)) >= self->cpu_end_us)
    {
      error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "the run used its %u s of CPU time", limits->cpu_s);
      rh_worker_kill (self, error);
    }
  else if (now_us >= self->deadline_us && self->reason == NULL)
    {
      error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "the run took longer than its %u s", limits->wall_s);
      rh_worker_cancel (self, error);
    }
}

void
rh_worker_tick (RhWorker *self, gint64 now_us)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (RH_IS_WORKER (self));

  if (self->state == RH_WORKER_BUSY)
    tick_run (self, now_us);
  else if (self->state == RH_WORKER_ENDING && now_us - self->since_us >= GRACE_US && !self->killed)
    {
      error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "the worker did not exit when it was asked to");
      rh_worker_kill (self, error);
    }
}

gboolean
rh_worker_is_worn (RhWorker *self)
{
  g_return_val_if_fail (RH_IS_WORKER (self), FALSE);
  return self->runs >= RUNS_MAX || self->rss_kb > self->rss_first_kb + RSS_GROWTH_KB;
}

gint64
rh_worker_idle_since_us (RhWorker *self)
{
  g_return_val_if_fail (RH_IS_WORKER (self), 0);
  return self->since_us;
}

JsonNode *
rh_worker_status (RhWorker *self)
{
  g_autoptr (JsonObject) status = json_object_new ();
  GPid pid;

  g_return_val_if_fail (RH_IS_WORKER (self), NULL);

  pid = self->state != RH_WORKER_CLOSED ? royal_channel_pid (self->channel) : 0;
  json_object_set_int_member (status, "pid", pid);
  json_object_set_string_member (status, "state", state_names[self->state]);
  json_object_set_int_member (status, "runs", self->runs);
  json_object_set_int_member (status, "rss_kb", pid > 0 ? rh_usage_rss_kb (pid) : 0);
  if (self->run != NULL)
    {
      json_object_set_string_member (status, "run", self->run->id);
      json_object_set_string_member (status, "task", self->run->task);
    }
  return json_node_init_object (json_node_alloc (), status);
}

void
rh_worker_detach (RhWorker *self)
{
  g_return_if_fail (RH_IS_WORKER (self));

  set_state (self, RH_WORKER_CLOSED);
  self->events = NULL;
  if (self->channel != NULL)
    royal_channel_detach (self->channel);
}

static void
rh_worker_finalize (GObject *object)
{
  RhWorker *self = RH_WORKER (object);

  if (self->channel != NULL)
    royal_channel_detach (self->channel);
  g_clear_object (&self->channel);
  g_clear_pointer (&self->run, rh_run_unref);
  remove_cgroup (self);
  g_clear_object (&self->agent);
  g_clear_error (&self->reason);
  G_OBJECT_CLASS (rh_worker_parent_class)->finalize (object);
}

static void
rh_worker_class_init (RhWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_worker_finalize;
}

static void
rh_worker_init (RhWorker *self)
{
}
