/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-pool.h"

#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-usage.h"

/* Runs that wait, at most, for each worker that the agent may have. */
#define WAITING_PER_WORKER (2 * AHEAD_MAX)
#define START_FAILURES_MAX 5
#define BACKOFF_MS 100
#define BACKOFF_MAX_MS 10000
#define IDLE_S 60
/* Runs are fetched ahead for so long, and so many for each worker: short runs then do not wait for the queue, and long
 * ones stay where another host can take them. */
#define AHEAD_US (100 * 1000)
#define AHEAD_MAX 1000
/* Runs are handed to a worker ahead for so long: short ones then cost it no wait for the host. */
#define HANDED_US 5000
#define HANDED_MAX 192

struct _RhPool {
  GObject parent;
  const RhWorkerHost *host;
  RhAgent *agent;
  GPtrArray *workers;
  GQueue waiting;
  gboolean draining;
  gboolean failed;
  gboolean restarting;
  guint start_failures;
  guint crashes;
  guint restarts;
  guint backoff;
  double run_us; /* a moving average, 0 = not known */
  char *error;
};

G_DEFINE_FINAL_TYPE (RhPool, rh_pool, G_TYPE_OBJECT)

static void pump (RhPool *self);

static guint
count (RhPool *self, RhWorkerState state)
{
  guint n = 0;

  for (guint i = 0; i < self->workers->len; i++)
    n += rh_worker_state (self->workers->pdata[i]) == state;
  return n;
}

/* Processes that are or will be of use. */
static guint
count_usable (RhPool *self)
{
  return self->workers->len - count (self, RH_WORKER_ENDING);
}

static void
show_workers (RhPool *self)
{
  rh_metric_set (RH_METRIC_WORKERS, rh_agent_id (self->agent), self->workers->len);
}

/* The one that was idle for the shortest time, so that the others can end. @fresh: only one in which no run was. */
static RhWorker *
find_idle (RhPool *self, gboolean fresh)
{
  RhWorker *best = NULL;

  for (guint i = 0; i < self->workers->len; i++)
    {
      RhWorker *worker = self->workers->pdata[i];

      if (rh_worker_state (worker) == RH_WORKER_IDLE && (!fresh || rh_worker_is_fresh (worker)) &&
          (best == NULL || rh_worker_idle_since_us (worker) > rh_worker_idle_since_us (best)))
        best = worker;
    }
  return best;
}

static RhRun *
pop_waiting (RhPool *self)
{
  return g_queue_pop_head (&self->waiting);
}

GError *
rh_pool_failure (RhPool *self)
{
  g_return_val_if_fail (RH_IS_POOL (self), NULL);

  if (!self->failed)
    return NULL;
  return g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "agent `%s` cannot be started: %s",
                      rh_agent_id (self->agent), self->error);
}

static void
give_up (RhPool *self)
{
  g_autoptr (GError) error = NULL;
  RhRun *run;

  self->failed = TRUE;
  self->restarting = FALSE;
  error = rh_pool_failure (self);
  rh_log (RH_LOG_ERROR, "worker.failed",
          "the agent cannot be started; it is left alone until it is restarted, or the next reload", "agent",
          rh_agent_id (self->agent), "error", self->error, NULL);
  while ((run = pop_waiting (self)) != NULL)
    {
      rh_run_end (run, NULL, error, FALSE);
      rh_run_unref (run);
    }
}

static gboolean
on_backoff (gpointer data)
{
  RhPool *self = data;

  self->backoff = 0;
  pump (self);
  return G_SOURCE_REMOVE;
}

static void
back_off (RhPool *self, guint n)
{
  if (self->backoff == 0 && !self->draining)
    self->backoff = g_timeout_add (rh_usage_backoff_ms (n, BACKOFF_MS, BACKOFF_MAX_MS), on_backoff, self);
}

