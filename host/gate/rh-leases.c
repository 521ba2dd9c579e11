/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-leases.h"

#include "rh-log.h"
#include "rh-metrics.h"

#define TAKE_OVER_MAX "10000"
#define LEASE_US (RH_LEASES_S * G_USEC_PER_SEC)
#define LEASE_TEXT G_STRINGIFY (RH_LEASES_S)
#define RENEW_MS (RH_LEASES_S * 1000 / 3)
#define SWEEP_MS 5000 /* for what time alone brings about */
#define START_MS 200  /* until what this host held when it died is in hand */
#define UNKNOWN_S "5" /* an effect of this host's that it has not heard of for so long is one whose answer was lost */

static const RhStatement claim_statement = { "effect.claim",
                                             "select w.*, effect_waited (w.workspace_id, w.effect, w.item) as waited_s"
                                             " from effect_claim ($1, $2::int, $3::int, $4::jsonb) w",
                                             4, RH_WRITES_ROWS };
static const RhStatement take_over_statement = { "effect.take_over",
                                                 "select * from effect_take_over"
                                                 " ($1, $2::int, $3::jsonb, $4::int, $5::int)",
                                                 5, RH_WRITES_ROWS };
static const RhStatement renew_statement = { "effect.renew",
                                             "select effect, item from effect_renew ($1, $2::jsonb, $3::int)", 3,
                                             FALSE };
static const RhStatement retry_statement = { "effect.retry",
                                             "select effect_retry ($1::bigint, $2::bigint, $3::int, $4, $5::int,"
                                             " $6::boolean) as answer",
                                             6, TRUE };
static const RhStatement park_statement = { "effect.park",
                                            "select effect, item from effect_park ($1, $2::jsonb, $3::int)", 3, TRUE };
static const RhStatement expire_statement = { "gate.expire", "select proposal_expire () as n", 0, FALSE };

struct _RhLeases {
  GObject parent;

  RhStore *store;
  RhConnectors *connectors;
  char *host_id;
  GHashTable *works; /* id -> RhWork */

  gboolean running;
  gboolean own_taken; /* what this host left when it died is in hand: from here on it may claim */
  gboolean taking_over;
  gboolean claiming;
  gboolean expiring;
  guint parking;
  guint sweep_id;
  guint start_id;
  guint renew_id;
};

G_DEFINE_FINAL_TYPE (RhLeases, rh_leases, G_TYPE_OBJECT)

