/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-receipts.h"

#include "rh-log.h"
#include "rh-metrics.h"

#define BATCH_MAX 500
#define AWAY_WAIT_MS 250

static const RhStatement finish = { "effect.finish", "select effect, item from effect_finish ($1, $2::jsonb)", 2,
                                    TRUE };

struct _RhReceipts {
  GObject parent;

  RhStore *store;
  RhVault *vault; /* (nullable) */
  char *host_id;
  GPtrArray *ended;    /* RhWork: the database is to be told */
  gboolean busy;       /* a call is under way */
  gboolean one_by_one; /* a batch was refused: find out which of it */
  guint flush_id;
};

G_DEFINE_FINAL_TYPE (RhReceipts, rh_receipts, G_TYPE_OBJECT)

static guint recorded_signal;

/* One call. */
typedef struct {
  RhReceipts *receipts;
  GPtrArray *works;
} Batch;

static void
batch_free (Batch *self)
{
  g_ptr_array_unref (self->works);
  g_object_unref (self->receipts);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Batch, batch_free)

static void
rh_receipts_finalize (GObject *object)
{
  RhReceipts *self = RH_RECEIPTS (object);

  g_clear_handle_id (&self->flush_id, g_source_remove);
  g_ptr_array_unref (self->ended);
  g_object_unref (self->store);
  g_clear_object (&self->vault);
  g_free (self->host_id);
  G_OBJECT_CLASS (rh_receipts_parent_class)->finalize (object);
}

static void
rh_receipts_class_init (RhReceiptsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rh_receipts_finalize;
  recorded_signal = g_signal_new ("recorded", RH_TYPE_RECEIPTS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                  G_TYPE_POINTER, G_TYPE_BOOLEAN);
}

static void
rh_receipts_init (RhReceipts *self)
{
  self->ended = g_ptr_array_new_with_free_func ((GDestroyNotify)rh_work_unref);
}

RhReceipts *
rh_receipts_new (RhStore *store, const char *host_id)
{
  RhReceipts *self = g_object_new (RH_TYPE_RECEIPTS, NULL);

  self->store = g_object_ref (store);
  self->host_id = g_strdup (host_id);
  return self;
}

static void flush_soon (RhReceipts *self, guint wait_ms);

static void
report (RhWork *work, gboolean held)
{
  const char *outcome = work->undo && g_strcmp0 (work->outcome, "executed") == 0 ? "undone" : work->outcome;

  if (held)
    rh_metric_add (RH_METRIC_EFFECTS, outcome, 1);
  if (held && g_strcmp0 (outcome, "executed") == 0)
    rh_metric_add (RH_METRIC_ACTIONS, work->effect.action, 1);
  rh_log (held ? RH_LOG_INFO : RH_LOG_WARNING, held ? "effect.ended" : "effect.lost",
          held ? "effect ended" : "effect ended, and was another host's by then", "proposal", work->proposal, "action",
          work->effect.action, "target", work->effect.target, "outcome", outcome, "error", work->error, NULL);
}

/* Nothing of it may be lost: it is kept until the database has it. */
static void
put_back (RhReceipts *self, GPtrArray *works)
{
  for (guint i = 0; i < works->len; i++)
    g_ptr_array_insert (self->ended, (int)i, rh_work_ref (works->pdata[i]));
}

static GHashTable *
held_ids (RhRows *rows)
{
  GHashTable *held = g_hash_table_new_full (rh_work_id_hash, rh_work_id_equal, g_free, NULL);

  for (guint i = 0; rows != NULL && i < rh_rows_n (rows); i++)
    {
      RhWorkId id = { rh_rows_int64 (rows, i, "effect"), rh_rows_int64 (rows, i, "item") };

      g_hash_table_add (held, g_memdup2 (&id, sizeof id));
    }
  return held;
}

static void
on_finished (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Batch) batch = data;
  RhReceipts *self = batch->receipts;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);
  g_autoptr (GHashTable) held = held_ids (rows);
  gboolean away = royal_error_is_unavailable (error);

  self->busy = FALSE;
  if (rows == NULL && (away || batch->works->len > 1))
    {
      self->one_by_one = !away;
      put_back (self, batch->works);
      flush_soon (self, away ? AWAY_WAIT_MS : 0);
      return;
    }
  for (guint i = 0; i < batch->works->len; i++)
    {
      RhWork *work = batch->works->pdata[i];
      gboolean is_held = g_hash_table_contains (held, &work->id);

      if (rows != NULL)
        report (work, is_held);
      else
        rh_log (RH_LOG_ERROR, "effect.unrecorded", "the end of an effect was refused", "proposal", work->proposal,
                "outcome", work->outcome, "error", error->message, NULL);
      g_signal_emit (self, recorded_signal, 0, work, is_held);
    }
  if (self->ended->len > 0)
    flush_soon (self, 0);
  else
    self->one_by_one = FALSE;
}

