/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-executor.h"

#include "rh-halt.h"
#include "rh-log.h"
#include "rh-receipts.h"
#include "rh-work.h"

#define IN_FLIGHT_MAX 512
#define TAKE_OVER_MAX "10000"
#define LEASE_S RH_EXECUTOR_LEASE_S
#define LEASE_US (LEASE_S * G_USEC_PER_SEC)
#define RENEW_MS (LEASE_S * 1000 / 3)
#define STOPPED_MS 1000 /* between two questions whether a workspace is stopped still */
#define SWEEP_MS 5000   /* for what no notification told of, and for what time alone brings about */
#define START_MS 200    /* until what this host held when it died is in hand */
#define UNKNOWN_S "5"   /* an effect of this host's that it has not heard of for so long is one whose answer was lost */
#define TRIES_MAX 8

static const RhStatement claim_statement = { "effect.claim", "select * from effect_claim ($1, $2::int, $3::int)", 3,
                                             RH_WRITES_ROWS };
static const RhStatement take_over_statement = { "effect.take_over",
                                                 "select * from effect_take_over"
                                                 " ($1, $2::int, $3::bigint[], $4::int, $5::int)",
                                                 5, RH_WRITES_ROWS };
static const RhStatement renew_statement = {
  "effect.renew", "select effect from effect_renew ($1, $2::bigint[], $3::bigint[], $4::int)", 4, FALSE
};
static const RhStatement retry_statement = { "effect.retry",
                                             "select effect_retry ($1::bigint, $2::bigint, $3, $4::int) as answer", 4,
                                             TRUE };
static const RhStatement expire_statement = { "gate.expire", "select proposal_expire () as n", 0, FALSE };

struct _RhExecutor {
  GObject parent;

  RhStore *store;
  RhConnectors *connectors;
  char *host_id;

  GHashTable *works; /* id -> RhWork: all that this host holds */
  GQueue waiting;    /* RhWork: taken over, not begun */
  RhReceipts *receipts;

  gboolean running;
  gboolean own_taken; /* what this host left when it died is in hand: from here on it may claim */
  gboolean taking_over;
  gboolean claiming;
  gboolean claim_again;
  gboolean expiring;
  gboolean backlog; /* approved proposals wait for room: those that come now queue behind them */
  gint64 halted_us; /* when the last stop or pause was heard of */
  guint reserved;   /* room for effects that a submission under way may start */
  guint sweep_id;
  guint start_id;
  guint renew_id;
  guint progress_id;
  GTask *stop;
  guint stop_id;
};

G_DEFINE_FINAL_TYPE (RhExecutor, rh_executor, G_TYPE_OBJECT)

static guint progress_signal;

/* A step of one effect, under way. */
typedef struct {
  RhExecutor *executor;
  RhWork *work;
  gint64 sent_us;
} Step;

/* A call about many effects. */
typedef struct {
  RhExecutor *executor;
  GPtrArray *works;
  guint asked; /* how many at most */
  gint64 sent_us;
} Batch;

static void begin (RhExecutor *self, RhWork *work);
static void verify (RhExecutor *self, RhWork *work);
static void ask_again (RhExecutor *self, RhWork *work, guint wait_ms);

static void
rh_executor_dispose (GObject *object)
{
  RhExecutor *self = RH_EXECUTOR (object);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_clear_handle_id (&self->start_id, g_source_remove);
  g_clear_handle_id (&self->renew_id, g_source_remove);
  g_clear_handle_id (&self->progress_id, g_source_remove);
  g_clear_handle_id (&self->stop_id, g_source_remove);
  G_OBJECT_CLASS (rh_executor_parent_class)->dispose (object);
}

static void
rh_executor_finalize (GObject *object)
{
  RhExecutor *self = RH_EXECUTOR (object);

  g_queue_clear_full (&self->waiting, (GDestroyNotify)rh_work_unref);
  g_hash_table_unref (self->works);
  g_object_unref (self->receipts);
  g_object_unref (self->connectors);
  g_object_unref (self->store);
  g_free (self->host_id);
  G_OBJECT_CLASS (rh_executor_parent_class)->finalize (object);
}

