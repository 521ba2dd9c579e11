/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-executor.h"

#include "rh-claims.h"
#include "rh-halt.h"
#include "rh-log.h"
#include "rh-metrics.h"
#include "rh-receipts.h"

#define STOPPED_MS 1000 /* between two questions whether a workspace is stopped still */
#define AWAY_MS 1000    /* until what could not be handed back is tried again */
#define SWEEP_MS 5000   /* for what no notification told of */
#define TRIES_MAX 8

struct _RhExecutor {
  GObject parent;

  RhStore *store;
  RhConnectors *connectors;
  char *host_id;
  RhLeases *leases;
  RhLanes *lanes;
  RhClaims *claims;
  RhReceipts *receipts;
  RhVault *vault; /* (nullable) */

  gboolean running;
  gint64 halted_us; /* when the last stop or pause was heard of */
  guint sweep_id;
  guint progress_id;
  GTask *stop;
  guint stop_id;
};

G_DEFINE_FINAL_TYPE (RhExecutor, rh_executor, G_TYPE_OBJECT)

static guint progress_signal;

/* An operation on one effect, under way; or the wait before one. */
typedef struct {
  RhExecutor *executor;
  RhWork *work;
  guint serial;
  gint64 since_us;
} Step;

static void
rh_executor_dispose (GObject *object)
{
  RhExecutor *self = RH_EXECUTOR (object);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_clear_handle_id (&self->progress_id, g_source_remove);
  g_clear_handle_id (&self->stop_id, g_source_remove);
  G_OBJECT_CLASS (rh_executor_parent_class)->dispose (object);
}

static void
rh_executor_finalize (GObject *object)
{
  RhExecutor *self = RH_EXECUTOR (object);

  rh_claims_free (self->claims);
  g_object_unref (self->leases);
  rh_lanes_free (self->lanes);
  g_object_unref (self->receipts);
  g_clear_object (&self->vault);
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
}

static void on_recorded (RhExecutor *self, RhWork *work);
static void on_taken (RhExecutor *self, RhWork *work);
static void let_go (RhExecutor *self, RhWork *work);
static void go_on (RhExecutor *self);
static void progress_soon (RhExecutor *self);
static const RhLanesHandler handler;

RhExecutor *
rh_executor_new (RhStore *store, RhConnectors *connectors, const char *host_id)
{
  RhExecutor *self = g_object_new (RH_TYPE_EXECUTOR, NULL);

  self->store = g_object_ref (store);
  self->connectors = g_object_ref (connectors);
  self->host_id = g_strdup (host_id);
  self->lanes = rh_lanes_new (connectors, &handler, self);
  self->receipts = rh_receipts_new (store, host_id);
  self->leases = rh_leases_new (store, connectors, host_id);
  self->claims = rh_claims_new (self->leases, self->lanes);
  g_signal_connect_object (self->receipts, "recorded", G_CALLBACK (on_recorded), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->leases, "taken", G_CALLBACK (on_taken), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->leases, "released", G_CALLBACK (let_go), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->leases, "progress", G_CALLBACK (progress_soon), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->leases, "changed", G_CALLBACK (go_on), self, G_CONNECT_SWAPPED);
  return self;
}