static void
note_start_failure (RhPool *self, const GError *error)
{
  g_autofree char *n = g_strdup_printf ("%u", ++self->start_failures);

  g_free (self->error);
  self->error = g_strdup (error->message);
  rh_log (RH_LOG_WARNING, "worker.start-failed", "a worker did not start", "agent", rh_agent_id (self->agent), "error",
          error->message, "failures", n, NULL);
  if (self->start_failures >= START_FAILURES_MAX)
    give_up (self);
  else
    back_off (self, self->start_failures);
}

static void
on_idle (RhWorker *worker, gboolean completed, gint64 run_us, gpointer data)
{
  g_autoptr (RhPool) self = g_object_ref (data);

  self->start_failures = 0;
  if (completed)
    self->crashes = 0;
  if (self->crashes == 0)
    g_clear_pointer (&self->error, g_free);
  if (run_us > 0)
    self->run_us += (run_us - self->run_us) / (self->run_us > 0 ? 8 : 1);
  /* The run's answer may have given it the next run already. */
  if (rh_worker_state (worker) == RH_WORKER_IDLE && rh_worker_is_worn (worker))
    rh_worker_drain (worker);
  pump (self);
}

/* Whether none of the old is left, and those that are new are ready. */
static gboolean
is_renewed (RhPool *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (rh_worker_is_leaving (self->workers->pdata[i]))
      return FALSE;
  return self->backoff == 0 && self->workers->len > 0 && count (self, RH_WORKER_STARTING) == 0;
}

/* What a worker was handed and did not answer is as if it had never had it. */
static void
put_back (RhPool *self, RhWorker *worker)
{
  g_autoptr (GPtrArray) runs = rh_worker_take_runs (worker);
  g_autoptr (GError) error = NULL;

  if (self->draining || self->failed)
    error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "agent `%s` was taken out of service",
                         rh_agent_id (self->agent));
  for (guint i = runs->len; i > 0; i--)
    {
      RhRun *run = runs->pdata[i - 1];

      if (error != NULL || run->reason != NULL)
        rh_run_end (run, NULL, run->reason != NULL ? run->reason : error, FALSE);
      else
        g_queue_push_head (&self->waiting, rh_run_ref (run));
    }
}

static void
on_closed (RhWorker *worker, RhWorkerEnd end, const GError *error, gpointer data)
{
  g_autoptr (RhPool) self = g_object_ref (data);

  put_back (self, worker);
  g_ptr_array_remove (self->workers, worker);
  show_workers (self);
  if (end != RH_WORKER_END_ORDERLY)
    {
      self->restarts++;
      rh_metric_add (RH_METRIC_WORKER_RESTARTS, rh_agent_id (self->agent), 1);
    }
  if (end == RH_WORKER_END_START)
    note_start_failure (self, error);
  else if (end == RH_WORKER_END_CRASHED)
    {
      g_free (self->error);
      self->error = g_strdup (error->message);
      rh_log (RH_LOG_WARNING, "worker.crashed", "a worker died", "agent", rh_agent_id (self->agent), "error",
              error->message, NULL);
      back_off (self, ++self->crashes);
    }
  pump (self);
}

static const RhWorkerEvents worker_events = {
  .idle = on_idle,
  .closed = on_closed,
};

static gboolean
start_worker (RhPool *self)
{
  g_autoptr (GError) error = NULL;
  RhWorker *worker = rh_worker_new (self->host, self->agent, &worker_events, self, &error);

  if (worker == NULL)
    {
      note_start_failure (self, error);
      return FALSE;
    }
  g_ptr_array_add (self->workers, worker);
  show_workers (self);
  return TRUE;
}

/* Runs that a worker may have ahead of the one in hand. */
static guint
count_handed (RhPool *self)
{
  return self->run_us > 0 ? (guint)MIN (HANDED_US / self->run_us, HANDED_MAX) : 0;
}

/* Whether the next run is one to be tried alone. */
static gboolean
is_alone (RhPool *self)
{
  const RhRun *run = g_queue_peek_head (&self->waiting);

  return run != NULL && run->alone;
}

