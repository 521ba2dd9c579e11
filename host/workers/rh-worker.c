/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-worker.h"

#include "rh-usage.h"
#include "royal-channel.h"
#include "royal-json.h"

#include <signal.h>

#define GRACE_US (2 * G_USEC_PER_SEC)
#define RUNS_MAX 100000
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
  GQueue hands;  /* RhRun: the first is in hand, the others are ahead */
  GString *body; /* of the next RUN */
  gsize body_fixed;
  guint runs;
  guint rss_first_kb;
  guint rss_kb;
  gint64 deadline_us;
  gint64 cpu_end_us;
  gint64 kill_us;
  gboolean killed;
  gboolean replaced; /* that it ends is no run's doing */
  char *cgroup;
};

G_DEFINE_FINAL_TYPE (RhWorker, rh_worker, G_TYPE_OBJECT)

static void
set_state (RhWorker *self, RhWorkerState state)
{
  self->state = state;
  self->since_us = g_get_monotonic_time ();
}

static RhRun *
in_hand (RhWorker *self)
{
  return g_queue_peek_head (&self->hands);
}

static void
on_answer (gpointer data, RhRun *run, guint64 id, JsonNode *result, int table_fd, const GError *error)
{
  RhWorker *self = data;

  /* The run may be over, and the worker dead or at another one. */
  if (in_hand (self) != run || self->state == RH_WORKER_CLOSED)
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

  if (in_hand (self) == NULL)
    {
      g_autoptr (GError) error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_PROTOCOL, "a call outside of a run");

      rh_worker_kill (self, error);
      return;
    }
  rh_broker_call (self->broker, in_hand (self), id, method, params, on_answer, self);
}

static void
on_log (RoyalChannel *channel, const char *message, gpointer data)
{
  RhWorker *self = data;

  if (in_hand (self) != NULL)
    rh_run_feed_log (rh_run_feed (in_hand (self)), message);
}