enum { TAKEN, RELEASED, CLAIMED, PROGRESS, CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* A call about many effects. */
typedef struct {
  RhLeases *leases;
  GPtrArray *works;
  guint asked; /* how many at most */
  gint64 sent_us;
} Batch;

/* A question about one. */
typedef struct {
  RhWork *work;
  gint64 sent_us;
} Question;

static void
rh_leases_dispose (GObject *object)
{
  RhLeases *self = RH_LEASES (object);

  rh_leases_close (self);
  G_OBJECT_CLASS (rh_leases_parent_class)->dispose (object);
}

static void
rh_leases_finalize (GObject *object)
{
  RhLeases *self = RH_LEASES (object);

  g_hash_table_unref (self->works);
  g_object_unref (self->connectors);
  g_object_unref (self->store);
  g_free (self->host_id);
  G_OBJECT_CLASS (rh_leases_parent_class)->finalize (object);
}

static void
rh_leases_class_init (RhLeasesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rh_leases_dispose;
  G_OBJECT_CLASS (klass)->finalize = rh_leases_finalize;
  signals[TAKEN] =
      g_signal_new ("taken", RH_TYPE_LEASES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[RELEASED] =
      g_signal_new ("released", RH_TYPE_LEASES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[CLAIMED] = g_signal_new ("claimed", RH_TYPE_LEASES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                   G_TYPE_UINT, G_TYPE_BOOLEAN);
  signals[PROGRESS] = g_signal_new ("progress", RH_TYPE_LEASES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[CHANGED] = g_signal_new ("changed", RH_TYPE_LEASES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
rh_leases_init (RhLeases *self)
{
  self->works = g_hash_table_new_full (rh_work_id_hash, rh_work_id_equal, NULL, (GDestroyNotify)rh_work_unref);
}

RhLeases *
rh_leases_new (RhStore *store, RhConnectors *connectors, const char *host_id)
{
  RhLeases *self;

  g_return_val_if_fail (RH_IS_STORE (store) && RH_IS_CONNECTORS (connectors) && host_id != NULL, NULL);

  self = g_object_new (RH_TYPE_LEASES, NULL);
  self->store = g_object_ref (store);
  self->connectors = g_object_ref (connectors);
  self->host_id = g_strdup (host_id);
  return self;
}

static Batch *
batch_new (RhLeases *self)
{
  Batch *batch = g_new0 (Batch, 1);

  batch->leases = g_object_ref (self);
  batch->works = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_work_unref);
  batch->sent_us = g_get_monotonic_time ();
  return batch;
}

static void
batch_free (Batch *self)
{
  g_ptr_array_unref (self->works);
  g_object_unref (self->leases);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Batch, batch_free)

static void
question_free (gpointer data)
{
  Question *self = data;

  rh_work_unref (self->work);
  g_free (self);
}

/* --- What is held ------------------------------------------------------------------------------------------------- */

GHashTable *
rh_leases_works (RhLeases *self)
{
  return self->works;
}

gboolean
rh_leases_holds (RhLeases *self, RhWork *work)
{
  return g_hash_table_lookup (self->works, &work->id) == work;
}

gboolean
rh_leases_may_act (RhLeases *self, RhWork *work)
{
  return rh_leases_holds (self, work) && !work->lost && g_get_monotonic_time () < work->lease_until_us;
}

void
rh_leases_drop (RhLeases *self, RhWork *work)
{
  g_return_if_fail (RH_IS_LEASES (self));

  if (rh_leases_holds (self, work))
    g_hash_table_remove (self->works, &work->id);
}

gboolean
rh_leases_has_own (RhLeases *self)
{
  return self->own_taken;
}

gboolean
rh_leases_may_claim (RhLeases *self)
{
  return self->running && self->own_taken && !self->claiming;
}

gboolean
rh_leases_is_busy (RhLeases *self)
{
  return self->claiming || self->taking_over || self->parking > 0;
}

void
rh_leases_take (RhLeases *self, RhWork *work, gint64 sent_us)
{
  RhWork *held;

  g_return_if_fail (RH_IS_LEASES (self) && work != NULL);

  held = g_hash_table_lookup (self->works, &work->id);
  if (held != NULL)
    {
      /* Its lease had run out while it was in hand here; it is this host's again. */
      held->lost = FALSE;
      held->lease_until_us = sent_us + LEASE_US;
      return;
    }
  work->lease_until_us = sent_us + LEASE_US;
  g_hash_table_insert (self->works, &work->id, rh_work_ref (work));
  g_signal_emit (self, signals[TAKEN], 0, work);
}

/* Takes rows of effect_work in hand. A host that stops leaves them, to itself at its next start. */
static void
take (RhLeases *self, RhRows *rows, gint64 sent_us, gboolean may_begin)
{
  for (guint i = 0; self->running && i < rh_rows_n (rows); i++)
    {
      g_autoptr (RhWork) work = rh_work_new (rows, i, self->connectors);

      work->asked_us = may_begin ? sent_us : 0;
      rh_leases_take (self, work, sent_us);
    }
}

/* (transfer full): all that is held. */
static GPtrArray *
all_works (RhLeases *self)
{
  GPtrArray *works = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_work_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->works);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (works, rh_work_ref (value));
  return works;
}

static RhWork *
work_of_row (RhLeases *self, RhRows *rows, guint row)
{
  RhWorkId id = { rh_rows_int64 (rows, row, "effect"), rh_rows_int64 (rows, row, "item") };

  return g_hash_table_lookup (self->works, &id);
}

/* --- Taking over and claiming ------------------------------------------------------------------------------------- */

static void
on_taken_over (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  RhLeases *self = batch->leases;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->taking_over = FALSE;
  if (rows != NULL)
    {
      self->own_taken = TRUE;
      if (rh_rows_n (rows) > 0)
        {
          rh_log (RH_LOG_NOTICE, "effect.taken_over", "effects taken over: each is verified first", NULL);
          g_signal_emit (self, signals[PROGRESS], 0);
        }
      take (self, rows, batch->sent_us, FALSE);
    }
  else if (!royal_error_is_unavailable (error))
    rh_log (RH_LOG_ERROR, "effect.take_over_failed", "effects could not be taken over", "error", error->message, NULL);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
take_over (RhLeases *self)
{
  g_autoptr (GPtrArray) works = all_works (self);
  g_autofree char *held = rh_work_list (works);
  const char *const params[] = { self->host_id, LEASE_TEXT, held, self->own_taken ? UNKNOWN_S : NULL, TAKE_OVER_MAX };

  if (self->taking_over)
    return;
  self->taking_over = TRUE;
  rh_store_call_async (self->store, &take_over_statement, RH_NO_WORKSPACE, params, NULL, on_taken_over,
                       batch_new (self));
}

/* Of those that begin now. */
static void
tell_waits (RhRows *rows)
{
  for (guint i = 0; i < rh_rows_n (rows); i++)
    if (!rh_rows_is_null (rows, i, "waited_s"))
      rh_metric_observe (RH_METRIC_EFFECT_START_SECONDS, g_ascii_strtod (rh_rows_string (rows, i, "waited_s"), NULL));
}

static void
on_claimed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  RhLeases *self = batch->leases;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  guint n = rows != NULL ? rh_rows_n (rows) : 0;

  self->claiming = FALSE;
  if (rows == NULL && !royal_error_is_unavailable (error))
    rh_log (RH_LOG_ERROR, "effect.claim_failed", "approved proposals could not be claimed", "error", error->message,
            NULL);
  if (n > 0)
    {
      tell_waits (rows);
      g_signal_emit (self, signals[PROGRESS], 0);
      take (self, rows, batch->sent_us, TRUE);
    }
  if (rows != NULL)
    g_signal_emit (self, signals[CLAIMED], 0, n, n >= batch->asked);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
rh_leases_claim (RhLeases *self, guint room, const char *skip)
{
  char most[16];
  Batch *batch;

  g_return_if_fail (RH_IS_LEASES (self) && rh_leases_may_claim (self) && room > 0);

  self->claiming = TRUE;
  g_snprintf (most, sizeof most, "%u", room);
  batch = batch_new (self);
  batch->asked = room;
  rh_store_call_async (self->store, &claim_statement, RH_NO_WORKSPACE,
                       (const char *const[]){ self->host_id, LEASE_TEXT, most, skip }, NULL, on_claimed, batch);
}

/* --- Keeping, asking, handing back -------------------------------------------------------------------------------- */

static void
on_renewed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  RhLeases *self = batch->leases;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  if (rows == NULL)
    return; /* the leases run on */
  for (guint i = 0; i < batch->works->len; i++)
    ((RhWork *)batch->works->pdata[i])->lost = TRUE;
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      RhWork *work = work_of_row (self, rows, i);

      if (work == NULL)
        continue;
      work->lost = FALSE;
      work->lease_until_us = MAX (work->lease_until_us, batch->sent_us + LEASE_US);
    }
}

static gboolean
on_renew (gpointer data)
{
  RhLeases *self = data;
  g_autofree char *entries = NULL;
  Batch *batch;

  if (g_hash_table_size (self->works) == 0)
    return G_SOURCE_CONTINUE;
  batch = batch_new (self);
  g_ptr_array_unref (batch->works);
  batch->works = all_works (self);
  entries = rh_work_list (batch->works);
  rh_store_call_async (self->store, &renew_statement, RH_NO_WORKSPACE,
                       (const char *const[]){ self->host_id, entries, LEASE_TEXT }, NULL, on_renewed, batch);
  return G_SOURCE_CONTINUE;
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Question *question = g_task_get_task_data (task);
  RhWork *work = question->work;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);
  const char *answer = rows != NULL ? rh_rows_string (rows, 0, "answer") : NULL;

  if (answer == NULL || g_strcmp0 (answer, "stopped") == 0)
    g_task_return_int (task, RH_LEASES_STOPPED);
  else if (g_strcmp0 (answer, "go") == 0)
    {
      work->lost = FALSE;
      work->lease_until_us = question->sent_us + LEASE_US;
      work->asked_us = question->sent_us;
      g_task_return_int (task, RH_LEASES_GO);
    }
  else if (g_strcmp0 (answer, "withdrawn") == 0)
    g_task_return_int (task, RH_LEASES_WITHDRAWN);
  else
    g_task_return_int (task, RH_LEASES_LOST);
}

void
rh_leases_ask_async (RhLeases *self, RhWork *work, GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *workspace = g_strdup_printf ("%" G_GINT64_FORMAT, work->effect.workspace);
  g_autofree char *effect = g_strdup_printf ("%" G_GINT64_FORMAT, work->id.effect);
  g_autofree char *item = g_strdup_printf ("%" G_GINT64_FORMAT, work->id.item);
  const char *const params[] = {
    workspace, effect, item, self->host_id, LEASE_TEXT, work->serial > 0 ? "true" : "false"
  };
  GTask *task;
  Question *question;

  g_return_if_fail (RH_IS_LEASES (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_leases_ask_async);
  question = g_new0 (Question, 1);
  question->work = rh_work_ref (work);
  question->sent_us = g_get_monotonic_time ();
  g_task_set_task_data (task, question, question_free);
  rh_store_call_async (self->store, &retry_statement, RH_NO_WORKSPACE, params, NULL, on_asked, task);
}

RhLeasesAnswer
rh_leases_ask_finish (RhLeases *self, GAsyncResult *result)
{
  g_return_val_if_fail (g_task_is_valid (result, self), RH_LEASES_LOST);

  return (RhLeasesAnswer)g_task_propagate_int (G_TASK (result), NULL);
}

static void
on_parked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  RhLeases *self = batch->leases;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  self->parking--;
  if (rows == NULL)
    rh_log (RH_LOG_WARNING, "effect.park_failed", "effects could not be handed back for now", "error", error->message,
            NULL);
  else
    rh_metric_add (RH_METRIC_EFFECT_STEPS, "parked", rh_rows_n (rows));
  for (guint i = 0; i < batch->works->len; i++)
    {
      RhWork *work = batch->works->pdata[i];

      /* Those that were not handed back were another host's by then. */
      if (rh_leases_holds (self, work))
        g_signal_emit (self, signals[rows != NULL ? RELEASED : TAKEN], 0, work);
    }
  g_signal_emit (self, signals[CHANGED], 0);
}

void
rh_leases_park (RhLeases *self, GPtrArray *works, guint wait_ms)
{
  g_autofree char *entries = NULL;
  Batch *batch;
  char wait[16];

  g_return_if_fail (RH_IS_LEASES (self));

  if (works->len == 0)
    return;
  self->parking++;
  batch = batch_new (self);
  for (guint i = 0; i < works->len; i++)
    {
      /* From here on it may be another host's, even when the answer to this is lost. */
      ((RhWork *)works->pdata[i])->asked_us = 0;
      g_ptr_array_add (batch->works, rh_work_ref (works->pdata[i]));
    }
  entries = rh_work_list (works);
  g_snprintf (wait, sizeof wait, "%u", wait_ms);
  rh_store_call_async (self->store, &park_statement, RH_NO_WORKSPACE,
                       (const char *const[]){ self->host_id, entries, wait }, NULL, on_parked, batch);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static void
on_expired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhLeases) self = data;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, NULL);

