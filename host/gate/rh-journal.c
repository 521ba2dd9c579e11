/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-journal.h"

#include "rh-log.h"
#include "rh-metrics.h"

#include <royal/error.h>

#define BATCH 4000
#define SWEEP_MS 2000
#define CONFLICT_WAIT_MS 50
/* While much is written, what is written within this time is moved together: each batch costs as much as dozens of
 * rows. */
#define BUSY_ROWS 50
#define BUSY_WAIT_MS 40

static const RhStatement move = { "journal.append", "select moved, lag_s from journal_move ($1::int)", 1,
                                  RH_WRITES_ROWS };

struct _RhJournal {
  GObject parent;

  RhStore *store;
  gboolean running;
  gboolean busy;  /* a batch is under way */
  gboolean again; /* something was written since it began */
  guint sweep_id;
  guint retry_id;
  GTask *stop;
  guint stop_id;
};

G_DEFINE_FINAL_TYPE (RhJournal, rh_journal, G_TYPE_OBJECT)

static void
rh_journal_dispose (GObject *object)
{
  RhJournal *self = RH_JOURNAL (object);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_clear_handle_id (&self->stop_id, g_source_remove);
  G_OBJECT_CLASS (rh_journal_parent_class)->dispose (object);
}

static void
rh_journal_finalize (GObject *object)
{
  g_object_unref (RH_JOURNAL (object)->store);
  G_OBJECT_CLASS (rh_journal_parent_class)->finalize (object);
}

static void
rh_journal_class_init (RhJournalClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rh_journal_dispose;
  G_OBJECT_CLASS (klass)->finalize = rh_journal_finalize;
}

static void
rh_journal_init (RhJournal *self)
{
}

RhJournal *
rh_journal_new (RhStore *store)
{
  RhJournal *self = g_object_new (RH_TYPE_JOURNAL, NULL);

  self->store = g_object_ref (store);
  return self;
}

static void
finish_stop (RhJournal *self, GError *error)
{
  g_autoptr (GTask) stop = g_steal_pointer (&self->stop);

  g_clear_handle_id (&self->stop_id, g_source_remove);
  if (stop == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (stop, error);
  else
    g_task_return_boolean (stop, TRUE);
}

static gboolean
on_retry (gpointer data)
{
  RhJournal *self = data;

  self->retry_id = 0;
  rh_journal_kick (self);
  return G_SOURCE_REMOVE;
}

static void
kick_later (RhJournal *self, guint wait_ms)
{
  if (self->retry_id == 0)
    self->retry_id = g_timeout_add (wait_ms, on_retry, self);
}

/* Nothing is left to move, or it could not be moved. */
static void
settle (RhJournal *self, const GError *error)
{
  if (royal_error_is_conflict (error) && (self->running || self->stop != NULL))
    {
      kick_later (self, (guint)g_random_int_range (1, CONFLICT_WAIT_MS));
      return;
    }
  if (error != NULL && !royal_error_is_unavailable (error))
    rh_log (RH_LOG_ERROR, "journal.failed", "the outbox could not be moved", "error", error->message, NULL);
  if (self->stop != NULL)
    finish_stop (self, error != NULL ? g_error_copy (error) : NULL);
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhJournal) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  gint64 n = rows != NULL && rh_rows_n (rows) > 0 ? rh_rows_int64 (rows, 0, "moved") : 0;
  double lag_s = n > 0 ? g_ascii_strtod (rh_rows_string (rows, 0, "lag_s"), NULL) : 0;

  self->busy = FALSE;
  if (rows != NULL)
    rh_metric_set (RH_METRIC_JOURNAL_LAG, NULL, lag_s);
  if (n > 0)
    rh_metric_observe (RH_METRIC_TOLD_SECONDS, MAX (lag_s, 0));
  if (error == NULL && (self->running || self->stop != NULL))
    {
      if (n >= BATCH || (n > 0 && self->stop != NULL) || (n < BUSY_ROWS && self->again))
        rh_journal_kick (self);
      else if (n >= BUSY_ROWS)
        kick_later (self, BUSY_WAIT_MS);
      else
        settle (self, NULL);
    }
  else
    settle (self, error);
}

void
rh_journal_kick (RhJournal *self)
{
  g_return_if_fail (RH_IS_JOURNAL (self));

  self->again = TRUE;
  if (self->busy || self->retry_id != 0 || (!self->running && self->stop == NULL))
    return;
  self->busy = TRUE;
  self->again = FALSE;
  rh_store_call_async (self->store, &move, RH_NO_WORKSPACE, (const char *const[]){ G_STRINGIFY (BATCH) }, NULL,
                       on_moved, g_object_ref (self));
}

static gboolean
on_sweep (gpointer data)
{
  RhJournal *self = data;

  if (!self->busy && rh_store_is_available (self->store))
    rh_journal_kick (self);
  return G_SOURCE_CONTINUE;
}

void
rh_journal_start (RhJournal *self)
{
  g_return_if_fail (RH_IS_JOURNAL (self));

  if (self->running)
    return;
  self->running = TRUE;
  self->sweep_id = g_timeout_add (SWEEP_MS, on_sweep, self);
  rh_journal_kick (self);
}

static gboolean
on_stop_timeout (gpointer data)
{
  RhJournal *self = data;

  self->stop_id = 0;
  finish_stop (self, g_error_new (ROYAL_ERROR, ROYAL_ERROR_TIMEOUT, "the outbox was not moved in time"));
  return G_SOURCE_REMOVE;
}

void
rh_journal_stop_async (RhJournal *self, guint timeout_ms, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;

  g_return_if_fail (RH_IS_JOURNAL (self) && self->stop == NULL);

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, rh_journal_stop_async);
  g_clear_handle_id (&self->sweep_id, g_source_remove);
  self->running = FALSE;
  self->stop = task;
  self->stop_id = g_timeout_add (timeout_ms, on_stop_timeout, self);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  rh_journal_kick (self);
}

gboolean
rh_journal_stop_finish (RhJournal *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