static void
rh_executor_class_init (RhExecutorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rh_executor_dispose;
  G_OBJECT_CLASS (klass)->finalize = rh_executor_finalize;
  progress_signal = g_signal_new ("progress", RH_TYPE_EXECUTOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rh_executor_init (RhExecutor *self)
{
  self->works = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)rh_work_unref);
  g_queue_init (&self->waiting);
}

static void on_recorded (RhExecutor *self, RhWork *work);

RhExecutor *
rh_executor_new (RhStore *store, RhConnectors *connectors, const char *host_id)
{
  RhExecutor *self = g_object_new (RH_TYPE_EXECUTOR, NULL);

  self->store = g_object_ref (store);
  self->connectors = g_object_ref (connectors);
  self->host_id = g_strdup (host_id);
  self->receipts = rh_receipts_new (store, host_id);
  g_signal_connect_object (self->receipts, "recorded", G_CALLBACK (on_recorded), self, G_CONNECT_SWAPPED);
  return self;
}

static Step *
step_new (RhExecutor *self, RhWork *work)
{
  Step *step = g_new0 (Step, 1);

  step->executor = g_object_ref (self);
  step->work = rh_work_ref (work);
  step->sent_us = g_get_monotonic_time ();
  return step;
}

static void
step_free (Step *self)
{
  rh_work_unref (self->work);
  g_object_unref (self->executor);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Step, step_free)

static Batch *
batch_new (RhExecutor *self)
{
  Batch *batch = g_new0 (Batch, 1);

  batch->executor = g_object_ref (self);
  batch->works = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_work_unref);
  batch->sent_us = g_get_monotonic_time ();
  return batch;
}

static void
batch_free (Batch *self)
{
  g_ptr_array_unref (self->works);
  g_object_unref (self->executor);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Batch, batch_free)

static gboolean
is_held (RhExecutor *self, RhWork *work)
{
  return g_hash_table_lookup (self->works, &work->id) == work;
}

/* Whether this host may still act for @work; by its own clock too, which goes on while the host is frozen. */
static gboolean
may_act (RhExecutor *self, RhWork *work)
{
  return is_held (self, work) && !work->lost && g_get_monotonic_time () < work->lease_until_us;
}

static guint
under_way (RhExecutor *self)
{
  return g_hash_table_size (self->works) - self->waiting.length;
}

static void
finish_stop (RhExecutor *self, GError *error)
{
  g_autoptr (GTask) stop = g_steal_pointer (&self->stop);

  if (stop == NULL)
    {
      g_clear_error (&error);
      return;
    }
  g_clear_handle_id (&self->stop_id, g_source_remove);
  g_clear_handle_id (&self->renew_id, g_source_remove);
  if (error != NULL)
    g_task_return_error (stop, error);
  else
    g_task_return_boolean (stop, TRUE);
}

static gboolean
on_progress (gpointer data)
{
  RhExecutor *self = data;

  self->progress_id = 0;
  g_signal_emit (self, progress_signal, 0);
  return G_SOURCE_REMOVE;
}

/* Once a turn of the loop, however many effects ended in it. */
static void
progress_soon (RhExecutor *self)
{
  if (self->progress_id == 0)
    self->progress_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_progress, self, NULL);
}

/* Begins what was taken over and waits for its turn; claims when there is room. */
static void
go_on (RhExecutor *self)
{
  while (self->running && self->waiting.length > 0 && under_way (self) < IN_FLIGHT_MAX)
    {
      g_autoptr (RhWork) work = g_queue_pop_head (&self->waiting);

      begin (self, work);
    }
  if (self->claim_again)
    rh_executor_kick (self);
  if (self->stop != NULL && g_hash_table_size (self->works) == 0 && !self->claiming && !self->taking_over &&
      self->reserved == 0)
    finish_stop (self, NULL);
}

/* The work is not this host's any more: done, or left to whoever takes it over. */
static void
let_go (RhExecutor *self, RhWork *work)
{
  g_autoptr (RhWork) hold = rh_work_ref (work);

  g_clear_handle_id (&work->timer_id, g_source_remove);
  if (is_held (self, work))
    g_hash_table_remove (self->works, &work->id);
  go_on (self);
}