static Step *
step_new (RhExecutor *self, RhWork *work)
{
  Step *step = g_new0 (Step, 1);

  step->executor = g_object_ref (self);
  step->work = rh_work_ref (work);
  step->serial = work->serial;
  step->since_us = g_get_monotonic_time ();
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
  rh_leases_close (self->leases);
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

static guint
n_held (RhExecutor *self)
{
  return g_hash_table_size (rh_leases_works (self->leases));
}

/* Claims when there is room, and ends a stop that nothing holds up any more. */
static void
go_on (RhExecutor *self)
{
  rh_claims_go_on (self->claims);
  if (self->stop != NULL && n_held (self) == 0 && !rh_leases_is_busy (self->leases) &&
      !rh_claims_has_reserved (self->claims))
    finish_stop (self, NULL);
}

/* The work is not this host's any more: done, or left to whoever takes it over. */
static void
let_go (RhExecutor *self, RhWork *work)
{
  g_autoptr (RhWork) hold = rh_work_ref (work);

  g_clear_handle_id (&work->timer_id, g_source_remove);
  if (rh_leases_holds (self->leases, work))
    {
      if (work->lane != NULL)
        rh_lane_count (work->lane, -1);
      rh_leases_drop (self->leases, work);
      rh_claims_room_made (self->claims);
    }
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

/* Another host, or this one when its time has come, goes on with it. */
static void
hand_back (RhExecutor *self, RhWork *work, guint wait_ms)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new ();

  g_ptr_array_add (one, work);
  rh_leases_park (self->leases, one, wait_ms);
  rh_lanes_wake (self->lanes, wait_ms + 50);
}

static void
end (RhExecutor *self, RhWork *work, const char *outcome, JsonNode *receipt, const char *error)
{
  rh_receipts_end (self->receipts, work, outcome, receipt, error);
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

/* Nothing of it was done, and its agent is not granted it any more. */
static void
end_withdrawn (RhExecutor *self, RhWork *work)
{
  g_autofree char *text = g_strdup_printf ("its agent is not granted %s any more", work->effect.action);

  end (self, work, "stale", NULL, text);
}

/* Whether it was tried for long enough. */
static gboolean
is_exhausted (const RhWork *work)
{
  return work->tries >= TRIES_MAX || g_get_monotonic_time () >= work->give_up_us;
}

static gboolean
on_wait_over (gpointer data)
{
  const Step *step = data;

  step->work->timer_id = 0;
  if (rh_leases_holds (step->executor->leases, step->work))
    rh_lanes_enter (step->executor->lanes, step->work);
  return G_SOURCE_REMOVE;
}

static void
enter_later (RhExecutor *self, RhWork *work, guint wait_ms)
{
  if (!self->running)
    hand_back (self, work, 0);
  else if (wait_ms == 0)
    rh_lanes_enter (self->lanes, work);
  else
    work->timer_id = g_timeout_add_full (G_PRIORITY_DEFAULT, wait_ms, on_wait_over, step_new (self, work),
                                         (GDestroyNotify)step_free);
}

/* --- Operations: what a lane lets pass ---------------------------------------------------------------------------- */

static gboolean on_deadline (gpointer data);

/* (transfer full): the step of an operation that begins. */
static Step *
begin (RhExecutor *self, RhWork *work)
{
  guint deadline_ms = rh_lane_deadline_ms (work->lane);

  work->serial++;
  work->throttle = (RhThrottle){ 0 };
  g_clear_object (&work->effect.cancellable);
  work->effect.cancellable = g_cancellable_new ();
  if (deadline_ms > 0)
    work->deadline_id = g_timeout_add_full (G_PRIORITY_DEFAULT, deadline_ms, on_deadline, step_new (self, work),
                                            (GDestroyNotify)step_free);
  return step_new (self, work);
}

/* The operation has ended by itself: FALSE when it was given up before. What @error tells is not personal after it. */
static gboolean
has_ended (const Step *step, GError *error)
{
  RhWork *work = step->work;

  rh_personal_mask_error (work->personal, error);
  if (step->serial != work->serial)
    {
      rh_log (RH_LOG_WARNING, "effect.late", "an operation that was given up has ended", "proposal", work->proposal,
              "action", work->effect.action, "error", error != NULL ? error->message : NULL, NULL);
      return FALSE;
    }
  rh_metric_observe (RH_METRIC_EFFECT_SECONDS, (double)(g_get_monotonic_time () - step->since_us) / 1e6);
  rh_lanes_over (step->executor->lanes, work, rh_work_lane_outcome (error));
  return TRUE;
}

/* It failed; a failure while its origin is being probed, or when it was told to come back later, does not count. */
static void
count_failure (RhWork *work, const GError *error, guint *count)
{
  g_free (work->fault);
  work->fault = g_strdup (error->message);
  if (!work->probe && !g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT))
    (*count)++;
}

static void
retry (RhExecutor *self, RhWork *work)
{
  rh_log (RH_LOG_NOTICE, "effect.retry", "effect will be tried again", "proposal", work->proposal, "action",
          work->effect.action, "error", work->fault, NULL);
  rh_metric_add (RH_METRIC_EFFECT_STEPS, "retried", 1);
  work->clean = !is_exhausted (work); /* the last word is the connector's */
  /* Whoever was told when to come back waits for that in the lane. */
  enter_later (self, work,
               work->throttle.retry_after_ms > 0 || !work->clean ? 0 : rh_work_backoff_ms (MAX (work->tries, 1) - 1));
}

static void
on_attempted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Step) step = data;
  RhExecutor *self = step->executor;
  RhWork *work = step->work;
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) receipt = work->undo ? iface->undo_finish (work->connector, result, &error)
                                            : iface->apply_finish (work->connector, result, &error);

  if (receipt == NULL && error == NULL)
    g_set_error (&error, G_IO_ERROR, G_IO_ERROR_FAILED, "the connector failed without an error");
  if (!has_ended (step, error))
    return;
  if (receipt != NULL)
    end (self, work, "executed", g_steal_pointer (&receipt), NULL);
  else
    {
      count_failure (work, error, &work->tries);
      switch (rh_work_reaction (error))
        {
        case RH_REACTION_STALE:
          end (self, work, "stale", NULL, error->message);
          break;
        case RH_REACTION_FAILED:
          end (self, work, "failed", NULL, error->message);
          break;
        case RH_REACTION_RETRY:
          retry (self, work);
          break;
        case RH_REACTION_VERIFY:
        default:
          enter_later (self, work, 0);
          break;
        }
    }
  rh_lanes_pump (self->lanes, work->lane);
}