static void
on_progress (RoyalChannel *channel, double fraction, const char *message, gpointer data)
{
  RhWorker *self = data;

  if (in_hand (self) != NULL)
    rh_run_feed_progress (rh_run_feed (in_hand (self)), fraction, message);
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
end_run (RhWorker *self, const char *result, const GError *error, gboolean crashed)
{
  g_autoptr (RhRun) run = g_queue_pop_head (&self->hands);

  run->worker = NULL;
  rh_run_end (run, result, error, crashed);
}

static void
cancel_hand (RhWorker *self)
{
  if (self->kill_us > 0)
    return;
  self->kill_us = g_get_monotonic_time () + GRACE_US;
  royal_channel_cancel (self->channel);
}

/* The worker comes to the next run in its hands. Its CPU time is looked at when it has lasted for a while. */
static void
begin_run (RhWorker *self)
{
  const RhAgentLimits *limits = rh_agent_limits (self->agent);
  RhRun *run = in_hand (self);

  set_state (self, RH_WORKER_BUSY);
  self->kill_us = 0;
  self->cpu_end_us = 0;
  self->deadline_us = limits->wall_s > 0 ? self->since_us + limits->wall_s * G_USEC_PER_SEC : G_MAXINT64;
  run->begun_us = self->since_us;
  if (run->reason != NULL)
    cancel_hand (self);
}

static void
look_at_memory (RhWorker *self)
{
  if (self->runs++ % RSS_RUNS != 0)
    return;
  self->rss_kb = rh_usage_rss_kb (royal_channel_pid (self->channel));
  if (self->rss_first_kb == 0)
    self->rss_first_kb = self->rss_kb;
}

static void
on_done (RoyalChannel *channel, JsonNode *result, const GError *error, gpointer data)
{
  g_autoptr (RhWorker) self = g_object_ref (data);
  g_autofree char *text = NULL;
  gboolean completed = error == NULL;
  gint64 run_us = g_get_monotonic_time () - self->since_us;
  RhRun *run = in_hand (self);
  g_autoptr (GError) reason = NULL;

  if (run == NULL)
    return;
  look_at_memory (self);
  if (completed)
    text = result != NULL ? royal_json_to_string (result) : g_strdup ("null");
  /* A plugin reports the cancellation that it met; why it was cancelled is known here. */
  if (run->reason != NULL && royal_error_is_cancelled (error))
    reason = g_error_copy (run->reason);
  end_run (self, text, reason != NULL ? reason : error, FALSE);
  self->kill_us = 0;
  if (self->state != RH_WORKER_BUSY)
    return;
  if (in_hand (self) != NULL)
    {
      begin_run (self);
      self->events->idle (self, completed, run_us, self->data);
    }
  else
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

/* Whether a death can be laid at the door of the run in hand. What this host has seen counts, and nothing that the
 * worker says: with other runs ahead, or before, it may have died of those. */
static gboolean
may_blame (RhWorker *self)
{
  return rh_worker_is_fresh (self) && g_queue_get_length (&self->hands) == 1;
}

static void
isolate (gpointer run, gpointer data)
{
  rh_run_isolate (run);
}

static void
rewind_run (gpointer run, gpointer data)
{
  rh_run_rewind (run);
}

static void
on_closed (RoyalChannel *channel, const GError *error, int signal, gpointer data)
{
  g_autoptr (RhWorker) self = g_object_ref (data);
  g_autoptr (GError) why = closed_error (self, error, signal);
  RhWorkerEnd end = end_of (self, error, in_hand (self) != NULL);

  set_state (self, RH_WORKER_CLOSED);
  remove_cgroup (self);
  if (self->replaced)
    g_queue_foreach (&self->hands, rewind_run, self);
  else if (end == RH_WORKER_END_CRASHED && !may_blame (self))
    g_queue_foreach (&self->hands, isolate, self);
  else if (in_hand (self) != NULL)
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

/* What is the same in every RUN of this worker. */
static void
start_body (RhWorker *self)
{
  g_autoptr (JsonNode) config = json_node_init_object (json_node_alloc (), rh_agent_config (self->agent));
  g_autofree char *text = royal_json_to_string (config);

  self->body = g_string_new ("{\"agent\":");
  royal_json_append_string (self->body, rh_agent_id (self->agent));
  g_string_append_printf (self->body, ",\"deadline_ms\":%" G_GINT64_FORMAT ",\"config\":%s",
                          rh_agent_limits (self->agent)->wall_s * (gint64)1000, text);
  self->body_fixed = self->body->len;
}

static void
fill_body (RhWorker *self, RhRun *run)
{
  if (self->body == NULL)
    start_body (self);
  g_string_truncate (self->body, self->body_fixed);
  g_string_append (self->body, ",\"run\":\"");
  g_string_append (self->body, run->id);
  g_string_append (self->body, "\",\"task\":");
  royal_json_append_string (self->body, run->task);
  g_string_append (self->body, ",\"workspace\":");
  royal_json_append_string (self->body, run->workspace_name);
  g_string_append (self->body, ",\"input\":");
  g_string_append (self->body, run->input);
  g_string_append_c (self->body, '}');
}

gboolean
rh_worker_run (RhWorker *self, RhRun *run)
{
  g_autoptr (GError) error = NULL;
  gboolean was_idle, is_full = FALSE;

  g_return_val_if_fail (RH_IS_WORKER (self) && run != NULL, FALSE);
  g_return_val_if_fail (self->state == RH_WORKER_IDLE || self->state == RH_WORKER_BUSY, FALSE);

  was_idle = self->state == RH_WORKER_IDLE;
  /* One that is not wanted, or that was killed, comes to no more. */
  if (!was_idle && (self->draining || self->killed || self->kill_us > 0))
    return FALSE;
  fill_body (self, run);
  if (!royal_channel_run_text (self->channel, self->body->str, self->body->len, &is_full, &error) &&
      (is_full || !was_idle))
    return FALSE;
  run->worker = self;
  g_queue_push_tail (&self->hands, rh_run_ref (run));
  if (was_idle)
    begin_run (self);
  if (error != NULL)
    rh_worker_kill (self, error);
  return TRUE;
}

gboolean
rh_worker_is_fresh (RhWorker *self)
{
  g_return_val_if_fail (RH_IS_WORKER (self), FALSE);
  return self->runs == 0;
}

gboolean
rh_worker_is_isolated (RhWorker *self)
{
  g_return_val_if_fail (RH_IS_WORKER (self), FALSE);
  return in_hand (self) != NULL && in_hand (self)->alone;
}

void
rh_worker_flush (RhWorker *self)
{
  g_return_if_fail (RH_IS_WORKER (self));

  if (self->state == RH_WORKER_BUSY)
    royal_channel_flush (self->channel);
}

guint
rh_worker_n_runs (RhWorker *self)
{
  g_return_val_if_fail (RH_IS_WORKER (self), 0);
  return g_queue_get_length (&self->hands);
}

void
rh_worker_cancel (RhWorker *self, RhRun *run)
{
  g_return_if_fail (RH_IS_WORKER (self) && run != NULL && run->reason != NULL);

  if (self->state == RH_WORKER_BUSY && run == in_hand (self))
    cancel_hand (self);
}

GPtrArray *
rh_worker_take_runs (RhWorker *self)
{
  GPtrArray *runs;
  RhRun *run;

  g_return_val_if_fail (RH_IS_WORKER (self), NULL);

  runs = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_run_unref);
  while ((run = g_queue_pop_head (&self->hands)) != NULL)
    {
      run->worker = NULL;
      g_ptr_array_add (runs, run);
    }
  return runs;
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

void
rh_worker_replace (RhWorker *self, const GError *reason)
{
  g_return_if_fail (RH_IS_WORKER (self) && reason != NULL);

  if (self->killed || self->state == RH_WORKER_CLOSED)
    return;
  self->replaced = TRUE;
  rh_worker_kill (self, reason);
}

gboolean
rh_worker_is_leaving (RhWorker *self)
{
  g_return_val_if_fail (RH_IS_WORKER (self), TRUE);
  return self->draining || self->killed || self->state >= RH_WORKER_ENDING;
}

/* The CPU time that the run in hand may bring the process to, from when it was first looked at. */
static gboolean
has_used_cpu (RhWorker *self)
{
  guint cpu_s = rh_agent_limits (self->agent)->cpu_s;
  gint64 cpu_us = cpu_s > 0 ? rh_usage_cpu_us (royal_channel_pid (self->channel)) : -1;

  if (cpu_us < 0)
    return FALSE;
  if (self->cpu_end_us == 0)
    self->cpu_end_us = cpu_us + cpu_s * G_USEC_PER_SEC;
  return cpu_us >= self->cpu_end_us;
}

static void
tick_run (RhWorker *self, gint64 now_us)
{
  const RhAgentLimits *limits = rh_agent_limits (self->agent);
  RhRun *run = in_hand (self);
  g_autoptr (GError) error = NULL;

  if (self->kill_us > 0 && now_us >= self->kill_us)
    rh_worker_kill (self, run->reason);
  else if (has_used_cpu (self))
    {
      error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "the run used its %u s of CPU time", limits->cpu_s);
      rh_worker_kill (self, error);
    }
  else if (now_us >= self->deadline_us && run->reason == NULL)
    {
      error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "the run took longer than its %u s", limits->wall_s);
      rh_run_cancel (run, error);
      cancel_hand (self);
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
  if (in_hand (self) != NULL)
    {
      json_object_set_string_member (status, "run", in_hand (self)->id);
      json_object_set_string_member (status, "task", in_hand (self)->task);
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
  g_queue_clear_full (&self->hands, (GDestroyNotify)rh_run_unref);
  remove_cgroup (self);
  g_clear_object (&self->agent);
  if (self->body != NULL)
    g_string_free (self->body, TRUE);
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
  g_queue_init (&self->hands);
}