static void
on_recorded (RhExecutor *self, RhWork *work)
{
  let_go (self, work);
  progress_soon (self);
}

static void
leave (RhExecutor *self, RhWork *work, const char *why)
{
  rh_log (RH_LOG_WARNING, "effect.left", "effect left to be taken over", "proposal", work->proposal, "action",
          work->effect.action, "reason", why, NULL);
  let_go (self, work);
}

static void
end (RhExecutor *self, RhWork *work, const char *outcome, JsonNode *receipt, const char *error)
{
  rh_work_end (work, outcome, receipt, error);
  rh_receipts_add (self->receipts, work);
}

/* --- Attempts ----------------------------------------------------------------------------------------------------- */

static void
on_attempted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Step) step = data;
  RhExecutor *self = step->executor;
  RhWork *work = step->work;
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (source);
  g_autoptr (GError) error = NULL;
  JsonNode *receipt = work->undo ? iface->undo_finish (work->connector, result, &error)
                                 : iface->apply_finish (work->connector, result, &error);

  if (receipt != NULL)
    {
      end (self, work, "executed", receipt, NULL);
      return;
    }
  if (error == NULL)
    g_set_error (&error, G_IO_ERROR, G_IO_ERROR_FAILED, "the connector failed without an error");
  g_free (work->fault);
  work->fault = g_strdup (error->message);
  switch (rh_work_reaction (error))
    {
    case RH_REACTION_STALE:
      end (self, work, "stale", NULL, error->message);
      break;
    case RH_REACTION_FAILED:
      end (self, work, "failed", NULL, error->message);
      break;
    case RH_REACTION_RETRY:
      rh_log (RH_LOG_NOTICE, "effect.retry", "effect will be tried again", "proposal", work->proposal, "action",
              work->effect.action, "error", error->message, NULL);
      if (work->tries < TRIES_MAX)
        ask_again (self, work, rh_work_backoff_ms (work->tries - 1));
      else
        verify (self, work);
      break;
    case RH_REACTION_VERIFY:
    default:
      verify (self, work);
      break;
    }
}

/* The call site of apply and undo. */
static void
attempt (RhExecutor *self, RhWork *work)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (work->connector);

  if (!may_act (self, work))
    leave (self, work, "the lease ran out");
  else if (!rh_work_may_begin (work, self->halted_us))
    ask_again (self, work, 0);
  else
    {
      work->tries++;
      (work->undo ? iface->undo_async : iface->apply_async) (work->connector, &work->effect, on_attempted,
                                                             step_new (self, work));
    }
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Step) step = data;
  RhExecutor *self = step->executor;
  RhWork *work = step->work;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  const char *answer = rows != NULL ? rh_rows_string (rows, 0, "answer") : NULL;

  if (!is_held (self, work))
    return;
  if (!self->running)
    leave (self, work, "the host stops");
  else if (answer == NULL || g_strcmp0 (answer, "stopped") == 0)
    ask_again (self, work, STOPPED_MS);
  else if (g_strcmp0 (answer, "go") == 0)
    {
      work->lost = FALSE;
      work->lease_until_us = step->sent_us + LEASE_US;
      work->asked_us = step->sent_us;
      attempt (self, work);
    }
  else
    leave (self, work, "another host holds it");
}

static gboolean
on_wait_over (gpointer data)
{
  const Step *step = data;
  RhExecutor *self = step->executor;
  RhWork *work = step->work;
  g_autofree char *workspace = g_strdup_printf ("%" G_GINT64_FORMAT, work->effect.workspace);
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, work->id);
  const char *const params[] = { workspace, id, self->host_id, G_STRINGIFY (RH_EXECUTOR_LEASE_S) };

  work->timer_id = 0;
  if (is_held (self, work))
    rh_store_call_async (self->store, &retry_statement, RH_NO_WORKSPACE, params, NULL, on_asked, step_new (self, work));
  return G_SOURCE_REMOVE;
}

/* Another attempt after @wait_ms, if the database still says so: the lease holds, and nobody has stopped the workspace.
 */