static gboolean
flush (gpointer data)
{
  RhReceipts *self = data;
  g_autofree char *entries = NULL;
  Batch *batch;
  guint n;

  self->flush_id = 0;
  if (self->busy || self->ended->len == 0)
    return G_SOURCE_REMOVE;

  self->busy = TRUE;
  n = self->one_by_one ? 1 : MIN (self->ended->len, BATCH_MAX);
  batch = g_new0 (Batch, 1);
  batch->receipts = g_object_ref (self);
  batch->works = g_ptr_array_new_full (n, (GDestroyNotify)rh_work_unref);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (batch->works, rh_work_ref (self->ended->pdata[i]));
  g_ptr_array_remove_range (self->ended, 0, n);
  entries = rh_work_entries (batch->works);
  rh_store_call_async (self->store, &finish, RH_NO_WORKSPACE, (const char *const[]){ self->host_id, entries }, NULL,
                       on_finished, batch);
  return G_SOURCE_REMOVE;
}

static void
flush_soon (RhReceipts *self, guint wait_ms)
{
  if (self->busy || self->flush_id != 0)
    return;
  self->flush_id =
      wait_ms == 0 ? g_idle_add_full (G_PRIORITY_DEFAULT, flush, self, NULL) : g_timeout_add (wait_ms, flush, self);
}

static void
add (RhReceipts *self, RhWork *work)
{
  g_ptr_array_add (self->ended, rh_work_ref (work));
  flush_soon (self, 0);
}

/* --- What is personal in a receipt -------------------------------------------------------------------------------- */

/* A receipt that is to be sealed before it is kept. */
typedef struct {
  RhReceipts *receipts;
  RhWork *work;
  JsonNode *receipt;
} Seal;

static void
seal_free (Seal *self)
{
  g_object_unref (self->receipts);
  rh_work_unref (self->work);
  json_node_unref (self->receipt);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Seal, seal_free)

static gboolean seal (gpointer data);

static void
on_sealed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Seal) self = data;
  g_autoptr (GError) error = NULL;
  JsonNode *receipt = rh_work_seal_finish (result, &error);

  if (receipt == NULL && royal_error_is_unavailable (error))
    {
      g_timeout_add (AWAY_WAIT_MS, seal, g_steal_pointer (&self));
      return;
    }
  /* It happened: that is told even when nothing may be kept of it. */
  if (receipt == NULL)
    {
      rh_log (RH_LOG_ERROR, "effect.receipt-dropped", "what is personal in a receipt could not be sealed", "proposal",
              self->work->proposal, "error", error->message, NULL);
      receipt = json_node_new (JSON_NODE_OBJECT);
      json_node_take_object (receipt, json_object_new ());
    }
  rh_work_end (self->work, "executed", receipt, NULL);
  add (self->receipts, self->work);
}

static gboolean
seal (gpointer data)
{
  Seal *self = data;

  rh_work_seal_async (self->work, self->receipts->vault, self->receipt, on_sealed, self);
  return G_SOURCE_REMOVE;
}

void
rh_receipts_end (RhReceipts *self, RhWork *work, const char *outcome, JsonNode *receipt, const char *error)
{
  Seal *sealing;

  g_return_if_fail (RH_IS_RECEIPTS (self));
  g_return_if_fail (work != NULL && work->outcome == NULL);

  receipt = receipt != NULL ? rh_vault_disarm (receipt) : NULL;
  if (receipt == NULL || work->personal == NULL)
    {
      rh_work_end (work, outcome, receipt, error);
      add (self, work);
      return;
    }
  sealing = g_new0 (Seal, 1);
  sealing->receipts = g_object_ref (self);
  sealing->work = rh_work_ref (work);
  sealing->receipt = receipt;
  seal (sealing);
}

void
rh_receipts_set_vault (RhReceipts *self, RhVault *vault)
{
  g_return_if_fail (RH_IS_RECEIPTS (self) && RH_IS_VAULT (vault));

  g_set_object (&self->vault, vault);
}