  self->expiring = FALSE;
  if (rows != NULL && rh_rows_n (rows) > 0 && rh_rows_int64 (rows, 0, "n") > 0)
    g_signal_emit (self, signals[PROGRESS], 0);
}

static gboolean
on_sweep (gpointer data)
{
  RhLeases *self = data;

  if (!rh_store_is_available (self->store))
    return G_SOURCE_CONTINUE;
  take_over (self);
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
  RhLeases *self = data;

  if (rh_store_is_available (self->store) && !self->own_taken)
    take_over (self);
  if (!self->own_taken)
    return G_SOURCE_CONTINUE;
  self->start_id = 0;
  return G_SOURCE_REMOVE;
}

void
rh_leases_start (RhLeases *self)
{
  g_return_if_fail (RH_IS_LEASES (self));

  if (self->running)
    return;
  self->running = TRUE;
  self->sweep_id = g_timeout_add (SWEEP_MS, on_sweep, self);
  self->renew_id = g_timeout_add (RENEW_MS, on_renew, self);
  self->start_id = g_timeout_add (START_MS, on_start, self);
  take_over (self);
}

void
rh_leases_stop (RhLeases *self)
{
  g_return_if_fail (RH_IS_LEASES (self));

  self->running = FALSE;
  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_clear_handle_id (&self->start_id, g_source_remove);
}

void
rh_leases_close (RhLeases *self)
{
  rh_leases_stop (self);
  g_clear_handle_id (&self->renew_id, g_source_remove);
}