static void
ask_again (RhExecutor *self, RhWork *work, guint wait_ms)
{
  if (!self->running)
    {
      leave (self, work, "the host stops");
      return;
    }
  work->timer_id =
      g_timeout_add_full (G_PRIORITY_DEFAULT, wait_ms, on_wait_over, step_new (self, work), (GDestroyNotify)step_free);
}

/* --- Verifying ---------------------------------------------------------------------------------------------------- */

static gboolean
on_verify_wait_over (gpointer data)
{
  const Step *step = data;

  step->work->timer_id = 0;
  if (is_held (step->executor, step->work))
    verify (step->executor, step->work);
  return G_SOURCE_REMOVE;
}

static void
end_unknown (RhExecutor *self, RhWork *work, const char *why)
{
  g_autofree char *text =
      g_strdup_printf ("it cannot be told whether this was done, so it is not tried again: %s%s%s",
                       why != NULL ? why : "there is no trace of it",
                       work->fault != NULL ? "; the last attempt said: " : "", work->fault != NULL ? work->fault : "");

  end (self, work, "unknown", NULL, text);
}

static void
on_verified (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Step) step = data;
  RhExecutor *self = step->executor;
  RhWork *work = step->work;
  g_autoptr (JsonNode) receipt = NULL;
  g_autoptr (GError) error = NULL;
  RhVerify answer = RH_CONNECTOR_GET_IFACE (source)->verify_finish (work->connector, result, &receipt, &error);

  if (!is_held (self, work))
    return;
  if (royal_error_is_unavailable (error) && work->verifies < TRIES_MAX)
    {
      work->timer_id = g_timeout_add_full (G_PRIORITY_DEFAULT, rh_work_backoff_ms (work->verifies), on_verify_wait_over,
                                           step_new (self, work), (GDestroyNotify)step_free);
      return;
    }
  if (error != NULL || (answer != RH_VERIFY_APPLIED && answer != RH_VERIFY_ABSENT) ||
      (answer == RH_VERIFY_APPLIED && receipt == NULL))
    end_unknown (self, work, error != NULL ? error->message : NULL);
  else if (answer == RH_VERIFY_APPLIED)
    end (self, work, "executed", g_steal_pointer (&receipt), NULL);
  else if (work->tries >= TRIES_MAX)
    end (self, work, "failed", NULL, work->fault);
  else
    ask_again (self, work, work->tries == 0 ? 0 : rh_work_backoff_ms (work->tries - 1));
}

static void
verify (RhExecutor *self, RhWork *work)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (work->connector);

  work->verifies++;
  if (iface->verify_async == NULL)
    end_unknown (self, work, "the connector cannot verify");
  else
    iface->verify_async (work->connector, &work->effect, on_verified, step_new (self, work));
}

static void
begin (RhExecutor *self, RhWork *work)
{
  if (work->connector == NULL && work->taken_over)
    end_unknown (self, work, "no connector answers for the action");
  else if (work->connector == NULL)
    end (self, work, "failed", NULL, "no connector answers for the action");
  else if (work->taken_over)
    verify (self, work);
  else
    attempt (self, work);
}

/* --- Claiming, taking over, keeping ------------------------------------------------------------------------------- */

/* Takes an effect (transfer full) in hand, until its turn. */
static void
take_one (RhExecutor *self, RhWork *work, gint64 sent_us, gboolean taken_over)
{
  RhWork *held = g_hash_table_lookup (self->works, &work->id);

  if (held != NULL)
    {
      /* Its lease had run out while it was in hand here; it is this host's again. */
      held->lost = FALSE;
      held->lease_until_us = sent_us + LEASE_US;
      rh_work_unref (work);
      return;
    }
  work->taken_over = taken_over;
  work->lease_until_us = sent_us + LEASE_US;
  work->asked_us = taken_over ? 0 : sent_us;
  g_hash_table_insert (self->works, &work->id, work);
  g_queue_push_tail (&self->waiting, rh_work_ref (work));
}

/* Takes rows of effect_work in hand. A host that stops leaves them, to itself at its next start. */
static void
take (RhExecutor *self, RhRows *rows, gint64 sent_us, gboolean taken_over)
{
  for (guint i = 0; self->running && i < rh_rows_n (rows); i++)
    take_one (self, rh_work_new (rows, i, self->connectors), sent_us, taken_over);
  go_on (self);
}