/* A used worker makes place for a fresh one, unless one is coming. */
static void
make_place (RhPool *self)
{
  RhWorker *used = count (self, RH_WORKER_STARTING) == 0 ? find_idle (self, FALSE) : NULL;

  if (used != NULL)
    rh_worker_drain (used);
}

/* FALSE: it waits on. */
static gboolean
hand_over (RhPool *self, RhWorker *worker)
{
  RhRun *run = g_queue_peek_head (&self->waiting);

  if (!rh_worker_run (worker, run))
    return FALSE;
  g_queue_pop_head (&self->waiting);
  rh_run_unref (run);
  return TRUE;
}

/* Hands runs that wait to busy workers, in lots. */
static void
hand_ahead (RhPool *self)
{
  guint handed = count_handed (self);

  for (guint i = 0; i < self->workers->len && handed > 0; i++)
    {
      RhWorker *worker = self->workers->pdata[i];

      if (rh_worker_state (worker) != RH_WORKER_BUSY || rh_worker_is_isolated (worker) ||
          rh_worker_n_runs (worker) > 1 + handed / 2)
        continue;
      while (!g_queue_is_empty (&self->waiting) && !is_alone (self) && rh_worker_n_runs (worker) <= handed)
        if (!hand_over (self, worker))
          break;
      rh_worker_flush (worker);
    }
}

/* Processes that would be of use. */
static guint
count_wanted (RhPool *self)
{
  const RhAgentLimits *limits = rh_agent_limits (self->agent);
  guint waiting = g_queue_get_length (&self->waiting), each = 1 + count_handed (self);
  guint wanted = MAX (limits->warm, count (self, RH_WORKER_BUSY) + (waiting + each - 1) / each);

  /* That one can be started is to be known. */
  wanted = MAX (wanted, self->restarting ? 1 : 0);

  return MIN (wanted, MAX (limits->workers, 1));
}

/* Runs meet workers: the one place where either is set going. */
static void
pump (RhPool *self)
{
  RhWorker *worker;

  while (!g_queue_is_empty (&self->waiting) && (worker = find_idle (self, is_alone (self))) != NULL)
    {
      if (!hand_over (self, worker))
        break;
      rh_worker_flush (worker);
    }
  if (is_alone (self))
    make_place (self);
  hand_ahead (self);
  if (self->failed || self->draining)
    return;
  while (self->backoff == 0 && !self->failed && count_usable (self) < count_wanted (self))
    if (!start_worker (self))
      return;
  self->restarting = self->restarting && !is_renewed (self);
}

RhPool *
rh_pool_new (const RhWorkerHost *host, RhAgent *agent)
{
  RhPool *self;

  g_return_val_if_fail (host != NULL && RH_IS_AGENT (agent), NULL);

  self = g_object_new (RH_TYPE_POOL, NULL);
  self->host = host;
  self->agent = g_object_ref (agent);
  return self;
}

RhAgent *
rh_pool_agent (RhPool *self)
{
  g_return_val_if_fail (RH_IS_POOL (self), NULL);
  return self->agent;
}

void
rh_pool_start (RhPool *self)
{
  g_return_if_fail (RH_IS_POOL (self));
  pump (self);
}

void
rh_pool_submit (RhPool *self, RhRun *run)
{
  g_autoptr (GError) error = NULL;
  guint bound;

  g_return_if_fail (RH_IS_POOL (self) && run != NULL);

  bound = WAITING_PER_WORKER * MAX (rh_agent_limits (self->agent)->workers, 1);
  if (self->failed)
    error = rh_pool_failure (self);
  else if (self->draining)
    error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "agent `%s` is being taken out of service",
                         rh_agent_id (self->agent));
  else if (g_queue_get_length (&self->waiting) >= bound)
    error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_LIMIT, "%u runs of agent `%s` wait already", bound,
                         rh_agent_id (self->agent));
  if (error != NULL)
    {
      rh_run_end (run, NULL, error, FALSE);
      return;
    }
  if (run->agent != self->agent)
    g_set_object (&run->agent, self->agent);
  run->pool = self;
  g_queue_push_tail (&self->waiting, rh_run_ref (run));
  pump (self);
}