static void on_asked (GObject *source, GAsyncResult *result, gpointer data);

/* The call site of apply and undo. */
static void
attempt (RhExecutor *self, RhWork *work)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (work->connector);
  Step *step;

  if (!rh_leases_may_act (self->leases, work))
    {
      rh_lanes_over (self->lanes, work, RH_LANE_NOTHING);
      leave (self, work, "the lease ran out");
      return;
    }
  if (!rh_work_may_begin (work, self->halted_us))
    {
      rh_leases_ask_async (self->leases, work, on_asked, step_new (self, work));
      return;
    }
  work->clean = FALSE;
  rh_metric_add (RH_METRIC_EFFECT_STEPS, work->undo ? "undone" : "applied", 1);
  step = begin (self, work);
  if (work->undo)
    iface->undo_async (work->connector, &work->effect, on_attempted, step);
  else
    iface->apply_async (work->connector, &work->effect, on_attempted, step);
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Step) step = data;
  RhExecutor *self = step->executor;
  RhWork *work = step->work;
  RhLeasesAnswer answer = rh_leases_ask_finish (RH_LEASES (source), result);

  if (answer == RH_LEASES_GO && self->running && rh_leases_holds (self->leases, work))
    {
      attempt (self, work);
      return;
    }
  rh_lanes_over (self->lanes, work, RH_LANE_NOTHING);
  if (answer == RH_LEASES_LOST)
    leave (self, work, "another host holds it");
  else if (answer == RH_LEASES_WITHDRAWN && rh_leases_holds (self->leases, work))
    end_withdrawn (self, work);
  else if (rh_leases_holds (self->leases, work))
    hand_back (self, work, answer == RH_LEASES_STOPPED ? STOPPED_MS : 0);
  rh_lanes_pump (self->lanes, work->lane);
}

/* --- Verifying ---------------------------------------------------------------------------------------------------- */

/* It could not be asked now. */
static void
verify_again (RhExecutor *self, RhWork *work)
{
  if (work->verifies >= TRIES_MAX || g_get_monotonic_time () >= work->give_up_us)
    end_unknown (self, work, "it cannot be asked");
  else
    enter_later (self, work, work->throttle.retry_after_ms > 0 ? 0 : rh_work_backoff_ms (MAX (work->verifies, 1) - 1));
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

  if (!has_ended (step, error))
    return;
  if (error != NULL && rh_work_can_ask_again (error))
    {
      if (!work->probe && !g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_LIMIT))
        work->verifies++;
      verify_again (self, work);
    }
  else if (error != NULL || !rh_work_is_answer (answer) || (answer == RH_VERIFY_APPLIED && receipt == NULL))
    end_unknown (self, work, error != NULL ? error->message : NULL);
  else if (answer == RH_VERIFY_APPLIED)
    end (self, work, "executed", g_steal_pointer (&receipt), NULL);
  else if (is_exhausted (work) && answer == RH_VERIFY_AGAIN)
    end_unknown (self, work, "it was sent too often without an answer");
  else if (is_exhausted (work))
    end (self, work, "failed", NULL, work->fault != NULL ? work->fault : "it could not be done in time");
  else
    {
      work->clean = TRUE;
      work->asked_us = 0; /* it may have been withdrawn before this host had it */
      enter_later (self, work, work->tries == 0 ? 0 : rh_work_backoff_ms (work->tries - 1));
    }
  rh_lanes_pump (self->lanes, work->lane);
}