guint
rh_executor_reserve (RhExecutor *self, guint wanted)
{
  guint taken, room;

  g_return_val_if_fail (RH_IS_EXECUTOR (self), 0);

  taken = g_hash_table_size (self->works) + self->reserved;
  room = !self->running || !self->own_taken || self->backlog || taken >= IN_FLIGHT_MAX ? 0 : IN_FLIGHT_MAX - taken;
  room = MIN (room, wanted);
  self->reserved += room;
  return room;
}

void
rh_executor_take (RhExecutor *self, guint reserved, GPtrArray *works, gint64 sent_us)
{
  g_return_if_fail (RH_IS_EXECUTOR (self) && reserved <= self->reserved);

  self->reserved -= reserved;
  for (guint i = 0; self->running && works != NULL && i < works->len; i++)
    take_one (self, rh_work_ref (works->pdata[i]), sent_us, FALSE);
  go_on (self);
}

void
rh_executor_halt (RhExecutor *self, const char *workspace, const char *halts)
{
  g_return_if_fail (RH_IS_EXECUTOR (self));

  self->halted_us = g_get_monotonic_time ();
  if (workspace != NULL && halts != NULL)
    rh_halt_confirm (self->store, workspace, self->host_id, halts);
}

RhConnectors *
rh_executor_get_connectors (RhExecutor *self)
{
  return self->connectors;
}

static void
on_taken_over (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  RhExecutor *self = batch->executor;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->taking_over = FALSE;
  if (rows == NULL)
    {
      if (!royal_error_is_unavailable (error))
        rh_log (RH_LOG_ERROR, "effect.take_over_failed", "effects could not be taken over", "error", error->message,
                NULL);
      go_on (self);
      return;
    }
  if (!self->own_taken)
    self->claim_again = TRUE;
  self->own_taken = TRUE;
  if (rh_rows_n (rows) > 0)
    {
      rh_log (RH_LOG_NOTICE, "effect.taken_over", "effects taken over: each is verified first", NULL);
      progress_soon (self);
    }
  take (self, rows, batch->sent_us, TRUE);
}

static void
take_over (RhExecutor *self)
{
  g_autofree char *held = rh_work_list (self->works, FALSE);
  const char *const params[] = { self->host_id, G_STRINGIFY (RH_EXECUTOR_LEASE_S), held,
                                 self->own_taken ? UNKNOWN_S : NULL, TAKE_OVER_MAX };

  if (self->taking_over)
    return;
  self->taking_over = TRUE;
  rh_store_call_async (self->store, &take_over_statement, RH_NO_WORKSPACE, params, NULL, on_taken_over,
                       batch_new (self));
}

static void
on_claimed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  RhExecutor *self = batch->executor;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->claiming = FALSE;
  if (rows == NULL && !royal_error_is_unavailable (error))
    rh_log (RH_LOG_ERROR, "effect.claim_failed", "approved proposals could not be claimed", "error", error->message,
            NULL);
  if (rows != NULL)
    self->backlog = rh_rows_n (rows) >= batch->asked;
  if (rows != NULL && rh_rows_n (rows) > 0)
    {
      if (self->backlog)
        self->claim_again = TRUE;
      progress_soon (self);
      take (self, rows, batch->sent_us, FALSE);
    }
  else
    go_on (self);
}

void
rh_executor_kick (RhExecutor *self)
{
  guint room;
  char most[16];
  Batch *batch;

  g_return_if_fail (RH_IS_EXECUTOR (self));

  self->claim_again = TRUE;
  room = IN_FLIGHT_MAX - MIN (g_hash_table_size (self->works) + self->reserved, IN_FLIGHT_MAX);
  if (!self->running || !self->own_taken || self->claiming || room == 0)
    return;
  self->claim_again = FALSE;
  self->claiming = TRUE;
  g_snprintf (most, sizeof most, "%u", room);
  batch = batch_new (self);
  batch->asked = room;
  rh_store_call_async (self->store, &claim_statement, RH_NO_WORKSPACE,
                       (const char *const[]){ self->host_id, G_STRINGIFY (RH_EXECUTOR_LEASE_S), most }, NULL,
                       on_claimed, batch);
}