void
rh_pool_cancel (RhPool *self, RhRun *run, const GError *reason)
{
  g_return_if_fail (RH_IS_POOL (self) && run != NULL && reason != NULL);

  rh_run_cancel (run, reason);
  if (run->worker != NULL)
    rh_worker_cancel (run->worker, run);
  else if (g_queue_remove (&self->waiting, run))
    {
      rh_run_end (run, NULL, reason, FALSE);
      rh_run_unref (run);
    }
}

/* Runs that may wait beside those that run. */
static guint
count_ahead (RhPool *self)
{
  double each = self->run_us > 0 ? MIN (AHEAD_US / self->run_us, AHEAD_MAX) : 0;

  return (guint)each * MAX (rh_agent_limits (self->agent)->workers, 1);
}

guint
rh_pool_capacity (RhPool *self)
{
  guint places, taken, ahead;

  g_return_val_if_fail (RH_IS_POOL (self), 0);

  if (self->failed || self->draining)
    return 0;
  ahead = self->backoff != 0 ? 0 : count_ahead (self);
  places = self->backoff != 0 ? count_usable (self) : MAX (rh_agent_limits (self->agent)->workers, 1);
  taken = g_queue_get_length (&self->waiting);
  for (guint i = 0; i < self->workers->len; i++)
    taken += rh_worker_n_runs (self->workers->pdata[i]);
  /* Fetched in batches: not again before half of what was fetched ahead has begun. */
  if (taken > places + ahead / 2)
    return 0;
  return places + ahead > taken ? places + ahead - taken : 0;
}

gboolean
rh_pool_is_active (RhPool *self)
{
  g_return_val_if_fail (RH_IS_POOL (self), FALSE);
  return self->workers->len > count (self, RH_WORKER_IDLE) || !g_queue_is_empty (&self->waiting) || self->restarting;
}

/* For a walk in which workers may leave the pool. */
static GPtrArray *
hold_workers (RhPool *self)
{
  GPtrArray *workers = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->workers->len; i++)
    g_ptr_array_add (workers, g_object_ref (self->workers->pdata[i]));
  return workers;
}

/* Idle for long, and more than are kept warm. */
static void
shrink (RhPool *self, gint64 now_us)
{
  guint idle_s = self->host->config->idle_s > 0 ? self->host->config->idle_s : IDLE_S;
  guint usable = count_usable (self);

  for (guint i = 0; i < self->workers->len && usable > rh_agent_limits (self->agent)->warm; i++)
    {
      RhWorker *worker = self->workers->pdata[i];

      if (rh_worker_state (worker) != RH_WORKER_IDLE ||
          now_us - rh_worker_idle_since_us (worker) < idle_s * G_USEC_PER_SEC)
        continue;
      rh_worker_drain (worker);
      usable--;
    }
}

void
rh_pool_tick (RhPool *self, gint64 now_us)
{
  g_autoptr (GPtrArray) workers = NULL;

  g_return_if_fail (RH_IS_POOL (self));

  workers = hold_workers (self);
  for (guint i = 0; i < workers->len; i++)
    rh_worker_tick (workers->pdata[i], now_us);
  shrink (self, now_us);
}

void
rh_pool_restart (RhPool *self, gboolean now)
{
  g_autoptr (GPtrArray) workers = NULL;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (RH_IS_POOL (self) && !self->draining);

  workers = hold_workers (self);
  error = g_error_new (ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE, "agent `%s` is restarted", rh_agent_id (self->agent));
  self->restarting = TRUE;
  self->failed = FALSE;
  self->start_failures = 0;
  self->crashes = 0;
  g_clear_handle_id (&self->backoff, g_source_remove);
  g_clear_pointer (&self->error, g_free);
  for (guint i = 0; i < workers->len; i++)
    {
      RhWorkerState state = rh_worker_state (workers->pdata[i]);

      if (now && state == RH_WORKER_BUSY)
        rh_worker_replace (workers->pdata[i], error);
      else if (state != RH_WORKER_STARTING)
        rh_worker_drain (workers->pdata[i]);
    }
  pump (self);
}

