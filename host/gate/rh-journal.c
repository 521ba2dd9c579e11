/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-journal.h"

#include "rh-log.h"
#include "rh-metrics.h"
#include "royal-json.h"

#include <string.h>

#define BATCH 500
#define SWEEP_MS 2000
#define CONFLICT_WAIT_MS 50

static const RhStatement pending = { "journal.pending", "select * from journal_pending ($1::int)", 1, FALSE };
static const RhStatement append = { "journal.append",
                                    "select * from journal_append"
                                    " ($1, $2, $3, $4, $5, $6::int)",
                                    6, RH_WRITES };

struct _RhJournal {
  GObject parent;

  RhStore *store;
  gboolean running;
  gboolean busy;  /* a batch is under way */
  gboolean again; /* something was written meanwhile */
  guint sweep_id;
  guint retry_id;
  GTask *stop;
  guint stop_id;
};

G_DEFINE_FINAL_TYPE (RhJournal, rh_journal, G_TYPE_OBJECT)

/* The end of a workspace's chain, as it grows through a batch. */
typedef struct {
  gint64 seq;
  char *hash;
} Head;

static void
head_free (gpointer data)
{
  Head *self = data;

  g_free (self->hash);
  g_free (self);
}

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
put_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

/* What is hashed: canonical JSON that holds the hash of the record before it. */
static char *
make_record (RhRows *rows, guint row, gint64 seq, const char *prev)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonNode *data = rh_rows_json (rows, row, "data");
  JsonObject *record = json_object_new ();

  json_node_take_object (node, record);
  json_object_set_int_member (record, "seq", seq);
  put_text (record, "workspace", rh_rows_string (rows, row, "workspace"));
  put_text (record, "at", rh_rows_string (rows, row, "at_text"));
  put_text (record, "kind", rh_rows_string (rows, row, "kind"));
  put_text (record, "subject", rh_rows_string (rows, row, "subject"));
  put_text (record, "actor", rh_rows_string (rows, row, "actor"));
  put_text (record, "prev", prev);
  if (data != NULL)
    json_object_set_member (record, "data", data);
  else /* beyond what can be read: kept as it is, so that the chain goes on */
    put_text (record, "data", rh_rows_string (rows, row, "data"));
  return royal_json_canonical (node);
}

/* The head of the row's workspace: as the batch has made it, else as the database has it. */
static Head *
find_head (GHashTable *heads, RhRows *rows, guint row, gint64 workspace)
{
  Head *head = g_hash_table_lookup (heads, &workspace);

  if (head == NULL)
    {
      head = g_new0 (Head, 1);
      head->seq = rh_rows_int64 (rows, row, "head_seq");
      head->hash = g_strdup (rh_rows_string (rows, row, "head_hash"));
      g_hash_table_insert (heads, g_memdup2 (&workspace, sizeof workspace), head);
    }
  return head;
}

/* What journal_append() in SQL takes of a batch: texts of one line a row, empty where a row has none. That is much less
 * work for both sides than arrays, and canonical JSON has no line ends. */
typedef enum { LIST_WORKSPACES, LIST_IDS, LIST_SEQS, LIST_HASHES, LIST_RECORDS, N_LISTS } List;

static void
put_line (GString *list, guint row, const char *text)
{
  if (row > 0)
    g_string_append_c (list, '\n');
  g_string_append (list, text);
}

/* Makes the record of a row, and moves the head on to it. */
static void
chain (GString *lists[N_LISTS], RhRows *rows, guint row, Head *head)
{
  g_autofree char *record = make_record (rows, row, ++head->seq, head->hash);
  char seq[24];

  g_snprintf (seq, sizeof seq, "%" G_GINT64_FORMAT, head->seq);
  g_free (head->hash);
  head->hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, record, -1);
  put_line (lists[LIST_SEQS], row, seq);
  put_line (lists[LIST_HASHES], row, head->hash);
  put_line (lists[LIST_RECORDS], row, record);
}

static void
make_lists (GString *lists[N_LISTS], RhRows *rows)
{
  g_autoptr (GHashTable) heads = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, head_free);

  for (guint i = 0; i < N_LISTS; i++)
    lists[i] = g_string_sized_new (i == LIST_RECORDS ? 65536 : 1024);
  for (guint i = 0; i < rh_rows_n (rows); i++)
    {
      put_line (lists[LIST_WORKSPACES], i, rh_rows_string (rows, i, "workspace_id"));
      put_line (lists[LIST_IDS], i, rh_rows_string (rows, i, "id"));
      if (rh_rows_boolean (rows, i, "audited"))
        chain (lists, rows, i, find_head (heads, rows, i, rh_rows_int64 (rows, i, "workspace_id")));
      else
        for (guint list = LIST_SEQS; list < N_LISTS; list++)
          put_line (lists[list], i, "");
    }
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

/* Nothing is left to move, or it could not be moved. */
static void
batch_done (RhJournal *self, const GError *error)
{
  self->busy = FALSE;
  if (error == NULL && self->again && (self->running || self->stop != NULL))
    rh_journal_kick (self);
  else if (royal_error_is_conflict (error) && (self->running || self->stop != NULL))
    {
      if (self->retry_id == 0)
        self->retry_id = g_timeout_add ((guint)g_random_int_range (1, CONFLICT_WAIT_MS), on_retry, self);
    }
  else
    {
      if (error != NULL && !royal_error_is_unavailable (error))
        rh_log (RH_LOG_ERROR, "journal.failed", "the outbox could not be moved", "error", error->message, NULL);
      if (self->stop != NULL)
        finish_stop (self, error != NULL ? g_error_copy (error) : NULL);
    }
}

static void on_pending (GObject *source, GAsyncResult *result, gpointer data);

/* Moves a batch. The answer is the next one. */
static void
move (RhJournal *self, RhRows *rows)
{
  GString *lists[N_LISTS];

  make_lists (lists, rows);
  rh_store_call_async (self->store, &append, RH_NO_WORKSPACE,
                       (const char *const[]){ lists[LIST_WORKSPACES]->str, lists[LIST_IDS]->str, lists[LIST_SEQS]->str,
                                              lists[LIST_HASHES]->str, lists[LIST_RECORDS]->str, G_STRINGIFY (BATCH) },
                       NULL, on_pending, g_object_ref (self));
  for (guint i = 0; i < N_LISTS; i++)
    g_string_free (lists[i], TRUE);
}

static void
on_pending (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (RhJournal) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RhRows) rows = rh_store_call_finish (RH_STORE (source), result, &error);

  if (rows == NULL || rh_rows_n (rows) == 0)
    {
      if (rows != NULL)
        rh_metric_set (RH_METRIC_JOURNAL_LAG, NULL, 0);
      batch_done (self, error);
      return;
    }
  rh_metric_set (RH_METRIC_JOURNAL_LAG, NULL, g_ascii_strtod (rh_rows_string (rows, 0, "age_s"), NULL));
  if (self->running || self->stop != NULL)
    move (self, rows);
  else
    self->busy = FALSE;
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
  rh_store_call_async (self->store, &pending, RH_NO_WORKSPACE, (const char *const[]){ G_STRINGIFY (BATCH) }, NULL,
                       on_pending, g_object_ref (self));
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
  rh_journal_kick (self);
}

gboolean
rh_journal_stop_finish (RhJournal *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