static void
on_renewed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  RhExecutor *self = batch->executor;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  if (rows == NULL)
    return; /* the leases run on */
  for (guint i = 0; i < batch->works->len; i++)
    ((RhWork *)batch->works->pdata[i])->lost = TRUE;
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      gint64 id = rh_rows_int64 (rows, i, "effect");
      RhWork *work = g_hash_table_lookup (self->works, &id);

      if (work == NULL)
        continue;
      work->lost = FALSE;
      work->lease_until_us = MAX (work->lease_until_us, batch->sent_us + LEASE_US);
    }
}

static gboolean
on_renew (gpointer data)
{
  RhExecutor *self = data;
  g_autofree char *workspaces = NULL, *ids = NULL;
  Batch *batch;
  GHashTableIter iter;
  gpointer value;

  if (g_hash_table_size (self->works) == 0)
    return G_SOURCE_CONTINUE;
  batch = batch_new (self);
  g_hash_table_iter_init (&iter, self->works);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (batch->works, rh_work_ref (value));
  workspaces = rh_work_list (self->works, TRUE);
  ids = rh_work_list (self->works, FALSE);
  rh_store_call_async (self->store, &renew_statement, RH_NO_WORKSPACE,
                       (const char *const[]){ self->host_id, workspaces, ids, G_STRINGIFY (RH_EXECUTOR_LEASE_S) }, NULL,
                       on_renewed, batch);
  return G_SOURCE_CONTINUE;
}

static void
on_expired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhExecutor) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  self->expiring = FALSE;
  if (rows != NULL && rh_rows_n (rows) > 0 && rh_rows_int64 (rows, 0, "n") > 0)
    progress_soon (self);
}

static gboolean
on_sweep (gpointer data)
{
  RhExecutor *self = data;

  if (!rh_store_is_available (self->store))
    return G_SOURCE_CONTINUE;
  take_over (self);
  rh_executor_kick (self);
  if (!self->expiring)
    {
      self->expiring = TRUE;
      rh_store_call_async (self->store, &expire_statement, RH_NO_WORKSPACE, NULL, NULL, on_expired,
                           g_object_ref (self));
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_start (gpointer data)
{
  RhExecutor *self = data;

  if (rh_store_is_available (self->store) && !self->own_taken)
    take_over (self);
  if (!self->own_taken)
    return G_SOURCE_CONTINUE;
  self->start_id = 0;
  return G_SOURCE_REMOVE;
}

void
rh_executor_start (RhExecutor *self)
{
  g_return_if_fail (RH_IS_EXECUTOR (self));

  if (self->running)
    return;
  self->running = TRUE;
  self->sweep_id = g_timeout_add (SWEEP_MS, on_sweep, self);
  self->renew_id = g_timeout_add (RENEW_MS, on_renew, self);
  self->start_id = g_timeout_add (START_MS, on_start, self);
  take_over (self);
}

static gboolean
on_stop_timeout (gpointer data)
{
  RhExecutor *self = data;

  self->stop_id = 0;
  finish_stop (self, g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "%u effects were still under way",
                                  g_hash_table_size (self->works)));
  return G_SOURCE_REMOVE;
}

void
rh_executor_stop_async (RhExecutor *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GList) works = NULL;

  g_return_if_fail (RH_IS_EXECUTOR (self) && self->stop == NULL);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_clear_handle_id (&self->start_id, g_source_remove);
  self->running = FALSE;
  self->claim_again = FALSE;
  self->stop = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (self->stop, rh_executor_stop_async);
  self->stop_id = g_timeout_add (timeout_ms, on_stop_timeout, self);

  /* What waits is left; what is under way ends. */
  g_queue_clear_full (&self->waiting, (GDestroyNotify)rh_work_unref);
  works = g_hash_table_get_values (self->works);
  for (GList *l = works; l != NULL; l = l->next)
    {
      RhWork *work = l->data;

      if (work->timer_id != 0 || (work->tries == 0 && work->verifies == 0 && work->outcome == NULL))
        let_go (self, work);
    }
  go_on (self);
}

gboolean
rh_executor_stop_finish (RhExecutor *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