static void
verify (RhExecutor *self, RhWork *work)
{
  RhConnectorInterface *iface = RH_CONNECTOR_GET_IFACE (work->connector);

  if (iface->verify_async == NULL)
    {
      rh_lanes_over (self->lanes, work, RH_LANE_NOTHING);
      end_unknown (self, work, "the connector cannot verify");
      return;
    }
  rh_metric_add (RH_METRIC_EFFECT_STEPS, "verified", 1);
  iface->verify_async (work->connector, &work->effect, on_verified, begin (self, work));
}

/* It took too long. What becomes of it is not waited for: an attempt is verified, a question is asked again. */
static gboolean
on_deadline (gpointer data)
{
  const Step *step = data;
  g_autoptr (RhExecutor) self = g_object_ref (step->executor);
  g_autoptr (RhWork) work = rh_work_ref (step->work);
  g_autoptr (GCancellable) cancellable = g_object_ref (work->effect.cancellable);
  g_autoptr (GError) error =
      g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "no answer within %u ms", rh_lane_deadline_ms (work->lane));
  gboolean verifying = work->verifying;

  work->deadline_id = 0;
  work->serial++;
  rh_log (RH_LOG_WARNING, "effect.given_up", "an operation was given up: it took too long", "proposal", work->proposal,
          "action", work->effect.action, "lane", rh_lane_name (work->lane), NULL);
  rh_metric_add (RH_METRIC_EFFECT_STEPS, "given_up", 1);
  rh_lanes_over (self->lanes, work, RH_LANE_FAILED);
  g_cancellable_cancel (cancellable);
  count_failure (work, error, verifying ? &work->verifies : &work->tries);
  if (verifying)
    verify_again (self, work);
  else
    enter_later (self, work, 0);
  rh_lanes_pump (self->lanes, work->lane);
  return G_SOURCE_REMOVE;
}

/* --- What the lanes and the leases hand over ---------------------------------------------------------------------- */

static void pass (RhWork *work, gpointer data);

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Step) step = data;
  RhExecutor *self = step->executor;
  RhWork *work = step->work;
  g_autoptr (GError) error = NULL;
  gboolean open = rh_work_open_finish (result, &error);

  if (open && rh_leases_holds (self->leases, work))
    {
      pass (work, self);
      return;
    }
  rh_lanes_over (self->lanes, work, RH_LANE_NOTHING);
  if (open)
    let_go (self, work);
  else if (royal_error_is_unavailable (error))
    enter_later (self, work, AWAY_MS);
  else if (work->clean)
    end (self, work, "failed", NULL, error->message);
  else
    end_unknown (self, work, error->message);
  rh_lanes_pump (self->lanes, work->lane);
}

/* What is personal is in the open from here on, for the connector alone. */
static void
pass (RhWork *work, gpointer data)
{
  RhExecutor *self = data;

  if (rh_work_is_sealed (work))
    {
      rh_work_open_async (work, self->vault, on_opened, step_new (self, work));
      return;
    }
  work->verifying = !work->clean;
  if (work->verifying)
    verify (self, work);
  else
    attempt (self, work);
}

static void
park (GPtrArray *works, guint wait_ms, gpointer data)
{
  rh_leases_park (RH_EXECUTOR (data)->leases, works, wait_ms);
}

static void
look (gpointer data)
{
  rh_claims_kick (RH_EXECUTOR (data)->claims);
}

static const RhLanesHandler handler = { pass, park, look };