gboolean
rh_pool_is_restarting (RhPool *self)
{
  g_return_val_if_fail (RH_IS_POOL (self), FALSE);
  return self->restarting;
}

GPtrArray *
rh_pool_drain (RhPool *self)
{
  GPtrArray *runs;
  RhRun *run;

  g_return_val_if_fail (RH_IS_POOL (self), NULL);

  self->draining = TRUE;
  g_clear_handle_id (&self->backoff, g_source_remove);
  runs = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_run_unref);
  while ((run = pop_waiting (self)) != NULL)
    g_ptr_array_add (runs, run);
  for (guint i = 0; i < self->workers->len; i++)
    rh_worker_drain (self->workers->pdata[i]);
  return runs;
}

void
rh_pool_kill (RhPool *self, const GError *reason)
{
  g_autoptr (GPtrArray) workers = NULL;

  g_return_if_fail (RH_IS_POOL (self) && reason != NULL);

  workers = hold_workers (self);
  for (guint i = 0; i < workers->len; i++)
    rh_worker_kill (workers->pdata[i], reason);
}

gboolean
rh_pool_is_empty (RhPool *self)
{
  g_return_val_if_fail (RH_IS_POOL (self), TRUE);
  return self->workers->len == 0;
}

static const char *
state_name (RhPool *self)
{
  if (self->failed)
    return "failed";
  if (self->draining)
    return "draining";
  if (self->backoff != 0 && count_usable (self) == 0)
    return "backoff";
  return count (self, RH_WORKER_STARTING) > 0 && count_usable (self) == count (self, RH_WORKER_STARTING) ? "starting"
                                                                                                         : "ready";
}

JsonNode *
rh_pool_status (RhPool *self)
{
  g_autoptr (JsonObject) status = json_object_new ();
  JsonArray *workers = json_array_new ();

  g_return_val_if_fail (RH_IS_POOL (self), NULL);

  for (guint i = 0; i < self->workers->len; i++)
    json_array_add_element (workers, rh_worker_status (self->workers->pdata[i]));
  json_object_set_string_member (status, "agent", rh_agent_id (self->agent));
  json_object_set_array_member (status, "workers", workers);
  json_object_set_int_member (status, "waiting", g_queue_get_length (&self->waiting));
  json_object_set_int_member (status, "restarts", self->restarts);
  json_object_set_string_member (status, "state", state_name (self));
  json_object_set_boolean_member (status, "restarting", self->restarting);
  if (self->error != NULL)
    json_object_set_string_member (status, "error", self->error);
  else
    json_object_set_null_member (status, "error");
  return json_node_init_object (json_node_alloc (), status);
}

static void
detach_worker (gpointer worker)
{
  rh_worker_detach (worker);
  g_object_unref (worker);
}

static void
rh_pool_finalize (GObject *object)
{
  RhPool *self = RH_POOL (object);

  g_clear_handle_id (&self->backoff, g_source_remove);
  while (self->workers->len > 0)
    detach_worker (g_ptr_array_steal_index (self->workers, self->workers->len - 1));
  g_ptr_array_unref (self->workers);
  g_queue_clear_full (&self->waiting, (GDestroyNotify)rh_run_unref);
  rh_metric_set (RH_METRIC_WORKERS, rh_agent_id (self->agent), 0);
  g_clear_object (&self->agent);
  g_free (self->error);
  G_OBJECT_CLASS (rh_pool_parent_class)->finalize (object);
}

static void
rh_pool_class_init (RhPoolClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_pool_finalize;
}

static void
rh_pool_init (RhPool *self)
{
  self->workers = g_ptr_array_new_with_free_func (g_object_unref);
  g_queue_init (&self->waiting);
}