/* A work is this host's; or is again, because it could not be handed back. */
static void
on_taken (RhExecutor *self, RhWork *work)
{
  gboolean again = work->lane != NULL;

  if (!self->running)
    {
      let_go (self, work);
      return;
    }
  if (!again)
    work->lane = rh_lanes_get (self->lanes, work->effect.action, work->effect.target);
  if (work->lane == NULL && !work->clean)
    end_unknown (self, work, "no connector answers for the action");
  else if (work->lane == NULL)
    end (self, work, "failed", NULL, "no connector answers for the action");
  else if (again)
    enter_later (self, work, AWAY_MS);
  else
    {
      rh_lane_count (work->lane, 1);
      rh_lanes_enter (self->lanes, work);
    }
}

/* --- Outside ------------------------------------------------------------------------------------------------------ */

void
rh_executor_set_vault (RhExecutor *self, RhVault *vault)
{
  g_return_if_fail (RH_IS_EXECUTOR (self) && RH_IS_VAULT (vault));

  g_set_object (&self->vault, vault);
  rh_receipts_set_vault (self->receipts, vault);
}

void
rh_executor_kick (RhExecutor *self)
{
  g_return_if_fail (RH_IS_EXECUTOR (self));

  rh_claims_kick (self->claims);
}

gboolean
rh_executor_is_open (RhExecutor *self, const char *action, const char *target)
{
  RhLane *lane;

  g_return_val_if_fail (RH_IS_EXECUTOR (self), FALSE);

  lane = rh_lanes_get (self->lanes, action, target);
  return lane == NULL || !rh_lane_is_busy (lane, g_get_monotonic_time ());
}

guint
rh_executor_reserve (RhExecutor *self, guint wanted)
{
  g_return_val_if_fail (RH_IS_EXECUTOR (self), 0);

  return rh_claims_reserve (self->claims, wanted);
}

void
rh_executor_take (RhExecutor *self, guint reserved, GPtrArray *works, gint64 sent_us)
{
  g_return_if_fail (RH_IS_EXECUTOR (self));

  rh_claims_release (self->claims, reserved);
  for (guint i = 0; self->running && works != NULL && i < works->len; i++)
    {
      ((RhWork *)works->pdata[i])->asked_us = sent_us;
      rh_leases_take (self->leases, works->pdata[i], sent_us);
    }
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

JsonNode *
rh_executor_lanes (RhExecutor *self)
{
  g_return_val_if_fail (RH_IS_EXECUTOR (self), NULL);

  return rh_lanes_json (self->lanes);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static gboolean
on_sweep (gpointer data)
{
  RhExecutor *self = data;

  if (rh_store_is_available (self->store))
    rh_claims_kick (self->claims);
  return G_SOURCE_CONTINUE;
}

void
rh_executor_start (RhExecutor *self)
{
  g_return_if_fail (RH_IS_EXECUTOR (self));

  if (self->running)
    return;
  self->running = TRUE;
  rh_lanes_start (self->lanes);
  rh_claims_start (self->claims);
  self->sweep_id = g_timeout_add (SWEEP_MS, on_sweep, self);
  rh_leases_start (self->leases);
}

static gboolean
on_stop_timeout (gpointer data)
{
  RhExecutor *self = data;

  self->stop_id = 0;
  finish_stop (self, g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "%u effects were still under way", n_held (self)));
  return G_SOURCE_REMOVE;
}

/* What waits is handed back; what is under way ends. */
static void
hand_back_all (RhExecutor *self)
{
  g_autoptr (GList) works = g_hash_table_get_values (rh_leases_works (self->leases));
  g_autoptr (GPtrArray) waiting = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_work_unref);

  rh_lanes_stop (self->lanes);
  for (GList *l = works; l != NULL; l = l->next)
    {
      RhWork *work = l->data;

      if (work->timer_id == 0)
        continue;
      g_clear_handle_id (&work->timer_id, g_source_remove);
      g_ptr_array_add (waiting, rh_work_ref (work));
    }
  rh_leases_park (self->leases, waiting, 0);
}

void
rh_executor_stop_async (RhExecutor *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (RH_IS_EXECUTOR (self) && self->stop == NULL);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  rh_leases_stop (self->leases);
  rh_claims_stop (self->claims);
  self->running = FALSE;
  self->stop = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (self->stop, rh_executor_stop_async);
  self->stop_id = g_timeout_add (timeout_ms, on_stop_timeout, self);
  hand_back_all (self);
  go_on (self);
}

gboolean
rh_executor_stop_finish (RhExecutor *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
